"""Test-time augmentation: the eight views, their means, what a network was never shown."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from ablation.inference import tta
from ablation.inference.tta import GROUPS, VIEWS, average, uncovered
from ablation.training.augmentations import AUGMENTATIONS, Augmentation

SQUARE = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
KERNEL = np.random.default_rng(0).normal(size=(3, 3))


def images(side: int = 12) -> np.ndarray:
    return np.random.default_rng(1).random((3, side, side, 1), dtype=np.float32)


def network(x: np.ndarray) -> np.ndarray:
    """A random filter: knows up from down and left from right, as networks do."""
    padded = np.pad(x[..., 0].astype(np.float64), ((0, 0), (1, 1), (1, 1)))
    side = x.shape[1]
    shifted = (
        KERNEL[r, c] * padded[:, r : r + side, c : c + side] for r in range(3) for c in range(3)
    )
    return (1 / (1 + np.exp(-3 * sum(shifted)))).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("id", [[1, 2], [3, 4]]),
        ("r90", [[2, 4], [1, 3]]),
        ("r180", [[4, 3], [2, 1]]),
        ("r270", [[3, 1], [4, 2]]),
        ("h", [[2, 1], [4, 3]]),
        ("v", [[3, 4], [1, 2]]),
        ("transpose", [[1, 3], [2, 4]]),
        ("anti_transpose", [[4, 2], [3, 1]]),
    ],
)
def test_each_view_is_what_its_name_says(name: str, seen: list[list[int]]) -> None:
    square = np.array([[[1, 2], [3, 4]]], np.float32)
    np.testing.assert_array_equal(VIEWS[name].apply(square)[0], seen)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_undone(name: str) -> None:
    x = images()
    seen = VIEWS[name].apply(x)
    assert seen.shape == x.shape
    np.testing.assert_array_equal(VIEWS[name].undo(seen[..., 0]), x[..., 0])


def test_a_quarter_turn_of_an_oblong_is_refused() -> None:
    with pytest.raises(ValueError, match="not square"):
        VIEWS["r90"].apply(SQUARE)
    assert VIEWS["v"].apply(SQUARE).shape == SQUARE.shape


@pytest.mark.parametrize("name", VIEWS)
def test_d4_turns_with_the_image_and_seed8_does_not(name: str) -> None:
    view, x = VIEWS[name], images()
    upright = average(network, x, ("d4", "seed8"))
    turned = average(network, view.apply(x), ("d4", "seed8"))
    np.testing.assert_allclose(view.undo(turned["d4"]), upright["d4"], rtol=0, atol=5e-7)
    difference = np.abs(view.undo(turned["seed8"]) - upright["seed8"]).max()
    # Its weights stay the same under half a turn only.
    assert difference < 5e-7 if name in ("id", "r180") else difference > 0.05


def test_six_views_are_the_mean_over_the_eight_of_the_paper() -> None:
    x = images()
    h = network(x[:, :, ::-1])[:, :, ::-1]
    v = network(x[:, ::-1])[:, ::-1]
    both = network(x[:, ::-1, ::-1])[:, ::-1, ::-1]
    turns = [np.rot90(network(np.rot90(x, k, (1, 2))), -k, (1, 2)) for k in (1, 2, 3, 4)]
    eight = np.mean([network(x), h, v, both, *turns], axis=0, dtype=np.float64)
    np.testing.assert_allclose(average(network, x, ("seed8",))["seed8"], eight, atol=3e-7)


def test_no_view_is_predicted_twice_and_groups_do_not_change_each_other() -> None:
    calls = []

    def counted(x: np.ndarray) -> np.ndarray:
        calls.append(x)
        return network(x)

    together = average(counted, images(), tuple(GROUPS))
    assert len(calls) == 8
    for name in GROUPS:
        np.testing.assert_array_equal(together[name], average(network, images(), (name,))[name])
    np.testing.assert_array_equal(together["none"], network(images()))
    calls.clear()
    average(counted, images(), ("none", "seed8"))
    assert len(calls) == 6


def test_means_of_certain_maps_stay_probabilities() -> None:
    certain = average(lambda x: np.ones(x.shape[:3], np.float32), images(), tuple(GROUPS))
    assert all((maps == 1).all() for maps in certain.values())


def test_a_warning_names_the_views_training_never_showed() -> None:
    assert unseen("none", "none") == ""
    assert unseen("hflip", "td") == ""
    assert "(h)" in unseen("hflip", "none")
    assert "r90, r180, r270, v" in unseen("d4", "td")
    assert "(r90, r180, r270, v)" in unseen("seed8", "book")
    turned = Augmentation("turned", "quarter turns", views=frozenset({"r90", "r180", "r270"}))
    with AUGMENTATIONS.having(turned):
        assert "(h, v, transpose, anti_transpose)" in unseen("d4", "turned")
        assert "data.augmentation=turned" in unseen("d4", "turned")


def unseen(tta: str, augmentation: str) -> str:
    return uncovered(tta, augmentation, AUGMENTATIONS[augmentation].views)


def test_the_examples_in_the_documentation_run() -> None:
    result = doctest.testmod(tta)
    assert result.attempted > 0
    assert result.failed == 0
