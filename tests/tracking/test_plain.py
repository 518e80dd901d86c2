"""Addresses, manifests, provenance and the choice of finals: values in, values out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tracking import names
from tracking.address import resolve_uri, shown
from tracking.errors import TrackingError
from tracking.finals import FinalRun, Incomplete, StudyFacts, is_own, newest, of_run
from tracking.manifest import FileState, as_table, digest, sending_order, without_host
from tracking.provenance import collect, command_line, recorded_command, without_paths
from tracking.sealed import sealed, unsealed


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


def _final(end_ms: int, study: str, setting: str, seed: str, **tags: str) -> FinalRun:
    tags = {names.STUDY: study, names.SETTING: setting, names.SEED: seed} | tags
    return FinalRun(f"{study}{setting}{seed}{end_ms}", f"{study} {seed}", "e", end_ms, tags, {}, {})


def _sorted(*arguments: Any) -> tuple[list[FinalRun], list[FinalRun]]:
    counted = newest(*arguments)
    return counted.runs, counted.superseded


def test_of_every_design_the_newest_setting_counts_with_all_its_seeds() -> None:
    old = [_final(1, "a", "x", "1"), _final(2, "a", "x", "2")]
    new = [_final(3, "a", "y", "1"), _final(4, "a", "y", "2"), _final(1, "b", "x", "1")]
    count, superseded = _sorted([*new, *old])
    assert count == sorted(new, key=lambda run: (run.tags[names.STUDY], run.tags[names.SEED]))
    assert superseded == [old[1], old[0]]


def _attempt(number: int, end_ms: int, setting: str, seed: str = "1", **more: str) -> FinalRun:
    tags = {names.NAME: f"final-{seed}.{number}", names.PARENT_KEY: "study", **more}
    return _final(end_ms, "a", setting, seed, **tags)


def test_a_clock_that_was_set_back_supersedes_nothing() -> None:
    old = [_attempt(0, 90, "x", "1"), _attempt(0, 91, "x", "2")]
    new = [_attempt(1, 10, "y", "1"), _attempt(1, 11, "y", "2")]
    assert _sorted([*old, *new]) == (new, old[::-1])  # by the attempt
    best = {"study": StudyFacts("x", 2)}
    assert _sorted([*old, *new], best) == (old, new[::-1])  # the study knows better


def test_of_a_seed_the_last_attempt_counts_whatever_the_clock_said() -> None:
    first, second = _attempt(0, 90, "x"), _attempt(1, 10, "x")
    assert _sorted([first, second], {"study": StudyFacts("x", 1)}) == ([second], [first])


def test_a_study_says_how_many_of_its_finals_are_missing() -> None:
    one = _attempt(0, 1, "x", "1")
    assert newest([one], {"study": StudyFacts("x", 2)}).incomplete == [Incomplete("a", 1, 2)]
    assert newest([one], {"study": StudyFacts("x", 1)}).incomplete == []
    assert newest([one], {"study": StudyFacts("y", 1)}).incomplete == [Incomplete("a", 0, 1)]
    assert newest([one], {"other": StudyFacts("y", 1)}).incomplete == []


def test_of_studies_of_one_name_the_own_counts() -> None:
    mine = _final(1, "a", "x", "1", **{names.PARENT_KEY: "mine", names.RUN_KEY: "k1"})
    other = _final(9, "a", "y", "2", **{names.PARENT_KEY: "other", names.RUN_KEY: "k2"})
    assert _sorted([mine, other], {}, {"k1"}) == ([mine], [other])
    assert _sorted([mine, other], {}, {"k2"}) == ([other], [mine])
    assert _sorted([mine, other]) == ([other], [mine])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({names.DATA: "d1"}, {names.DATA: "d2"}),
        ({names.DATA: "d", names.SPLIT: "s1"}, {names.DATA: "d", names.SPLIT: "s2"}),
        ({names.DATA: "d1", names.FOLD: "1/2"}, {names.DATA: "d2", names.FOLD: "2/2"}),
        ({names.DATA: "d", names.FOLD: "1/2"}, {names.DATA: "d", names.SPLIT: "s"}),
        ({names.DATA: "d1", names.EXTERNAL: "x"}, {names.DATA: "d2", names.EXTERNAL: "x"}),
    ],
)
def test_finals_on_other_patients_never_supersede(
    first: dict[str, str], second: dict[str, str]
) -> None:
    runs = [
        _final(1, "e/a", "x", "1", **{names.MODEL: "a"}, **first),
        _final(2, "e/a", "x", "1", **{names.MODEL: "a"}, **second),
    ]
    with pytest.raises(TrackingError, match="different patients or splits") as refused:
        newest(runs)
    assert all(run.run_id in refused.value.message for run in runs)
    for run, other in (runs, runs[::-1]):
        kept, left_out = of_run([*runs, _import(3, "tool")], run.run_id)
        assert other in left_out
        assert len(kept) == 2
        assert run in newest(kept).runs


def test_a_seed_that_was_repeated_counts_once() -> None:
    first, second = _final(1, "a", "x", "1"), _final(2, "a", "x", "1")
    assert _sorted([first, second]) == ([second], [first])


def _import(end_ms: int, name: str) -> FinalRun:
    tags = {names.KIND: "import", names.STUDY: "e/tool", names.NAME: name.rpartition(" ")[2]}
    return FinalRun(f"r{end_ms}", name, "e", end_ms, tags, {}, {})


def test_of_imports_of_one_name_the_newest_counts() -> None:
    first, second = _import(9, "tool import.0"), _import(2, "tool import.1")
    trained = _final(3, "a", "x", "1")
    count, superseded = _sorted([second, trained, first])
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
    tags |= {names.FOLD: fold} if fold else {names.SPLIT: "one"}
    name = f"{study} {seed} {end_ms}"
    return FinalRun(name, name, "e", end_ms, tags, {"data.split_seed": split_seed}, {})


def test_the_folds_of_a_design_count_together() -> None:
    folds = [_fold(k, f"{k}/3", seed) for k in (1, 2, 3) for seed in ("1", "2")]
    assert _sorted(folds) == (folds, [])


def test_two_ways_of_splitting_are_never_mixed() -> None:
    folds = [_fold(1, "1/2"), _fold(2, "2/2")]
    for other in (_fold(3, ""), _fold(0, ""), _fold(3, "1/2", split_seed="1"), _fold(3, "1/3")):
        with pytest.raises(TrackingError, match="in 2 folds, as in run"):
            newest([*folds, other])
        assert _sorted(of_run([*folds, other], folds[0].run_id)[0]) == (folds, [])
        assert _sorted(of_run([*folds, other], other.run_id)[0]) == ([other], [])


@pytest.mark.parametrize(
    "words",
    [
        ["--data", "/data/Jane Doe/scans"],
        ["--data", "Jane Doe/scans"],
        ["--data", "Jane Doe"],
        ["--data=Jane Doe/x y"],
        ["--set", "data.path=/data/Jane Doe"],
        ["--set", "data.path=Jane Doe"],
        ["--split", "C:\\\\Jane Doe\\split.json"],
        ["--config", "~/Jane Doe/a.toml"],
    ],
)
def test_a_recorded_command_names_no_place(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Jane Doe").mkdir()
    monkeypatch.chdir(tmp_path)
    said = recorded_command(["/opt/Jane Doe/ablate", "sweep", *words, "--trials", "2"])
    assert "Jane" not in said
    assert "Doe" not in said
    assert said.startswith("ablate sweep --")
    assert said.endswith("PATH --trials 2")


def test_a_message_loses_the_folders_of_a_quoted_path() -> None:
    said = without_paths(
        "no such file: '/data/Jane Doe/scan 1.nii' and \"~/Jane Doe/b.nii\" at 3/4"
    )
    assert said == "no such file: 'scan 1.nii' and \"b.nii\" at 3/4"


def test_a_published_record_does_not_name_the_machine() -> None:
    record = sealed({"name": "0.0", "owner": {"host": "ward7", "pid": 1, "started": ""}})
    text = without_host(json.dumps(record))
    assert "ward7" not in text
    assert unsealed(json.loads(text)) == {"name": "0.0"}
