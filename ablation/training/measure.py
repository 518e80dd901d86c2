"""How long a training step takes on this machine, measured in a process of its own.

    python -m ablation.training.measure < request.json

The request is {"config": ..., "image_shape": [*extent, channels], "outputs": {"targets": 1,
"exclusive": false}}; the answer, a line on
stdout, has step_seconds, slice_seconds (prediction) and parameters, or error and hint.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from ablation.config import Config, with_values
from ablation.config.versions import SCHEMA, read_config
from ablation.errors import AblateError
from ablation.models import ONE_TARGET, Outputs
from ablation.training.devices import use_threads
from ablation.training.schedule import Steps
from ablation.training.trainer import Trainer

STEPS = 6
"""Of these the quickest counts: whatever else runs on the machine only makes a step slower."""


def measure(
    config: Config, image_shape: tuple[int, ...], outputs: Outputs = ONE_TARGET
) -> dict[str, float]:
    """Return wall seconds of a training step and of predicting a slice, after the tracing."""
    use_threads(config.training.threads)
    trainer = Trainer(config, image_shape, outputs)
    batch = config.training.batch_size
    rng = np.random.default_rng(0)
    images = rng.random((batch, *image_shape), np.float32)
    masks = np.repeat((images[..., :1] > 0.9).astype(np.float32), outputs.targets, axis=-1)
    scan = images if len(image_shape) == 3 else images[0]
    short = with_values(config, {"training.epochs": STEPS, "training.max_batches": 1})
    steps: list[float] = []

    def on_step(step: Steps) -> bool:
        steps.append(step.step_seconds)
        return False

    trainer.fit(
        short,
        images,
        masks,
        np.arange(batch),
        validate=lambda predict: (float(predict.on_grid(scan).mean()), 0.5),
        on_epoch=lambda _: False,
        on_step=on_step,
    )
    predictions = []
    for _ in range(STEPS):
        begin = time.perf_counter()
        trainer.predictor(scan, (scan.shape[1], scan.shape[2]))
        predictions.append(time.perf_counter() - begin)
    return {
        "step_seconds": min(steps),
        "slice_seconds": min(predictions) / len(scan),
        "parameters": float(trainer.parameters),
    }


if __name__ == "__main__":
    request = json.load(sys.stdin)
    answer: dict[str, object]
    try:
        config = read_config(request["config"], SCHEMA)
        outputs = Outputs(**request["outputs"])
        answer = {**measure(config, tuple(request["image_shape"]), outputs)}
    except AblateError as error:
        answer = {"error": error.message, "hint": error.hint}
    sys.stdout.write(json.dumps(answer) + "\n")
