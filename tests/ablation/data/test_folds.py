"""Outer folds: every patient tests once, sizes and tumour volumes even, seeded, refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablation.config.sections import DataConfig
from ablation.data import split_patients, splits_of, write_splits
from ablation.errors import DataError, UsageError

from .conftest import dataset


@given(patients=st.integers(4, 60), data=st.data(), seed=st.integers(0, 1000))
def test_every_patient_tests_once_and_folds_are_even(
    patients: int, data: st.DataObject, seed: int
) -> None:
    folds = data.draw(st.integers(2, patients))
    splits = splits_of(dataset(patients), DataConfig(folds=folds, split_seed=seed))
    everyone = [f"P{i:03d}" for i in range(patients)]
    assert len(splits) == folds
    assert sorted(name for split in splits for name in split.test) == everyone
    sizes = [len(split.test) for split in splits]
    assert max(sizes) - min(sizes) <= 1
    thirds = [patients // 3 + (1 if i < patients % 3 else 0) for i in range(3)]
    small = set(everyone[: thirds[0]])
    large = set(everyone[-thirds[2] :])
    for split in splits:
        assert sorted([*split.train, *split.validation, *split.test]) == everyone
        assert min(len(split.train), len(split.validation)) >= 1
    for third in (small, large):
        shares = [len(third & set(split.test)) for split in splits]
        assert max(shares) - min(shares) <= 1


def test_thirteen_patients_in_four_folds() -> None:
    splits = splits_of(dataset(13), DataConfig(folds=4))
    sizes = [(len(s.train), len(s.validation), len(s.test)) for s in splits]
    assert sizes == [(7, 2, 4), (8, 2, 3), (8, 2, 3), (8, 2, 3)]
    wide = splits_of(dataset(13), DataConfig(folds=4, train_fraction=0.4, validation_fraction=0.4))
    assert [len(s.validation) for s in wide] == [4, 5, 5, 5]


def test_a_patient_may_be_a_fold_of_its_own() -> None:
    splits = splits_of(dataset(3), DataConfig(folds=3))
    assert [(len(s.train), len(s.validation), len(s.test)) for s in splits] == [(1, 1, 1)] * 3


def test_seed_and_patients_decide() -> None:
    one = splits_of(dataset(13), DataConfig(folds=4, split_seed=1))
    assert splits_of(dataset(13, reverse=True), DataConfig(folds=4, split_seed=1)) == one
    assert splits_of(dataset(13, unlabelled=2), DataConfig(folds=4, split_seed=1)) == one
    assert splits_of(dataset(13), DataConfig(folds=4, split_seed=2)) != one
    assert len({split.fingerprint for split in one}) == 4


def test_without_folds_there_is_the_one_split() -> None:
    data = DataConfig(split_seed=3)
    assert splits_of(dataset(13), data) == (split_patients(dataset(13), data),)


@pytest.mark.parametrize(
    ("patients", "folds", "why", "hint"),
    [
        (13, 14, "13 labelled patients are too few to test one each", "--folds 2 to 13"),
        (4, 9, "4 labelled patients are too few", "--folds 2 to 4"),
        (3, 2, "too few to train and validate", "--folds 3"),
    ],
)
def test_folds_the_patients_do_not_allow(patients: int, folds: int, why: str, hint: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        splits_of(dataset(patients, unlabelled=5), DataConfig(folds=folds))
    assert f"data.folds={folds}" in caught.value.message
    assert hint in caught.value.hint


def test_folds_need_three_patients_and_no_split_file() -> None:
    with pytest.raises(DataError, match="2 labelled patients"):
        splits_of(dataset(2), DataConfig(folds=2))
    with pytest.raises(UsageError, match=r"data\.split=one\.json") as caught:
        splits_of(dataset(13), DataConfig(folds=4, split="one.json"))
    assert "--split" in caught.value.hint


def test_folds_as_files(tmp_path: Path) -> None:
    splits = splits_of(dataset(7), DataConfig(folds=3))
    write_splits(splits, tmp_path / "folds.json", "json")
    listed = json.loads((tmp_path / "folds.json").read_text())
    assert [tuple(fold["test"]) for fold in listed] == [split.test for split in splits]
    write_splits(splits, tmp_path / "splits_final.json", "nnunet")
    for fold, split in zip(
        json.loads((tmp_path / "splits_final.json").read_text()), splits, strict=True
    ):
        assert fold["val"] == list(split.test)
        assert fold["train"] == sorted({*split.train, *split.validation})
