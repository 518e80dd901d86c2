"""Which labels or channels are a target: as asked, by convention, or not guessed at all."""

import numpy as np
import pytest

from ablation.data.readers.patients import labels_hash
from ablation.errors import DataError, UsageError
from ablation.scores.mask_files import MaskFile
from ablation.scores.regions import Content, parse_labels, regions_of

ONE = frozenset({1})


def labels(*found):
    return Content(set(found), ONE)


@pytest.mark.parametrize(
    "text", ["WT=1,2,4;TC=1,4;ET=4", "WT=1,2,4 TC=1,4 ET=4", "WT=1, 2, 4, TC=1, 4, ET=4;"]
)
def test_ways_of_writing_labels(text):
    assert parse_labels(text) == {"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)}


@pytest.mark.parametrize("text", ["", "WT", "1,2", "WT=", "WT=x", "WT=1;WT=2", "WT=-1", "=1"])
def test_labels_that_cannot_be_read(text):
    with pytest.raises(UsageError, match="--labels"):
        parse_labels(text)


@pytest.mark.parametrize(
    ("prediction", "truth", "et_there", "et_truth"),
    [
        (labels(1, 2, 4), labels(1, 2, 4), (4,), (4,)),
        (labels(1, 2, 3), labels(1, 2, 3), (3,), (3,)),
        (labels(1, 2, 3), labels(1, 2, 4), (3,), (4,)),
        (labels(1, 2), labels(1, 2, 4), (4,), (4,)),
        (labels(1, 2), labels(1, 2), (4,), (4,)),
        (labels(), labels(1, 2, 3), (4,), (3,)),
    ],
)
def test_labels_of_brats_each_side_by_its_own_numbers(prediction, truth, et_there, et_truth):
    regions = regions_of(prediction, truth, None, None)
    assert list(regions.truth) == ["WT", "TC", "ET"]
    assert (regions.prediction["ET"], regions.truth["ET"]) == (et_there, et_truth)
    assert regions.truth["WT"] == (1, 2, *et_truth)
    assert "those of BraTS" in regions.said[0].text


@pytest.mark.parametrize("found", [(labels(1), labels(255)), (labels(), labels(1)), (labels(), labels())])  # fmt: skip
def test_masks_of_one_region(found):
    regions = regions_of(*found, None, None)
    assert regions.truth == {"WT": None}
    assert regions_of(*found, None, "lesion").prediction == {"lesion": None}


@pytest.mark.parametrize(
    ("prediction", "truth"),
    [
        (labels(1, 2, 3, 4), labels(1, 2, 3, 4)),
        (labels(1), labels(1, 2, 4)),
        (labels(26, 41), labels(26, 41)),
    ],
)
def test_labels_that_mean_nothing_by_themselves(prediction, truth):
    with pytest.raises(DataError, match="not those of BraTS") as caught:
        regions_of(prediction, truth, None, None)
    assert "--labels" in caught.value.hint


def test_an_image_is_not_a_map_of_a_thousand_labels():
    with pytest.raises(DataError) as caught:
        regions_of(labels(*range(1, 1001)), labels(1), None, None)
    assert "19, 20, ... (980 more)" in caught.value.message
    assert caught.value.hint.startswith("Give masks, not images; ")


def test_labels_as_asked():
    asked = {"organ": (1, 2), "tumour": (2,)}
    regions = regions_of(labels(1, 2, 7), labels(1, 2), asked, None)
    assert regions.truth == regions.prediction == asked
    assert [str(one) for one in regions.said] == ["label 7 is part of no target of --labels"]
    assert list(regions_of(labels(1), labels(1, 2), asked, "tumour").truth) == ["tumour"]
    with pytest.raises(UsageError, match="label 0 is the background"):
        regions_of(labels(1), labels(1), {"a": (0, 1)}, None)
    with pytest.raises(UsageError, match="--target tumor"):
        regions_of(labels(1), labels(1), asked, "tumor")


def channels(voxels, inside):
    return Content(set(), frozenset({len(voxels)}), voxels, frozenset(inside))


def test_channels_are_told_by_which_lies_inside_which():
    side = channels([50, 100, 10], [(2, 0), (0, 1), (2, 1)])
    regions = regions_of(side, side, None, None)
    assert regions.truth == {"ET": (2,), "TC": (0,), "WT": (1,)}


@pytest.mark.parametrize(
    "side",
    [
        channels([50, 100, 10], [(2, 1)]),
        channels([50, 50, 10], [(0, 1), (1, 0), (2, 0), (2, 1)]),
        channels([10, 50], [(0, 1)]),
    ],
)
def test_channels_that_could_be_anything(side):
    with pytest.raises(DataError, match="nothing says which region"):
        regions_of(side, side, None, None)


def test_channels_as_asked():
    side = channels([1, 2], [])
    assert regions_of(side, side, {"b": (1,)}, None).truth == {"b": (1,)}
    with pytest.raises(UsageError, match="no channel 2, the files have 2"):
        regions_of(side, side, {"b": (2,)}, None)


def test_channels_against_labels():
    with pytest.raises(DataError, match="the predictions have 2 channels, the truths 1"):
        regions_of(channels([1, 2], []), labels(1), None, None)


def test_truth_of_brats_has_the_hash_that_runs_on_these_scans_have():
    values = np.array([[[0, 1], [2, 3]]], np.uint8)
    truth = MaskFile(values, False, None)
    brats = regions_of(labels(1, 2), labels(1, 2, 3), None, None)
    assert brats.truth_hash(truth, "WT") == labels_hash(np.array([[[0, 1], [2, 4]]], np.uint8))
    assert brats.truth_hash(truth, "WT") == brats.truth_hash(truth, "ET")


def test_hash_of_one_region_does_not_depend_on_how_it_is_numbered():
    one = MaskFile(np.array([[0, 1]], np.uint8), False, None)
    other = MaskFile(np.array([[0, 255]], np.uint8), False, None)
    binary = regions_of(labels(1), labels(255), None, None)
    asked = regions_of(labels(1), labels(1), {"WT": (1,)}, None)
    hashes = {binary.truth_hash(one, "WT"), binary.truth_hash(other, "WT"), asked.truth_hash(one, "WT")}  # fmt: skip
    assert len(hashes) == 1
    assert hashes.pop().startswith("WT:")


BRATS = {"WT": (1, 2, 4), "ET": (4,)}


@pytest.mark.parametrize(
    ("prediction", "truth", "told"),
    [
        (
            labels(1, 2, 3),
            labels(1, 2, 3),
            "label 3 of the predictions is in no target; no truth holds label 4, and label 3 of",
        ),
        (
            labels(1, 2, 3),
            labels(1, 2, 4),
            "no prediction holds label 4, and label 3 of the predictions is in no target",
        ),
        (
            labels(1, 2, 4),
            labels(1, 2, 3),
            "no truth holds label 4, and label 3 of the truths is in no target",
        ),
        (labels(1, 2), labels(1, 2, 3), "no truth holds label 4, and label 3 of the truths"),
        (labels(), labels(1, 2, 3), "no truth holds label 4"),
    ],
)
def test_another_numbering_is_refused_by_side(prediction, truth, told):
    with pytest.raises(UsageError) as refused:
        regions_of(prediction, truth, BRATS, None)
    assert told in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize(
    ("prediction", "truth", "told"),
    [
        (labels(1, 2, 4), labels(1, 2, 4), []),
        # a design that never finds a label
        (labels(1, 2), labels(1, 2, 4), ["caution: no prediction holds label 4 of --labels"]),
        (labels(), labels(1, 2, 4), ["caution: no prediction holds label 1, 2, 4 of --labels"]),
        # ... though it finds others that nobody asked for
        (
            labels(1, 2, 7),
            labels(1, 2, 4, 7),
            [
                "caution: no prediction holds label 4 of --labels",
                "label 7 is part of no target of --labels",
            ],
        ),
        # truths of a few patients without it
        (labels(1, 2, 4), labels(1, 2), ["caution: no truth holds label 4 of --labels"]),
        (labels(1, 2), labels(1, 2), ["caution: no file holds label 4 of --labels"]),
    ],
)
def test_labels_that_one_side_lacks_are_said(prediction, truth, told):
    regions = regions_of(prediction, truth, BRATS, None)
    assert regions.truth == BRATS
    assert [str(remark) for remark in regions.said] == told
