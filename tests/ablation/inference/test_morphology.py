"""Cleaning of masks: areas and Dice worked out once by hand, and the exact shortcut."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from ablation.inference import morphology
from ablation.inference.choose import SIZES
from ablation.inference.morphology import Morphology, apply, components, counts_after, erode

EVERY = [Morphology(kind, size) for kind, sizes in SIZES.items() for size in sizes]
EVERY += [Morphology("adaptive", 5), Morphology("min_size", 3)]


def disk(radius: int, row: int = 128, column: int = 128, side: int = 256) -> np.ndarray:
    rows, columns = np.ogrid[:side, :side]
    return ((rows - row) ** 2 + (columns - column) ** 2 <= radius**2)[None]


def dice(truth: np.ndarray, mask: np.ndarray) -> float:
    return 2 * np.count_nonzero(truth & mask) / (truth.sum() + mask.sum())


@pytest.mark.parametrize(
    ("radius", "area", "square", "cross"),
    [(13, 529, 0.896, 0.927), (30, 2821, 0.956, 0.969), (45, 6361, 0.971, 0.980)],
)
def test_what_erosion_costs_a_perfect_mask(
    radius: int, area: int, square: float, cross: float
) -> None:
    mask = disk(radius)
    assert mask.sum() == area
    assert dice(mask, apply(Morphology("adaptive", 500, "square3"), mask)) == pytest.approx(
        square, abs=5e-4
    )
    assert dice(mask, apply(Morphology("adaptive", 500), mask)) == pytest.approx(cross, abs=5e-4)


def test_area_lost_by_a_disk_of_529_pixels() -> None:
    mask = disk(13)
    assert 1 - erode(mask, "square3").sum() / 529 == pytest.approx(0.189, abs=5e-4)
    assert 1 - erode(mask, "cross3").sum() / 529 == pytest.approx(0.136, abs=5e-4)


def test_the_border_of_the_image_is_not_eroded() -> None:
    cut_off = disk(20, row=10, column=32, side=64)
    assert erode(cut_off, "square3").sum() == 923
    assert ndimage.binary_erosion(cut_off[0], np.ones((3, 3))).sum() == 890


@pytest.mark.parametrize("element", ["cross3", "square3"])
def test_erosion_is_that_of_scipy_slice_by_slice(element: str) -> None:
    mask = np.random.default_rng(0).random((4, 20, 30)) < 0.9
    shape = np.ones((3, 3)) if element == "square3" else ndimage.generate_binary_structure(2, 1)
    expected = [ndimage.binary_erosion(one, shape, border_value=1) for one in mask]
    np.testing.assert_array_equal(erode(mask, element), expected)


def test_pixels_that_touch_at_a_corner_are_one_component() -> None:
    diagonal = np.eye(2, dtype=bool)[None]
    assert len(components(diagonal).area) == 1 + 1
    assert ndimage.label(diagonal[0])[1] == 2
    assert len(components(np.ones((3, 2, 2), bool)).area) == 1 + 3  # a slice by itself


@pytest.mark.parametrize("element", ["cross3", "square3"])
def test_a_thin_line_survives_adaptive_and_not_erode_all(element: str) -> None:
    line = np.zeros((1, 300, 256), bool)
    line[:, 10:285, 100:102] = True
    assert line.sum() == 550
    adaptive = Morphology("adaptive", 400, element)
    assert adaptive.area(line.shape) < 550
    np.testing.assert_array_equal(apply(adaptive, line), line)
    assert not apply(Morphology("erode_all", 0, element), line).any()


def test_adaptive_leaves_small_components_alone() -> None:
    small, large = disk(5, column=40), disk(20, column=180)
    cleaned = apply(Morphology("adaptive", 500), small | large)
    np.testing.assert_array_equal(cleaned, small | erode(large))
    at_limit = np.zeros((1, 256, 256), bool)
    at_limit[0, 50:70, 50:75] = True  # 500 pixels are not more than 500
    np.testing.assert_array_equal(apply(Morphology("adaptive", 500), at_limit), at_limit)


def test_min_size_leaves_out_what_is_smaller() -> None:
    small, large = disk(5, column=40), disk(20, column=180)
    assert small.sum() == 81
    np.testing.assert_array_equal(apply(Morphology("min_size", 82), small | large), large)
    np.testing.assert_array_equal(apply(Morphology("min_size", 81), small | large), small | large)


@pytest.mark.parametrize(
    ("shape", "area"), [((256, 256), 500), ((24, 128, 128), 125), ((155, 240, 240), 439.453125)]
)
def test_sizes_are_of_a_slice_of_256(shape: tuple[int, ...], area: float) -> None:
    assert Morphology("adaptive", 500).area(shape) == area


@given(st.integers(0, 2**32 - 1), st.sampled_from(["cross3", "square3"]))
def test_the_shortcut_counts_what_the_masks_hold(seed: int, element: str) -> None:
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=(3, 40, 44)), (0, 1.5, 1.5))
    mask, truth = smooth > 0.1, smooth + rng.normal(0, 0.1, smooth.shape) > 0.15
    wanted = [Morphology(one.kind, one.size, element) for one in EVERY]
    counts = counts_after(wanted, mask, truth)
    cleaned = [apply(one, mask) for one in wanted]
    assert counts.tp.tolist() == [np.count_nonzero(one & truth) for one in cleaned]
    assert counts.fp.tolist() == [np.count_nonzero(one & ~truth) for one in cleaned]
    assert counts.truth == truth.sum()


@pytest.mark.parametrize("one", EVERY)
def test_an_empty_mask_stays_empty(one: Morphology) -> None:
    empty = np.zeros((2, 8, 8), bool)
    assert not apply(one, empty).any()
    counts = counts_after([one], empty, ~empty)
    assert (counts.tp[0], counts.fp[0], counts.truth) == (0, 0, 128)


def test_the_examples_in_the_documentation_run() -> None:
    result = doctest.testmod(morphology)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("element", ["cross3", "square3"])
@pytest.mark.parametrize("kind", ["open", "close"])
def test_opening_and_closing_are_those_of_scipy_slice_by_slice(
    kind: morphology.Kind, element: morphology.Element
) -> None:
    mask = np.random.default_rng(3).random((3, 24, 20)) < 0.6
    structure = ndimage.generate_binary_structure(2, 1 if element == "cross3" else 2)
    found = apply(Morphology(kind, element=element), mask)
    for image, cleaned in zip(mask, found, strict=True):
        eroded = ndimage.binary_erosion(image, structure, border_value=1)
        dilated = ndimage.binary_dilation(image, structure)
        # The image's border neither eats the mask nor fills it.
        expected = (
            ndimage.binary_dilation(eroded, structure)
            if kind == "open"
            else ndimage.binary_erosion(dilated, structure, border_value=1)
        )
        np.testing.assert_array_equal(cleaned, expected)


@pytest.mark.parametrize("kind", ["open", "close"])
def test_counts_after_opening_and_closing_are_of_the_masks(kind: morphology.Kind) -> None:
    rng = np.random.default_rng(4)
    mask, truth = rng.random((2, 3, 20, 20)) < 0.5
    one = Morphology(kind)
    counts = counts_after([one, Morphology()], mask, truth)
    for number, cleaned in enumerate((apply(one, mask), mask)):
        assert counts.tp[number] == np.count_nonzero(cleaned & truth)
        assert counts.fp[number] == np.count_nonzero(cleaned & ~truth)


def test_opening_takes_a_speck_away_and_closing_fills_a_gap() -> None:
    mask = np.zeros((1, 12, 12), bool)
    mask[0, 2:6, 2:6] = mask[0, 2:6, 7:11] = mask[0, 10, 1] = True
    assert not apply(Morphology("open"), mask)[0, 10, 1]
    assert apply(Morphology("close", element="square3"), mask)[0, 3, 6]
