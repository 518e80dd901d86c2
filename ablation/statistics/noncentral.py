"""The noncentral t distribution, which power and the interval of d_z rest on.

SciPy's own gives NaN for some ordinary arguments (df 3, t -6.1, shift 7.1), so it is integrated
here, over whichever of its two parts makes the integrand the smoother one.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

NODES = 200
FAR = 9.0  # beyond it a normal tail is below 1e-18


def noncentral_t_cdf(t: float, df: int, shift: float) -> float:
    """Return P(T <= t), T = (Z + shift) / (S / sqrt(df)), Z standard normal and S chi.

    >>> round(noncentral_t_cdf(2.0, 9, 0.0), 6), round(noncentral_t_cdf(2.0, 9, 2.0), 6)
    (0.961724, 0.478971)
    """
    if t < 0:
        return 1.0 - noncentral_t_cdf(-t, df, -shift)
    cdf = _over_chi(t, df, shift) if t * t < df else _over_normal(t, df, shift)
    return min(1.0, max(0.0, cdf))


def _over_chi(t: float, df: int, shift: float) -> float:
    """Given the spread S, Z lies below t S / sqrt(df) - shift."""
    low, high = _chi_range(df)
    chi, weight = _between(low, high)
    log_scale = (df / 2 - 1) * math.log(2) + math.lgamma(df / 2)
    density = np.exp((df - 1) * np.log(chi) - chi * chi / 2 - log_scale)
    return float((weight * density * special.ndtr(t * chi / math.sqrt(df) - shift)).sum())


def _over_normal(t: float, df: int, shift: float) -> float:
    """Given Z, S lies above (Z + shift) sqrt(df) / t; always where that is negative."""
    start = max(-shift, -FAR)
    below = float(special.ndtr(-shift))
    if start >= FAR:
        return below
    z, weight = _between(start, FAR)
    chi = (z + shift) * math.sqrt(df) / t
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return below + float((weight * density * special.gammaincc(df / 2, chi * chi / 2)).sum())


@lru_cache(maxsize=64)
def _chi_range(df: int) -> tuple[float, float]:
    return float(stats.chi.ppf(1e-17, df)), float(stats.chi.isf(1e-17, df))


@lru_cache(maxsize=1)
def _gauss() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return nodes, weights


def _between(low: float, high: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gauss-Legendre points and weights of an interval."""
    nodes, weights = _gauss()
    half = (high - low) / 2
    return low + half * (nodes + 1), half * weights
