"""The recipes (training procedures) instead of these weights: training runs are random, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from ablation.comparison.tables.folds import Folds
from ablation.statistics.paired import Bounds, MeanInterval, cut_at
from ablation.statistics.paired_tests.spec import Alternative
from ablation.statistics.repeats import FEWEST_FOLDS, corrected_resampled_t, unpaired_seeds

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RecipeTest:
    """The mean difference of two recipes, candidate minus reference, with its standard error."""

    kind: Literal["trainings", "folds"]
    """trainings: patients and trainings random (Satterthwaite); folds: the training patients of the
    folds random (Nadeau-Bengio)."""
    runs: tuple[int, int]
    """Trainings, or folds, of candidate and reference."""
    mean: float
    se: float
    """Standard error of the mean."""
    df: float
    """Degrees of freedom of t."""

    @property
    def test(self) -> str:
        """The test as tables name it.

        >>> RecipeTest("folds", (5, 5), 0.02, 0.01, 4).test
        'Nadeau-Bengio t over 5 folds'
        """
        if self.kind == "folds":
            return f"Nadeau-Bengio t over {self.runs[0]} folds"
        return "t over patients and trainings"

    def p(self, alternative: Alternative, sign: int) -> float:
        """Return the p-value that both recipes have the same mean.

        Args:
            alternative: "greater": only a better candidate counts.
            sign: -1 where less is better.

        >>> round(RecipeTest("trainings", (3, 3), -0.02, 0.01, 10).p("two-sided", 1), 4)
        0.0734
        """
        t = self.mean / self.se
        if alternative == "greater":
            return float(stats.t.sf(sign * t, self.df))
        return float(2 * stats.t.sf(abs(t), self.df))

    def interval(self, d: Array, level: float, bounds: Bounds) -> MeanInterval:
        """Return the mean with its interval; the standard deviation is that over patients."""
        half = float(stats.t.ppf((1 + level) / 2, self.df)) * self.se
        sd = float(np.std(d, ddof=1))
        found = MeanInterval(len(d), self.mean, sd, self.mean - half, self.mean + half)
        return cut_at(found, bounds)


def recipe_test(
    scores: Mapping[str, pd.DataFrame],
    pair: tuple[str, str],
    d: Sequence[float],
    folds: Folds | None,
) -> RecipeTest | None:
    """Return what the runs say about the recipes; None where they allow no test.

    Every design needs two trainings, or all of them the same five folds or more.

    Args:
        scores: Of each design, a row per patient and a column per training.
        pair: Candidate and reference.
        d: Their difference in every patient.
        folds: The folds that all designs were tested in.
    """
    a, b = (scores[name].to_numpy() for name in pair)
    if len(a) < 2:
        return None
    if min(len(one.columns) for one in scores.values()) > 1:
        found = unpaired_seeds(a, b)
        runs = (a.shape[1], b.shape[1])
        return RecipeTest("trainings", runs, found.mean, found.se, found.df) if found.se else None
    patients = map(str, scores[pair[0]].index)
    means = folds.means(dict(zip(patients, d, strict=True))) if folds else []
    if folds is None or len(means) < FEWEST_FOLDS:
        return None
    over = corrected_resampled_t(means, folds.test_train)
    if over.se is None:
        return None
    return RecipeTest("folds", (len(means), len(means)), over.mean, over.se, over.df)
