"""The Lovasz hinge: a convex surrogate of the Jaccard index, over sorted errors.

Truth is (batch, rows, columns, targets) of 0 and 1, logits have the same shape; it returns a scalar.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ablation.losses.loss import Loss, LossKeys
from ablation.plugins.lazy import tf


class LovaszKeys(LossKeys):
    """Keys of the Lovasz hinge: it has none but its name."""

    name: str = Field("lovasz", description="loss")


def lovasz(truth: Any, logits: Any) -> Any:
    """Return the Lovasz hinge of each image, averaged; 0 once every margin is 1.

    The errors 1 - z (2 y - 1) are sorted, largest first, and weighed by how much each lowers the
    Jaccard index.

    Source: Berman et al. 2018.
    """
    batch = tf.shape(truth)[0]
    truth = tf.reshape(tf.cast(truth, tf.float32), [batch, -1])
    logits = tf.reshape(tf.cast(logits, tf.float32), [batch, -1])
    errors = 1.0 - logits * (2.0 * truth - 1.0)
    order = tf.argsort(errors, direction="DESCENDING", stable=True)
    errors = tf.gather(errors, order, batch_dims=1)
    slopes = _jaccard_slopes(tf.gather(truth, order, batch_dims=1))
    return tf.reduce_mean(tf.reduce_sum(tf.nn.relu(errors) * slopes, 1))


def _jaccard_slopes(truth: Any) -> Any:
    """Return by how much the Jaccard loss grows with each error more, (batch, pixels)."""
    tumour = tf.reduce_sum(truth, 1, keepdims=True)
    intersection = tumour - tf.cumsum(truth, 1)
    union = tumour + tf.cumsum(1.0 - truth, 1)
    loss = 1.0 - intersection / union
    return loss - tf.pad(loss[:, :-1], [[0, 0], [1, 0]])


LOVASZ = Loss(
    name="lovasz",
    keys=LovaszKeys,
    function=lovasz,
    summary="Lovasz hinge, a surrogate of the Jaccard index",
)
