"""Outer folds of cross-validation: which patients each one tests, and what its mean is worth.

A design's table then has a column `fold`; of one split it has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from ablation.comparison.tables.align import Design, by_fold
from ablation.statistics.repeats import CorrectedT, corrected_resampled_t

CROSS_VALIDATED = "cross-validation"
"""How patients were tested where the number of folds is not known."""


def fold_counts(designs: Sequence[Design]) -> tuple[int, ...]:
    """Return how many outer folds each design has; 0 where there is one split."""
    return tuple(d.cases[0]["fold"].nunique() if "fold" in d.cases[0] else 0 for d in designs)


def protocol(folds: int) -> str:
    """Return the way patients were tested.

    >>> protocol(4), protocol(1), protocol(0)
    ('4-fold cross-validation', 'one fold of cross-validation', 'holdout')
    """
    if folds == 1:
        return f"one fold of {CROSS_VALIDATED}"
    return f"{folds}-fold cross-validation" if folds else "holdout"


@dataclass(frozen=True, eq=False, slots=True)
class Folds:
    """Outer folds in which several designs were tested alike."""

    of_patient: Mapping[str, str]
    """The fold that tests each patient."""
    test_train: float
    """Test patients / training patients, the mean over folds."""

    def means(self, differences: Mapping[str, float]) -> list[float]:
        """Return the mean difference of each fold; patients in no fold are left out."""
        tested: dict[str, list[float]] = {}
        for patient, difference in differences.items():
            if patient in self.of_patient:  # another design may have further patients
                tested.setdefault(self.of_patient[patient], []).append(difference)
        return [fmean(values) for values in tested.values()]


def shared_folds(designs: Sequence[Design]) -> Folds | None:
    """Return the folds of designs that were tested in the same two or more; None where they were not."""
    first, *others = map(_tested_in, designs)
    if len(set(first.values())) < 2 or any(folds != first for folds in others):
        return None
    return Folds(first, _test_train_ratio(designs[0]))


def over_folds(
    a: Design, b: Design, differences: Mapping[str, float], level: float
) -> CorrectedT | None:
    """Test the mean over folds, training patients random too; None without two shared folds.

    Args:
        a: A design.
        b: Another one.
        differences: Of each analysed patient.
        level: Confidence level.

    Source: Nadeau & Bengio 2003.
    """
    folds = shared_folds([a, b])
    means = folds.means(differences) if folds else []
    if folds is None or len(means) < 2:
        return None
    return corrected_resampled_t(means, folds.test_train, level)


def _tested_in(design: Design) -> dict[str, str]:
    """Return the fold that tests each patient; nothing where there is one split."""
    rows = design.cases[0]
    if "fold" not in rows:
        return {}
    test = rows[rows["split"] == "test"]
    return dict(zip(test["patient"].astype(str), test["fold"].astype(str), strict=True))


def _test_train_ratio(design: Design) -> float:
    """Return test patients / training patients, the mean over folds."""
    everyone = design.cases[0]["patient"].nunique()
    ratios = []
    for rows in by_fold(design.cases[0]):
        held = rows.groupby("split")["patient"].nunique()
        ratios.append(held["test"] / (everyone - held.sum()))
    return fmean(ratios)
