"""What every loss keeps: a scalar that falls as logits approach the truth, for any mask."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from pydantic import Field

from ablation import losses
from ablation.config import Config, flatten, with_values
from ablation.experiments.space import space_of
from ablation.losses import LOSSES, Loss, LossKeys
from ablation.losses.maps import MAPS, maps_of
from ablation.plugins.keys import Positive
from ablation.plugins.lazy import tf


class RimKeys(LossKeys):
    """A loss with a key of its own that needs a map of the truth."""

    name: str = Field("rim", description="loss")
    rim_weight: Positive = Field(2.0, description="weight of the tumour's rim")


def rim(truth: Any, logits: Any, *, edge_map: Any, rim_weight: Any = 2.0) -> Any:
    value = tf.nn.sigmoid_cross_entropy_with_logits(labels=truth, logits=tf.cast(logits, "float32"))
    return tf.reduce_mean((1.0 + rim_weight * edge_map) * value)


RIM = Loss(
    name="rim",
    keys=RimKeys,
    function=rim,
    summary="cross-entropy with a heavier rim",
    space={"rim_weight": {"low": 1.0, "high": 4.0}},
    needs=("edge_map",),
)


@pytest.fixture(params=[*LOSSES, "rim"])
def loss(request: pytest.FixtureRequest):
    with LOSSES.having(RIM):
        yield LOSSES[request.param]


def value_of(loss: Loss, truth: np.ndarray, logits: np.ndarray) -> float:
    keys = loss.settings()
    maps = maps_of(truth, loss.needs)
    given = {**losses.switches(keys), **losses.strengths(keys), **maps}
    return float(loss.function(tf.constant(truth), tf.constant(logits), **given))


def masks() -> np.ndarray:
    truth = np.zeros((2, 12, 12, 1), np.float32)
    truth[0, 3:8, 4:9] = 1.0
    return truth


class TestLoss:
    """The contract of a loss."""

    def test_better_logits_cost_less(self, loss: Loss) -> None:
        truth = masks()
        right = 2 * truth - 1
        costs = [value_of(loss, truth, (strength * right)) for strength in (-6.0, 0.0, 1.0, 6.0)]
        assert costs[0] > costs[1] > costs[2] >= costs[3]  # a hinge is 0 from a margin of 1

    @pytest.mark.parametrize("fill", [0.0, 1.0])
    @pytest.mark.parametrize("sign", [-30.0, 0.0, 30.0])
    def test_empty_and_full_masks_have_a_finite_cost(
        self, loss: Loss, fill: float, sign: float
    ) -> None:
        truth = np.full((1, 8, 8, 1), fill, np.float32)
        assert np.isfinite(value_of(loss, truth, np.full_like(truth, sign)))

    def test_its_function_takes_its_keys_and_the_maps_it_needs(self, loss: Loss) -> None:
        parameters = set(inspect.signature(loss.function).parameters)
        own = set(loss.keys.model_fields) - {"name"}
        assert parameters == {"truth", "logits", *own, *loss.needs}
        assert set(loss.needs) <= set(MAPS)
        assert {*loss.structural, *loss.space} <= own

    def test_its_keys_and_space_are_its_own(self, loss: Loss) -> None:
        config = with_values(Config(), {"loss.name": loss.name})
        own = {key for key in flatten(config) if key.startswith("loss.")}
        assert own == {f"loss.{key}" for key in loss.keys.model_fields}
        searched = {key for key in space_of(config) if key.startswith("loss.")}
        assert searched == {f"loss.{key}" for key in loss.space}

    def test_the_same_batch_has_the_same_cost(self, loss: Loss) -> None:
        truth = masks()
        logits = np.random.default_rng(0).normal(size=truth.shape).astype(np.float32)
        assert value_of(loss, truth, logits) == value_of(loss, truth, logits)


def test_a_loss_over_all_heads_is_admitted() -> None:
    """Deep supervision: a loss may ask for the logits of every head."""

    class DeepKeys(LossKeys):
        name: str = Field("deep", description="loss")

    def deep(truth: Any, logits: Any) -> Any:
        return sum(tf.reduce_mean(tf.square(truth - tf.sigmoid(head))) for head in logits)

    entry = Loss(name="deep", keys=DeepKeys, function=deep, summary="all heads", heads="all")
    truth = tf.constant(masks())
    assert float(entry.function(truth, (truth, truth))) > 0
    with LOSSES.having(entry):
        assert losses.structure(losses.settings("deep")) == {"name": "deep"}


def test_an_own_loss_goes_the_whole_way(whole_path, identities, every_own_entry) -> None:
    """Help, configuration, search space, run, report, methods text and reference know it."""
    assert "loss.name = rim" in whole_path.help
    assert "loss.rim_weight" in whole_path.help
    assert 1.0 <= float(whole_path.run["params"]["loss.rim_weight"]) <= 4.0
    assert "loss.dice_weight" not in whole_path.run["params"]
    assert "loss.rim_weight" in whole_path.space
    assert "loss.rim_weight" in whole_path.page
    assert "loss: rim (cross-entropy with a heavier rim)" in whole_path.methods
    assert "`loss.rim_weight`" in whole_path.reference
    before = identities()
    with every_own_entry():
        assert identities() == before
