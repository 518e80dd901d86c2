from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ablation.inference import thresholds
from ablation.inference.thresholds import (
    CUTS,
    GRID,
    THRESHOLDS,
    Counts,
    choose,
    count_at,
    count_curve,
    dice_curve,
    to_mask,
)

ANY = st.floats(0, 1, width=32)
NEAR_A_CUT = st.tuples(st.sampled_from(THRESHOLDS.tolist()), st.integers(-3, 3)).map(
    lambda at: (np.float32(at[0]).view(np.int32) + np.int32(at[1])).view(np.float32)
)
"""A cut, or a float32 at most three steps beside it."""


def loop(probability: np.ndarray, truth: np.ndarray) -> tuple[list[int], list[int]]:
    masks = [probability > cut for cut in THRESHOLDS]
    return (
        [int(np.count_nonzero(mask & truth)) for mask in masks],
        [int(np.count_nonzero(mask & ~truth)) for mask in masks],
    )


def planted(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Random probabilities with every cut, its two neighbours, 0 and 1 among them."""
    rng = np.random.default_rng(seed)
    values = rng.random(shape, dtype=np.float32)
    edges = [np.nextafter(THRESHOLDS, np.float32(0)), THRESHOLDS]
    edges += [np.nextafter(THRESHOLDS, np.float32(1)), np.float32([0, 1, 1e-40])]
    special = np.concatenate(edges)
    values.flat[: special.size] = special
    values.flat[special.size : 3 * special.size] = np.repeat(special, 2)
    return values


@pytest.mark.parametrize("shape", [(70, 80), (3, 200, 300), (5, 256, 256)])
def test_counts_equal_the_loop_to_the_last_voxel(shape: tuple[int, ...]) -> None:
    probability = planted(shape, seed=len(shape))
    truth = np.random.default_rng(1).random(shape) < 0.3
    counts = count_curve(probability, truth)
    tp, fp = loop(probability, truth)
    assert counts.tp.tolist() == tp
    assert counts.fp.tolist() == fp
    assert counts.truth == np.count_nonzero(truth)
    assert counts.tp.dtype == counts.fp.dtype == np.int64


def test_a_value_on_the_cut_is_background() -> None:
    on_cut = THRESHOLDS.copy()
    counts = count_curve(on_cut, np.ones(len(on_cut), bool))
    assert counts.tp.tolist() == list(range(98, -1, -1))
    assert to_mask(on_cut, 0.29).sum() == np.count_nonzero(CUTS > 290)


def test_the_mask_at_the_choice_has_the_counts_of_the_search() -> None:
    probability = planted((50, 60), seed=4)
    truth = np.random.default_rng(2).random((50, 60)) < 0.2
    counts = count_curve(probability, truth)
    for at, cut in enumerate(CUTS):
        mask = to_mask(probability, int(cut) / 1000)
        assert np.count_nonzero(mask & truth) == counts.tp[at]
        assert np.count_nonzero(mask & ~truth) == counts.fp[at]


@given(
    maps=arrays(np.float32, st.integers(0, 300), elements=st.one_of(ANY, NEAR_A_CUT)),
    background=st.integers(0, 400),
    seed=st.integers(0, 2**32 - 1),
)
def test_counts_equal_the_loop_for_any_probabilities(
    maps: np.ndarray, background: int, seed: int
) -> None:
    # A map that is mostly background takes another way to the same counts.
    probability = np.concatenate([maps, np.zeros(background, np.float32)])
    truth = np.random.default_rng(seed).random(probability.shape) < 0.5
    counts = count_curve(probability, truth)
    assert (counts.tp.tolist(), counts.fp.tolist()) == loop(probability, truth)


@pytest.mark.parametrize("around", ["the cut", "where the guess changes"])
def test_no_float_near_a_cut_is_miscounted(around: str) -> None:
    shift = 0.0 if around == "the cut" else 2.0**-10 / 100
    places = (CUTS / 1000 - shift).astype(np.float32).view(np.int32)
    near = (places[:, None] + np.arange(-2000, 2001, dtype=np.int32)).view(np.float32)
    truth = np.ones(near.shape, bool)
    assert count_curve(near, truth).tp.tolist() == loop(near, truth)[0]


def test_grid() -> None:
    assert CUTS.tolist() == list(range(10, 1000, 10))


def test_empty_maps_and_truths() -> None:
    nothing = count_curve(np.zeros((4, 4), np.float32), np.zeros((4, 4), bool))
    assert nothing.tp.sum() == nothing.fp.sum() == nothing.truth == 0
    assert np.isnan(dice_curve(nothing)).all()
    full = count_curve(np.ones((4, 4), np.float32), np.ones((4, 4), bool))
    assert dice_curve(full).tolist() == [1.0] * 99
    assert count_curve(np.zeros((0, 4), np.float32), np.zeros((0, 4), bool)).truth == 0


@pytest.mark.parametrize(
    "probability",
    [
        *(np.array([0.5]), np.array([0.5, 0.5], np.float32), np.array([np.nan], np.float32)),
        *(np.array([1.5], np.float32), np.array([-0.5], np.float32)),
    ],
)
def test_what_is_no_map_of_float32_probabilities_is_refused(probability: np.ndarray) -> None:
    with pytest.raises(ValueError):
        count_curve(probability, np.array([True]))


def counts_of(dice: dict[int, float], truth: int = 1000) -> Counts:
    """Return counts whose Dice is as given at these cuts (per mille) and 0 elsewhere."""
    tp, fp = np.zeros(99, np.int64), np.zeros(99, np.int64)
    for cut, value in dice.items():
        tp[cut // 10 - 1] = round(value * truth)
        fp[cut // 10 - 1] = truth - tp[cut // 10 - 1]
    return Counts(tp, fp, truth)


def test_the_mean_over_patients_decides() -> None:
    choice = choose([counts_of({300: 0.9, 500: 0.6}), counts_of({300: 0.1, 500: 0.6, 700: 0.9})])
    assert choice.threshold == 0.5
    assert choice.validation_dice == pytest.approx(0.6)
    assert choice.patients == 2
    assert len(choice.curve) == len(GRID) == 99
    assert choice.curve[29] == pytest.approx(0.5)
    assert not choice.at_edge


@pytest.mark.parametrize(
    ("equal", "chosen"),
    [([100, 300, 800], 300), ([300, 700], 300), ([460, 530], 530), ([10, 990], 10), ([990], 990)],
)
def test_of_equal_cuts_the_nearest_to_half_then_the_lower(equal: list[int], chosen: int) -> None:
    choice = choose([counts_of(dict.fromkeys(equal, 0.8))])
    assert choice.threshold == chosen / 1000
    assert choice.at_edge == (chosen in (10, 990))


def test_means_that_differ_in_the_last_digit_are_equal() -> None:
    thirds = [counts_of({300: a, 500: b}) for a, b in [(0.1, 0.3), (0.2, 0.2), (0.3, 0.1)]]
    assert choose(thirds).threshold == 0.5


def test_patients_without_tumour_do_not_count() -> None:
    empty = Counts(np.zeros(99, np.int64), np.full(99, 7), truth=0)
    one = counts_of({400: 0.7})
    assert choose([empty, one]) == choose([one])
    none = choose([empty])
    assert (none.threshold, none.validation_dice, none.patients) == (0.5, 0.0, 0)
    assert not none.at_edge


def test_one_threshold_counts_as_its_cut_does() -> None:
    probability = planted((70, 80), seed=3)
    truth = np.random.default_rng(2).random(probability.shape) < 0.3
    curve = count_curve(probability, truth)
    for at in (0, 28, 49, 98):
        one = count_at(probability, truth, GRID[at])
        assert (one.tp[0], one.fp[0], one.truth) == (curve.tp[at], curve.fp[at], curve.truth)


def test_a_fixed_threshold_is_the_only_candidate() -> None:
    counts = Counts(np.array([30]), np.array([10]), truth=40)
    choice = choose([counts], (0.437,))
    assert (choice.threshold, choice.validation_dice) == (0.437, 0.75)
    assert choice.curve == (0.75,)
    assert not choice.at_edge
    assert choose([], (0.437,)).threshold == 0.437


def test_the_examples_in_the_documentation_run() -> None:
    result = doctest.testmod(thresholds)
    assert result.attempted > 0
    assert result.failed == 0


def test_cases_of_one_patient_are_averaged_first() -> None:
    def counts(tp: int, fp: int, truth: int) -> Counts:
        return Counts(np.array([tp]), np.array([fp]), truth)

    cases = [counts(10, 0, 10), counts(0, 0, 10), counts(3, 0, 7), counts(0, 5, 0)]  # 1, 0, 0.6
    each = choose(cases, [0.5])
    assert (each.validation_dice, each.patients) == (pytest.approx(1.6 / 3), 3)
    whose = choose(cases, [0.5], ["p", "p", "q", "q"])
    assert (whose.validation_dice, whose.patients) == (pytest.approx((0.5 + 0.6) / 2), 2)
    assert choose(cases, [0.5], ["p", "q", "r", "s"]) == each


def test_otsu_parts_two_classes_as_well_as_any_cut() -> None:
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.beta(2, 12, 3000), rng.beta(9, 3, 500)]).astype(np.float32)

    def within(cut: float) -> float:
        low, high = values[values <= cut], values[values > cut]
        return float(low.size * low.var() + high.size * high.var())

    best = min(within(cut / 256) for cut in range(1, 256) if (values > cut / 256).any())
    assert within(thresholds.otsu(values)) == pytest.approx(best, rel=1e-3)
    assert 0.3 < thresholds.otsu(values) < 0.6


def test_otsu_lies_midway_between_two_values_and_at_half_for_one() -> None:
    assert thresholds.otsu(np.float32([0.1, 0.1, 0.9])) == pytest.approx(0.5, abs=1 / 256)
    assert thresholds.otsu(np.zeros((2, 3), np.float32)) == 0.5


def test_a_mask_at_otsu_has_the_threshold_of_its_own_map() -> None:
    dark, bright = np.float32([0.01, 0.02, 0.3, 0.31]), np.float32([0.5, 0.55, 0.9, 0.95])
    for one in (dark, bright):
        mask = thresholds.to_mask(one, thresholds.OTSU)
        np.testing.assert_array_equal(mask, [False, False, True, True])
    counts = thresholds.count_at(dark, np.array([False, False, True, True]), thresholds.OTSU)
    assert (counts.tp.item(), counts.fp.item()) == (2, 0)
