"""The traced training step: traced once, it reads every strength of a trial from a variable."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ablation import losses
from ablation.config.sections import Config
from ablation.losses.maps import maps_of
from ablation.models import DESIGNS
from ablation.models.contract import check_reached
from ablation.models.exclusive import log_odds
from ablation.models.hyperparameters import Hyperparameters
from ablation.training.augment import Augmenter
from ablation.training.augmentations import augmentation_of
from ablation.training.start import FreshOptimizer

# Adam's other settings are Keras's defaults: beta 0.9 and 0.999, epsilon 1e-7 (Kingma and Ba 2015).


class TrainStep:
    """Forward pass, loss, gradients and update of one network, for batches of one size.

    Args:
        model: A `keras.Model` from images to logits, a channel for each target.
        hyperparameters: Variables that the network reads.
        config: What is traced; its strengths are set anew by `start`.
        exclusive: Whether a voxel belongs to one target at most: softmax instead of sigmoid.
    """

    def __init__(
        self,
        model: Any,
        hyperparameters: Hyperparameters,
        config: Config,
        *,
        exclusive: bool = False,
    ) -> None:
        self.traces = 0
        self.seconds = 0.0
        """CPU seconds spent in steps so far."""
        self._model = model
        self._exclusive = exclusive
        self._slices = 2 * config.data.neighbours + 1
        self._hyperparameters = hyperparameters
        self._design = DESIGNS.find(config.model.name)
        self._loss = losses.LOSSES.find(config.loss.name)
        self._switches = losses.switches(config.loss)
        self._penalised = _penalised_kernels(model, config.training.l2_scope)
        self._strengths = {key: _scalar() for key in losses.strengths(config.loss)}
        self._strides = tuple(head.stride for head in self._design.heads(config.model))
        self._head_weights = tf.Variable([0.0] * len(self._strides), trainable=False)
        self._l2, self._l1 = _scalar(), _scalar()
        self._has_l1 = config.training.l1 > 0
        self._augment = Augmenter(augmentation_of(config.data.augmentation))
        self._adam = keras.optimizers.Adam()
        half = config.training.precision == "mixed_float16"
        self.optimizer = keras.optimizers.LossScaleOptimizer(self._adam) if half else self._adam
        self.optimizer.build(model.trainable_variables)
        self._fresh = FreshOptimizer(self.optimizer)
        self.batch_size = config.training.batch_size
        batch = (self.batch_size, *model.input_shape[1:])
        self._traced = tf.function(
            self._step,
            input_signature=[
                tf.TensorSpec(batch, tf.float32),
                tf.TensorSpec((*batch[:-1], model.outputs[-1].shape[-1]), tf.float32),
                tf.TensorSpec(batch[:1], tf.int32),
                tf.TensorSpec((2,), tf.int32),
            ],
        )

        self._traced_judgement = tf.function(
            self._judgement, input_signature=self._traced.input_signature[:2]
        )

    def start(self, config: Config) -> None:
        """Put the optimiser back to its start and set every strength; weights stay."""
        self._fresh.restore()
        self.set_learning_rate(config.training.learning_rate)
        self._hyperparameters.set(
            {key: float(getattr(config.model, key)) for key in self._hyperparameters.names}
        )
        self._l2.assign(config.training.l2)
        self._l1.assign(config.training.l1)
        for key, value in losses.strengths(config.loss).items():
            self._strengths[key].assign(value)
        self._head_weights.assign(self._design.weights_of_heads(config.model))
        self._augment.use(augmentation_of(config.data.augmentation))

    def check(self) -> None:
        """Trace the step and refuse a network that ignores a hyperparameter of its design."""
        check_reached(self._traced.get_concrete_function(), self._design, self._hyperparameters)

    def set_learning_rate(self, rate: float) -> None:
        """Set Adam's step size."""
        self._adam.learning_rate.assign(rate)

    def __call__(
        self,
        images: npt.NDArray[np.float32],
        masks: npt.NDArray[np.float32],
        rows: npt.NDArray[np.intp],
        moment: tuple[int, int],
    ) -> Any:
        """Train on one batch and return its loss, a scalar tensor.

        Args:
            images: (batch, rows, columns, channels).
            masks: (batch, rows, columns, targets) of 0 and 1.
            rows: (batch,) which slices these are; with the epoch's seed it decides how each is
                augmented, whatever else is in the batch.
            moment: Seed of the epoch, number of the step; with it dropout needs no memory.
        """
        before = time.process_time()
        loss = self._traced(images, masks, rows.astype(np.int32), np.asarray(moment, np.int32))
        self.seconds += time.process_time() - before
        return loss

    def judge(self, images: npt.NDArray[np.float32], masks: npt.NDArray[np.float32]) -> float:
        """Return the loss of a batch, penalties included, and change nothing.

        Without augmentation and dropout; batch normalisation uses its moving statistics.
        """
        before = time.process_time()
        loss = float(self._traced_judgement(images, masks))
        self.seconds += time.process_time() - before
        return loss

    def _judgement(self, images: Any, masks: Any) -> Any:
        return self._loss_of(masks, self._model(images, training=False)) + self._penalty()

    def _penalty(self) -> Any:
        """Return the L2 and L1 penalties of the weights."""
        penalty = self._l2 * sum(tf.reduce_sum(tf.square(kernel)) for kernel in self._penalised)
        if self._has_l1:
            penalty += self._l1 * sum(tf.reduce_sum(tf.abs(kernel)) for kernel in self._penalised)
        return penalty

    def _step(self, images: Any, masks: Any, rows: Any, moment: Any) -> Any:
        self.traces += 1  # runs while tracing, not while training
        self._hyperparameters.dropout.moment.assign(moment)
        images, masks = self._augment(images, masks, rows, moment[0], self._slices)
        outputs = self._model(images, training=True)
        loss = self._loss_of(masks, outputs)
        loss += self._l2 * sum(tf.reduce_sum(tf.square(kernel)) for kernel in self._penalised)
        if self._has_l1:
            loss += self._l1 * sum(tf.reduce_sum(tf.abs(kernel)) for kernel in self._penalised)
        variables = self._model.trainable_variables
        # In pairs: an AddN of three or more adds in the order in which its inputs' buffers happen
        # to become free, and a tape would use it wherever a tensor is read three times.
        gradients = tf.gradients(
            self.optimizer.scale_loss(loss),
            [variable.value for variable in variables],
            aggregation_method=tf.AggregationMethod.EXPERIMENTAL_TREE,
        )
        self.optimizer.apply(gradients, variables)
        return loss

    def _loss_of(self, masks: Any, outputs: Any) -> Any:
        """Return the loss of one head, or the weighted mean of the losses of several."""
        if self._loss.heads == "all":
            return self._judged(masks, tf.nest.flatten(outputs))
        if len(self._strides) == 1:
            return self._judged(masks, outputs)
        parts = [
            self._judged(_coarser(masks, stride), output)
            for stride, output in zip(self._strides, outputs, strict=True)
        ]
        return tf.reduce_sum(self._head_weights * tf.stack(parts))

    def _judged(self, masks: Any, logits: Any) -> Any:
        """Return the mean over targets of their losses; logits of one head, or a list of all."""
        targets = masks.shape[-1]
        if self._exclusive:
            logits = tf.nest.map_structure(log_odds, logits)
        if targets == 1:
            return self._judged_alone(masks, logits)
        parts = []
        for target in range(targets):
            own = tf.nest.map_structure(partial(_only, target), logits)
            parts.append(self._judged_alone(_only(target, masks), own))
        return tf.reduce_mean(tf.stack(parts))

    def _judged_alone(self, masks: Any, logits: Any) -> Any:
        maps = maps_of(masks, self._loss.needs)
        return self._loss.function(masks, logits, **maps, **self._switches, **self._strengths)


def _only(target: int, channels: Any) -> Any:
    """Return one target of (batch, *extent, targets), its axis kept."""
    return channels[..., target : target + 1]


def _coarser(masks: Any, stride: int) -> Any:
    """Return every `stride`-th pixel of masks (batch, *extent, targets) along each axis."""
    every = slice(None, None, stride)
    return masks if stride == 1 else masks[:, *[every] * (len(masks.shape) - 2)]


def _penalised_kernels(model: Any, scope: str) -> list[Any]:
    """Return kernels under the L1 and L2 penalties: never biases, batch normalisation or what is frozen."""
    layers = [layer for layer in model.layers if hasattr(layer, "kernel") and layer.trainable]
    if scope == "decoder3x3":
        layers = [
            layer
            for layer in layers
            if layer.name.startswith("decoder") and {*getattr(layer, "kernel_size", ())} == {3}
        ]
    return [layer.kernel for layer in layers]


def _scalar() -> Any:
    return tf.Variable(0.0, dtype=tf.float32, trainable=False)
