"""Publishing arrives exactly once, whatever is repeated, interrupted or raced; finals come back."""

from __future__ import annotations

import json
import math
import platform
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tracking import names
from tracking.errors import TrackingError
from tracking.locks import locked
from tracking.mlflow import client
from tracking.record import RunFolder
from tracking.sealed import sealed

Make = Callable[..., RunFolder]


def test_everything_of_a_run_arrives(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    study = make_study(workspace)
    trial = make_run(study)
    client.publish(trial, store.uri)
    run = make_run(study, "final-101.0", kind="final")
    run.write_text("checkpoint/resume.npz", "not for others")
    assert client.publish(run, store.uri).outcome == "published"
    content = store.content()
    record = run.record
    key = record.run_key
    assert (key, "FINISHED", record.start_ms, record.end_ms, "unet final-101.0") in content["runs"]
    assert [row[1:] for row in content["params"] if row[0] == key] == [
        ("model.name", "unet"),
        ("training.learning_rate", "0.001"),
    ]
    lines = run.epochs()[0]
    expected = [
        (key, k, v, line.time_ms, line.step, 0) for line in lines for k, v in line.metrics.items()
    ]
    after = max(record.end_ms or 0, lines[-1].time_ms + 1)
    summary = (key, "validation/mean", 0.8, after, 2, 0)
    assert [row for row in content["metrics"] if row[0] == key] == sorted([*expected, summary])
    assert [name for name, _ in content[key]] == [
        "checkpoint/weights.npz", "per_case.csv", "per_case.json", "run.json", "thresholds.csv"
    ]  # fmt: skip
    assert content["parents"] == [(trial.run_key, "unet study")]  # the final stands beside it
    tags = {name: value for owner, name, value in content["tags"] if owner == key}
    assert tags["ablate.kind"] == "final"
    assert tags["ablate.data"] == "da7a"
    assert json.loads(tags["mlflow.loggedArtifacts"]) == [
        {"path": "per_case.json", "type": "table"}
    ]


def test_publishing_again_changes_nothing(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(workspace))
    client.publish(run, store.uri)
    before = store.content()
    assert client.publish(run, store.uri).outcome == "up to date"
    (run.path / names.PUBLISHED_FILE).unlink()  # forgotten: all is sent again, nothing is doubled
    assert client.publish(run, store.uri).outcome == "published"
    assert store.content() == before


class Interrupted(BaseException):
    """Stands for the end of the process."""


class Failing:
    """A client that dies at its n-th call, before or after the store has done it."""

    def __init__(self, inner: object, at: int, *, after: bool) -> None:
        self.inner, self.left, self.after = inner, at, after

    def __getattr__(self, name: str) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            self.left -= 1
            if self.left == 0 and not self.after:
                raise Interrupted
            answer = getattr(self.inner, name)(*arguments, **named)
            if self.left == 0:
                raise Interrupted
            return answer

        return call


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_interrupted_at_any_call_it_arrives_once(
    workspace: Path,
    new_store: Callable[[str], Any],
    make_study: Make,
    make_run: Make,
    monkeypatch: pytest.MonkeyPatch,
    after: bool,
) -> None:
    run = make_run(make_study(workspace), "7.0")
    run.write_text("curve.csv", "1")
    whole, store = new_store("whole"), new_store("broken")
    client.publish(run, whole.uri)
    connect = client.connect
    calls = 0
    outcome = ""
    while outcome != "published":
        calls += 1
        flaky = Failing(
            connect(store.uri), 1 + calls // 3, after=after
        )  # three deaths at each call
        monkeypatch.setattr(client, "connect", lambda _, flaky=flaky: flaky)
        try:
            outcome = client.publish(run, store.uri).outcome
        except Interrupted:
            if calls % 3 == 0:
                (run.path / names.PUBLISHED_FILE).unlink(missing_ok=True)
    assert calls >= 24
    assert store.content() == whole.content()
    assert len(store.rows("select * from runs")) == 2  # the study and the trial


def test_two_machines_that_race_keep_one_run(
    workspace: Path,
    tmp_path: Path,
    store: Any,
    make_study: Make,
    make_run: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = make_run(make_study(workspace))
    copy = RunFolder(
        shutil.copytree(workspace, tmp_path / "copy") / run.path.relative_to(workspace)
    )
    alone = client.publish
    real = client.MlflowClient.create_run
    raced = []

    def create(self: object, *arguments: object, **named: object) -> object:
        if not raced:
            raced.append(1)
            alone(copy, store.uri)  # the other machine gets in between our search and our run
        return real(self, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(client.MlflowClient, "create_run", create)
    client.publish(run, store.uri)
    ids = {client.publish(folder, store.uri).run_id for folder in (run, copy, run, copy)}
    assert len(ids) == 1
    assert client.publish(copy, store.uri).outcome == "up to date"
    active = store.rows("select name from runs where lifecycle_stage = 'active' order by name")
    assert active == [("unet 0.0",), ("unet study",)]
    assert len(store.content()["metrics"]) == 5
    assert ids == {run_id for (run_id,) in store.rows("select run_uuid from runs where name = 'unet 0.0' and lifecycle_stage = 'active'")}  # fmt: skip


def test_two_publishers_of_one_folder_take_turns(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    runs = [make_run(make_study(workspace, design)) for design in ("a", "b")]
    outcomes: list[str] = []

    def all_of_them() -> None:
        outcomes.extend(client.publish(run, store.uri).outcome for run in runs)

    threads = [threading.Thread(target=all_of_them) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["published"] * 2 + ["up to date"] * 4
    assert len(store.rows("select * from runs")) == 4


def test_a_run_that_goes_on_grows_at_the_store(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(workspace), epochs=1, ended=False)
    for epoch in (2, 3):
        client.publish(run, store.uri)
        run.log_epoch(epoch, {"train/loss": 0.1})
    client.publish(run, store.uri)
    assert client.publish(run, store.uri).outcome == "up to date"
    content = store.content()
    assert sorted(row[4] for row in content["metrics"] if row[1] == "train/loss") == [1, 2, 3]
    assert [row[1] for row in content["runs"]] == ["RUNNING", "RUNNING"]
    assert names.PUBLISHED not in {name for _, name, _ in content["tags"]}
    run.finish("FAILED", reason="out of memory")
    client.publish(run, store.uri)
    tags = {name: value for _, name, value in store.content()["tags"]}
    assert tags[names.REASON] == "out of memory"
    assert names.PUBLISHED in tags


def test_a_study_that_goes_on_is_running_again(
    workspace: Path, store: Any, make_study: Make
) -> None:
    study = make_study(workspace)
    study.finish("KILLED", reason="interrupted", metrics={"best": 0.5})
    client.publish(study, store.uri)
    study.reopen()
    client.publish(study, store.uri)
    content = store.content()
    assert [row[1] for row in content["runs"]] == ["RUNNING"]
    assert not {names.PUBLISHED, names.REASON} & {name for _, name, _ in content["tags"]}
    study.finish("FINISHED", metrics={"best": 0.5})
    client.publish(study, store.uri)
    assert [row[1] for row in store.content()["runs"]] == ["FINISHED"]
    assert len(store.content()["metrics"]) == 1


def test_infinite_values_are_named_and_nan_is_kept(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(workspace), epochs=0, ended=False)
    run.log_epoch(1, {"hd95": math.inf, "dice": math.nan, "asd [mm]": 2.0})
    client.publish(run, store.uri)
    content = store.content()
    assert [(row[1], row[5]) for row in content["metrics"]] == [("asd _mm_", 0), ("dice", 1)]
    assert ("hd95") in {value for _, name, value in content["tags"] if name == names.INFINITE}


def test_many_epochs_and_params_fit(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(workspace), epochs=1100, ended=False)
    text = json.loads((run.path / names.RUN).read_text())
    text["params"] = {f"p{n}": "x" * 7000 for n in range(150)}
    (run.path / names.RUN).write_text(json.dumps(sealed(text)))
    client.publish(run, store.uri)
    assert store.rows("select count(*) from metrics") == [(2200,)]
    assert store.rows("select count(*), max(length(value)) from params") == [(150, 6000)]
    (run.path / names.PUBLISHED_FILE).unlink()
    client.publish(run, store.uri)
    assert store.rows("select count(*) from metrics") == [(2200,)]


def test_the_summary_is_what_the_page_shows_last(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(workspace), epochs=3, ended=False)
    run.finish("FINISHED", metrics={"validation/dice": 0.1})  # below the curve's last value
    client.publish(run, store.uri)
    assert store.rows("select value from latest_metrics where key = 'validation/dice'") == [(0.1,)]


def test_another_publisher_is_waited_for_only_so_long(
    workspace: Path, store: Any, make_study: Make
) -> None:
    study = make_study(workspace)
    with locked(study.path / names.PUBLISH_LOCK):
        assert client.publish(study, store.uri, wait_s=0.1).outcome == "busy"
    assert store.rows("select * from runs") == []
    assert client.publish(study, store.uri).outcome == "published"


def test_changed_params_are_refused(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(workspace))
    client.publish(run, store.uri)
    file = run.path / names.RUN
    file.write_text(json.dumps(sealed(json.loads(file.read_text().replace('"0.001"', '"0.1"')))))
    with pytest.raises(TrackingError, match=r"training\.learning_rate: 0\.001 there, 0\.1 here"):
        client.publish(run, store.uri)


def test_a_run_deleted_at_the_store_stays_so_unless_asked(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(workspace))
    first = client.publish(run, store.uri)
    client.connect(store.uri).delete_run(first.run_id)
    assert client.publish(run, store.uri) == client.Published(first.run_id, "deleted")
    second = client.publish(run, store.uri, again=True)
    assert second.outcome == "published"
    assert second.run_id != first.run_id
    assert client.publish(run, store.uri) == client.Published(second.run_id, "up to date")


def test_a_new_database_is_made_once_by_many(
    tmp_path: Path, workspace: Path, make_study: Make
) -> None:
    study = make_study(workspace)
    uri = f"sqlite:///{tmp_path / 'new' / 'mlflow.db'}"
    threads = [threading.Thread(target=client.connect, args=(uri,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.publish(study, uri).outcome == "published"
    left = {path.name for path in (tmp_path / "new").iterdir()}
    assert left == {"mlflow.db", ".mlflow.db.lock"}


def test_no_home_path_and_no_host_outside(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    make_run(make_study(workspace))
    for folder in workspace.glob("*/*/*"):
        client.publish(RunFolder(folder), store.uri)
    texts = json.dumps(
        [row for table in ("tags", "params") for row in store.rows(f"select * from {table}")]
    )
    assert str(Path.home()) + "/" not in texts.replace(str(workspace), "")
    files = [path for path in (store.path.parent / "mlartifacts").rglob("*") if path.is_file()]
    assert any(path.name == names.RUN for path in files)
    assert platform.node().encode() not in b"".join(path.read_bytes() for path in files)


def test_the_newest_finals_come_back(
    workspace: Path, store: Any, make_study: Make, make_run: Make, tmp_path: Path
) -> None:
    study, other = make_study(workspace), make_study(workspace, "unet-dice")
    make_run(study, "0.0")
    old = make_run(study, "final-1.0", kind="final", **{names.SETTING: "old", names.SEED: "1"})
    new = make_run(study, "final-1.1", kind="final", **{names.SETTING: "new", names.SEED: "1"})
    dice = make_run(other, "final-1.0", kind="final", **{names.SETTING: "new", names.SEED: "1"})
    unpublished = make_run(other, "final-2.0", kind="final", ended=False)
    for run in (old, new, dice, unpublished):
        client.publish(run, store.uri)
    finals = client.pull_finals(store.uri, None, tmp_path / "pulled")
    assert finals.experiment == "phantom"
    assert [run.name for run in finals.runs] == ["unet final-1.1", "unet-dice final-1.0"]
    assert finals.superseded == ("unet final-1.0",)
    for pulled, run in zip(finals.runs, (new, dice), strict=True):
        assert (pulled.folder / "per_case.csv").read_bytes() == (
            run.path / "per_case.csv"
        ).read_bytes()
        assert pulled.tags["ablate.run_key"] == run.run_key
    with pytest.raises(TrackingError, match="experiment lgg has no finals"):
        client.pull_finals(store.uri, "lgg", tmp_path / "pulled")


def test_studies_and_pictures_come_with_the_finals(
    workspace: Path, store: Any, make_study: Make, make_run: Make, tmp_path: Path
) -> None:
    study, other, bare = (make_study(workspace, name) for name in ("unet", "fold", "bare"))
    study.write_text(names.TRIALS, "number\n0\n")
    study.write_text(names.IMPORTANCE, "{}")
    study.finish("FINISHED")
    bare.finish("FINISHED")
    runs = [make_run(one, "final-1.0", kind="final") for one in (study, other, bare)]
    runs[0].write_text(names.OVERLAYS, "file\na.png\n")
    runs[0].write_text("figures/a.png", "picture")
    runs[1].write_text("figures/mine.png", "by hand")
    for run in (study, other, bare, *runs):  # `other` goes on: it has not arrived whole
        client.publish(run, store.uri)
    pulled = tmp_path / "pulled"
    finals = client.pull_finals(store.uri, "phantom", pulled)
    assert [one.name for one in finals.studies] == ["phantom/bare", "phantom/unet"]
    without, tuned = finals.studies
    assert not (without.folder / names.TRIALS).exists()
    assert (tuned.folder / names.TRIALS).read_text() == "number\n0\n"
    assert (tuned.folder / names.IMPORTANCE).read_text() == "{}"
    (run,) = [run for run in finals.runs if (run.folder / names.OVERLAYS).exists()]
    assert run.tags[names.RUN_KEY] == runs[0].run_key
    assert all((run.folder / names.THRESHOLDS).exists() for run in finals.runs)
    assert not (run.folder / "figures/a.png").exists()  # a report asks for what it shows
    (picture,) = client.pull_files(store.uri, run.run_id, ["figures/a.png"], pulled)
    assert picture.read_text() == "picture"


def test_the_newest_run_of_a_study_counts(
    workspace: Path, store: Any, make_study: Make, make_run: Make, tmp_path: Path
) -> None:
    for place in ("old", "new"):
        study = make_study(workspace / place)
        study.write_text(names.TRIALS, place)
        make_run(study, "final-1.0", kind="final")
        time.sleep(0.01)
        study.finish("FINISHED")
        for folder in study.path.parent.iterdir():
            client.publish(RunFolder(folder), store.uri)
    (pulled,) = client.pull_finals(store.uri, None, tmp_path / "pulled").studies
    assert (pulled.folder / names.TRIALS).read_text() == "new"


def test_no_finals_is_an_empty_answer(store: Any, tmp_path: Path) -> None:
    assert client.pull_finals(store.uri, None, tmp_path) == client.Finals("", (), (), ())
