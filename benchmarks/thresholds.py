"""True and false positives at 99 thresholds: one pass against one pass per threshold.

    python benchmarks/thresholds.py

CPU seconds of one thread, median of 5 rounds, on 200 maps of 256 x 256: probabilities spread evenly
(the worst case for ours), probabilities exactly on the thresholds and one float beside them, and maps
as networks give them: background near 0, tumour near 1. The counts must be equal to the last voxel,
and the plain loop must take at least 15 times as long.
"""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
from scipy import ndimage

from ablation.inference.thresholds import THRESHOLDS, count_curve

ROUNDS = 5
AT_LEAST = 15
SHAPE = (200, 256, 256)
Count = Callable[[np.ndarray, np.ndarray], np.ndarray]


def ours(probability: np.ndarray, truth: np.ndarray) -> np.ndarray:
    counts = count_curve(probability, truth)
    return np.stack([counts.tp, counts.fp])


def plain_loop(probability: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """How it is mostly written: a mask per threshold, and sums of masks."""
    rows = []
    for cut in THRESHOLDS:
        mask = probability > cut
        rows.append(((mask & truth).sum(), (mask & ~truth).sum()))
    return np.array(rows).T


def lean_loop(probability: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The fastest loop we know: count_nonzero, false positives by subtraction."""
    rows = []
    for cut in THRESHOLDS:
        mask = probability > cut
        tp = np.count_nonzero(mask & truth)
        rows.append((tp, np.count_nonzero(mask) - tp))
    return np.array(rows).T


def spread(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return rng.random(SHAPE, dtype=np.float32), rng.random(SHAPE) < 0.05


def on_the_cuts(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    steps = rng.integers(-1, 2, SHAPE, dtype=np.int32)
    values = (rng.choice(THRESHOLDS, SHAPE).view(np.int32) + steps).view(np.float32)
    return values, rng.random(SHAPE) < 0.05


def as_predicted(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.indices(SHAPE[1:])
    centres = rng.uniform(90, 166, (SHAPE[0], 2, 1, 1))
    radius = rng.uniform(10, 40, (SHAPE[0], 1, 1))
    signed = radius - np.hypot(rows - centres[:, 0], columns - centres[:, 1])
    noise = ndimage.gaussian_filter(rng.normal(0, 6, SHAPE), (0, 2, 2))
    return (1 / (1 + np.exp(-(signed / 2 + noise)))).astype(np.float32), signed > 0


def median_seconds(count: Count, probability: np.ndarray, truth: np.ndarray) -> float:
    taken = []
    for _ in range(ROUNDS):
        started = time.process_time()
        count(probability, truth)
        taken.append(time.process_time() - started)
    return statistics.median(taken)


def main() -> None:
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}")
    maps = {"spread evenly": spread, "on the cuts": on_the_cuts, "as predicted": as_predicted}
    for name, make in maps.items():
        probability, truth = make(np.random.default_rng(0))
        fast = median_seconds(ours, probability, truth)
        for loop in (plain_loop, lean_loop):
            if not np.array_equal(ours(probability, truth), loop(probability, truth)):
                raise SystemExit(f"{name}: counts differ from {loop.__name__}")
            slow = median_seconds(loop, probability, truth)
            print(
                f"{name:15} ours {fast:.3f} s  {loop.__name__} {slow:.3f} s  {slow / fast:.0f}x  "
                f"equal counts"
            )
            if loop is plain_loop and slow < AT_LEAST * fast:
                raise SystemExit(f"{name}: less than {AT_LEAST} times as quick as the plain loop")


if __name__ == "__main__":
    main()
