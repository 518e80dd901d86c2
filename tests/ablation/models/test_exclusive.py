"""Targets that exclude each other: their sigmoids are a softmax with the background."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ablation.models.exclusive import log_odds

LOGITS = np.random.default_rng(0).normal(0, 3, (2, 4, 4, 3)).astype(np.float32)


def test_the_sigmoid_of_the_log_odds_is_the_softmax_beside_a_background_of_zero() -> None:
    with_background = np.concatenate([np.zeros_like(LOGITS[..., :1]), LOGITS], -1)
    exact = np.exp(with_background.astype(np.float64))
    softmax = (exact / exact.sum(-1, keepdims=True))[..., 1:]
    found = np.asarray(tf.sigmoid(log_odds(tf.constant(LOGITS))))
    np.testing.assert_allclose(found, softmax, rtol=2e-5)
    assert found.sum(-1).max() < 1.0


def test_one_target_is_its_own_log_odds() -> None:
    one = tf.constant(LOGITS[..., :1])
    assert log_odds(one) is one
