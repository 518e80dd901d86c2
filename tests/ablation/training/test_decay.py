"""Planned courses of the learning rate: by hand, beside plateaus, in a training and after a break."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ablation.config import with_values
from ablation.config.sections import Config, TrainingConfig
from ablation.errors import UsageError
from ablation.experiments.experiment import check_names
from ablation.training.decay import DECAYS, learning_rate

HERE = Path(__file__).parent


def rates(**keys: object) -> list[float]:
    training = TrainingConfig.model_validate({"epochs": 5, "min_learning_rate": 1e-9, **keys})
    return [learning_rate(epoch, 0.1, training) for epoch in range(1, training.epochs + 1)]


def test_without_a_decay_the_rate_stays_bit_for_bit() -> None:
    assert rates() == [0.1] * 5


def test_exponential_multiplies_each_epoch() -> None:
    found = rates(decay="exponential", decay_rate=0.5)
    assert found == pytest.approx([0.1, 0.05, 0.025, 0.0125, 0.00625])


def test_cosine_falls_by_half_a_cosine() -> None:
    # cos of 0, 36, 72, 108 and 144 degrees.
    wanted = [0.1, 0.0904508, 0.0654508, 0.0345492, 0.0095492]
    assert rates(decay="cosine") == pytest.approx(wanted, abs=1e-6)


def test_warm_up_rises_to_the_rate_and_the_decay_begins_after_it() -> None:
    found = rates(decay="exponential", decay_rate=0.5, warmup_epochs=3)
    assert found == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.05])


def test_the_rate_falls_no_lower_than_its_minimum() -> None:
    found = rates(decay="exponential", decay_rate=0.1, min_learning_rate=0.02)
    assert found == pytest.approx([0.1, 0.02, 0.02, 0.02, 0.02])


def test_a_lowered_rate_decays_from_where_it_is() -> None:
    training = TrainingConfig(decay="exponential", decay_rate=0.5, min_learning_rate=1e-9)
    assert learning_rate(3, 0.05, training) == pytest.approx(0.0125)


def test_an_unknown_decay_is_refused_with_the_nearest() -> None:
    config = with_values(Config(), {"training.decay": "cosin"})
    with pytest.raises(UsageError, match="unknown decay 'cosin'") as caught:
        check_names(config, ("unet",))
    assert "cosine" in caught.value.hint


@pytest.mark.parametrize("name", DECAYS)
def test_every_decay_begins_at_the_rate_and_never_rises(name: str) -> None:
    found = rates(decay=name)
    assert found[0] == 0.1
    assert found == sorted(found, reverse=True)
    assert DECAYS[name].summary


@pytest.fixture(scope="module")
def tiny() -> Iterator:
    sys.path.insert(0, str(HERE))
    import tiny

    yield tiny
    sys.path.remove(str(HERE))


def test_a_training_follows_its_course_in_one_trace_and_after_a_break(tiny, tmp_path) -> None:
    shared = {"model__base": 2, "model__depth": 1, "model__dropout": 0.0}
    plain = tiny.config(**shared)
    decayed = tiny.config(
        **shared, training__decay="cosine", training__warmup_epochs=1, training__epochs=4
    )
    warm = tiny.trainer(plain)
    tiny.fit(warm, plain)
    whole = tiny.fit(warm, decayed)
    used = [epoch.learning_rate for epoch in whole.epochs]
    assert used == [learning_rate(n, 3e-3, decayed.training) for n in (1, 2, 3, 4)]
    assert used[0] < used[1] > used[2] > used[3]
    weights = tiny.digest(warm, tmp_path)
    states: list = []
    tiny.fit(warm, decayed, on_epoch=lambda e: e.number == 2, save=states.append)
    tiny.fit(warm, decayed, resume=states[-1])
    assert tiny.digest(warm, tmp_path) == weights
    assert warm.traces == 1


def test_an_l1_penalty_adds_the_sum_of_the_decoder_s_kernels(tiny) -> None:
    still = {"training__learning_rate": 1e-30, "training__l2": 0.0, "model__dropout": 0.0}
    shared = {"model__base": 2, "model__depth": 1, "training__epochs": 1, **still}
    strong, weak = (tiny.config(**shared, training__l1=l1) for l1 in (0.5, 0.25))
    warm = tiny.trainer(strong)
    losses = [tiny.fit(warm, settings).epochs[0].loss for settings in (strong, weak)]
    kernels = [
        layer.kernel.numpy()
        for layer in warm._model.layers
        if layer.name in ("decoder0_conv1", "decoder0_conv2")
    ]
    added = 0.25 * sum(float(abs(kernel).sum()) for kernel in kernels)
    assert losses[0] - losses[1] == pytest.approx(added, rel=1e-4)
    assert warm.traces == 1
