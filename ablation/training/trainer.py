"""The warm trainer: one traced network trains many trials, each as if the network were new.

Building and tracing a network costs seconds and memory that is never given back. So what decides
the network's shape is traced once, and all else (dropout, L2, step size, loss weights, ranges of
augmentation) is a variable read inside the traced step. A trial resets weights and optimiser in
place and ends with the very bits a fresh process would have computed.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ablation import losses, models
from ablation.config.sections import Config
from ablation.errors import DataError
from ablation.inference.predict import Predictor
from ablation.models import ONE_TARGET, Outputs
from ablation.models.hyperparameters import Hyperparameters
from ablation.models.layout import blocks_of, gates_of
from ablation.training.augmentations import augmentation_of
from ablation.training.checkpoint import (
    Arrays,
    ResumeState,
    host_weights,
    put_weights,
    read_arrays,
    write_arrays,
)
from ablation.training.decay import learning_rate
from ablation.training.devices import memory_named, refuse_unseen_gpu, share_gpus
from ablation.training.errors import TrainingDiverged
from ablation.training.schedule import (
    End,
    Epoch,
    Fit,
    Schedule,
    Steps,
    epoch_batches,
    named_seed,
)
from ablation.training.start import reinitialise, unfreeze
from ablation.training.step import TrainStep

__all__ = ["Epoch", "Fit", "ResumeState", "Trainer", "Watched", "shape_of"]

share_gpus()
# Before any operation, or some kernels keep adding in the order their threads arrive.
tf.config.experimental.enable_op_determinism()
# This pass gathers chains of additions into one AddN, whose order is not fixed (see step.py).
tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})


class Images(Protocol):
    """Slices by row: an array, or what reads as one."""

    def __getitem__(self, rows: npt.NDArray[np.intp], /) -> npt.NDArray[Any]:
        """Return the slices of these rows."""
        ...


Rows = npt.NDArray[np.intp] | Callable[[int], npt.NDArray[np.intp]]
Validate = Callable[[Predictor], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Watched:
    """What is measured after every epoch for people to look at."""

    train_dice: Callable[[Predictor], float]
    """Gives the Dice of the present weights on some training patients."""
    rows: npt.NDArray[np.intp]
    """Validation slices whose mean loss is the validation loss."""


# A resume state is written once its last writing is this many times its own duration ago.
SAVE_EVERY = 20.0
# Nothing is written in a training's first seconds: to start again costs no more than these.
SAVE_AFTER_S = 5.0
# A training that is to be stopped ends an epoch that takes no longer; a longer one it gives up.
LONG_EPOCH_S = 30.0
# After so long an epoch a copy of the state costs little, and the next one can be given up.
COPY_AFTER_S = 10.0
# Between two looks at the loss, each of which waits for the device.
LOOK_EVERY_S = 1.0


def shape_of(
    config: Config, image_shape: tuple[int, ...], outputs: Outputs = ONE_TARGET
) -> Hashable:
    """Return what decides the traced network; equal shapes can share one `Trainer`."""
    return (
        tuple(models.structure(config.model).items()),
        image_shape,
        outputs,
        config.inference.tile_overlap,
        tuple(losses.structure(config.loss).items()),
        config.training.batch_size,
        config.training.l2_scope,
        config.training.l1 > 0,
        config.training.precision,
        augmentation_of(config.data.augmentation).structure,
    )


class Trainer:
    """A network with its traced step and predictor, for all trials of one shape.

    Raises:
        UsageError: The design or loss does not exist or does not take such images.
        OutOfMemory: The network does not fit.
        GpuUnseen: It would be trained on the CPU of a machine with a GPU.
    """

    def __init__(
        self, config: Config, image_shape: tuple[int, ...], outputs: Outputs = ONE_TARGET
    ) -> None:
        refuse_unseen_gpu()
        self.shape = shape_of(config, image_shape, outputs)
        self._image_shape = image_shape
        self._outputs = outputs
        self._encoder_weights: Arrays | None = None
        design = models.DESIGNS.find(config.model.name)
        hyperparameters = Hyperparameters(design.hyperparameters)
        self._unfreeze_epoch = design.effective(config.model).get("unfreeze_epoch")
        with memory_named(config):
            self._model = models.build(
                config.model,
                image_shape,
                hyperparameters,
                config.training.precision,
                outputs.targets,
            )
            self.blocks = blocks_of(self._model)
            """What the network is made of, and which part of it is frozen at first."""
            self._step = TrainStep(
                self._model, hyperparameters, config, exclusive=outputs.exclusive
            )
            self._step.check()
            self._phases = [self._step]
            if self._unfreeze_epoch is not None:
                unfreeze(self._model)
                self._phases.append(
                    TrainStep(self._model, hyperparameters, config, exclusive=outputs.exclusive)
                )
                self._phases[-1].check()
        self.predictor = Predictor(
            models.predicting(self._model, config.model),
            exclusive=outputs.exclusive,
            tile_overlap=config.inference.tile_overlap,
        )

    @property
    def model(self) -> Any:
        """The `keras.Model` from images to logits, with the present weights."""
        return self._model

    @property
    def parameters(self) -> int:
        """Numbers in the network, batch-normalisation statistics included."""
        return int(self._model.count_params())

    @property
    def device(self) -> str:
        """What it trains on: "GPU" or "CPU"."""
        return "GPU" if tf.config.list_logical_devices("GPU") else "CPU"

    @property
    def traces(self) -> int:
        """How often a training step was traced: 1, however many trials were trained.

        2 where the encoder is frozen at first: the steps before and after `unfreeze_epoch`.
        """
        return sum(step.traces for step in self._phases)

    @property
    def seconds(self) -> float:
        """CPU seconds in traced training steps so far, without prediction."""
        return sum(step.seconds for step in self._phases)

    def attention(self, images: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.float32]]:
        """Return each attention gate's coefficients (slices, rows, columns); empty without gates."""
        gates = gates_of(self._model)
        if not gates:
            return {}
        found = keras.Model(self._model.input, gates)(images, training=False)
        return {name: np.asarray(values, np.float32)[..., 0] for name, values in found.items()}

    def warm_up(self, config: Config) -> None:
        """Trace the step and the predictor now, on empty slices; the next `fit` starts afresh."""
        images = np.zeros((config.training.batch_size, *self._image_shape), np.float32)
        with memory_named(config):
            masks = np.zeros((*images.shape[:-1], self._outputs.targets), np.float32)
            for step in self._phases:
                step.start(config)
                step(images, masks, np.arange(len(images)), (0, 0))
            self.predictor.on_grid(images if len(self._image_shape) == 3 else images[0])

    def fit(
        self,
        config: Config,
        images: Images,
        masks: Images,
        rows: Rows,
        *,
        validate: Validate,
        on_epoch: Callable[[Epoch], bool],
        on_step: Callable[[Steps], bool] = lambda _: False,
        watched: Watched | None = None,
        resume: ResumeState | None = None,
        save: Callable[[ResumeState], None] | None = None,
    ) -> Fit:
        """Train one configuration from its seed and leave the weights of the best epoch loaded.

        Args:
            config: Of the same shape as this trainer's.
            images: All slices, (slices, rows, columns, channels), 0..1; may be memory-mapped, or
                anything else that gives such an array for the rows it is indexed by.
            masks: (slices, rows, columns, targets) of 0 and 1.
            rows: Which slices are trained on, or what gives those of an epoch from its seed.
            validate: Gives the validation Dice of the present weights, and its threshold.
            on_epoch: Called after every epoch; True stops the training.
            on_step: Called after the first step of an epoch and then about once a second; True
                stops the training now where an epoch takes more than 30 s. No finished epoch is
                lost, the steps of this one are.
            watched: What else is measured after every epoch; it decides nothing.
            resume: Go on from here; the result is the same as without the interruption.
            save: Called after an epoch when seconds of work would be lost, as often as it costs
                less than 5 % of the time, when the training is stopped, and after its last epoch.

        Raises:
            TrainingDiverged: The loss is not finite.
            OutOfMemory: A batch does not fit.
        """
        if shape_of(config, self._image_shape, self._outputs) != self.shape:
            raise ValueError(f"this trainer was built for {self.shape}")
        if not callable(rows) and len(rows) == 0:
            raise DataError(
                "no training slice is left",
                hint="Lower data.min_tumor_px or raise data.empty_slices.",
            )
        course = self._begin(config, resume)
        saves = _Saves(save, safe=len(course.epochs))
        with memory_named(config):
            while course.ended is None:
                looks = _Looks(on_step, course, saves)
                epoch = self._train_epoch(
                    config, images, masks, rows, course, validate, watched, looks
                )
                if epoch is None:
                    course.ended = "stopped"
                    saves.write_copy()
                    break
                self._advance(course, epoch, config)
                stopped = on_epoch(epoch)
                if stopped and course.ended is None:
                    course.ended = "stopped"
                saves.after(epoch, lambda: self._state(course), course.ended)
            if course.best_weights:
                put_weights(self._model, course.best_weights, "the best epoch")
        return course.result()

    def save_weights(self, path: Path) -> None:
        """Write the present weights as a .npz archive, complete or not at all."""
        write_arrays(path, host_weights(self._model))

    def load(self, path: Path) -> None:
        """Load weights of `save_weights`; raise `DataError` naming what does not fit."""
        put_weights(self._model, read_arrays(path), str(path))

    def _begin(self, config: Config, resume: ResumeState | None) -> _Course:
        for step in self._phases:
            step.start(config)
        if resume is None:
            reinitialise(self._model, config.training.seed, self._pretrained(config))
            return _Course(Schedule(config.training.learning_rate))
        put_weights(self._model, resume.weights, "the resume state")
        self._step = self._step_of(len(resume.epochs))
        for variable in self._step.optimizer.variables:
            variable.assign(resume.optimizer[variable.path])
        course = _Course(resume.schedule, list(resume.epochs), dict(resume.best_weights))
        course.ended = resume.schedule.end(len(course.epochs), config.training)
        return course

    def _step_of(self, epoch: int) -> TrainStep:
        """Return the step of an epoch: frozen parts are trained from `unfreeze_epoch` on.

        The second step begins with moments of its own, as a recompiled Keras model does.
        """
        unfrozen = isinstance(self._unfreeze_epoch, int) and epoch >= self._unfreeze_epoch
        return self._phases[int(unfrozen)]

    def _pretrained(self, config: Config) -> Arrays:
        """Return the values the encoder starts from; read once, kept for every later trial."""
        if self._encoder_weights is None:
            self._encoder_weights = models.encoder_weights(config.model)
        return self._encoder_weights

    def _train_epoch(
        self,
        config: Config,
        images: Images,
        masks: Images,
        rows: Rows,
        course: _Course,
        validate: Validate,
        watched: Watched | None,
        looks: _Looks,
    ) -> Epoch | None:
        """Train an epoch; None where `looks` gives it up."""
        begin = time.perf_counter()
        number = len(course.epochs) + 1
        self._step = self._step_of(number)
        rate = learning_rate(number, course.schedule.learning_rate, config.training)
        self._step.set_learning_rate(rate)
        seed = named_seed(config.training.seed, f"epoch {number}")
        losses = []
        own = rows(seed) if callable(rows) else rows
        batches = epoch_batches(own, number, config.training)
        for step, batch in enumerate(batches):
            asked = time.perf_counter()
            x = np.asarray(images[batch], np.float32)
            y = np.asarray(masks[batch], np.float32)
            course.input_seconds += time.perf_counter() - asked
            losses.append(self._step(x, y, batch, (seed, step)))
            if looks.give_up(step + 1, len(batches), losses[-1]):
                return None
        loss = float(np.mean([float(value) for value in losses]))
        course.steps_timed(len(losses), time.perf_counter() - begin)
        if not math.isfinite(loss):
            raise TrainingDiverged(
                f"the loss of epoch {number} is {loss}",
                hint="Lower training.learning_rate.",
            )
        validated = time.perf_counter()
        dice, threshold = validate(self.predictor)
        train_dice = None if watched is None else watched.train_dice(self.predictor)
        judged = self._validation_loss(images, masks, watched)
        course.validate_seconds = time.perf_counter() - validated
        seconds = time.perf_counter() - begin
        return Epoch(number, loss, dice, threshold, rate, seconds, train_dice, judged)

    def _validation_loss(
        self, images: Images, masks: Images, watched: Watched | None
    ) -> float | None:
        """Return the mean loss of the watched validation slices; None where there are none."""
        if watched is None or len(watched.rows) == 0:
            return None
        size = self._step.batch_size
        batches = -(-len(watched.rows) // size)
        rows = np.resize(watched.rows, (batches, size))
        found = [
            self._step.judge(
                np.asarray(images[own], np.float32), np.asarray(masks[own], np.float32)
            )
            for own in rows
        ]
        return float(np.mean(found))

    def _advance(self, course: _Course, epoch: Epoch, config: Config) -> None:
        course.epochs.append(epoch)
        schedule = course.schedule.after(epoch.number, epoch.validation_dice, config.training)
        if schedule.best_epoch == epoch.number:
            course.best_weights = host_weights(self._model)
        course.schedule = schedule
        course.ended = schedule.end(epoch.number, config.training)

    def _state(self, course: _Course) -> ResumeState:
        return ResumeState(
            weights=host_weights(self._model),
            optimizer={v.path: v.numpy() for v in self._step.optimizer.variables},
            best_weights=course.best_weights,
            schedule=course.schedule,
            epochs=tuple(course.epochs),
        )


@dataclass(slots=True)
class _Course:
    """A training under way."""

    schedule: Schedule
    epochs: list[Epoch] = field(default_factory=list)
    best_weights: Arrays = field(default_factory=dict)
    ended: End | None = None
    steps: int = 0
    step_seconds: list[float] = field(default_factory=list)
    input_seconds: float = 0.0
    seconds: float = 0.0
    validate_seconds: float = 0.0
    """Of the last epoch."""

    def steps_timed(self, steps: int, seconds: float) -> None:
        self.steps = steps
        self.step_seconds.append(seconds / steps)
        self.seconds += seconds

    def result(self) -> Fit:
        assert self.ended is not None
        number = self.schedule.best_epoch
        best = self.epochs[number - 1] if number else None
        return Fit(
            best_epoch=number,
            validation_dice=math.nan if best is None else best.validation_dice,
            threshold=math.nan if best is None else best.threshold,
            epochs=tuple(self.epochs),
            ended=self.ended,
            train_steps=self.steps * len(self.epochs),
            step_seconds=statistics.median(self.step_seconds) if self.step_seconds else math.nan,
            input_share=self.input_seconds / self.seconds if self.seconds else math.nan,
        )


@dataclass(slots=True)
class _Saves:
    """Writes resume states, and knows up to which epoch nothing can be lost."""

    save: Callable[[ResumeState], None] | None
    safe: int
    """Epochs that are in the state on disk, or in the copy."""
    copy: ResumeState | None = None
    """The state after the last epoch, where it is not on disk."""
    ended: float = field(default_factory=lambda: time.perf_counter())
    cost: float = 0.0
    """Wall seconds of the last writing."""

    def after(self, epoch: Epoch, state: Callable[[], ResumeState], end: End | None) -> None:
        """Write or copy the state after an epoch, where it is worth its cost."""
        if self.save is None:
            return
        unsaved = time.perf_counter() - self.ended
        is_due = unsaved > max(SAVE_AFTER_S, SAVE_EVERY * self.cost)
        if is_due or end == "stopped" or (end is not None and unsaved > SAVE_AFTER_S):
            self._write(state())
        elif end is None and epoch.seconds > COPY_AFTER_S:
            self.copy = state()
        else:
            self.copy = None
            return
        self.safe = epoch.number

    def write_copy(self) -> None:
        """Write the state after the last finished epoch, unless it is on disk."""
        if self.copy is not None:
            self._write(self.copy)

    def _write(self, state: ResumeState) -> None:
        assert self.save is not None
        begin = time.perf_counter()
        self.save(state)
        self.ended = time.perf_counter()
        self.cost = self.ended - begin
        self.copy = None


class _Looks:
    """Looks at the loss of an epoch's steps now and then, and may give the epoch up."""

    def __init__(self, on_step: Callable[[Steps], bool], course: _Course, saves: _Saves) -> None:
        self._on_step = on_step
        self._course = course
        self._can_give_up = saves.save is None or saves.safe == len(course.epochs)
        self._begin = self._first = self._last = time.perf_counter()

    def give_up(self, done: int, total: int, loss: Any) -> bool:
        """Tell how far the steps are; True where a long epoch is to be stopped.

        Args:
            done: Steps of this epoch.
            total: As many the epoch has.
            loss: Of the last step, a scalar tensor that may still be computed.
        """
        if done > 1 and time.perf_counter() - self._last < LOOK_EVERY_S:
            return False
        value = float(loss)  # waits for the device
        self._last = time.perf_counter()
        if done == 1:
            self._first = self._last
        since, steps = (self._first, done - 1) if done > 1 else (self._begin, 1)
        step_seconds = (self._last - since) / steps
        takes = step_seconds * total + self._course.validate_seconds
        can_stop = self._can_give_up and takes > LONG_EPOCH_S and done < total
        epoch = len(self._course.epochs) + 1
        asked = self._on_step(Steps(epoch, done, total, value, step_seconds, can_stop))
        return asked and can_stop
