"""Search spaces are held against the bounds of their keys before anything starts."""

from __future__ import annotations

import pytest

from ablation.config import resolve
from ablation.config.sections import Config
from ablation.errors import AblateError, UsageError
from ablation.experiments.space import space_of


def config_with(key: str, dimension: dict[str, object]) -> Config:
    return resolve(preset="cpu-demo").config.model_copy(update={"space": {key: dimension}})


@pytest.mark.parametrize(
    ("key", "dimension", "words"),
    [
        ("model.dropout", {"low": 0.0, "high": 1.2}, r"model\.dropout = 1\.2: .* less than 1"),
        ("model.base", {"choices": [4, 8.5]}, r"model\.base = 8\.5: .* integer"),
        ("model.base", {"low": 4, "high": 16}, r"model\.base = 8\.\d+: .* integer"),
        (
            "model.depth",
            {"type": "int", "low": 0, "high": 2},
            r"model\.depth = 0: .* than or equal",
        ),
        ("loss.fn_weight", {"low": 0.5, "high": 1.5}, r"loss\.fn_weight = 1\.5: .* equal to 1"),
        ("training.learning_rate", {"choices": [1e-3, -1e-3]}, r"learning_rate = -0\.001: .* 0"),
        ("training.max_batches", {"low": 1.0, "high": 9.0}, r"max_batches = 3\.\d+: .* integer"),
        ("model.batch_norm", {"choices": [True, "maybe"]}, r"batch_norm = 'maybe': .* boolean"),
        ("loss.dice_weight", {"low": 0.5, "high": 2.0}, r"dice_weight=2 leaves -1 for loss\.bce"),
        ("training.precision", {"choices": ["float32", "float8"]}, r"precision = 'float8'"),
    ],
)
def test_values_outside_the_bounds_of_their_key_are_refused(
    key: str, dimension: dict[str, object], words: str
) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        space_of(config_with(key, dimension))
    assert caught.value.message.startswith("[space] ")
    assert caught.value.hint


def test_all_faulty_dimensions_are_named_at_once() -> None:
    space = {"model.dropout": {"low": 0.0, "high": 2.0}, "loss.smooth": {"low": -1.0, "high": 1.0}}
    config = resolve(preset="cpu-demo").config.model_copy(update={"space": space})
    with pytest.raises(UsageError) as caught:
        space_of(config)
    assert "model.dropout = 2.0" in caught.value.message
    assert "loss.smooth = -1.0" in caught.value.message


@pytest.mark.parametrize(
    "dimension",
    [
        {"type": "int", "low": 4, "high": 16},
        {"choices": [4, 8]},
        {"type": "int", "low": 4, "high": 4},
    ],
)
def test_values_within_the_bounds_are_searched(dimension: dict[str, object]) -> None:
    assert list(space_of(config_with("model.base", dimension))) == ["model.base"]


@pytest.mark.parametrize("value", ["inf", "nan", "-1.0", "0"])
def test_a_value_set_beyond_its_bounds_is_refused(value: str) -> None:
    with pytest.raises(AblateError, match=r"training\.learning_rate"):
        resolve(assignments=[f"training.learning_rate={value}"])
