"""Rows of a per-case table that sum up other rows, or that no pair of masks can have: refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablation.errors import DataError
from ablation.errors.words import counted
from ablation.metrics.cases import COUNTS
from ablation.scores.contradictions import Fault, contradictions, doubts
from ablation.scores.remarks import Level, Remark, Tell
from ablation.scores.summary_rows import summary_rows

MOST_NAMED = 5
"""Rows named in a message; more are counted."""


def refuse_implausible(
    frame: pd.DataFrame, where: Path | str, unit: str = "line", tell: Tell | None = None
) -> None:
    """Refuse rows that sum up other rows, and rows that no pair of masks can have.

    Args:
        frame: A row per case, design and target with the columns `case` and `line` (its number in
            the file), perhaps `model` and `target`, and scores and counts as float; nan: undefined.
            Distances to an empty mask are undefined already. A column of ratios with a value above
            1 is in per cent.
        where: What messages call the table.
        unit: What the column `line` counts.
        tell: Told of rows that no pair of masks can have, which are then kept; None: refused.

    Raises:
        DataError: The first faults by line, and their number.

    >>> row = {"line": [2], "case": ["P1"], "dice": [0.95], "iou": [0.95]}
    >>> try:
    ...     refuse_implausible(pd.DataFrame(row), "a.csv")
    ... except DataError as error:
    ...     print(error.message)
    a.csv: 1 row that no pair of masks can have
      line 2 (P1): Dice 0.95 contradicts IoU 0.95
    """
    if sums := _by_line(frame, sums_of_rows(frame), unit):
        raise DataError(
            f"{where}: {counted(len(sums), 'row')} that sum up other rows{_listed(sums)}",
            hint="Remove mean, median, SD and the like; the report computes them.",
        )
    faults = _by_line(frame, implausible(frame), unit)
    if faults and tell is not None:
        listed = "; ".join(_first(faults))
        text = f"{counted(len(faults), 'row')} that no pair of masks can have: {listed}"
        tell(Remark(Level.WARNING, text))
    elif faults:
        raise DataError(
            f"{where}: {counted(len(faults), 'row')} that no pair of masks can have{_listed(faults)}",
            hint="Correct these rows, or remove the wrong column. A mean over slices or labels is no "
            "case: give a row for each. Compute ratios without a smoothing term.",
        )


def tell_doubts(frame: pd.DataFrame, unit: str, tell: Tell) -> None:
    """Say which rows a pair of masks can hardly have; they are kept.

    Args:
        frame: As of `refuse_implausible`.
        unit: What the column `line` counts.
        tell: Told of them.
    """
    found = _by_line(frame, _at_fault(frame, doubts), unit)
    if found:
        text = f"{len(found)} row(s) with a Dice of 1 beside a distance above 0"
        tell(Remark(Level.CAUTION, f"{text}: {'; '.join(_first(found))}"))


def sums_of_rows(frame: pd.DataFrame) -> dict[int, str]:
    """Return which rows sum others up, by their place, each with the reason.

    Args:
        frame: As of `refuse_implausible`.
    """
    scores = [
        str(name)
        for name in frame.select_dtypes("number")
        if name not in (*COUNTS, "line", "seed", "fold")
    ]
    targets = [str(target) for target in frame["target"].unique()] if "target" in frame else []
    found: dict[int, str] = {}
    for rows in _groups(frame, [name for name in ("model", "seed", "target") if name in frame]):
        own = frame.iloc[rows]
        columns = {name: own[name].to_numpy(float) for name in scores}
        names = [str(name) for name in own["case"]]
        found |= {int(rows[at]): why for at, why in summary_rows(names, columns, targets).items()}
    return dict(sorted(found.items()))


def implausible(frame: pd.DataFrame) -> dict[int, str]:
    """Return what is wrong with each row that no pair of masks can have, by its place.

    Args:
        frame: As of `refuse_implausible`.
    """
    return _at_fault(frame, contradictions)


def _at_fault(
    frame: pd.DataFrame, check: Callable[[pd.DataFrame], Iterable[Fault]]
) -> dict[int, str]:
    """Return what a check says of each row, by its place; the designs of a table one by one."""
    found: dict[int, list[str]] = {}
    for rows in _groups(frame, [name for name in ("model",) if name in frame]):
        for flags, text in check(frame.iloc[rows]):
            for at in np.flatnonzero(flags):
                found.setdefault(int(rows[at]), []).append(text(int(at)))
    return {at: "; ".join(texts) for at, texts in sorted(found.items())}


def _groups(frame: pd.DataFrame, by: Sequence[str]) -> list[NDArray[np.int64]]:
    """Return the places of the rows of each group."""
    if not by:
        return [np.arange(len(frame))]
    return [np.asarray(rows) for rows in frame.groupby(list(by), sort=False).indices.values()]


def _by_line(frame: pd.DataFrame, faults: Mapping[int, str], unit: str) -> list[str]:
    """Return a text for each line at fault; a line may hold a case of several designs or targets."""
    texts: dict[int, str] = {}
    for at, text in faults.items():
        line = int(frame["line"].iloc[at])
        texts.setdefault(line, f"{unit} {line} ({_named(frame, at)}): {text}")
    return list(texts.values())


def _first(texts: Sequence[str]) -> list[str]:
    more = len(texts) - MOST_NAMED
    return [*texts[:MOST_NAMED], *([f"and {more} more"] if more > 0 else [])]


def _listed(texts: Sequence[str]) -> str:
    return "".join(f"\n  {text}" for text in _first(texts))


def _named(frame: pd.DataFrame, at: int) -> str:
    names = (str(frame[name].iloc[at]) for name in ("model", "case", "target") if name in frame)
    return ", ".join(name for name in names if name)
