"""Splits: by patient, exact sizes, stratified, seeded; files are checked by name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablation.config.sections import DataConfig
from ablation.data import (
    Dataset,
    Split,
    refuse_empty_target,
    split_patients,
    splits_of,
    write_splits,
)
from ablation.data.split import PARTS, part_sizes
from ablation.errors import DataError, UsageError

from .conftest import dataset


@pytest.mark.parametrize(
    ("name", "patients", "sizes"),
    [
        ("phantom", 40, (20, 8, 12)),
        ("lgg", 13, (9, 2, 2)),
        ("lgg", 110, (77, 16, 17)),
        ("lgg", 3, (1, 1, 1)),
        ("lgg", 4, (2, 1, 1)),
        ("phantom", 3, (1, 1, 1)),
    ],
)
def test_sizes(name: str, patients: int, sizes: tuple[int, int, int]) -> None:
    split = split_patients(dataset(patients, name), DataConfig())
    assert (len(split.train), len(split.validation), len(split.test)) == sizes


@given(patients=st.integers(3, 200), train=st.floats(0.01, 0.98), validation=st.floats(0.01, 0.98))
def test_every_part_has_a_patient(patients: int, train: float, validation: float) -> None:
    if train + validation >= 0.99:
        return
    held = part_sizes(patients, train, validation)
    assert min(held) >= 1
    assert sum(held) < patients


@given(patients=st.integers(9, 60), seed=st.integers(0, 1000))
def test_parts_are_disjoint_and_each_third_gives_its_share(patients: int, seed: int) -> None:
    split = split_patients(dataset(patients), DataConfig(split_seed=seed))
    everyone = [*split.train, *split.validation, *split.test]
    assert sorted(everyone) == [f"P{i:03d}" for i in range(patients)]
    thirds = [patients // 3 + (1 if i < patients % 3 else 0) for i in range(3)]
    first = {f"P{i:03d}" for i in range(thirds[0])}
    for part in (split.validation, split.test):
        fair = len(part) * thirds[0] / patients
        assert abs(len(first & set(part)) - fair) < 2


def test_seed_and_nothing_else_decides() -> None:
    one = split_patients(dataset(30), DataConfig(split_seed=1))
    assert split_patients(dataset(30, reverse=True), DataConfig(split_seed=1)) == one
    other = split_patients(dataset(30), DataConfig(split_seed=2))
    assert other != one
    assert other.fingerprint != one.fingerprint


def test_fewer_than_three_patients_are_refused() -> None:
    with pytest.raises(DataError, match="2 labelled patients"):
        split_patients(dataset(2), DataConfig())


@pytest.mark.parametrize(("train", "validation"), [(0.9, 0.1), (0.0, 0.5), (0.5, 0.0)])
def test_fractions_leave_something_for_each_part(train: float, validation: float) -> None:
    settings = DataConfig(train_fraction=train, validation_fraction=validation)
    with pytest.raises(UsageError, match="need a share each"):
        split_patients(dataset(20), settings)


def test_a_written_split_is_taken_back(tmp_path: Path) -> None:
    split = split_patients(dataset(10), DataConfig(split_seed=5))
    path = tmp_path / "split.json"
    write_splits([split], path, "json")
    again = split_patients(dataset(10), DataConfig(split=str(path), split_seed=9))
    assert again == split
    assert again.fingerprint == split.fingerprint


def test_nnunet_gets_one_fold_without_the_test_patients(tmp_path: Path) -> None:
    split = Split(("a", "b"), ("c",), ("d",))
    write_splits([split], tmp_path / "splits_final.json", "nnunet")
    assert json.loads((tmp_path / "splits_final.json").read_text()) == [
        {"train": ["a", "b"], "val": ["c"]}
    ]


def test_all_faults_of_a_file_are_named(tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    path.write_text(
        json.dumps(
            {"train": ["P000", "P001"], "validation": ["P001", "P777"], "test": [], "val": ["P002"]}
        )
    )
    with pytest.raises(DataError) as caught:
        split_patients(dataset(4), DataConfig(split=str(path)))
    for fault in (
        "P777: not in the data set",
        "P002: in no part",
        "P003: in no part",
        "P001: 2 times",
        "test: no patient",
        "unknown key val; a split has train, validation and test",
    ):
        assert fault in caught.value.message


@pytest.mark.parametrize(
    "text", ["", "[]", '{"train": ["a"]}', '{"train": 1, "validation": [], "test": []}']
)
def test_what_is_no_split_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"split\.json"):
        split_patients(dataset(4), DataConfig(split=str(path)))
    with pytest.raises(DataError, match=r"nowhere\.json"):
        split_patients(dataset(4), DataConfig(split=str(tmp_path / "nowhere.json")))


def with_enhancing(made: Dataset, *without: str) -> Dataset:
    """A data set of the BraTS layout in which some patients have no enhancing tumour."""
    patients = [
        replace(one, target_voxels={"WT": 9, "TC": 5, "ET": 0 if one.id in without else 3})
        for one in made.patients
    ]
    return replace(made, name="brats", patients=tuple(patients))


@pytest.mark.parametrize("part", PARTS)
def test_a_target_that_is_empty_in_a_part_is_refused(part: str) -> None:
    made = dataset(13)
    (split,) = splits_of(made, DataConfig())
    names = getattr(split, part)
    with pytest.raises(DataError) as caught:
        refuse_empty_target(with_enhancing(made, *names), "ET", [split])
    message = caught.value.message
    assert message.startswith(f"data.target: ET is empty in all {part} patients ({names[0]}, ")
    assert "\n" not in message
    assert ("and 4 more" in message) == (part == "train")
    for way in ("--split FILE", "data.split_seed=N", "--set data.target=WT"):
        assert way in caught.value.hint
    refuse_empty_target(with_enhancing(made, *names), "TC", [split])
    refuse_empty_target(with_enhancing(made, *names[1:]), "ET", [split])


@pytest.mark.parametrize("part", PARTS)
def test_a_target_that_is_empty_in_a_part_of_a_fold_is_refused(part: str) -> None:
    made = dataset(13)
    splits = splits_of(made, DataConfig(folds=4))
    found = with_enhancing(made, *getattr(splits[2], part))
    with pytest.raises(
        DataError, match=f"ET is empty in .*all {part} patients of fold 3/4"
    ) as caught:
        refuse_empty_target(found, "ET", splits)
    assert "--split FILE" not in caught.value.hint
    assert "data.split_seed=N" in caught.value.hint


def test_a_target_that_nobody_has_names_no_target_that_nobody_has_either() -> None:
    made = dataset(13)
    found = replace(
        made,
        name="brats",
        patients=tuple(
            replace(p, target_voxels={"WT": 9, "TC": 0, "ET": 0}) for p in made.patients
        ),
    )
    with pytest.raises(
        DataError, match=r"train.* and in all validation.* and in all test"
    ) as caught:
        refuse_empty_target(found, "TC", splits_of(made, DataConfig()))
    assert "data.target=WT" in caught.value.hint
    assert "ET" not in caught.value.hint
