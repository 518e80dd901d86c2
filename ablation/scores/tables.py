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
from ablation.scores.bare import TEXTS


def rows_of(frame: pd.DataFrame, target: str) -> list[dict[str, object]]:
    """Return rows of the per-case table, all of test cases.

    Args:
        frame: Columns patient, case, target, and scores, counts and texts of the table.
        target: Of rows that name none.
    """
    measured = [name for name in distances() if name in frame]
    unit = "mm" if frame[measured].notna().any(axis=None) else ""
    return [
        _row({str(k): v for k, v in row.items()}, target, unit) for row in frame.to_dict("records")
    ]


def one_model(frames: Mapping[str, pd.DataFrame], path: Path) -> pd.DataFrame:
    """Return the only table of a file; one with several models is for `ablate compare`."""
    if len(frames) > 1:
        raise DataError(
            f"{path}: holds {len(frames)} models: {', '.join(frames)}",
            hint=f"Compare them as they are: ablate compare {path}",
        )
    return next(iter(frames.values()))


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
    row |= _voxels(row)
    row["split"] = "test"
    row["target"] = given["target"] or target
    without_surface = all(_missing(row[name]) for name in distances())
    # No distance in a table that has distances: nothing was predicted.
    nothing_found = (
        row["dice"] == 0 and without_surface and not given.keys().isdisjoint(distances())
    )
    row["status"] = row["status"] or _status(row, nothing_found=nothing_found)
    row["distance_unit"] = row["distance_unit"] or unit
    return row


def _voxels(row: Mapping[str, object]) -> dict[str, object]:
    """Return the sizes of both masks, from the counts where only these are known."""
    sums = {"truth_voxels": ("tp", "fn"), "pred_voxels": ("tp", "fp")}
    return {
        name: sum(int(str(row[part])) for part in parts)
        for name, parts in sums.items()
        if row[name] == "" and all(row[part] != "" for part in parts)
    }


def _status(row: Mapping[str, object], *, nothing_found: bool) -> str:
    """Say what the counts say; without them a row is scored, or missed where nothing was found."""
    truth, prediction = row["truth_voxels"], row["pred_voxels"]
    if "" in (truth, prediction):
        return "missed" if nothing_found else "scored"
    if not truth:
        return "false_alarm" if prediction else "both_empty"
    return "scored" if prediction else "missed"


def _missing(value: object) -> bool:
    return value == "" or (isinstance(value, float) and math.isnan(value))
