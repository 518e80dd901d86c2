"""Dice as nnU-Net prints it: the mean over folds of the means over cases, in per cent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ablation.comparison import MEAN_OF_TARGETS, Design


@dataclass(frozen=True, slots=True)
class FoldMean:
    """The printed Dice of one design."""

    design: str
    target: str
    """Of the mean over targets "mean over targets"."""
    percent: float
    """In per cent, unrounded."""

    @property
    def text(self) -> str:
        """The number as papers print it.

        >>> FoldMean("unet", "PZ", 73.5312).text
        '73.53'
        """
        return f"{self.percent:.2f}"


def fold_means(designs: Sequence[Design]) -> tuple[FoldMean, ...]:
    """Return the printed Dice of each design, of several targets that of their mean first.

    A case in which neither mask has the label counts for nothing, a false alarm counts 0, as in
    `foreground_mean` of nnU-Net's summary.json. Of several trainings the first is taken.
    """
    return tuple(
        FoldMean(design.name, target, 100 * value)
        for design in designs
        if "dice" in design.cases[0]
        for target, value in _of_design(design.cases[0])
    )


def _of_design(frame: pd.DataFrame) -> Iterator[tuple[str, float]]:
    rows = frame.assign(fold=frame.get("fold", ""))
    by_fold = rows.groupby(["fold", "target"], sort=False)["dice"].mean().unstack("target")
    if len(by_fold.columns) > 1:
        yield MEAN_OF_TARGETS, float(np.mean(by_fold.mean(axis=1)))
    for target in by_fold:
        yield str(target), float(by_fold[target].mean())
