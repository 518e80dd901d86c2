"""Addresses, manifests, provenance and the choice of finals: values in, values out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tracking import names
from tracking.address import resolve_uri, shown
from tracking.errors import TrackingError
from tracking.finals import FinalRun, is_own, newest
from tracking.manifest import FileState, as_table, digest, sending_order
from tracking.provenance import collect, command_line


def test_the_address_is_given_then_environment_then_the_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert resolve_uri(tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://lab:5500/")
    assert resolve_uri(tmp_path) == "http://lab:5500"
    assert resolve_uri(tmp_path, "https://other") == "https://other"


def test_a_relative_database_does_not_depend_on_the_folder_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve_uri(Path("runs"), "sqlite:///my.db") == f"sqlite:///{tmp_path}/my.db"


@pytest.mark.parametrize("uri", ["mlruns", "file:///tmp/mlruns", "./mlflow.db"])
def test_a_folder_is_no_address(tmp_path: Path, uri: str) -> None:
    with pytest.raises(TrackingError, match="is not a tracking address"):
        resolve_uri(tmp_path, uri)


def test_an_address_is_shown_without_its_password() -> None:
    assert shown("https://me:pw@lab:1/x") == "https://lab:1/x"
    assert shown("sqlite:////data/mlflow.db") == "sqlite:////data/mlflow.db"


def test_the_command_line_keeps_no_secret_and_no_home() -> None:
    words = [
        "ablate",
        "sweep",
        "--data",
        str(Path.home() / "scans"),
        "--api-key",
        "S3",
        "--set",
        "a.token=S3",
    ]
    text = command_line(
        [*words, "--storage", "postgresql://me:S3@db/x", "--max-consecutive-failures", "2"]
    )
    assert "S3" not in text
    assert str(Path.home()) not in text
    assert "~/scans" in text
    assert text.endswith("--max-consecutive-failures 2")


def test_provenance_is_json_and_names_the_packages() -> None:
    found = json.loads(json.dumps(collect()))
    assert {"mlflow", "numpy"} <= set(found["packages"])


def test_the_digest_sees_names_and_contents_but_no_times() -> None:
    def of(**files: str) -> str:
        return digest({name: FileState(1, len(text), text) for name, text in files.items()})

    assert of(a="1", b="2") == of(b="2", a="1")
    assert len({of(a="1", b="2"), of(a="2", b="1"), of(a="1"), of(c="1", b="2")}) == 4
    assert digest({"a": FileState(1, 5, "x")}) == digest({"a": FileState(1, 6, "x")})


def test_weights_go_last() -> None:
    sizes = {"checkpoint/weights.npz": 1, "big.csv": 900, "small.csv": 2}
    assert sending_order({name: FileState(size, 0, "") for name, size in sizes.items()}) == [
        "small.csv", "big.csv", "checkpoint/weights.npz"
    ]  # fmt: skip


def test_a_table_has_numbers_and_nulls() -> None:
    table = json.loads(as_table('patient,split,n,dice\n"A, B",test,3,0.25\nC,test,,\n'))
    assert table == {
        "columns": ["patient", "n", "dice", "split"],
        "data": [["A, B", 3, 0.25, "test"], ["C", None, None, "test"]],
    }


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("0", 0),
        ("0.0", 0.0),
        ("1e-07", 1e-7),
        ("-2", -2),
        ("007", "007"),
        ("1_2", "1_2"),
        ("nan", "nan"),
    ],
)
def test_only_what_json_calls_a_number_is_one(text: str, cell: object) -> None:
    assert json.loads(as_table(f"a\n{text}\n"))["data"] == [[cell]]


def _final(end_ms: int, study: str, setting: str, seed: str) -> FinalRun:
    tags = {names.STUDY: study, names.SETTING: setting, names.SEED: seed}
    return FinalRun(f"{study}{setting}{seed}{end_ms}", f"{study} {seed}", "e", end_ms, tags, {}, {})


def test_of_every_design_the_newest_setting_counts_with_all_its_seeds() -> None:
    old = [_final(1, "a", "x", "1"), _final(2, "a", "x", "2")]
    new = [_final(3, "a", "y", "1"), _final(4, "a", "y", "2"), _final(1, "b", "x", "1")]
    count, superseded = newest([*new, *old])
    assert count == sorted(new, key=lambda run: (run.tags[names.STUDY], run.tags[names.SEED]))
    assert superseded == [old[1], old[0]]


def test_a_seed_that_was_repeated_counts_once() -> None:
    first, second = _final(1, "a", "x", "1"), _final(2, "a", "x", "1")
    assert newest([first, second]) == ([second], [first])


def _import(end_ms: int, name: str) -> FinalRun:
    tags = {names.KIND: "import", names.STUDY: "e/tool"}
    return FinalRun(f"r{end_ms}", name, "e", end_ms, tags, {}, {})


def test_of_imports_of_one_name_the_newest_counts() -> None:
    first, second = _import(1, "tool import.0"), _import(2, "tool import.1")
    trained = _final(3, "a", "x", "1")
    count, superseded = newest([second, trained, first])
    assert count == [trained, second]
    assert superseded == [first]


def test_own_finals_are_told_from_imports_and_external_test_sets() -> None:
    tags = {names.KIND: "final"}
    own = FinalRun("r", "n", "e", 1, tags, {}, {})
    assert is_own(own)
    assert not is_own(_import(1, "n"))
    assert not is_own(FinalRun("r", "n", "e", 1, tags | {names.EXTERNAL: "scans"}, {}, {}))


def _fold(end_ms: int, fold: str, seed: str = "1", split_seed: str = "0") -> FinalRun:
    study = f"e/unet.fold{fold.replace('/', 'of')}" if fold else "e/unet"
    tags = {names.MODEL: "unet", names.STUDY: study, names.SETTING: study, names.SEED: seed}
    tags |= {names.FOLD: fold} if fold else {}
    name = f"{study} {seed} {end_ms}"
    return FinalRun(name, name, "e", end_ms, tags, {"data.split_seed": split_seed}, {})


def test_the_folds_of_a_design_count_together() -> None:
    folds = [_fold(k, f"{k}/3", seed) for k in (1, 2, 3) for seed in ("1", "2")]
    assert newest(folds) == (folds, [])


def test_the_newest_way_of_splitting_counts_alone() -> None:
    folds = [_fold(1, "1/2"), _fold(2, "2/2")]
    later = _fold(3, "")
    assert newest([*folds, later]) == ([later], [folds[1], folds[0]])
    earlier = _fold(0, "")
    assert newest([*folds, earlier]) == (folds, [earlier])


def test_folds_of_two_partitions_are_never_mixed() -> None:
    whole = [_fold(1, "1/2"), _fold(2, "2/2")]
    begun = _fold(3, "1/2", split_seed="1")
    assert newest([*whole, begun]) == ([begun], [whole[1], whole[0]])
