"""The run folder: whole files, torn lines, exactly one maker, attempts that go on."""

from __future__ import annotations

import errno
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tracking import names
from tracking.errors import TrackingError
from tracking.owner import Owner, start_of, this_process
from tracking.record import RunFolder, RunRecord, read_record

Make = Callable[..., RunFolder]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    record = RunRecord(
        "final",
        "phantom",
        "unet",
        "final-101.0",
        params={"a": "1"},
        tags={"t": "x"},
        provenance={"cores": 2},
    )
    folder = RunFolder.create(tmp_path, record)
    assert read_record(folder.path) == record
    assert record.owner == this_process()


@pytest.mark.parametrize("links", [True, False])
def test_runs_share_files_with_and_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:

        def refused(*_: object) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr("tracking.record.os.link", refused)
    known = RunFolder.create(tmp_path, RunRecord("trial", "phantom", "unet", "0.0"))
    with pytest.raises(TrackingError, match="exists already"):
        RunFolder.create(tmp_path, RunRecord("trial", "phantom", "unet", "0.0"))
    known.write_text("per_case.csv", "one\n")
    run = RunFolder.create(tmp_path, RunRecord("trial", "phantom", "unet", "1.0"))
    run.share("per_case.csv", known)
    known.write_text("per_case.csv", "two\n")
    assert (run.path / "per_case.csv").read_text() == "one\n"
    assert run.record.name == "1.0"


def test_one_of_many_makes_a_run(tmp_path: Path) -> None:
    def make(_: int) -> bool:
        try:
            RunFolder.create(tmp_path, RunRecord("trial", "e", "m", "0.0"))
        except TrackingError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(make, range(16))) == 1
    assert [path.name for path in (tmp_path / "0.0").iterdir()] == ["run.json"]


def test_epochs_keep_their_time_and_odd_values(
    tmp_path: Path, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(tmp_path), epochs=0, ended=False)
    run.log_epoch(1, {"loss": math.nan, "hd": math.inf, "low": -math.inf, "dice": 0.1})
    ((line,), end) = run.epochs()
    assert math.isnan(line.metrics["loss"])
    assert (line.metrics["hd"], line.metrics["low"], line.metrics["dice"]) == (
        math.inf,
        -math.inf,
        0.1,
    )
    assert run.epochs(end) == ((), end)
    assert (
        json.loads((run.path / names.METRICS).read_text(), parse_constant=pytest.fail)["step"] == 1
    )


def test_a_torn_line_is_not_read_and_does_not_spoil_the_next(
    tmp_path: Path, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(tmp_path), epochs=1, ended=False)
    with (run.path / names.METRICS).open("a") as stream:
        stream.write('{"step": 2, "ti')
    assert [line.step for line in run.epochs()[0]] == [1]
    run.log_epoch(2, {"loss": 0.5})
    assert [line.step for line in run.epochs()[0]] == [1, 2]


def test_a_file_is_whole_or_not_there(tmp_path: Path, make_study: Make, make_run: Make) -> None:
    run = make_run(make_study(tmp_path), ended=False)

    def fail() -> None:
        with run.writing("checkpoint/best.weights.h5") as path:
            assert path.name.endswith(".weights.h5")
            path.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert list((run.path / "checkpoint").iterdir()) == []


@pytest.mark.parametrize(
    ("status", "kept"), [("FINISHED", False), ("FAILED", False), ("KILLED", True)]
)
def test_the_resume_state_outlives_an_interruption_only(
    tmp_path: Path, status: names.Status, kept: bool, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(tmp_path), ended=False)
    run.write_text("checkpoint/resume.npz", "state")
    run.finish(status, reason="why")
    assert bool(run.resume_files()) is kept
    assert (run.record.status, run.record.reason) == (status, "why")


def test_a_next_attempt_goes_on_where_the_last_state_was_written(
    tmp_path: Path, make_study: Make, make_run: Make
) -> None:
    study = make_study(tmp_path)
    first = make_run(study, "0.0", epochs=3, ended=False)
    first.write_text("checkpoint/resume.npz", "after epoch 2")
    second = make_run(study, "0.1", epochs=0, ended=False)
    second.continue_from(first, 2)
    assert second.epochs()[0] == first.epochs()[0][:2]
    assert [path.read_text() for path in second.resume_files()] == ["after epoch 2"]
    assert first.resume_files() == ()


def test_a_run_whose_process_is_gone_is_closed_at_its_last_sign(
    tmp_path: Path, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(tmp_path), ended=False)
    code = "import sys; from pathlib import Path; from tracking.record import *; RunFolder(Path(sys.argv[1])).reopen()"
    assert not run.close_if_abandoned()  # we live
    subprocess.run([sys.executable, "-c", code, str(run.path)], check=True)
    os.utime(run.path / names.RUN, ns=(0, 0))
    assert run.close_if_abandoned()
    record = run.record
    assert (record.status, record.reason) == ("KILLED", "its process vanished")
    assert record.end_ms == (run.path / names.METRICS).stat().st_mtime_ns // 1_000_000
    assert not run.close_if_abandoned()


def test_a_process_of_another_host_is_never_taken_for_dead() -> None:
    assert not Owner("elsewhere", 1, "never").gone
    assert Owner(this_process().host, os.getpid(), "another start").gone


def test_a_zombie_is_dead() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, not yet collected
    assert start_of(process.pid) == ""
    process.wait()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"kind": "trial"}', '{"metrics": {}, "owner": null, "x": 1}']
)
def test_a_damaged_run_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / names.RUN).write_text(text)
    with pytest.raises(TrackingError, match=r"run\.json is damaged"):
        read_record(tmp_path)


def test_a_name_that_cannot_be_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match=r"'\.\./x'"):
        RunFolder.create(tmp_path, RunRecord("trial", "e", "m", "../x"))


def test_a_run_json_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    link = tmp_path / "unet" / "study" / names.RUN
    link.parent.mkdir(parents=True)
    link.symlink_to("nowhere")
    with pytest.raises(TrackingError, match=r"study/run\.json is damaged: .* not there"):
        RunFolder.create(tmp_path / "unet", RunRecord("study", "e", "unet", "study"))


def test_two_writers_of_run_json_lose_nothing(
    tmp_path: Path, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(tmp_path), ended=False)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: run.update(tags={f"t{n}": "x"}), range(32)))
    assert sum(key.startswith("t") for key in run.record.tags) == 32


def test_recording_imports_nothing_heavy() -> None:
    code = (
        "import sys, tracking.record, tracking.workspace, tracking.publisher; print(*sys.modules)"
    )
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not {"mlflow", "pandas", "numpy", "sqlalchemy", "optuna", "tensorflow"} & set(loaded)
