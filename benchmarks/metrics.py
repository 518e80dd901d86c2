"""Dice, HD95 and ASD of one pair of masks: ours, DeepMind's surface-distance and MONAI.

    uv run --with monai python benchmarks/metrics.py --data DIR --surface-distance CHECKOUT

CHECKOUT is a clone of github.com/google-deepmind/surface-distance (PyPI's 0.1 fails under NumPy 2);
a peer that cannot be imported is left out by name. DIR holds lgg/kaggle_3m (slices) and brats
(volumes). Truths are real, predictions are made of them. CPU seconds of one thread, median of 5
rounds in which every tool takes its turn. HD95 of the peers differs by definition, Dice must not.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import scipy
from scipy import ndimage

from ablation.metrics.pair import MaskPair
from ablation.metrics.registry import METRICS

ROUNDS = 5
SHARED = Path(__file__).parents[2] / "shared" / "data"
Pair = tuple[np.ndarray, np.ndarray]
Tool = Callable[[np.ndarray, np.ndarray], tuple[float, float, float]]


def ours(truth: np.ndarray, prediction: np.ndarray) -> tuple[float, float, float]:
    pair = MaskPair(truth, prediction, spacing_mm=(1.0,) * truth.ndim)
    dice, hd95, asd = (METRICS[name].function(pair) for name in ("dice", "hd95", "asd"))
    return dice, hd95, asd


def deepmind() -> Tool:
    peer = importlib.import_module("surface_distance")

    def score(truth: np.ndarray, prediction: np.ndarray) -> tuple[float, float, float]:
        between = peer.compute_surface_distances(truth, prediction, (1.0,) * truth.ndim)
        average = peer.compute_average_surface_distance(between)
        return (
            peer.compute_dice_coefficient(truth, prediction),
            peer.compute_robust_hausdorff(between, 95),
            sum(average) / 2,
        )

    return score


def monai() -> Tool:
    torch, peer = importlib.import_module("torch"), importlib.import_module("monai.metrics")
    torch.set_num_threads(1)

    def score(truth: np.ndarray, prediction: np.ndarray) -> tuple[float, float, float]:
        y, p = (torch.from_numpy(mask)[None, None].float() for mask in (truth, prediction))
        return (
            float(peer.compute_dice(p, y)),
            float(peer.compute_hausdorff_distance(p, y, include_background=True, percentile=95)),
            float(
                peer.compute_average_surface_distance(p, y, include_background=True, symmetric=True)
            ),
        )

    return score


def available() -> dict[str, Tool]:
    tools: dict[str, Tool] = {"ours": ours}
    for name, load in {"surface-distance": deepmind, "MONAI": monai}.items():
        try:
            tools[name] = load()
        except ImportError as error:
            print(f"{name} left out: {error}")
    return tools


def slices(data: Path) -> list[np.ndarray]:
    import tifffile

    paths = sorted((data / "lgg" / "kaggle_3m").glob("*/*_mask.tif"))
    return [mask for mask in (tifffile.imread(path) > 0 for path in paths) if mask.any()]


def volumes(data: Path) -> list[np.ndarray]:
    import nibabel

    paths = sorted((data / "brats").glob("*/*seg.nii.gz"))
    masks = (np.asarray(nibabel.load(path).dataobj) > 0 for path in paths)
    return [np.ascontiguousarray(mask) for mask in masks]


def shifted(mask: np.ndarray) -> np.ndarray:
    return np.roll(mask, 2, axis=mask.ndim - 1)


def with_far_corner(mask: np.ndarray) -> np.ndarray:
    changed = mask.copy()
    changed[(slice(0, 3),) * mask.ndim] = True
    return changed


CHANGES = {
    "shifted by 2": shifted,
    "dilated once": ndimage.binary_dilation,
    "far false positive": with_far_corner,
}


def seconds(tools: dict[str, Tool], pairs: Sequence[Pair]) -> dict[str, float]:
    """Return the CPU seconds per pair of each tool."""
    taken: dict[str, list[float]] = {name: [] for name in tools}
    for _ in range(ROUNDS):
        for name, tool in tools.items():
            started = time.process_time()
            for pair in pairs:
                tool(*pair)
            taken[name].append((time.process_time() - started) / len(pairs))
    return {name: statistics.median(times) for name, times in taken.items()}


def check_dice(tools: dict[str, Tool], pairs: Sequence[Pair]) -> None:
    for name, tool in tools.items():
        worst = max(abs(tool(*pair)[0] - ours(*pair)[0]) for pair in pairs[:20])
        if worst > 1e-6:
            raise SystemExit(f"{name}: Dice differs by {worst}")


def compare(what: str, masks: Sequence[np.ndarray], tools: dict[str, Tool]) -> None:
    total = dict.fromkeys(tools, 0.0)
    for change, make in CHANGES.items():
        pairs = [(mask, make(mask)) for mask in masks]
        check_dice(tools, pairs)
        taken = seconds(tools, pairs)
        total = {name: total[name] + taken[name] for name in tools}
        print_row(what, change, taken)
    print_row(what, "all three", total)


def print_row(what: str, change: str, taken: dict[str, float]) -> None:
    cells = [f"{name} {1000 * value:8.3f} ms" for name, value in taken.items()]
    ratios = [f"{value / taken['ours']:5.1f}x" for name, value in taken.items() if name != "ours"]
    print(f"{what:22}{change:20}{'  '.join(cells)}  {'  '.join(ratios)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--surface-distance", type=Path, help="checkout to import the peer from")
    options = parser.parse_args()
    if not options.data.exists():
        print(f"skipped: {options.data} does not exist; name a folder of scans with --data")
        return
    if options.surface_distance:
        sys.path.insert(0, str(options.surface_distance))
    warnings.simplefilter("ignore")  # the peers' own deprecations
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
        f"{platform.machine()}; CPU time per pair, median of {ROUNDS}"
    )
    tools = available()
    for label, masks in (("slice", slices(options.data)), ("volume", volumes(options.data))):
        if not masks:
            print(f"{label}s left out: none below {options.data}")
            continue
        size = "x".join(str(n) for n in masks[0].shape)
        compare(f"{len(masks)} {label}s {size}", masks, tools)


if __name__ == "__main__":
    main()
