"""Best epoch, early stopping, falling step size, order of slices: worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ablation.config.sections import TrainingConfig
from ablation.training.schedule import Schedule, epoch_batches, named_seed


def course(dice: list[float], training: TrainingConfig) -> tuple[list[float], str | None, Schedule]:
    """Return the step size each epoch is trained with, how it ended, and the last state."""
    state, rates, end = Schedule(training.learning_rate), [], None
    for number, value in enumerate(dice, 1):
        rates.append(state.learning_rate)
        state = state.after(number, value, training)
        if end := state.end(number, training):
            break
    return rates, end, state


def test_stops_after_patience_epochs_without_a_better_dice() -> None:
    training = TrainingConfig(epochs=50, stop_patience=3, plateau_patience=None)
    rates, end, state = course([0.1, 0.5, 0.5, 0.4, 0.5, 0.9], training)
    assert len(rates) == 5  # an equal Dice is not a better one
    assert end == "early stop"
    assert (state.best_epoch, state.best_dice) == (2, 0.5)


def test_step_size_falls_after_patience_epochs_and_waits_again() -> None:
    training = TrainingConfig(
        epochs=9, learning_rate=1.0, plateau_patience=2, plateau_factor=0.5, stop_patience=None
    )
    rates, end, _ = course([0.5, 0.4, 0.4, 0.4, 0.4, 0.6, 0.1, 0.1, 0.1], training)
    assert rates == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]
    assert end == "all epochs"


def test_step_size_falls_no_lower_than_its_least() -> None:
    training = TrainingConfig(
        epochs=4, learning_rate=1.0, plateau_patience=1, min_learning_rate=0.4
    )
    assert course([0.5, 0.1, 0.1, 0.1], training)[0] == [1.0, 1.0, 0.5, 0.4]
    # A step size that starts below its least stays where it is.
    below = training.model_copy(update={"learning_rate": 0.1})
    assert course([0.5, 0.1, 0.1, 0.1], below)[0] == [0.1] * 4


def test_nothing_stops_early_without_patience() -> None:
    training = TrainingConfig(epochs=5, stop_patience=None, plateau_patience=None)
    rates, end, _ = course([0.5] + [0.1] * 4, training)
    assert rates == [training.learning_rate] * 5
    assert end == "all epochs"


def test_an_epoch_is_a_permutation_cut_to_whole_batches() -> None:
    rows = np.arange(100, 135)
    batches = epoch_batches(rows, 1, TrainingConfig(batch_size=8))
    assert batches.shape == (4, 8)
    assert len(set(batches.ravel())) == 32
    assert set(batches.ravel()) <= set(rows)
    assert (np.diff(batches.ravel()) < 0).any()


def test_the_order_depends_on_seed_and_epoch_only() -> None:
    rows, training = np.arange(64), TrainingConfig(batch_size=8)
    np.testing.assert_array_equal(
        epoch_batches(rows, 3, training), epoch_batches(rows, 3, training)
    )
    assert (epoch_batches(rows, 3, training) != epoch_batches(rows, 4, training)).any()
    other = training.model_copy(update={"seed": 1})
    assert (epoch_batches(rows, 3, training) != epoch_batches(rows, 3, other)).any()


def test_few_batches_are_asked_for_or_few_rows_are_there() -> None:
    capped = TrainingConfig(batch_size=8, max_batches=2)
    assert epoch_batches(np.arange(64), 1, capped).shape == (2, 8)
    few = epoch_batches(np.arange(3), 1, capped)
    assert few.shape == (1, 8)
    assert sorted(np.bincount(few.ravel())) == [2, 3, 3]


@pytest.mark.parametrize("name", ["order", "layer/kernel", "epoch 3"])
def test_named_seeds_are_31_bit_and_differ(name: str) -> None:
    seeds = {named_seed(seed, name) for seed in range(100)}
    assert len(seeds) == 100
    assert all(0 <= seed < 2**31 for seed in seeds)
