"""What tuning may expect of so many trials: the best of k trials drawn from those observed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS = 2_000
FEWEST_TRIALS = 10
"""Below, resampled trials give a band that is too narrow to be shown."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TuningCurve:
    """The expected best value after 1, 2, ... n trials."""

    mean: tuple[float, ...]
    low: tuple[float, ...] | None
    """Percentile band from resampled trials; None: too few trials."""
    high: tuple[float, ...] | None


def best_of_trials(values: ArrayLike) -> Array:
    """Return the expected best of k of the values drawn without replacement, k = 1 to n.

    Args:
        values: One per trial, higher is better; shape (..., trials).

    Returns:
        Shape (..., trials): the mean value at k = 1, the observed best at k = n. Unbiased for
        the best of k independent trials (Tang et al. 2020); the plug-in estimate of Dodge et al.
        2019, which draws with replacement, is too low.

    Source: the i-th smallest of n is the largest of k with probability C(i-1, k-1) / C(n, k).

    >>> best_of_trials([0.6, 0.4, 0.8]).round(4).tolist()
    [0.6, 0.7333, 0.8]
    """
    ordered = np.sort(np.asarray(values, np.float64), axis=-1)
    n = ordered.shape[-1]
    below = np.arange(n)
    weights = np.empty((n, n))
    weights[0] = 1 / n
    for k in range(1, n):
        # From k to k + 1: C(i-1, k) / C(n, k+1) in terms of the line before, without factorials.
        weights[k] = weights[k - 1] * (below - k + 1).clip(0) * (k + 1) / (k * (n - k))
    return np.asarray(ordered @ weights.T)


def tuning_curve(
    studies: list[Array], rng: np.random.Generator, *, level: float = 0.95, draws: int = DRAWS
) -> TuningCurve:
    """Return the expected best of one design, a mean over its studies, with a percentile band.

    Args:
        studies: The values of each study's trials, such as those of its folds; none empty. Ends
            at the length of the shortest.
        rng: Draws trials with replacement, study by study.
        level: Share of the draws inside the band.
        draws: How many.
    """
    n = min(len(values) for values in studies)
    mean = np.mean([best_of_trials(values)[:n] for values in studies], axis=0)
    if n < FEWEST_TRIALS:
        return TuningCurve(tuple(mean.tolist()), None, None)
    drawn = np.mean(
        [best_of_trials(rng.choice(values, (draws, len(values))))[:, :n] for values in studies],
        axis=0,
    )
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return TuningCurve(tuple(mean.tolist()), tuple(low.tolist()), tuple(high.tolist()))
