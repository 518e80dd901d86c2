"""Targets that exclude each other: a softmax over them and the background, as log odds of each."""

from __future__ import annotations

from typing import Any

from ablation.plugins.lazy import tf


def log_odds(logits: Any) -> Any:
    """Return ln(p / (1 - p)) of each target, p its softmax beside a background of logit 0.

    So the sigmoid of what is returned is the softmax, and every loss of logits serves as it is. Of
    one target the logits themselves.

    Args:
        logits: A channel for each target, shape (batch, *extent, targets), float32.
    """
    channels = tf.unstack(logits, axis=-1)
    if len(channels) == 1:
        return logits
    background = tf.zeros_like(channels[0])
    odds = []
    for own, logit in enumerate(channels):
        others = [one for at, one in enumerate(channels) if at != own]
        odds.append(logit - tf.reduce_logsumexp(tf.stack([background, *others], -1), axis=-1))
    return tf.stack(odds, axis=-1)
