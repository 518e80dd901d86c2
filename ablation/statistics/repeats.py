"""Trainings as a second source of chance: patients crossed with seeds, and cross-validation.

"These weights" treats patients alone as random, "this recipe" patients and training runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import integrate, stats

from ablation.statistics.paired import (
    ZERO_SPREAD,
    MeanInterval,
    as_patients,
    is_constant,
    mean_interval,
)

Array = NDArray[np.float64]
FEWEST_FOLDS = 5  # from which the mean over folds is tested


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """Two-way analysis of variance of one value per patient and seed."""

    patient: float
    seed: float
    rest: float

    def var_seed(self, patients: int) -> float:
        """Variance of a training's mean over patients beyond what single patients explain."""
        return max(0.0, (self.seed - self.rest) / patients)


@dataclass(frozen=True, slots=True)
class Recipe:
    """The mean difference of two recipes, patients and training runs random."""

    mean: float
    se: float
    df: float
    low: float | None
    """None where there is no spread at all."""
    high: float | None
    these_weights: MeanInterval
    """The same mean with patients alone random."""


@dataclass(frozen=True, slots=True)
class Crossed:
    """Differences of every patient under every seed that both designs share."""

    recipe: Recipe
    squares: MeanSquares
    var_patient: float
    """Variances of a single difference; a negative estimate counts 0."""
    var_seed: float
    var_rest: float

    @property
    def shares(self) -> tuple[float, float, float]:
        """Patient, seed and rest as shares of the variance."""
        parts = (self.var_patient, self.var_seed, self.var_rest)
        total = sum(parts)
        return (parts[0] / total, parts[1] / total, parts[2] / total) if total else (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class CorrectedT:
    """t test over folds or repeats whose training sets overlap."""

    mean: float
    se: float | None
    """None where all differences are equal."""
    t: float | None
    df: int
    p_two_sided: float | None
    """None also below five folds: the interval alone is shown."""
    low: float | None
    high: float | None


def mean_squares(table: ArrayLike) -> MeanSquares:
    """Return the mean squares of values of shape (patients, seeds), two or more of each."""
    values = np.asarray(table, np.float64)
    if values.ndim != 2 or min(values.shape) < 2:
        raise ValueError(f"patients x seeds are needed, 2 x 2 or more, got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("values hold NaN or infinity; drop these patients for every seed")
    n, s = values.shape
    noise = (ZERO_SPREAD * max(1.0, abs(float(values.mean())))) ** 2
    centred = values - values.mean()
    rows, columns = centred.mean(axis=1), centred.mean(axis=0)
    rest = centred - rows[:, None] - columns[None, :]
    patient, seed, left = (
        square if square > noise else 0.0
        for square in (
            s * float((rows**2).sum()) / (n - 1),
            n * float((columns**2).sum()) / (s - 1),
            float((rest**2).sum()) / ((n - 1) * (s - 1)),
        )
    )
    return MeanSquares(patient, seed, left)


def crossed(table: ArrayLike, level: float = 0.95) -> Crossed:
    """Return the recipes' difference where both designs were trained with the same seeds.

    Args:
        table: Differences of shape (patients, seeds).
        level: Confidence level.

    Never stack patients and seeds as independent rows: the standard error comes out too small.
    Source: two-way random effects, Satterthwaite 1946.
    """
    values, squares = np.asarray(table, np.float64), mean_squares(table)
    n, s = values.shape
    terms = [(squares.patient / (n * s), n - 1)]
    if squares.seed > squares.rest:  # otherwise the seeds add nothing that can be seen
        terms += [
            (squares.seed / (n * s), s - 1),
            (-squares.rest / (n * s), (n - 1) * (s - 1)),
        ]
    return Crossed(
        recipe=_recipe(values.mean(axis=1), terms, level),
        squares=squares,
        var_patient=max(0.0, (squares.patient - squares.rest) / s),
        var_seed=squares.var_seed(n),
        var_rest=squares.rest,
    )


def unpaired_seeds(candidate: ArrayLike, reference: ArrayLike, level: float = 0.95) -> Recipe:
    """Return the recipes' difference where each design has seeds of its own, the usual case.

    Args:
        candidate: Scores of shape (patients, seeds), same patients in both, two or more seeds.
        reference: The same for the reference; it may have another number of seeds.
        level: Confidence level.
    """
    a, b = np.asarray(candidate, np.float64), np.asarray(reference, np.float64)
    if a.ndim != 2 or b.ndim != 2 or len(a) != len(b):
        raise ValueError(f"the same patients are needed in both, got {a.shape} and {b.shape}")
    d, n = a.mean(axis=1) - b.mean(axis=1), len(a)
    terms = [(float(d.var(ddof=1)) / n, n - 1)]
    for values in (a, b):
        squares, s = mean_squares(values), values.shape[1]
        if squares.seed > squares.rest:
            terms += [
                (squares.seed / (n * s), s - 1),
                (-squares.rest / (n * s), (n - 1) * (s - 1)),
            ]
    return _recipe(d, terms, level)


def _recipe(d: Array, terms: list[tuple[float, int]], level: float) -> Recipe:
    """The interval of a mean whose variance is a sum of mean squares with their own df."""
    variance = sum(term for term, _ in terms)
    mean, patients = float(d.mean()), mean_interval(d, level)
    spread = math.sqrt(variance)
    if spread < 1e-12 * max(1.0, abs(mean)):
        return Recipe(mean, 0.0, float(len(d) - 1), None, None, patients)
    df = variance**2 / sum(term**2 / degrees for term, degrees in terms)
    half = float(stats.t.ppf((1 + level) / 2, df)) * spread
    return Recipe(mean, spread, df, mean - half, mean + half, patients)


def corrected_resampled_t(d: ArrayLike, test_train_ratio: float, level: float = 0.95) -> CorrectedT:
    """Test the mean over folds whose training sets overlap; source: Nadeau & Bengio 2003.

    Args:
        d: Mean difference of each fold or repeat.
        test_train_ratio: Test patients / training patients of a fold.
        level: Confidence level.
    """
    array = as_patients(d)
    mean, folds = float(array.mean()), array.size
    if is_constant(array):
        return CorrectedT(mean, None, None, folds - 1, None, None, None)
    se = math.sqrt((1 / folds + test_train_ratio) * float(array.var(ddof=1)))
    t, half = mean / se, float(stats.t.ppf((1 + level) / 2, folds - 1)) * se
    p = float(2 * stats.t.sf(abs(t), folds - 1)) if folds >= FEWEST_FOLDS else None
    return CorrectedT(mean, se, t, folds - 1, p, mean - half, mean + half)


def expected_best_of(k: int) -> float:
    """Return the mean of the largest of k standard normal draws: what picking the best adds.

    >>> round(expected_best_of(10), 4)
    1.5388
    """

    def density(x: float) -> float:
        return x * k * float(stats.norm.pdf(x)) * float(stats.norm.cdf(x)) ** (k - 1)

    return float(integrate.quad(density, -12, 12, points=[0.0], epsabs=1e-12)[0])
