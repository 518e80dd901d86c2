"""How often the default procedure is wrong, by simulation: false positives and coverage.

    python benchmarks/calibration.py [--replicates 10000]

1. No true difference: patients with 20 slices each, slices of a patient alike (ICC). The exact
   signed-rank test on patient means must reject as often as its attained size says; beside it
   stands what the same test does when slices are taken as independent.
2. Normal differences: the t interval of the mean must hold the true mean in 94 to 96 %.
3. "one in four collapses": most patients gain a little, each loses 0.4 Dice with probability 1/4.
   The coverage is shown, and the report's flag that mean and ranks disagree must be raised.

The seed is fixed. Exit code 1 where a limit is broken. With fewer than 10,000 replicates limits
are widened to 3 binomial standard errors.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ablation.statistics.disagreement import mean_and_rank_disagree
from ablation.statistics.effects import hodges_lehmann
from ablation.statistics.paired import EXACT_UP_TO, paired_t, sign_flip_distribution, signed_rank
from ablation.statistics.resampling import stream

SEED = 20260101
ALPHA = 0.05
PATIENTS = (12, 20, 50)
SLICES = 20
ICCS = (0.0, 0.3, 0.6)
CEILING = 0.055
COVERAGE = (0.94, 0.96)
FLAGGED = 0.90
COLLAPSE, GAIN, LOSS = 0.25, 0.005, 0.4
FULL = 10_000
CHUNK = 500
SAMPLE = 5  # p-values of every chunk that are compared with signed_rank

Array = NDArray[np.float64]


@lru_cache
def p_table(n: int) -> Array:
    """The two-sided exact p of every W+ = 0, 1, ..., n (n + 1) / 2 without ties and zeros."""
    chance = sign_flip_distribution(range(2, 2 * n + 1, 2))[::2]
    return np.minimum(1.0, 2 * np.minimum(np.cumsum(chance), np.cumsum(chance[::-1])[::-1]))


def attained_size(n: int) -> float:
    """The chance that the exact test rejects at ALPHA where there is no difference."""
    chance = sign_flip_distribution(range(2, 2 * n + 1, 2))[::2]
    return float(chance[p_table(n) < ALPHA].sum())


def signed_rank_p(d: Array) -> Array:
    """The default test on every row; continuous differences have no ties, so W+ is all."""
    order = np.argsort(np.abs(d), axis=1)
    positive = np.take_along_axis(d > 0, order, axis=1)
    n = d.shape[1]
    w_plus = positive @ np.arange(1, n + 1)
    if n <= EXACT_UP_TO:
        p = p_table(n)[w_plus]
    else:
        spread = math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        p = 2 * stats.norm.sf(np.abs(w_plus - n * (n + 1) / 4) / spread)
    for row in range(0, len(d), max(1, len(d) // SAMPLE)):
        assert math.isclose(p[row], signed_rank(d[row]).p_two_sided, rel_tol=1e-9), row
    return p


def chunks(replicates: int) -> Iterator[int]:
    for start in range(0, replicates, CHUNK):
        yield min(CHUNK, replicates - start)


def rejections(n: int, icc: float, replicates: int) -> tuple[float, float]:
    """Share of data sets without a difference that are called different, by patient, by slice."""
    rng = stream(SEED, f"null {n} {icc}")
    by_patient = by_slice = 0
    for size in chunks(replicates):
        patient = rng.normal(0, math.sqrt(icc), (size, n, 1))
        slices = patient + rng.normal(0, math.sqrt(1 - icc), (size, n, SLICES))
        by_patient += int((signed_rank_p(slices.mean(axis=2)) < ALPHA).sum())
        by_slice += int((signed_rank_p(slices.reshape(size, -1)) < ALPHA).sum())
    return by_patient / replicates, by_slice / replicates


def holds_mean(d: Array, mean: float) -> Array:
    """Whether the 95 % t interval of each row holds the true mean."""
    n = d.shape[1]
    half = stats.t.ppf(1 - ALPHA / 2, n - 1) * d.std(axis=1, ddof=1) / math.sqrt(n)
    first = paired_t(d[0]).interval
    assert math.isclose(first.high - first.low, 2 * half[0], rel_tol=1e-6)
    return np.abs(d.mean(axis=1) - mean) <= half


def collapsing(n: int, replicates: int) -> Array:
    """Differences in Dice, shape (replicates, n)."""
    rng = stream(SEED, f"collapse {n}")
    lost = rng.random((replicates, n)) < COLLAPSE
    gain = rng.normal(GAIN, GAIN / 5, (replicates, n))
    return np.where(lost, rng.normal(-LOSS, LOSS / 20, (replicates, n)), gain)


def flagged(d: Array) -> float:
    """Share of data sets in which the report says that mean and ranks disagree."""
    raised = (
        mean_and_rank_disagree(paired_t(row), signed_rank(row), hodges_lehmann(row), ALPHA)
        for row in d
    )
    return sum(raised) / len(d)


def error_of(share: float, replicates: int) -> float:
    """Three binomial standard errors."""
    return 3 * math.sqrt(share * (1 - share) / replicates)


def check_size(replicates: int) -> Iterator[str]:
    ceiling = CEILING if replicates >= FULL else 1.0
    print(f"\nno difference, alpha {ALPHA}: share called different ({SLICES} slices per patient)")
    print("patients   ICC   attained size   patient means   within        slices taken as n")
    for n in PATIENTS:
        size = attained_size(n)
        for icc in ICCS:
            share, naive = rejections(n, icc, replicates)
            slack = error_of(size, replicates)
            print(
                f"{n:8}{icc:6.1f}{size:16.4f}{share:16.4f}   +-{slack:.4f}{naive:20.4f}", flush=True
            )
            if abs(share - size) > slack:
                yield f"n {n}, ICC {icc}: {share:.4f} is not within {slack:.4f} of {size:.4f}"
            if share > ceiling:
                yield f"n {n}, ICC {icc}: {share:.4f} is above {ceiling}"


def check_coverage(replicates: int) -> Iterator[str]:
    slack = error_of(0.95, replicates) if replicates < FULL else 0.0
    low, high = min(COVERAGE[0], 0.95 - slack), max(COVERAGE[1], 0.95 + slack)
    print(f"\nnormal differences: 95 % t interval holds the mean (limits {low:.3f} to {high:.3f})")
    for n in PATIENTS:
        d = stream(SEED, f"normal {n}").normal(0.5, 1.0, (replicates, n))
        share = float(holds_mean(d, 0.5).mean())
        print(f"{n:8}{share:10.4f}")
        if not low <= share <= high:
            yield f"n {n}: coverage {share:.4f} is not within {low:.3f} to {high:.3f}"


def check_flag(replicates: int) -> Iterator[str]:
    mean = (1 - COLLAPSE) * GAIN - COLLAPSE * LOSS
    limit = FLAGGED - (error_of(FLAGGED, replicates) if replicates < FULL else 0.0)
    print(
        f"\none in four collapses (true mean {mean:+.4f}): coverage of t, flag (at least {limit:.2f})"
    )
    for n in PATIENTS:
        d = collapsing(n, replicates)
        cover, share = float(holds_mean(d, mean).mean()), flagged(d)
        print(f"{n:8}{cover:10.4f}{share:10.4f}", flush=True)
        if share < limit:
            yield f"n {n}: flag raised in {share:.4f} of the skewed data sets"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=FULL)
    replicates = parser.parse_args().replicates
    started = time.process_time()
    print(f"{replicates} replicates, seed {SEED}")
    checks = (check_size, check_coverage, check_flag)
    broken = [fault for check in checks for fault in check(replicates)]
    print(f"\n{time.process_time() - started:.0f} CPU s")
    for fault in broken:
        print(f"broken: {fault}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
