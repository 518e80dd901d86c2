"""How many images a second train: our step, plain Keras, and PyTorch where it is installed.

    python benchmarks/steps.py [--base 16,64] [--side 64,128] [--seconds 15] [--rounds 2] [--profile]

The same U-Net (four poolings, batch normalisation, no dropout), the same sum of soft Dice and
cross-entropy, Adam, batches of 16, forward and backward. Every figure comes from a process of its own;
the rounds alternate between the programs, and the better one of each counts. Keras runs as in a
tutorial (`compile`, `fit`), with and without TensorFlow's deterministic operations; ours always has
them. PyTorch runs eagerly, with channels last, and compiled. `--profile` prints where our step's time
goes, by operation.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

BATCH, DEPTH, LEAST = 16, 4, 3
RUN_TIME = (
    "_step",
    "EagerExecute",
    "EagerKernelExecute",
    "TFE_Py_ExecuteCancelable",
    "ParallelFor",
)
"""Entries of a profile that hold others."""
"""Slices of a step, poolings, steps that are timed at least."""
PROGRAMS = ("ours float32", "ours bfloat16", "keras", "keras deterministic")
TORCH = ("torch", "torch channels_last", "torch compiled")


def slices(side: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    images = rng.random((BATCH, side, side, 1), np.float32)
    return images, (images > 0.9).astype(np.float32)


def timed(step: Callable[[], Any], seconds: float) -> float:
    """Return images a second of steps, each waited for: the median step counts."""
    step()
    step()
    found: list[float] = []
    end = time.perf_counter() + seconds
    while len(found) < LEAST or time.perf_counter() < end:
        begin = time.perf_counter()
        step()
        found.append(time.perf_counter() - begin)
    return BATCH / statistics.median(found)


def ours(side: int, base: int, precision: str) -> Callable[[], Any]:
    from ablation.config import build_config
    from ablation.models import DESIGNS, build
    from ablation.models.hyperparameters import Hyperparameters
    from ablation.training import trainer as deterministic  # noqa: F401 - as in every training
    from ablation.training.step import TrainStep

    config = build_config(
        {
            "data.augmentation": "none",
            "model.base": base,
            "model.batch_norm": True,
            "model.dropout": 0.0,
            "loss.reduction": "batch",
            "training.batch_size": BATCH,
            "training.l2": 0.0,
            "training.precision": precision,
        }
    )
    hyperparameters = Hyperparameters(DESIGNS.find("unet").hyperparameters)
    network = build(config.model, (side, side, 1), hyperparameters, precision)
    step = TrainStep(network, hyperparameters, config)
    step.start(config)
    images, masks = slices(side)
    rows = np.arange(BATCH)
    return lambda: float(step(images, masks, rows, (0, 0)))


def plain_keras(side: int, base: int, *, deterministic: bool) -> Callable[[], Any]:
    import keras
    import tensorflow as tf
    from keras import layers

    keras.utils.set_random_seed(1)
    if deterministic:
        tf.config.experimental.enable_op_determinism()

    def double(x: Any, filters: int) -> Any:
        for _ in range(2):
            x = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(x))
            x = layers.ReLU()(x)
        return x

    images = x = layers.Input((side, side, 1))
    skips = []
    for level in range(DEPTH):
        skips.append(double(x, base * 2**level))
        x = layers.MaxPooling2D(2)(skips[-1])
    x = double(x, base * 2**DEPTH)
    for level in reversed(range(DEPTH)):
        x = layers.Conv2DTranspose(base * 2**level, 2, strides=2)(x)
        x = double(layers.Concatenate()([x, skips[level]]), base * 2**level)
    model = keras.Model(images, layers.Conv2D(1, 1)(x))

    def loss(truth: Any, logits: Any) -> Any:
        p = tf.sigmoid(logits)
        both, sums = tf.reduce_sum(truth * p), tf.reduce_sum(truth + p)
        pixels = tf.nn.sigmoid_cross_entropy_with_logits(labels=truth, logits=logits)
        return 0.5 * (1 - (2 * both + 1) / (sums + 1)) + 0.5 * tf.reduce_mean(pixels)

    model.compile(keras.optimizers.Adam(1e-4), loss=loss, jit_compile=False)
    x_, y_ = slices(side)
    model.fit(x_, y_, batch_size=BATCH, verbose=0)
    # Of train_on_batch each step is waited for, as ours is; fit adds its own loop on top.
    return lambda: model.train_on_batch(x_, y_)


def torch_step(side: int, base: int, how: str) -> Callable[[], Any]:
    import torch
    from torch import nn

    class Double(nn.Sequential):
        def __init__(self, before: int, filters: int) -> None:
            parts: list[nn.Module] = []
            for into in (before, filters):
                parts += [
                    nn.Conv2d(into, filters, 3, padding=1),
                    nn.BatchNorm2d(filters),
                    nn.ReLU(),
                ]
            super().__init__(*parts)

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            widths = [base * 2**level for level in range(DEPTH + 1)]
            self.down = nn.ModuleList(map(Double, [1, *widths[:-1]], widths))
            self.up = nn.ModuleList(nn.ConvTranspose2d(2 * f, f, 2, stride=2) for f in widths[:-1])
            self.merge = nn.ModuleList(Double(2 * f, f) for f in widths[:-1])
            self.head = nn.Conv2d(base, 1, 1)

        def forward(self, x: Any) -> Any:
            skips = []
            for block in self.down[:-1]:
                skips.append(block(x))
                x = nn.functional.max_pool2d(skips[-1], 2)
            x = self.down[-1](x)
            for level in reversed(range(DEPTH)):
                x = self.merge[level](torch.cat([self.up[level](x), skips[level]], 1))
            return self.head(x)

    torch.manual_seed(0)
    model: Any = UNet()
    x, y = (torch.from_numpy(a.transpose(0, 3, 1, 2).copy()) for a in slices(side))
    if how == "torch channels_last":
        model, x = (one.to(memory_format=torch.channels_last) for one in (model, x))
    optimizer = torch.optim.Adam(model.parameters(), 1e-4)
    if how == "torch compiled":
        model = torch.compile(model)

    def step() -> float:
        optimizer.zero_grad()
        logits = model(x)
        p = torch.sigmoid(logits)
        overlap = 1 - (2 * (y * p).sum() + 1) / ((y + p).sum() + 1)
        loss = 0.5 * overlap + 0.5 * nn.functional.binary_cross_entropy_with_logits(logits, y)
        loss.backward()
        optimizer.step()
        return float(loss)

    return step


def step_of(program: str, side: int, base: int) -> Callable[[], Any]:
    if program.startswith("ours"):
        return ours(side, base, program.split()[1])
    if program.startswith("keras"):
        return plain_keras(side, base, deterministic=program != "keras")
    return torch_step(side, base, program)


def profile(side: int, base: int) -> None:
    """Print which operations our step spends its time in, from TensorFlow's own profile."""
    import tempfile
    from pathlib import Path

    import tensorflow as tf

    step = ours(side, base, "float32")
    step()
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            for _ in range(5):
                step()
        [trace] = Path(folder).glob("plugins/profile/*/*.xplane.pb")
        for name, share in _by_operation(trace)[:12]:
            print(f"{share:6.1%}  {name}")


def _by_operation(trace: Any) -> list[tuple[str, float]]:
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space = xplane_pb2.XSpace.FromString(trace.read_bytes())
    picoseconds: dict[str, int] = {}
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name
                if name.startswith("[") or "::" in name or " " in name or name in RUN_TIME:
                    continue  # of the run time, not of the network
                kind = name.split(":")[-1].strip()
                picoseconds[kind] = picoseconds.get(kind, 0) + event.duration_ps
    total = sum(picoseconds.values()) or 1
    ranked = sorted(picoseconds.items(), key=lambda item: -item[1])
    return [(name, time_ / total) for name, time_ in ranked]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default="16,64")
    parser.add_argument("--side", default="64,128")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--program", help="Time this one here and print a line of JSON.")
    asked = parser.parse_args()
    sides = [int(side) for side in asked.side.split(",")]
    bases = [int(base) for base in asked.base.split(",")]
    if asked.profile:
        profile(sides[0], bases[0])
        return
    if asked.program:
        print(json.dumps(timed(step_of(asked.program, sides[0], bases[0]), asked.seconds)))
        return
    programs = [*PROGRAMS, *(TORCH if find_spec("torch") else ())]
    print("| base | side | " + " | ".join(programs) + " |")
    print("|---:|---:|" + "---:|" * len(programs))
    for base in bases:
        for side in sides:
            best = dict.fromkeys(programs, 0.0)
            for _ in range(asked.rounds):
                for program in programs:
                    numbers = [
                        "--base",
                        str(base),
                        "--side",
                        str(side),
                        "--seconds",
                        str(asked.seconds),
                    ]
                    command = [sys.executable, __file__, "--program", program, *numbers]
                    done = subprocess.run(command, capture_output=True, text=True, check=True)
                    best[program] = max(best[program], json.loads(done.stdout.splitlines()[-1]))
            cells = " | ".join(f"{best[program]:.1f}" for program in programs)
            print(f"| {base} | {side} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
