"""Over- and underfitting by the stated rule."""

from __future__ import annotations

import pytest

from ablation.statistics.fitting import RULE, judge_fit


@pytest.mark.parametrize(
    ("train", "validation", "loss", "expected"),
    [
        ([0.5, 0.8, 0.9, 0.9, 0.9], [0.5, 0.7, 0.70, 0.70, 0.70], [], "overfitting"),
        ([0.5, 0.8, 0.9, 0.9, 0.9], [0.5, 0.7, 0.71, 0.71, 0.71], [], "neither"),
        ([0.5, 0.8, 0.9, 0.9, 0.9], [0.5, 0.7, 0.79, 0.79, 0.79], [1, 0.5, 0.6, 0.6, 0.6], "overfitting"),
        ([0.5, 0.8, 0.9, 0.9, 0.9], [0.5, 0.7, 0.79, 0.79, 0.79], [1, 0.5, 0.5, 0.5, 0.5], "neither"),
        ([0.1, 0.3, 0.4, 0.4, 0.4], [0.1, 0.3, 0.38, 0.38, 0.38], [], "underfitting"),
        ([0.1, 0.3, 0.7, 0.7, 0.8], [0.1, 0.3, 0.68, 0.68, 0.75], [], "underfitting"),
        ([0.1, 0.3, 0.7, 0.7, 0.7], [0.1, 0.3, 0.68, 0.68, 0.68], [], "neither"),
        ([0.5, 0.8, 0.9], [0.5, 0.5, 0.5], [], "not told"),
        ([], [0.5, 0.5, 0.5, 0.5], [], "not told"),
    ],
)  # fmt: skip
def test_the_rule(
    train: list[float], validation: list[float], loss: list[float], expected: str
) -> None:
    judged = judge_fit(train, validation, loss)
    assert judged.fitting == expected
    assert bool(judged.words) == (expected != "not told")


def test_the_words_give_the_numbers() -> None:
    judged = judge_fit([0.9] * 4, [0.6] * 4, [0.5, 0.4, 0.6, 0.6])
    assert judged.words == (
        "overfitting: training Dice 0.90, validation Dice 0.60 over the last 3 epochs, "
        "validation loss 33% above its lowest"
    )


def test_the_rule_is_stated_with_its_limits() -> None:
    for limit in ("0.20", "0.10", "0.60", "0.05", "10%"):
        assert limit in RULE
