from __future__ import annotations

import pytest

from sweeps.errors import SweepError
from sweeps.space import (
    Categorical,
    Float,
    Int,
    Space,
    describe,
    distribution,
    from_json,
    parse_dimension,
    parse_space,
    size,
    to_json,
)

SPACE: Space = {
    "rate": Float(1e-5, 1e-2, log=True),
    "dropout": Float(0.0, 0.5, step=0.1),
    "depth": Int(2, 5),
    "width": Int(8, 64, log=True),
    "skips": Categorical((True, False)),
    "loss": Categorical(("dice", "combo", None, 3)),
}


def test_json_round_trip_keeps_every_dimension() -> None:
    assert from_json(to_json(SPACE)) == SPACE


def test_json_does_not_depend_on_the_order_of_names() -> None:
    assert to_json(dict(reversed(list(SPACE.items())))) == to_json(SPACE)


@pytest.mark.parametrize(
    ("table", "dimension"),
    [
        ({"low": 0, "high": 1}, Float(0.0, 1.0)),
        ({"type": "int", "low": 1, "high": 7, "step": 3}, Int(1, 7, step=3)),
        ({"low": 0.0, "high": 0.3, "step": 0.1}, Float(0.0, 0.3, step=0.1)),
        ({"choices": ["a", "b"]}, Categorical(("a", "b"))),
        ({"low": 2.0, "high": 2.0}, Float(2.0, 2.0)),
    ],
)
def test_parse(table: dict[str, object], dimension: object) -> None:
    assert parse_dimension("x", table) == dimension


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"low": 1.0, "high": 0.5}, "low 1 is above high 0.5"),
        ({"low": 0.0, "high": 1.0, "log": True}, "low 0 on a log scale"),
        ({"low": 0.1, "high": 1.0, "log": True, "step": 0.1}, "log and step"),
        ({"low": 0.0, "high": 1.0, "step": 0.3}, "step 0.3 does not lead from 0 to 1"),
        ({"low": 0.0, "high": 1.0, "step": 0}, "step 0"),
        ({"low": 0.0, "hihg": 1.0}, "unknown hihg"),
        ({"low": 0.0}, "high = None"),
        ({"low": "0", "high": 1.0}, "low = '0'"),
        ({"low": 0.0, "high": float("nan")}, "high = nan"),
        ({"low": 0.5, "high": 3, "type": "int"}, "whole numbers"),
        ({"low": 0, "high": 3, "type": "integer"}, "type 'integer'"),
        ({"low": 0, "high": 3, "log": 1}, "log = 1"),
        ({"choices": []}, "choices = []"),
        ({"choices": "ab"}, "choices = 'ab'"),
        ({"choices": [1, True]}, "choices = [1, True]"),
        ({"choices": [[1]]}, "choices = [[1]]"),
        ({"choices": [1], "low": 2}, "unknown low"),
    ],
)
def test_faults_are_named(table: dict[str, object], said: str) -> None:
    with pytest.raises(SweepError) as fault:
        parse_dimension("loss.smooth", table)
    assert "space.loss.smooth" in fault.value.message
    assert said in fault.value.message


def test_all_faults_of_a_space_at_once() -> None:
    tables: dict[str, dict[str, object]] = {
        "a": {"low": 1},
        "b": {"low": 0, "high": 1},
        "c": {"choices": []},
    }
    with pytest.raises(SweepError, match=r"space\.a.*space\.c"):
        parse_space(tables)


def test_description_has_the_range_in_words() -> None:
    assert describe(SPACE) == [
        ("depth", "whole 2 to 5"),
        ("dropout", "0 to 0.5, step 0.1"),
        ("loss", '"dice" | "combo" | null | 3'),
        ("rate", "1e-05 to 0.01, log scale"),
        ("skips", "true | false"),
        ("width", "whole 8 to 64, log scale"),
    ]


def test_size_counts_settings() -> None:
    assert size({"depth": Int(2, 5), "skips": Categorical((True, False))}) == 8
    assert size({"dropout": Float(0.0, 0.5, step=0.1)}) == 6
    assert size({"x": Int(1, 8, step=3), "one": Float(1.0, 1.0)}) == 3
    assert size({}) == 1
    assert size(SPACE) is None


def test_optuna_sees_the_same_bounds() -> None:
    dropout = distribution(SPACE["dropout"])
    assert (dropout.low, dropout.high, dropout.step) == (0.0, 0.5, 0.1)  # type: ignore[attr-defined]
    assert distribution(SPACE["width"]).log  # type: ignore[attr-defined]
    assert distribution(SPACE["loss"]).choices == ("dice", "combo", None, 3)  # type: ignore[attr-defined]
