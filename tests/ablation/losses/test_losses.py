"""Every loss against 64-bit reference values, its registry entry and its limits."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError

from ablation import losses
from ablation.errors import UsageError
from ablation.losses.maps import distance_map, edge_map, maps_of

VECTORS = Path(__file__).parents[2] / "vectors/losses.json"
# Names in the reference file -> ours.
NAMES = {
    "s": "smooth",
    "fn": "fn_weight",
    "alpha": "dice_weight",
    "beta": "bce_weight",
    "k": "edge_weight",
    "norm": "edge_norm",
}


def value_of(name: str, truth, logits, **keys: object):
    """Call a loss as the training step does: with the maps it needs, and only its own switches."""
    loss = losses.LOSSES[name]
    own = {key: value for key, value in keys.items() if key in loss.keys.model_fields}
    if "reduction" in loss.structural:
        own.setdefault("reduction", "per_image")
    return loss.function(truth, logits, **maps_of(truth, loss.needs), **own)


def reference_cases() -> list[dict]:
    return [case for case in json.loads(VECTORS.read_text()) if case["loss"] in losses.LOSSES]


def logit(probability: list) -> np.ndarray:
    p = np.asarray(probability, np.float64)
    return (np.log(p) - np.log1p(-p)).astype(np.float32)


@pytest.mark.parametrize("case", reference_cases(), ids=lambda case: case["id"])
def test_reference_values(case: dict) -> None:
    truth = np.asarray(case["y"], np.float32)[..., None]
    strengths = {NAMES.get(key, key): value for key, value in case["params"].items()}
    if case["loss"] == "focal" and "pos_weight" in strengths:
        strengths["neg_weight"] = 1 - strengths["pos_weight"]
    if case["loss"] == "boundary":  # the reference is the boundary term alone
        strengths |= {"dice_weight": 0.0, "boundary_weight": 1.0}
    value = value_of(case["loss"], truth, logit(case["p"])[..., None], **strengths)
    assert float(value) == pytest.approx(case["expected"], abs=1e-6)


def test_the_file_of_reference_values_names_no_loss_that_is_missing() -> None:
    assert {case["loss"] for case in json.loads(VECTORS.read_text())} == set(losses.LOSSES)


def test_distances_are_those_of_a_plain_search() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((2, 9, 7, 2)) > 0.7).astype(np.float32)
    truth[0, ..., 0], truth[1, ..., 1] = 0.0, 1.0
    found = np.asarray(distance_map(tf.constant(truth)))
    rows, columns = np.meshgrid(np.arange(9), np.arange(7), indexing="ij")
    for image, target in ((0, 1), (1, 0)):
        mask = truth[image, ..., target] > 0
        for row in range(9):
            for column in range(7):
                other = mask != mask[row, column]
                nearest = np.hypot(rows[other] - row, columns[other] - column).min()
                expected = 1.0 - nearest if mask[row, column] else nearest
                assert found[image, row, column, target] == pytest.approx(expected, abs=1e-5)
    assert not found[0, ..., 0].any()
    assert not found[1, ..., 1].any()


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
        ("focal", {"gamma": 0.0}, -np.log([0.9, 0.8, 0.6, 0.9]).mean()),
        (
            "focal",
            {"gamma": 1.0, "pos_weight": 2.0, "neg_weight": 0.5},
            -(
                2.0 * (0.1 * np.log(0.9) + 0.4 * np.log(0.6))
                + 0.5 * (0.2 * np.log(0.8) + 0.1 * np.log(0.9))
            )
            / 4,
        ),
        (
            "hybrid",
            {"dice_weight": 0.25, "focal_weight": 2.0, "gamma": 0.0, "smooth": 1.0},
            0.25 * 0.8 / 4.8 - 2 * np.log([0.9, 0.8, 0.6, 0.9]).mean(),
        ),
        # Every pixel of 2x2 with two tumour pixels lies on the border.
        ("edge_bce", {"edge_weight": 5.0}, -5 * np.log([0.9, 0.8, 0.6, 0.9]).mean()),
        (
            "edge_combo",
            {"dice_weight": 0.5, "bce_weight": 1.0, "edge_weight": 2.0, "smooth": 1.0},
            0.5 * 0.8 / 4.8 - 2 * np.log([0.9, 0.8, 0.6, 0.9]).mean(),
        ),
    ],
)
def test_values_by_hand(name: str, strengths: dict, expected: float) -> None:
    value = value_of(name, HAND_TRUTH, HAND_LOGITS, reduction="per_image", **strengths)
    assert float(value) == pytest.approx(expected, abs=1e-6)


def test_combo_at_half_is_dice_and_tversky_is_dice_of_twice_the_smoothing() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((3, 8, 8, 1)) < 0.2).astype(np.float32)
    logits = rng.normal(size=truth.shape).astype(np.float32)
    both = {"truth": truth, "logits": logits, "reduction": "per_image"}
    dice = float(value_of("dice", **both, smooth=1.0))
    combo = value_of("combo", **both, dice_weight=1.0, bce_weight=0.0, smooth=1.0)
    tversky = value_of("tversky", **both, fn_weight=0.5, smooth=0.5)
    assert float(combo) == pytest.approx(dice, abs=1e-7)
    assert float(tversky) == pytest.approx(dice, abs=1e-7)


def test_a_border_is_two_pixels_wide_and_ends_at_the_rim_of_the_image() -> None:
    truth = np.zeros((1, 7, 7, 1), np.float32)
    truth[0, :4, :4] = 1.0
    expected = np.array(
        [
            [0, 0, 0, 1, 1, 0, 0],
            [0, 0, 0, 1, 1, 0, 0],
            [0, 0, 0, 1, 1, 0, 0],
            [1, 1, 1, 1, 1, 0, 0],
            [1, 1, 1, 1, 1, 0, 0],
            [0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0],
        ]
    )
    np.testing.assert_array_equal(edge_map(truth)[0, ..., 0], expected)
    for mask in (np.zeros((1, 5, 5, 1), np.float32), np.ones((1, 5, 5, 1), np.float32)):
        assert not np.any(edge_map(mask))


@pytest.mark.parametrize("name", ["edge_bce", "edge_combo"])
def test_normalised_borders_cost_no_more_for_their_length(name: str) -> None:
    truth = np.zeros((2, 16, 16, 1), np.float32)
    truth[0, 4:6, 4:6] = truth[1, 2:12, 2:12] = 1.0
    both = {"logits": np.zeros_like(truth), "reduction": "per_image"}
    both |= {"dice_weight": 0.0, "bce_weight": 1.0} if name == "edge_combo" else {}
    short, long = (
        float(value_of(name, truth[[i]], **both | {"logits": both["logits"][[i]]})) for i in (0, 1)
    )
    assert long > short > np.log(2)
    for reduction in ("per_image", "batch"):
        both["reduction"] = reduction
        value = float(value_of(name, truth, **both, edge_norm=True))
        assert value == pytest.approx(np.log(2), abs=1e-6)


def test_batch_reduction_of_a_normalised_border_divides_once() -> None:
    truth = np.zeros((2, 8, 8, 1), np.float32)
    truth[0, 2:5, 2:5] = 1.0
    logits = np.random.default_rng(0).normal(size=truth.shape).astype(np.float32)
    weight = 1 + 2 * np.asarray(edge_map(truth))
    cost = np.log1p(np.exp(-logits * (2 * truth - 1)))
    value = value_of("edge_bce", truth, logits, reduction="batch", edge_norm=True)
    assert float(value) == pytest.approx((weight * cost).sum() / weight.sum(), abs=1e-6)


def masks_of(empty: bool) -> np.ndarray:
    truth = np.zeros((2, 8, 8, 1), np.float32)
    truth[:, 2:5, 2:5] = 0.0 if empty else 1.0
    return truth


SWITCHED = [
    (name, {"edge_norm": flag} if "edge_norm" in entry.structural else {}, reduction)
    for name, entry in losses.LOSSES.items()
    for flag in ((False, True) if "edge_norm" in entry.structural else (False,))
    for reduction in ("per_image", "batch")
]


@pytest.mark.parametrize(("name", "switches", "reduction"), SWITCHED)
@pytest.mark.parametrize("sign", [1000.0, 20.0, 0.0, -20.0, -1000.0])
@pytest.mark.parametrize("empty", [True, False])
def test_gradients_are_finite_in_extreme_states(
    name: str, switches: dict, reduction: str, sign: float, empty: bool
) -> None:
    truth = masks_of(empty)
    logits = tf.constant(sign * (2 * truth - 1))
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = value_of(name, truth, logits, reduction=reduction, **switches)
    assert np.isfinite(float(value))
    assert np.isfinite(tape.gradient(value, logits).numpy()).all()


LOSS_SCALE = 2.0**15
"""Where Keras begins to scale the loss of half-precision networks."""


@pytest.mark.parametrize(("name", "switches", "reduction"), SWITCHED)
@pytest.mark.parametrize("sign", [20.0, 0.0, -20.0])
@pytest.mark.parametrize("empty", [True, False])
def test_scaled_gradients_fit_into_half_precision(
    name: str, switches: dict, reduction: str, sign: float, empty: bool
) -> None:
    truth = masks_of(empty)
    features = tf.constant(sign * (2 * truth - 1), tf.float16)
    with tf.GradientTape() as tape:
        tape.watch(features)
        value = value_of(name, truth, features, reduction=reduction, **switches)
        scaled = LOSS_SCALE * value
    gradient = tape.gradient(scaled, features)
    assert gradient.dtype == tf.float16
    assert np.isfinite(gradient.numpy()).all()


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0, 2.0, 5.0])
def test_focal_has_a_slope_at_every_power(gamma: float) -> None:
    logits = tf.constant([-200.0, -1.0, 0.0, 1.0, 200.0])
    truth = tf.ones_like(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = value_of("focal", truth, logits, reduction="per_image", gamma=gamma)
    slope = tape.gradient(value, logits).numpy()
    assert np.isfinite(slope).all()
    assert (slope[:4] < 0).all()


@pytest.mark.parametrize("name", losses.LOSSES)
def test_half_precision_and_integer_masks_do_not_overflow(name: str) -> None:
    truth = np.ones((1, 256, 256, 1), np.uint8)
    logits = tf.zeros(truth.shape, tf.float16)
    value = value_of(name, truth, logits, reduction="per_image")
    assert value.dtype == tf.float32
    assert np.isfinite(float(value))


@pytest.mark.parametrize("name", losses.LOSSES)
def test_registry_names_what_the_function_takes(name: str) -> None:
    entry = losses.LOSSES[name]
    parameters = inspect.signature(entry.function).parameters
    own = set(entry.keys.model_fields) - {"name"}
    assert set(parameters) == {"truth", "logits", *entry.needs, *own}
    defaults = losses.strengths(losses.settings(name=name))
    assert set(defaults) == own - set(entry.structural)
    for key, value in defaults.items():
        assert parameters[key].default == value


def test_cross_entropy_gets_what_dice_leaves_unless_told() -> None:
    assert losses.strengths(losses.settings(dice_weight=0.75))["bce_weight"] == 0.25
    assert losses.strengths(losses.settings(dice_weight=0.75, bce_weight=2.0))["bce_weight"] == 2.0


def test_focal_gets_what_dice_leaves_but_never_less_than_nothing() -> None:
    assert (
        losses.strengths(losses.settings(name="hybrid", dice_weight=0.75))["focal_weight"] == 0.25
    )
    for name, key in (("combo", "bce_weight"), ("hybrid", "focal_weight")):
        with pytest.raises(UsageError, match=f"leaves -0.5 for loss.{key}"):
            losses.strengths(losses.settings(name=name, dice_weight=1.5))
        given = losses.settings(name=name, dice_weight=1.5, **{key: 1.0})
        assert losses.strengths(given)[key] == 1.0
    assert losses.strengths(losses.settings(name="dice")) == {"smooth": 1.0}


def test_structure_has_the_switches_a_loss_reads() -> None:
    normed = losses.settings(name="edge_bce", edge_norm=True)
    assert losses.structure(normed) == {
        "name": "edge_bce",
        "reduction": "per_image",
        "edge_norm": True,
    }
    assert "edge_norm" not in losses.structure(losses.settings(name="dice"))
    with pytest.raises(ValidationError, match="edge_norm"):
        losses.settings(name="dice", edge_norm=True)


def test_each_loss_has_its_own_weight_of_misses() -> None:
    assert losses.strengths(losses.settings(name="focal_tversky"))["fn_weight"] == 0.7
    assert losses.strengths(losses.settings(name="tversky"))["fn_weight"] == 0.5
    assert losses.strengths(losses.settings(name="tversky", fn_weight=0.9))["fn_weight"] == 0.9


def test_an_unknown_loss_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="'comb'") as caught:
        losses.settings("comb")
    assert "combo" in caught.value.hint
