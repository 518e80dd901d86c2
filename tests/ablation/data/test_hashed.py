"""With `data.ids = hashed` neither a name nor a hash that scans give is on disk without the key."""

from __future__ import annotations

import doctest
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ablation.config.sections import DataConfig
from ablation.data import Dataset, id_key, open_dataset, prepare
from ablation.data.facts import FACTS_VERSION
from ablation.data.id_key import IdKey
from ablation.experiments.rescoring import _is_same
from ablation.experiments.tuned import _truths

from .conftest import WritePatient

NAMES = ("TCGA_CS_4941_19960909", "Jane Doe", "Müller_Hans", "P7")


@pytest.fixture
def scans(tmp_path: Path, write_patient: WritePatient, monkeypatch: pytest.MonkeyPatch) -> Path:
    for number, name in enumerate(NAMES):
        write_patient(tmp_path / "scans", name, slices=4 + number)
    monkeypatch.setenv("ABLATE_ID_KEY", "a secret")
    return tmp_path / "scans"


def opened(scans: Path, cache: Path, ids: str = "hashed") -> Dataset:
    return open_dataset(DataConfig(path=str(scans), ids=ids, image_size=32), cache)  # type: ignore[arg-type]


def telling(dataset: Dataset) -> Iterator[bytes]:
    """Yield what a person with the names and the scans, but without the key, can look for."""
    for facts in dataset.patients:
        yield facts.raw_hash.encode()
        yield facts.truth_hash.encode()
    for name in NAMES:
        if len(name) > 2:
            yield name.encode()
            yield repr(name.encode("ascii", "backslashreplace").decode())[1:-1].encode()
        for way in ("md5", "sha1", "sha256", "sha512"):
            yield hashlib.new(way, name.encode()).hexdigest()[:10].encode()


def test_nothing_in_the_cache_finds_a_person(scans: Path, tmp_path: Path) -> None:
    plain = opened(scans, tmp_path / "plain", "plain")
    hashed = opened(scans, tmp_path / "cache")
    prepare(hashed, DataConfig(path=str(scans), ids="hashed", image_size=32), tmp_path / "cache")
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert len(files) > 5
    content = b"".join(str(path).encode() + path.read_bytes() for path in files)
    assert [one for one in telling(plain) if one in content] == []
    in_plain = b"".join(p.read_bytes() for p in (tmp_path / "plain").rglob("*.json"))
    assert all(one in in_plain for one in list(telling(plain))[:2])


def test_facts_are_remembered_for_who_has_the_key(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened(scans, tmp_path / "cache")
    said: list[str] = []
    data = DataConfig(path=str(scans), ids="hashed")
    assert open_dataset(data, tmp_path / "cache", said.append).patients == first.patients
    assert said == []
    (memory,) = (tmp_path / f"cache/facts/v{FACTS_VERSION}").iterdir()
    memory.write_bytes(memory.read_bytes()[:-3])  # damaged: looked at again
    assert opened(scans, tmp_path / "cache").patients == first.patients
    monkeypatch.setenv("ABLATE_ID_KEY", "another")
    assert opened(scans, tmp_path / "cache").fingerprint == first.fingerprint


def test_what_was_remembered_in_plain_text_is_taken_over_and_goes(
    scans: Path, tmp_path: Path
) -> None:
    opened(scans, tmp_path / "cache", "plain")
    said: list[str] = []
    open_dataset(DataConfig(path=str(scans), ids="hashed"), tmp_path / "cache", said.append)
    assert said == []
    (left,) = (tmp_path / f"cache/facts/v{FACTS_VERSION}").iterdir()
    assert left.suffix == ".encrypted"


def test_the_truth_of_a_table_is_keyed_and_the_fingerprint_is_not(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, hashed = (opened(scans, tmp_path / ids, ids) for ids in ("plain", "hashed"))
    assert hashed.fingerprint == plain.fingerprint
    taken = {facts.raw_hash: facts.truth_hash for facts in plain.patients}
    for facts in hashed.patients:
        assert facts.truth_hash.startswith("keyed:")
        assert taken[facts.raw_hash] not in facts.truth_hash
        assert hashed.truths[facts.truth_hash] == taken[facts.raw_hash]
    monkeypatch.setenv("ABLATE_ID_KEY", "another")
    other = opened(scans, tmp_path / "cache")
    assert not {f.truth_hash for f in other.patients} & {f.truth_hash for f in hashed.patients}


def test_tuning_is_recognised_between_plain_and_hashed_workspaces(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, hashed = (opened(scans, tmp_path / ids, ids) for ids in ("plain", "hashed"))
    for one in (plain, hashed):
        for other in (plain, hashed):
            assert _truths(one) & {facts.truth_hash for facts in other.patients}
    monkeypatch.delenv("ABLATE_ID_KEY")
    assert not _truths(plain) & {facts.truth_hash for facts in hashed.patients}


def test_a_table_of_a_version_without_keyed_truths_is_the_same(scans: Path, tmp_path: Path) -> None:
    hashed = opened(scans, tmp_path / "cache")
    now, earlier = tmp_path / "now.csv", tmp_path / "earlier.csv"
    now.write_text("\n".join(hashed.truths))
    earlier.write_text("\n".join(hashed.truths.values()))
    assert _is_same(earlier, now, hashed.truths)
    assert _is_same(now, now, hashed.truths)
    earlier.write_text(earlier.read_text()[1:])
    assert not _is_same(earlier, now, hashed.truths)


def test_a_message_for_records_has_ids_instead_of_names(scans: Path, tmp_path: Path) -> None:
    hashed = opened(scans, tmp_path / "cache")
    said = hashed.without_names(
        "no such file: TCGA_CS_4941_19960909_1.tif of Jane Doe, P7 and Müller_Hans_2; P71 stays"
    )
    key = IdKey("a secret")
    first, second, third, fourth = map(key.of_name, NAMES)
    assert said == f"no such file: {first}_1.tif of {second}, {fourth} and {third}_2; P71 stays"
    plain = replace(hashed, ids={})
    assert plain.without_names("P7") == "P7"


def test_the_examples_of_the_key_are_right() -> None:
    assert doctest.testmod(id_key).failed == 0
