"""Opening: facts are remembered, fingerprints follow content, twins and ids are handled."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ablation.config.sections import DataConfig
from ablation.data import Dataset, facts, open_dataset
from ablation.data.readers import lgg_slices
from ablation.errors import DataError, UsageError

WritePatient = Callable[..., Path]


@pytest.fixture
def scans(tmp_path: Path, write_patient: WritePatient) -> Path:
    for name in ("A", "B", "C"):
        write_patient(tmp_path / "scans", name)
    return tmp_path / "scans"


def open_scans(path: Path, cache: Path, **settings: object) -> Dataset:
    return open_dataset(DataConfig(path=str(path), **settings), cache)


def test_a_second_opening_reads_no_image(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    first = open_dataset(DataConfig(path=str(scans)), tmp_path / "cache", lines.append)
    assert lines
    monkeypatch.setattr(lgg_slices, "read_tiff", lambda path: pytest.fail(f"read {path}"))
    assert open_scans(scans, tmp_path / "cache") == first


def test_a_changed_file_is_looked_at_again(scans: Path, tmp_path: Path) -> None:
    before = open_scans(scans, tmp_path / "cache")
    path = scans / "B" / "B_2.tif"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    after = open_scans(scans, tmp_path / "cache")
    assert after.fingerprint != before.fingerprint
    assert after.patients[0] == before.patients[0]
    assert after.patients[1].raw_hash != before.patients[1].raw_hash
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"B/B_2\.tif: is empty"):
        open_scans(scans, tmp_path / "cache")


def test_what_was_read_before_an_interruption_is_remembered(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = lgg_slices.read_tiff

    def interrupted(path: Path) -> np.ndarray:
        if path.parent.name == "C":
            raise KeyboardInterrupt
        return read(path)

    monkeypatch.setattr(lgg_slices, "read_tiff", interrupted)
    with pytest.raises(KeyboardInterrupt):
        open_scans(scans, tmp_path / "cache")
    folders = set()
    monkeypatch.setattr(
        lgg_slices, "read_tiff", lambda path: (folders.add(path.parent.name), read(path))[1]
    )
    assert len(open_scans(scans, tmp_path / "cache").patients) == 3
    assert folders == {"C"}


def test_damaged_memory_is_ignored(scans: Path, tmp_path: Path) -> None:
    before = open_scans(scans, tmp_path / "cache")
    (memory,) = (tmp_path / "cache/facts").rglob("*.json")
    whole = memory.read_text()
    voxels = f'"tumour_voxels": {before.patients[0].tumour_voxels}'
    assert voxels in whole
    for text in ("{", "[]", '{"patients": []}', whole.replace(voxels, f"{voxels}1", 1)):
        memory.write_text(text)
        assert open_scans(scans, tmp_path / "cache") == before


def test_memory_of_another_version_is_not_looked_at(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = open_scans(scans, tmp_path / "cache")
    with monkeypatch.context() as patch:
        patch.setattr(facts, "FACTS_VERSION", facts.FACTS_VERSION + 1)
        open_scans(scans, tmp_path / "cache")
    ours, later = sorted((tmp_path / "cache/facts").rglob("*.json"))
    assert ours.parent.name < later.parent.name
    later.write_text('["another form"]')
    assert open_scans(scans, tmp_path / "cache") == before
    assert later.read_text() == '["another form"]'


def test_facts_count_the_voxels_of_each_target(scans: Path, tmp_path: Path) -> None:
    for one in open_scans(scans, tmp_path / "cache").patients:
        assert one.target_voxels == {"WT": one.tumour_voxels}


def test_the_fingerprint_is_of_content_not_of_place_or_name(scans: Path, tmp_path: Path) -> None:
    fingerprint = open_scans(scans, tmp_path / "cache").fingerprint
    elsewhere = tmp_path / "elsewhere" / "kaggle_3m"
    shutil.copytree(scans, elsewhere)
    for path in (elsewhere / "A").iterdir():
        os.utime(path, (1, 1))
        path.rename(path.with_name(path.name.replace("A_", "Z_")))
    (elsewhere / "A").rename(elsewhere / "Z")
    other = open_scans(elsewhere.parent, tmp_path / "cache", image_size=64, modalities=("post",))
    assert other.fingerprint == fingerprint
    shutil.rmtree(elsewhere / "Z")
    assert open_scans(elsewhere, tmp_path / "cache").fingerprint != fingerprint


def test_the_same_patient_twice_counts_once(scans: Path, tmp_path: Path) -> None:
    once = open_scans(scans, tmp_path / "cache")
    shutil.copytree(scans / "A", scans / "D")
    for path in (scans / "D").iterdir():
        path.rename(path.with_name(path.name.replace("A_", "D_")))
    twice = open_scans(scans, tmp_path / "cache")
    assert [facts.id for facts in twice.patients] == ["A", "B", "C"]
    assert [str(finding) for finding in twice.findings] == [
        "D: same images as A; left out, so that one patient counts once and in one part"
    ]
    assert twice.fingerprint == once.fingerprint


def test_names_that_do_not_exist_are_refused(scans: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="lgg has no t1ce"):
        open_scans(scans, tmp_path, modalities=("t1ce",))
    with pytest.raises(UsageError, match="the truth of lgg has no ET"):
        open_scans(scans, tmp_path, target="ET")
    with pytest.raises(UsageError, match="unknown layout 'lgx'") as caught:
        open_scans(scans, tmp_path, source="lgx")
    assert caught.value.hint == "Did you mean lgg?"
    with pytest.raises(UsageError, match="reads no folder"):
        open_scans(scans, tmp_path, source="phantom")
    with pytest.raises(UsageError, match="needs a folder"):
        open_dataset(DataConfig(source="lgg"), tmp_path)


def test_hashed_ids_need_the_key_and_hide_the_name(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ABLATE_ID_KEY", raising=False)
    with pytest.raises(UsageError, match="ABLATE_ID_KEY is not set"):
        open_scans(scans, tmp_path / "cache", ids="hashed")
    plain = open_scans(scans, tmp_path / "cache")
    monkeypatch.setenv("ABLATE_ID_KEY", "one")
    hashed = open_scans(scans, tmp_path / "cache", ids="hashed")
    assert hashed.fingerprint == plain.fingerprint
    ids = {facts.id for facts in hashed.patients}
    assert len(ids) == 3
    assert not ids & {"A", "B", "C"}
    assert ids == set(hashed.places)
    monkeypatch.setenv("ABLATE_ID_KEY", "two")
    other = open_scans(scans, tmp_path / "cache", ids="hashed")
    assert not ids & {facts.id for facts in other.patients}
