"""Every order of axes comes to the same place in space, and back."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from ablation.data.grid import Grid, canonical_grid, difference, onto, to_canonical, to_stored

ORDERS = [
    "".join(axes)
    for signs in itertools.product("RL", "AP", "SI")
    for axes in itertools.permutations(signs)
]
SIDES = {"R": 3, "L": 3, "A": 4, "P": 4, "S": 5, "I": 5}
DIRECTION = {
    **dict(zip("RAS", np.eye(3), strict=True)),
    **dict(zip("LPI", -np.eye(3), strict=True)),
}


def stored_affine(order: str) -> np.ndarray:
    """Return an affine whose axes grow in these directions, voxels of 1, 2, 3 mm."""
    spacing = dict(zip("RLAPSI", (1, 1, 2, 2, 3, 3), strict=True))
    affine = np.eye(4)
    for axis, letter in enumerate(order):
        affine[:3, axis] = spacing[letter] * DIRECTION[letter]
    affine[:3, 3] = (7, -11, 13)
    return affine


def test_there_are_48_orders() -> None:
    assert len(set(ORDERS)) == 48


@pytest.mark.parametrize("order", ORDERS)
def test_each_voxel_stays_where_it_is(order: str) -> None:
    shape = [SIDES[letter] for letter in order]
    affine = stored_affine(order)
    positions = np.moveaxis(np.indices(shape), 0, -1) @ affine[:3, :3].T + affine[:3, 3]
    grid = canonical_grid(shape, affine, order)
    assert grid.shape == (5, 4, 3)
    assert grid.spacing_mm == (3.0, 2.0, 1.0)
    moved = np.stack([to_canonical(positions[..., i], order) for i in range(3)], axis=-1)
    indices = np.moveaxis(np.indices(grid.shape), 0, -1)
    np.testing.assert_allclose(moved, indices @ grid.affine[:3, :3].T + grid.affine[:3, 3])
    assert (np.diff(moved[..., 2], axis=0) > 0).all()  # slices: towards the head
    assert (np.diff(moved[..., 1], axis=1) < 0).all()  # rows: towards the back
    assert (np.diff(moved[..., 0], axis=2) < 0).all()  # columns: towards the left


@pytest.mark.parametrize("order", ORDERS)
def test_an_array_goes_back_to_its_file(order: str) -> None:
    values = np.arange(60).reshape([SIDES[letter] for letter in order])
    np.testing.assert_array_equal(to_stored(to_canonical(values, order), order), values)


def test_grids_of_the_same_voxels_do_not_differ() -> None:
    shape = (3, 4, 5)
    usual = canonical_grid(shape, stored_affine("LPS"), "LPS")
    flipped = stored_affine("RPS")
    flipped[0, 3] = 7 - 2  # its first column lies where the other one's last does
    assert difference(canonical_grid(shape, flipped, "RPS"), usual) == ""
    nudged = stored_affine("LPS")
    nudged[0, 3] += 0.05
    assert difference(canonical_grid(shape, nudged, "LPS"), usual) == ""


def test_a_difference_is_said_with_its_numbers() -> None:
    usual = canonical_grid((3, 4, 5), stored_affine("LPS"), "LPS")
    assert difference(canonical_grid((3, 4, 6), stored_affine("LPS"), "LPS"), usual) == (
        "is 3x4x6 voxels, the patient's other volumes are 3x4x5"
    )
    assert "has voxels of 2x4x6 mm, the patient's other volumes of 1x2x3 mm" in difference(
        canonical_grid((3, 4, 5), 2 * stored_affine("LPS"), "LPS"), usual
    )
    assert difference(canonical_grid((3, 4, 5), stored_affine("RPS"), "RPS"), usual).startswith(
        "lies up to 2 mm away from the patient's other volumes: its affine places axes RPS"
    )


@pytest.mark.parametrize("order", ["LPS", "RAI", "SLA"])
def test_values_go_to_the_nearest_voxel_of_another_grid(order: str) -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 5, (5, 4, 3))
    grid = canonical_grid([SIDES[letter] for letter in order], stored_affine(order), order)
    np.testing.assert_array_equal(onto(values, grid, grid), values)
    affine = grid.affine.copy()
    affine[:3, 3] = grid.affine[:3] @ (1.3, 0, -1.3, 1)  # a slice up and a column back, and a bit
    shifted = onto(values, grid, replace(grid, affine=affine))
    expected = np.zeros_like(values)
    expected[:-1, :, 1:] = values[1:, :, :-1]
    np.testing.assert_array_equal(shifted, expected)


def test_a_finer_grid_repeats_voxels() -> None:
    values = np.arange(8).reshape(2, 2, 2)
    coarse = Grid((2, 2, 2), np.eye(4), "LPS")
    fine = np.diag([0.5, 0.5, 0.5, 1.0])
    fine[:3, 3] = -0.25
    repeated = values.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    np.testing.assert_array_equal(onto(values, coarse, Grid((4, 4, 4), fine, "LPS")), repeated)
