"""Per-case tables of other tools as rows of ours; what a table does not say stays empty."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ablation.errors import DataError, UsageError, nearest
from ablation.fairness import FairnessFacts
from ablation.metrics.cases import COUNTS, columns
from ablation.metrics.hd95_methods import HD95_METHODS
from ablation.metrics.registry import distances
from ablation.scores.empty_masks import sizes, status_of
from ablation.scores.header import TEXTS


def rows_of(frame: pd.DataFrame, target: str) -> list[dict[str, object]]:
    """Return rows of the per-case table, all of test cases.

    Args:
        frame: Columns patient, case, target, status, and scores, counts and texts of the table.
        target: Of rows that name none.
    """
    measured = [name for name in distances() if name in frame]
    unit = "mm" if frame[measured].notna().any(axis=None) else ""
    return [
        _row({str(k): v for k, v in row.items()}, target, unit) for row in frame.to_dict("records")
    ]


def one_model(frames: Mapping[str, pd.DataFrame], path: Path) -> pd.DataFrame:
    """Return the only table of a file; several models or trainings are for `ablate compare`."""
    if len(frames) > 1:
        raise DataError(
            f"{path}: holds {len(frames)} models: {', '.join(frames)}",
            hint=f"Compare them as they are: ablate compare {path}",
        )
    frame = next(iter(frames.values()))
    if "seed" in frame and frame["seed"].nunique() > 1:
        raise DataError(
            f"{path}: holds {frame['seed'].nunique()} trainings (seeds) of one design",
            hint=f"Compare them as they are: ablate compare {path}",
        )
    return frame


def table_facts(
    frame: pd.DataFrame, path: Path, origin: str, hd95_method: str | None
) -> FairnessFacts:
    """Return what the fairness ledger can state of a table, which is little.

    Args:
        frame: The table.
        path: Of the file, for messages.
        origin: What the table is.
        hd95_method: How HD95 was made, one of HD95_METHODS; None: nothing says so.

    Raises:
        DataError: The table has HD95 values, and nothing says how they were made.
        UsageError: An unknown method.
    """
    checked_method(hd95_method)
    facts = FairnessFacts(imported=origin)
    if "hd95" not in frame or frame["hd95"].isna().all():
        return facts
    if hd95_method is None:
        raise DataError(
            f"{path}: nothing says how its HD95 was made, and the ways differ: "
            + "; ".join(
                f"{one.name}, {one.sentence} ({', '.join(one.programs)})"
                for one in HD95_METHODS.values()
            ),
            hint="Say it: --assume-hd95-method " + "|".join(HD95_METHODS),
        )
    return replace(facts, hd95_method=hd95_method)


def checked_method(method: str | None) -> str | None:
    """Return how HD95 is said to be made; refuse a way that does not exist.

    Raises:
        UsageError: None of HD95_METHODS.
    """
    if method is not None and method not in HD95_METHODS:
        raise UsageError(
            f"--assume-hd95-method {method!r} is none of {', '.join(HD95_METHODS)}",
            hint=nearest(method, HD95_METHODS),
        )
    return method


def _row(given: Mapping[str, object], target: str, unit: str) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(columns(), math.nan) | dict.fromkeys(TEXTS, "")
    row |= {name: value for name, value in given.items() if name in row}
    for name in COUNTS:
        row[name] = "" if _missing(row[name]) else int(float(str(row[name])))
    numbers = {name: None if _missing(value) else value for name, value in given.items()}
    for name, voxels in zip(("truth_voxels", "pred_voxels"), sizes(numbers), strict=True):
        row[name] = "" if voxels is None else int(voxels)
    row["status"] = row["status"] or status_of(numbers, one_empty=False)
    row["split"] = "test"
    row["target"] = given["target"] or target
    row["distance_unit"] = row["distance_unit"] or unit
    return row


def _missing(value: object) -> bool:
    return value == "" or (isinstance(value, float) and math.isnan(value))
