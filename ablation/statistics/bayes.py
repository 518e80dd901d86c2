"""Bayesian signed-rank test: how probable better, worse and practically equal are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablation.statistics.paired import as_patients, rounded

Array = NDArray[np.float64]
Region = Literal["worse", "rope", "better"]

DRAWS = 50_000
CHUNK = 500  # draws at once: what fits in a processor's cache
FEWEST_DRAWS = 1_000
MOST_WEIGHTS = 200_000_000  # of patients in all draws: some seconds
MOST_AT_ONCE = 5_000_000
SUMMED_UP_TO = 2_000  # patients whose sums of two are all made
PRIOR_WEIGHT = 0.5  # of one pseudo-patient without a difference
DECIDED = 0.95


@dataclass(frozen=True, slots=True)
class Regions:
    """One number each for worse than -rope, within the rope, better than rope; they sum to 1."""

    worse: float
    rope: float
    better: float


@dataclass(frozen=True, slots=True)
class BayesianSignedRank:
    """Posterior of the pseudo-median of the differences, by regions around 0.

    The two numbers are different questions and are often confused.
    """

    rope: float
    """Half the width of the region of practical equivalence, in the metric's unit."""
    theta: Regions
    """Mean posterior probability of each region."""
    largest: Regions
    """Share of posterior draws in which the region is the most probable one."""
    verdict: Region | Literal["undecided"]
    """The region whose share of draws is above 95 %."""
    draws: int


def bayesian_signed_rank(
    d: ArrayLike, rope: float, rng: np.random.Generator, draws: int = DRAWS
) -> BayesianSignedRank:
    """Draw the weights of the patients from a Dirichlet and compare all pairs of differences.

    Source: Benavoli et al. 2014 and 2017.

    Args:
        d: Differences, one per patient.
        rope: Smallest difference that matters; 0 leaves only ties in between.
        rng: Source of the draws.
        draws: Posterior draws, at most; fewer for thousands of patients.
    """
    if rope < 0:
        raise ValueError(f"rope is a size, got {rope}")
    pseudo = np.sort(rounded(np.append(as_patients(d), 0.0)))
    shape = np.ones(pseudo.size)
    shape[np.flatnonzero(pseudo == 0)[0]] += PRIOR_WEIGHT - 1
    # Sums are not rounded again, so that draws agree with those of the package baycomp.
    won, lost = _partners(pseudo, 2 * rope), _partners(pseudo, -2 * rope)
    draws = min(draws, max(FEWEST_DRAWS, MOST_WEIGHTS // pseudo.size))
    chunk = min(CHUNK, max(1, MOST_AT_ONCE // pseudo.size))
    sizes = [min(chunk, draws - start) for start in range(0, draws, chunk)]
    theta = np.concatenate([_theta(rng.dirichlet(shape, size), won, lost) for size in sizes])
    return _result(theta, rope)


def _partners(ascending: Array, edge: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """For each patient how many of the ascending partners have a sum below, and up to, the edge."""
    if ascending.size <= SUMMED_UP_TO:
        sums = ascending[:, None] + ascending[None, :]
        return (sums < edge).sum(axis=1), (sums <= edge).sum(axis=1)
    needed = edge - ascending
    below, reached = (np.searchsorted(ascending, needed, side=side) for side in ("left", "right"))
    return below, reached


def _theta(
    weights: Array,
    won: tuple[NDArray[np.intp], NDArray[np.intp]],
    lost: tuple[NDArray[np.intp], NDArray[np.intp]],
) -> Array:
    """Probability of worse, rope, better in each draw, shape (draws, 3); an edge counts half."""
    up_to = np.concatenate([np.zeros((len(weights), 1)), np.cumsum(weights, axis=1)], axis=1)
    better = 1 - _weighed(weights, up_to, won)
    worse = _weighed(weights, up_to, lost)
    return np.stack([worse, np.clip(1 - worse - better, 0, 1), better], axis=1)


def _weighed(
    weights: Array, up_to: Array, partners: tuple[NDArray[np.intp], NDArray[np.intp]]
) -> Array:
    below, reached = partners
    share = up_to[:, below]
    if (below != reached).any():
        share = (share + up_to[:, reached]) / 2
    weighed: Array = np.einsum("ij,ij->i", weights, share)
    return weighed


def _result(theta: Array, rope: float) -> BayesianSignedRank:
    # Regions that tie share the draw.
    top = np.isclose(theta, theta.max(axis=1, keepdims=True), rtol=0, atol=1e-12)
    largest = Regions(*(top / top.sum(axis=1, keepdims=True)).mean(axis=0).tolist())
    shares: dict[Region, float] = {
        "worse": largest.worse,
        "rope": largest.rope,
        "better": largest.better,
    }
    decided = [region for region, share in shares.items() if share > DECIDED]
    return BayesianSignedRank(
        rope=rope,
        theta=Regions(*theta.mean(axis=0).tolist()),
        largest=largest,
        verdict=decided[0] if decided else "undecided",
        draws=len(theta),
    )
