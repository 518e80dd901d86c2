"""Every loss against 64-bit reference values, its registry entry and its limits."""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from ablation import losses
from ablation.config.sections import LossConfig
from ablation.errors import UsageError

VECTORS = Path(__file__).parents[3] / "../shared/vectors/losses.json"
# Names in the reference file -> ours; None: not a strength.
NAMES = {"s": "smooth", "fn": "fn_weight", "alpha": "dice_weight", "beta": "bce_weight"}


def reference_cases() -> list[dict]:
    if not VECTORS.exists():
        return []
    return [case for case in json.loads(VECTORS.read_text()) if case["loss"] in losses.LOSSES]


def logit(probability: list) -> np.ndarray:
    p = np.asarray(probability, np.float64)
    return (np.log(p) - np.log1p(-p)).astype(np.float32)


@pytest.mark.skipif(not VECTORS.exists(), reason="reference values are not here")
@pytest.mark.parametrize("case", reference_cases(), ids=lambda case: case["id"])
def test_reference_values(case: dict) -> None:
    truth = np.asarray(case["y"], np.float32)[..., None]
    strengths = {NAMES.get(key, key): value for key, value in case["params"].items()}
    value = losses.function(case["loss"])(truth, logit(case["p"])[..., None], **strengths)
    assert float(value) == pytest.approx(case["expected"], abs=1e-6)


# y = [1 0; 1 0], p = [.9 .2; .6 .1]: TP 1.5, FN .5, FP .3.
HAND_TRUTH = np.array([[1, 0], [1, 0]], np.float32).reshape(1, 2, 2, 1)
HAND_LOGITS = logit([[0.9, 0.2], [0.6, 0.1]]).reshape(1, 2, 2, 1)


@pytest.mark.parametrize(
    ("name", "strengths", "expected"),
    [
        ("dice", {"smooth": 1.0}, 0.8 / 4.8),
        ("tversky", {"fn_weight": 0.7, "smooth": 0.0}, 0.44 / 1.94),
        ("focal_tversky", {"fn_weight": 0.7, "smooth": 0.0}, (0.44 / 1.94) ** 0.75),
        ("bce", {}, -np.log([0.9, 0.8, 0.6, 0.9]).mean()),
        ("bce", {"pos_weight": 3.0}, -(3 * np.log(0.9 * 0.6) + np.log(0.8 * 0.9)) / 4),
        (
            "combo",
            {"dice_weight": 2.0, "bce_weight": 0.0, "fn_weight": 0.7, "smooth": 1.0},
            2 * 0.44 / (1.94 + 0.5),
        ),
    ],
)
def test_values_by_hand(name: str, strengths: dict, expected: float) -> None:
    value = losses.function(name)(HAND_TRUTH, HAND_LOGITS, reduction="per_image", **strengths)
    assert float(value) == pytest.approx(expected, abs=1e-6)


def test_combo_at_half_is_dice_and_tversky_is_dice_of_twice_the_smoothing() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((3, 8, 8, 1)) < 0.2).astype(np.float32)
    logits = rng.normal(size=truth.shape).astype(np.float32)
    both = {"truth": truth, "logits": logits, "reduction": "per_image"}
    dice = float(losses.function("dice")(**both, smooth=1.0))
    combo = losses.function("combo")(**both, dice_weight=1.0, bce_weight=0.0, smooth=1.0)
    tversky = losses.function("tversky")(**both, fn_weight=0.5, smooth=0.5)
    assert float(combo) == pytest.approx(dice, abs=1e-7)
    assert float(tversky) == pytest.approx(dice, abs=1e-7)


@pytest.mark.parametrize("name", losses.LOSSES)
@pytest.mark.parametrize("sign", [20.0, 0.0, -20.0])
@pytest.mark.parametrize("empty", [True, False])
def test_gradients_are_finite_in_extreme_states(name: str, sign: float, empty: bool) -> None:
    truth = np.zeros((2, 8, 8, 1), np.float32)
    truth[:, 2:5, 2:5] = 0.0 if empty else 1.0
    logits = tf.constant(sign * (2 * truth - 1))
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = losses.function(name)(truth, logits, reduction="per_image")
    assert np.isfinite(float(value))
    assert np.isfinite(tape.gradient(value, logits).numpy()).all()


@pytest.mark.parametrize("name", losses.LOSSES)
def test_half_precision_and_integer_masks_do_not_overflow(name: str) -> None:
    truth = np.ones((1, 256, 256, 1), np.uint8)
    logits = tf.zeros(truth.shape, tf.float16)
    value = losses.function(name)(truth, logits, reduction="per_image")
    assert value.dtype == tf.float32
    assert np.isfinite(float(value))


@pytest.mark.parametrize("name", losses.LOSSES)
def test_registry_names_what_the_function_takes(name: str) -> None:
    entry = losses.family(name)
    function = getattr(importlib.import_module(entry.module), entry.function)
    parameters = inspect.signature(function).parameters
    assert set(parameters) == {"truth", "logits", "reduction", *entry.keys}
    defaults = losses.strengths(LossConfig(name=name))
    for key in entry.keys:
        assert parameters[key].default == defaults[key]


def test_cross_entropy_gets_what_dice_leaves_unless_told() -> None:
    assert losses.strengths(LossConfig(dice_weight=0.75))["bce_weight"] == 0.25
    assert losses.strengths(LossConfig(dice_weight=0.75, bce_weight=2.0))["bce_weight"] == 2.0


def test_each_loss_has_its_own_weight_of_misses() -> None:
    assert losses.strengths(LossConfig(name="focal_tversky"))["fn_weight"] == 0.7
    assert losses.strengths(LossConfig(name="tversky"))["fn_weight"] == 0.5
    assert losses.strengths(LossConfig(name="tversky", fn_weight=0.9))["fn_weight"] == 0.9


def test_an_unknown_loss_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="'comb'") as caught:
        losses.family("comb")
    assert "combo" in caught.value.hint
