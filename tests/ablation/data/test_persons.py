"""Several examinations of one person: never parted, one patient in every count, ids kept elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ablation.cli.data import app
from ablation.config.sections import DataConfig
from ablation.data import Dataset, PatientFacts, split_patients, splits_of, write_splits
from ablation.data.persons import persons_of
from ablation.data.readers.brats_names import person_of
from ablation.errors import DataError, UsageError

from .conftest import dataset
from .test_brats import NEW, open_brats, write_patient


def facts(name: str, content: str, *, labelled: bool = True) -> PatientFacts:
    return PatientFacts(name, (1, 1, 1), None, 1, 1, 1, "", content, labelled)


def people(*persons: str) -> Dataset:
    """A data set whose examinations are of these persons, with growing tumours."""
    made = dataset(len(persons))
    named = zip(made.patients, persons, strict=True)
    return replace(made, patients=tuple(replace(one, person=person) for one, person in named))


def whose(data: Dataset, part: tuple[str, ...]) -> list[str]:
    return sorted(data.persons(part))


PERSONS = st.lists(st.integers(0, 19), min_size=3, max_size=60).filter(lambda p: len(set(p)) > 2)


@given(persons=PERSONS, seed=st.integers(0, 100))
def test_no_person_is_in_two_parts(persons: list[int], seed: int) -> None:
    data = people(*(f"Q{person}" for person in persons))
    split = split_patients(data, DataConfig(split_seed=seed))
    parts = [whose(data, part) for part in (split.train, split.validation, split.test)]
    assert sorted(name for part in parts for name in part) == sorted({f"Q{p}" for p in persons})
    assert sorted(split.train + split.validation + split.test) == [f.id for f in data.patients]
    alone = split_patients(dataset(len(set(persons))), DataConfig(split_seed=seed))
    sizes = [len(part) for part in (alone.train, alone.validation, alone.test)]
    assert [len(part) for part in parts] == sizes


@given(persons=PERSONS, seed=st.integers(0, 100))
def test_every_person_tests_in_one_fold_with_all_examinations(
    persons: list[int], seed: int
) -> None:
    data = people(*(f"Q{person}" for person in persons))
    splits = splits_of(data, DataConfig(folds=3, split_seed=seed))
    tested = [name for split in splits for name in whose(data, split.test)]
    assert sorted(tested) == sorted({f"Q{person}" for person in persons})
    sizes = [len(whose(data, split.test)) for split in splits]
    assert max(sizes) - min(sizes) <= 1
    for split in splits:
        parts = [set(whose(data, part)) for part in (split.train, split.validation, split.test)]
        assert sum(len(part) for part in parts) == len(set(persons))


def test_splits_of_single_examinations_are_those_of_always() -> None:
    split = split_patients(dataset(20, unlabelled=2), DataConfig(split_seed=3))
    assert split.fingerprint == "7a676cf50bc3ca22"
    folds = splits_of(dataset(13), DataConfig(folds=4, split_seed=1))
    expected = ["c47f1ee8640cb73e", "6e55f9fafb2315b8", "b96cf77240d74e58", "3840e6638f5886e5"]
    assert [fold.fingerprint for fold in folds] == expected


def test_persons_are_counted_not_examinations() -> None:
    with pytest.raises(DataError, match="2 labelled patients"):
        split_patients(people("A", "A", "A", "B"), DataConfig())
    with pytest.raises(UsageError, match="3 labelled patients are too few"):
        splits_of(people("A", "A", "A", "B", "C"), DataConfig(folds=4))


def test_a_file_that_parts_a_person_is_refused(tmp_path: Path) -> None:
    data = people("A", "A", "B", "C", "D")
    split = split_patients(data, DataConfig())
    path = tmp_path / "split.json"
    write_splits([split], path, "json")
    assert split_patients(data, DataConfig(split=str(path))) == split
    parts = {"train": ["P000", "P002"], "validation": ["P001", "P003"], "test": ["P004"]}
    path.write_text(json.dumps(parts))
    with pytest.raises(DataError) as caught:
        split_patients(data, DataConfig(split=str(path)))
    torn = "A: one person in several parts (P000 in train, P001 in validation)"
    assert torn in caught.value.message
    path.write_text(json.dumps({"train": ["A"], "validation": ["P002"], "test": ["P003", "P004"]}))
    with pytest.raises(DataError) as caught:
        split_patients(data, DataConfig(split=str(path)))
    for fault in ("A: not in the data set", "P000: in no part", "P001: in no part"):
        assert fault in caught.value.message
    assert "Name every examination, and all of one person in the same part." in caught.value.hint


def test_who_has_one_labelled_examination_keeps_its_name() -> None:
    known = {
        "BraTS-GLI-00001-000": facts("a", "a", labelled=False),
        "BraTS-GLI-00001-001": facts("b", "b"),
        "BraTS-GLI-00002-000": facts("c", "c"),
        "BraTS-GLI-00003-000": facts("d", "d"),
        "BraTS-GLI-00003-001": facts("e", "e"),
    }
    assert persons_of(known, known, person_of) == {
        "BraTS-GLI-00001-000": "BraTS-GLI-00001-001",
        "BraTS-GLI-00001-001": "BraTS-GLI-00001-001",
        "BraTS-GLI-00002-000": "BraTS-GLI-00002-000",
        "BraTS-GLI-00003-000": "BraTS-GLI-00003",
        "BraTS-GLI-00003-001": "BraTS-GLI-00003",
    }


def test_the_same_images_under_another_name_are_of_the_same_person() -> None:
    known = {
        "BraTS-GLI-00001-000": facts("a", "same", labelled=False),
        "BraTS-GLI-00001-001": facts("b", "b"),
        "BraTS2021_00007": facts("c", "same"),
    }
    kept = ["BraTS-GLI-00001-001", "BraTS2021_00007"]
    assert persons_of(known, kept, person_of) == dict.fromkeys(kept, "BraTS-GLI-00001")


def test_names_are_hashed_with_the_examinations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABLATE_ID_KEY", "key")
    for number, name in enumerate(("00001-000", "00001-001", "00002-000")):
        write_patient(tmp_path / "scans", f"BraTS-GLI-{name}", NEW, seed=number, enhancing=3)
    hashed = open_brats(tmp_path / "scans", tmp_path, ids="hashed")
    plain = open_brats(tmp_path / "scans", tmp_path)
    assert hashed.fingerprint == plain.fingerprint
    content = {one.raw_hash: one for one in hashed.patients}
    first, second, other = (content[one.raw_hash] for one in plain.patients)
    assert first.person == second.person != first.id
    assert other.person == other.id
    assert all(one.person.startswith("P") and len(one.person) == 13 for one in hashed.patients)


def test_the_commands_count_patients_and_examinations(tmp_path: Path) -> None:
    names = ("00001-000", "00001-001", "00002-000", "00003-000", "00003-100")
    for number, name in enumerate(names):
        write_patient(tmp_path / "scans", f"BraTS-GLI-{name}", NEW, seed=number, enhancing=3)
    (tmp_path / "scans/BraTS-GLI-00003-100/BraTS-GLI-00003-100-seg.nii.gz").unlink()
    write_patient(tmp_path / "scans", "BraTS-GLI-00004-000", NEW, seed=9, enhancing=3)
    cache = ["--cache", str(tmp_path / "cache")]
    result = CliRunner().invoke(app, ["check", str(tmp_path / "scans"), *cache])
    assert result.exit_code == 0, result.output
    said = "brats: 4 patients, 6 usable of 6 examinations (1 without truth), 36 slices"
    assert said in result.stdout
    assert "warning" not in result.stdout
    result = CliRunner().invoke(app, ["split", "--data", str(tmp_path / "scans"), *cache])
    lines = [line for line in result.stdout.splitlines() if "BraTS-GLI-00001-000" in line]
    assert len(lines) == 1
    assert "BraTS-GLI-00001-001" in lines[0]
    assert f"examinations): {lines[0].partition('): ')[2]}" in lines[0]
