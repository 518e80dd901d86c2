"""Small per-case tables, written by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
