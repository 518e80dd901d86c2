"""Small per-case tables, written by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ablation.comparison import Design
from ablation.fairness import FairnessFacts

PLANNED = "planned_"
FAIR = {
    "protocol": "holdout",
    "trials": 20,
    "epochs_allowed": 12,
    "epochs_used": 12,
    "seconds": 60.0,
    "space_size": 3,
    "seeds": 1,
    "selected_on": "validation",
    "preset": "laptop",
    "patients_left_out": 0,
    "precision": "float32",
    "pretrained": "none",
    "pruner": "none",
    "parameters": 1000,
    "search": "auto",
    "tta": "none",
    "threshold": 0.5,
    "threshold_at_edge": False,
    "morphology": "none",
    "min_size": 0,
    "study_seconds": 600.0,
    "device": "CPU",
    "ms_per_case": 20.0,
}


def cases(
    dice: Sequence[float], status: dict[int, str] | None = None, **columns: object
) -> pd.DataFrame:
    """One test row per value; `status` names the rows that are not plainly scored."""
    status = status or {}
    frame = pd.DataFrame(
        {
            "patient": [f"p{i}" for i in range(len(dice))],
            "case": [f"p{i}" for i in range(len(dice))],
            "target": "WT",
            "split": "test",
            "status": [status.get(i, "scored") for i in range(len(dice))],
            "dice": dice,
            "precision": 0.5,
            "hd95": [np.nan if i in status else 10 * (1 - x) for i, x in enumerate(dice)],
            "shape": "10x12",
            "spacing": "1x1",
            "distance_unit": "mm",
            "truth_hash": [f"h{i}" for i in range(len(dice))],
        }
    )
    return frame.assign(**columns)


@pytest.fixture
def table() -> Callable[..., pd.DataFrame]:
    return cases


@pytest.fixture
def design() -> Callable[..., Design]:
    def make(name: str, *tables: pd.DataFrame | Sequence[float], **facts: Any) -> Design:
        frames = tuple(t if isinstance(t, pd.DataFrame) else cases(t) for t in tables)
        planned = {k: v for k, v in facts.items() if k.startswith(PLANNED)}
        given = FairnessFacts(**{k: v for k, v in {**FAIR, **facts}.items() if k not in planned})
        settings = {key.removeprefix(PLANNED): value for key, value in planned.items()}
        return Design(name, frames, given, planned=settings)

    return make


PATIENTS = [f"P{number:03d}" for number in range(1, 31)]


def _faulty_tables() -> dict[str, list[str]]:
    """Lines of a sound table of three models and thirty patients, and of it with one fault each."""
    rng = np.random.default_rng(20260101)
    unet = rng.uniform(0.5, 0.9, len(PATIENTS))
    gains = {"unet": 0.0, "attention_unet": 0.02, "resupnet": 0.04}
    lines = [
        f"{model},{patient},{value:.6f}"
        for model, gain in gains.items()
        for patient, value in zip(PATIENTS, unet + gain + rng.normal(0, 0.03, 30), strict=True)
    ]
    p006, p007, p011 = "unet,P006,", "resupnet,P007,", "attention_unet,P011,"
    renamed = [line.replace("unet,", "b,") for line in lines[:30]]
    return {
        "00_control_good": lines,
        "01_one_case_missing": [line for line in lines if not line.startswith(p007)],
        "02_duplicate_row": [*lines, *(line for line in lines if line.startswith(p011))],
        **{
            name: [p006 + text if line.startswith(p006) else line for line in lines]
            for name, text in {
                "03_nan_value": "nan",
                "04_blank_value": "",
                "05_out_of_range": "1.37",
                "10_text_in_number": "0.89 (good)",
            }.items()
        },
        "06_semicolons": [line.replace(",", ";") for line in lines],
        "07_one_model_only": lines[:30],
        "08_two_patients": [line for line in lines if line.split(",")[1] in PATIENTS[:2]],
        "09_identical_models": [*(line.replace("unet,", "a,") for line in lines[:30]), *renamed],
    }


@pytest.fixture(scope="session")
def faulty_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of bare tables, `NUMBER_FAULT.csv`; number 00 has none."""
    folder = tmp_path_factory.mktemp("tables")
    for name, lines in _faulty_tables().items():
        header = "model;case;dice" if name == "06_semicolons" else "model,case,dice"
        (folder / f"{name}.csv").write_text("\n".join([header, *lines]) + "\n")
    return folder
