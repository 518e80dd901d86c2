"""The full search for one trial on a volume of 240x240x155, beside one training epoch over its slices.

    python benchmarks/search.py [--data ../shared/data/brats/BraTS2021_00000] [--preset cpu-demo]

Wall and CPU seconds, median of 3 rounds: the search (means of the views, resizing, 4 kinds of
test-time augmentation at 99 thresholds, 8 ways of cleaning at the 5 best of them) of a patient whose
eight views are predicted, the eight predictions beside it, and one training epoch of the preset's
network over all the slices. CPU seconds, those of TensorFlow's threads among them, decide: they hold on
a busy machine too. Small images are the hard case: the search works on the scan's own grid.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from scipy import ndimage

from ablation.config import Config, InferenceConfig, resolve
from ablation.data import Slices
from ablation.data.preprocess import normalise, resize_images, resize_mask
from ablation.inference.choose import Search, options, search
from ablation.inference.maps import Maps
from ablation.training.trainer import Trainer

ROUNDS = 3
DEFAULT = Path(__file__).parents[2] / "shared/data/brats/BraTS2021_00000"
Seconds = tuple[float, float]
"""Wall and CPU."""


class Watched:
    """A predictor that knows how long its predictions took."""

    def __init__(self, predictor: Any) -> None:
        self._predictor = predictor
        self.to_native = predictor.to_native
        self.wall = self.cpu = 0.0

    def on_grid(self, images: np.ndarray) -> np.ndarray:
        wall, cpu = time.perf_counter(), time.process_time()
        maps = self._predictor.on_grid(images)
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu
        return maps


def scan(folder: Path) -> tuple[np.ndarray, np.ndarray, str]:
    """Return FLAIR and whole tumour, (slices, rows, columns), and where they are from."""
    if not folder.is_dir():
        return *generated(), "generated"
    import nibabel

    (flair,) = [*folder.glob("*flair.nii.gz"), *folder.glob("*t2f.nii.gz")]
    (truth,) = folder.glob("*seg.nii.gz")
    image, labels = (np.asarray(nibabel.load(path).dataobj).T for path in (flair, truth))
    return np.ascontiguousarray(image, np.float32), np.ascontiguousarray(labels > 0), folder.name


def generated() -> tuple[np.ndarray, np.ndarray]:
    shape = (155, 240, 240)
    z, y, x = np.ogrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j, -1 : 1 : shape[2] * 1j]
    brain = z**2 + y**2 + x**2 < 0.6
    truth = (z - 0.1) ** 2 + (y + 0.2) ** 2 + (x - 0.2) ** 2 < 0.05
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=shape), 2)
    return (brain * (100 + 400 * noise + 60 * truth)).astype(np.float32), truth


def prepared(image: np.ndarray, truth: np.ndarray, config: Config, folder: Path) -> Slices:
    """Return the slices as the cache of prepared data would hold them."""
    (folder / "truth").mkdir()
    np.save(folder / "truth/0.npy", truth[None])
    size = config.data.image_size
    images = resize_images(normalise(image, config.data.normalise), size)[..., None]
    masks = resize_mask(truth, size).astype(np.uint8)[..., None]
    return Slices(images, masks, {"patient": slice(0, len(images))}, folder)


def timed(work: Callable[[], object]) -> Seconds:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def epoch_seconds(trainer: Trainer, config: Config, slices: Slices) -> Seconds:
    """Train for some epochs over all slices and return the median epoch, without the first."""
    marks: list[Seconds] = []

    def mark(_: object) -> bool:
        marks.append((time.perf_counter(), time.process_time()))
        return len(marks) == ROUNDS + 1

    rows = np.arange(len(slices.images))
    trainer.fit(
        config,
        slices.images,
        slices.masks,
        rows,
        validate=lambda _: (float(len(marks)), 0.5),
        on_epoch=mark,
    )
    rounds = [
        (after[0] - before[0], after[1] - before[1]) for before, after in itertools.pairwise(marks)
    ]
    return median(rounds)


def search_seconds(predictor: Any, slices: Slices) -> tuple[Seconds, Seconds, Search]:
    """Return the seconds of the search without predictions, of the predictions, and its result."""
    among = options(InferenceConfig(search="full"), "trial")
    searching, predicting = [], []
    for _ in range(ROUNDS):
        watched = Watched(predictor)
        maps = Maps(watched, slices, ("none", *among.ttas))
        found: list[Search] = []

        def work(maps: Maps = maps, found: list[Search] = found) -> None:
            found.append(search(maps, slices.native_truth, ("patient",), ("WT",), among)["WT"])

        wall, cpu = timed(work)
        searching.append((wall - watched.wall, cpu - watched.cpu))
        predicting.append((watched.wall, watched.cpu))
    return median(searching), median(predicting), found[0]


def median(rounds: list[Seconds]) -> Seconds:
    walls, cpus = zip(*rounds, strict=True)
    return statistics.median(walls), statistics.median(cpus)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT)
    parser.add_argument("--preset", default="cpu-demo")
    parser.add_argument("--set", action="append", default=[])
    arguments = parser.parse_args()
    every_slice = ["training.max_batches=none", "training.epochs=10", "training.stop_patience=none"]
    config = resolve(preset=arguments.preset, assignments=[*every_slice, *arguments.set]).config
    image, truth, name = scan(arguments.data)
    size = config.data.image_size
    with tempfile.TemporaryDirectory() as folder:
        slices = prepared(image, truth, config, Path(folder))
        trainer = Trainer(config, (size, size, 1))
        epoch = epoch_seconds(trainer, config, slices)
        searching, predicting, found = search_seconds(trainer.predictor, slices)
    best = found.best
    print(f"{name}, {'x'.join(map(str, truth.shape))}; {config.model.name} at {size}x{size}")
    print(f"{len(found.tried)} candidates, best {best.point}, Dice {best.validation_dice:.3f}")
    for what, (wall, cpu) in (
        ("full search, its eight views predicted", searching),
        ("one training epoch over all its slices", epoch),
        ("the eight views' predictions", predicting),
    ):
        print(f"{what:40} {wall:7.2f} s wall {cpu:7.2f} s CPU")
    print(f"in CPU seconds the search costs {searching[1] / epoch[1]:.2f} of the epoch")
    if searching[1] >= epoch[1]:
        raise SystemExit("the search costs more than an epoch")


if __name__ == "__main__":
    main()
