from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ablation.errors import DataError
from ablation.metrics.masks import check_pair, union_box

masks = array_shapes(min_dims=1, max_dims=3, max_side=6).flatmap(
    lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape))
)


@given(masks)
def test_the_box_is_the_smallest_that_holds_both(pair: tuple[np.ndarray, np.ndarray]) -> None:
    truth, prediction = pair
    at = np.argwhere(truth | prediction)
    box = union_box(truth, prediction)
    if not len(at):
        assert box is None
        return
    assert box is not None
    assert [side.start for side in box] == at.min(axis=0).tolist()
    assert [side.stop for side in box] == (at.max(axis=0) + 1).tolist()


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_mask_that_is_not_boolean_is_refused_by_name(kind: type) -> None:
    truth = np.zeros((2, 2), bool)
    with pytest.raises(DataError, match=f"case P1: prediction is {np.dtype(kind)}"):
        check_pair(truth, truth.astype(kind), where="case P1")


def test_other_shapes_are_refused_with_both_shapes() -> None:
    with pytest.raises(DataError, match=r"truth \(2, 2\) and prediction \(2, 3\)"):
        check_pair(np.zeros((2, 2), bool), np.zeros((2, 3), bool))
