"""A damaged file is named, concerns its own run only, and is never taken for what was written."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tracking import names
from tracking.errors import DamagedError, TrackingError
from tracking.manifest import read_progress
from tracking.publisher import sync
from tracking.record import RunFolder
from tracking.sealed import sealed
from tracking.workspace import attempts, find_runs, published

Make = Callable[..., RunFolder]

WRONG_FIELDS = {
    "kind": "holiday",
    "status": "DONE",
    "run_key": "",
    "start_ms": "yesterday",
    "end_ms": 1.5,
    "params": {"a": 1},
    "tags": ["a"],
    "metrics": {"dice": [1]},
    "provenance": "me",
    "owner": {"host": "h"},
    "files": {"per_case.csv": 7},
}


@pytest.mark.parametrize("key", WRONG_FIELDS)
def test_a_field_of_another_type_is_damage(
    workspace: Path, make_study: Make, make_run: Make, key: str
) -> None:
    run = make_run(make_study(workspace))
    file = run.path / names.RUN
    file.write_text(json.dumps(sealed(json.loads(file.read_text()) | {key: WRONG_FIELDS[key]})))
    with pytest.raises(DamagedError, match=rf"run\.json is damaged: .*{key}") as refused:
        _ = run.record
    assert refused.value.hint


def test_any_changed_byte_of_run_json_is_found(
    workspace: Path, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(workspace))
    file, before = run.path / names.RUN, run.record
    text = file.read_bytes()
    chance, survived = random.Random(7), 0
    for _ in range(300):
        changed = bytearray(text)
        changed[chance.randrange(len(text))] ^= 1 << chance.randrange(8)
        file.write_bytes(changed)
        with suppress(TrackingError):  # not in white space, nor in the name of the checksum
            now = run.record
            assert (now.metrics, now.params, now.tags) == (
                before.metrics,
                before.params,
                before.tags,
            )
            survived += 1
    assert survived < 60


@pytest.mark.parametrize(
    ("name", "written", "changed"),
    [
        (names.PER_CASE, b"0.75", b"0.76"),
        (names.METRICS, b"0.5", b"0.4"),
        ("checkpoint/weights.npz", b"w", b"v"),
    ],
)
def test_a_file_changed_after_its_run_ended_is_refused_and_the_others_are_published(
    workspace: Path,
    store: Any,
    make_study: Make,
    make_run: Make,
    name: str,
    written: bytes,
    changed: bytes,
) -> None:
    study = make_study(workspace)
    good = make_run(study, "final-102.0", kind="final")
    bad = make_run(study, "final-101.0", kind="final")
    text = (bad.path / name).read_bytes()
    (bad.path / name).write_bytes(text.replace(written, changed, 1))
    with pytest.raises(DamagedError, match="sha256"):
        bad.checked(name)
    assert good.checked(name) == good.path / name
    done = sync(workspace, store.uri)
    assert done.published == 2
    ((path, why),) = done.failed
    assert path == str(bad.path)
    assert str(bad.path / name) in why
    bad.record_again(name)
    assert sync(workspace, store.uri).failed == ()


def test_a_table_that_is_gone_is_named_and_weights_may_be_deleted(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    study = make_study(workspace)
    run = make_run(study, "final-101.0", kind="final")
    (run.path / "checkpoint/weights.npz").unlink()
    assert sync(workspace, store.uri).failed == ()
    (run.path / names.PER_CASE).unlink()
    ((_, why),) = sync(workspace, store.uri).failed
    assert "per_case.csv is damaged: it is gone" in why


def test_a_table_of_an_earlier_version_that_is_none_is_named(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(workspace), "final-101.0", kind="final")
    file = run.path / names.RUN
    file.write_text(json.dumps(sealed(json.loads(file.read_text()) | {"files": {}})))
    for text in (b"", b"\xff\xfe\x00", b"a,a\n1,2\n", b"a,b\n1\n"):
        (run.path / names.PER_CASE).write_bytes(text)
        ((_, why),) = sync(workspace, store.uri).failed
        assert "per_case.csv is damaged" in why


@pytest.mark.parametrize(
    "line", [b"", b"[]", b"null", b"{}", b"\0\0\0", b'{"step": "x", "time_ms": 1, "metrics": {}}']
)
def test_a_damaged_line_of_epochs_concerns_its_run_only(
    workspace: Path, store: Any, make_study: Make, make_run: Make, line: bytes
) -> None:
    study = make_study(workspace)
    make_run(study, "1.0")
    run = make_run(study, "0.0", ended=False)
    with (run.path / names.METRICS).open("ab") as stream:
        stream.write(line + b"\n")
    with pytest.raises(DamagedError, match=r"metrics\.jsonl is damaged"):
        run.epochs()
    done = sync(workspace, store.uri)
    assert [path for path, _ in done.failed] == [str(run.path)]
    assert done.published == 2


def test_a_folder_that_lost_its_run_json_is_named_and_never_written_into(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(workspace), "0.0")
    (run.path / names.RUN).unlink()
    assert run in find_runs(workspace)
    assert [one.path.name for one in attempts(run.path.parent, names.RunName("trial", 0))] == [
        "0.0"
    ]
    ((path, why),) = sync(workspace, store.uri).failed
    assert (path, "no run.json" in why) == (str(run.path), True)


@pytest.mark.parametrize("key", ["run_id", "offset", "summary", "infinite", "files", "digest"])
def test_a_damaged_note_of_progress_is_dropped(
    workspace: Path, store: Any, make_study: Make, make_run: Make, key: str
) -> None:
    run = make_run(make_study(workspace))
    sync(workspace, store.uri)
    before = store.content()
    file = run.path / names.PUBLISHED_FILE
    entries = {uri: entry | {key: {"a": ["b"]}} for uri, entry in published(run).items()}
    file.write_text(json.dumps(sealed(entries)))
    assert read_progress(run, store.uri).run_id == ""
    file.write_text(file.read_text().replace("sqlite", "sqlitf"))  # the checksum fits no more
    assert published(run) == {}
    assert sync(workspace, store.uri).failed == ()
    assert store.content() == before
