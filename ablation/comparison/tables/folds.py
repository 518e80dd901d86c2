"""Outer folds of cross-validation: which patients each one tests, and what its mean is worth.

A design's table then has a column `fold`; of one split it has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from ablation.comparison.tables.align import Design, by_fold
from ablation.statistics.repeats import CorrectedT, corrected_resampled_t


def fold_counts(designs: Sequence[Design]) -> tuple[int, ...]:
    """Return how many outer folds each design has; 0 where there is one split."""
    return tuple(d.cases[0]["fold"].nunique() if "fold" in d.cases[0] else 0 for d in designs)


def protocol(folds: int) -> str:
    """Return the way patients were tested.

    >>> protocol(4), protocol(0)
    ('4-fold cross-validation', 'holdout')
    """
    return f"{folds}-fold cross-validation" if folds else "holdout"


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
    folds = _tested_in(a)
    if not folds or folds != _tested_in(b):
        return None
    tested: dict[str, list[float]] = {}
    for patient, difference in differences.items():
        if patient in folds:  # another design may have further patients
            tested.setdefault(folds[patient], []).append(difference)
    if len(tested) < 2:
        return None
    means = [fmean(values) for values in tested.values()]
    return corrected_resampled_t(means, _test_train_ratio(a), level)


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
