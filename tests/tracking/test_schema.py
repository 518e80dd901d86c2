"""run.json of earlier, this and later versions: nothing is lost, a later one is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tracking import names
from tracking.errors import LaterVersionError, TrackingError
from tracking.publisher import sync
from tracking.record import RunFolder, RunRecord, read_record
from tracking.schema import SCHEMA, own_version
from tracking.sealed import sealed
from tracking.workspace import attempts, find_runs, next_attempt, readable, refuse_later

Make = Callable[..., RunFolder]
FIXTURES = Path(__file__).parents[1] / "fixtures" / "schema1"


@pytest.fixture
def schema1(tmp_path: Path) -> Path:
    """The workspaces that version 0.1.0 wrote, in a copy."""
    return Path(shutil.copytree(FIXTURES, tmp_path / "schema1"))


def change(folder: RunFolder, **fields: object) -> None:
    """Write fields into a run.json as another version might have."""
    file = folder.path / names.RUN
    file.write_text(json.dumps(sealed(json.loads(file.read_text()) | fields)))


def stored(folder: RunFolder) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((folder.path / names.RUN).read_text())
    return values


def test_what_is_written_names_schema_and_version(workspace: Path, make_study: Make) -> None:
    written = stored(make_study(workspace))
    assert (written["schema"], written["version"]) == (SCHEMA, own_version())
    assert own_version() != ""
    assert "unknown" not in written


@pytest.mark.parametrize("name", ["single", "folds", "interrupted"])
def test_runs_of_version_0_1_are_read_whole(schema1: Path, name: str) -> None:
    runs = find_runs(schema1 / name)
    assert runs
    for folder in runs:
        before = stored(folder)
        record = folder.record
        assert (record.schema, record.version, record.unknown) == (1, "", {})
        for field in ("kind", "params", "tags", "provenance", "identity", "run_key", "status"):
            assert getattr(record, field) == before[field]
        assert record.owner is not None
        assert record.owner.started == before["owner"]["started"]
        assert len(record.metrics) == len(before["metrics"])


def test_means_over_cases_of_version_0_1_get_their_own_names(schema1: Path) -> None:
    folder = RunFolder(schema1 / "single/phantom/unet/final-101.0")
    before, metrics = stored(folder)["metrics"], folder.record.metrics
    for name in ("validation/dice", "test/dice", "test/hd95_median", "validation/missed"):
        assert metrics[f"cases/{name}"] == before[name]
        assert name not in metrics
    for name in ("validation/objective", "threshold", "cost/seconds"):
        assert metrics[name] == before[name]


def test_a_run_of_version_0_1_that_is_updated_is_written_in_today_s_form(schema1: Path) -> None:
    folder = RunFolder(schema1 / "single/phantom/unet/final-101.0")
    before = folder.record
    folder.update(tags={"a": "b"})
    assert (folder.record.schema, folder.record.version) == (SCHEMA, own_version())
    assert folder.record.metrics == before.metrics
    assert folder.record.tags == {**before.tags, "a": "b"}


@pytest.mark.parametrize("schema", [1, SCHEMA])
def test_unknown_fields_outlive_every_change(
    workspace: Path, make_study: Make, make_run: Make, schema: int
) -> None:
    run = make_run(make_study(workspace), ended=False)
    change(run, schema=schema, priority={"level": 3}, reviewers=["A", "B"])
    run.update(metrics={"threshold": 0.5})
    run.finish("FINISHED", tags={"x": "y"})
    run.reopen()
    assert run.record.unknown == {"priority": {"level": 3}, "reviewers": ["A", "B"]}
    assert stored(run)["priority"] == {"level": 3}
    assert run.record.tags["x"] == "y"


def test_a_missing_field_is_not_recorded(workspace: Path, make_study: Make) -> None:
    study = make_study(workspace)
    known = {key: stored(study)[key] for key in ("kind", "experiment", "model", "name", "run_key")}
    (study.path / names.RUN).write_text(json.dumps(known))
    record = study.record
    assert (record.version, record.owner, record.start_ms, record.metrics) == ("", None, 0, {})
    assert record.run_key == known["run_key"]


@pytest.mark.parametrize(
    ("fields", "message", "hint"),
    [
        (
            {"schema": SCHEMA + 1, "version": "9.4"},
            "was written by ablate 9.4",
            "Upgrade ablate to 9.4 or later.",
        ),
        (
            {"schema": SCHEMA + 1, "metrics": [], "kind": 7},
            "was written by a later version of ablate",
            "Upgrade ablate.",
        ),
    ],
)
def test_a_later_schema_is_refused_in_one_line(
    workspace: Path, make_study: Make, fields: dict[str, object], message: str, hint: str
) -> None:
    study = make_study(workspace)
    change(study, **{"version": ""} | fields)
    before = (study.path / names.RUN).read_bytes()
    for touch in (lambda: study.record, study.reopen, study.close_if_abandoned):
        with pytest.raises(LaterVersionError) as refused:
            touch()
        assert refused.value.message == f"{study.path / names.RUN} {message}"
        assert refused.value.hint == hint
    assert (study.path / names.RUN).read_bytes() == before


def test_a_damaged_file_gets_a_true_hint(workspace: Path, make_study: Make) -> None:
    study = make_study(workspace)
    (study.path / names.RUN).write_text('{"kind": "stu')
    with pytest.raises(TrackingError, match=r"run\.json is damaged") as refused:
        read_record(study.path)
    assert not isinstance(refused.value, LaterVersionError)
    assert "backup" in refused.value.hint
    assert "runs again" not in refused.value.hint


def test_a_run_that_cannot_be_read_keeps_its_number(
    workspace: Path, make_study: Make, make_run: Make
) -> None:
    study = make_study(workspace)
    first, second = make_run(study, "4.0", ended=False), make_run(study, "4.1", ended=False)
    change(second, schema=SCHEMA + 1, version="9.4")
    name = names.RunName("trial", 4)
    found = attempts(study.path.parent, name)
    assert readable(found) == (first,)
    assert str(next_attempt(found, name)) == "4.2"


def test_a_workspace_with_a_later_run_is_published_but_for_that_run(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    study = make_study(workspace)
    make_run(study, "0.0")
    later = make_run(study, "1.0")
    change(later, schema=SCHEMA + 1, version="9.4")
    synced = sync(workspace, store.uri)
    assert (synced.published, synced.failed) == (2, ())
    with pytest.raises(LaterVersionError, match=r"run\.json was written by ablate 9\.4"):
        refuse_later(workspace)


def test_a_workspace_of_version_0_1_is_published_once(schema1: Path, store: Any) -> None:
    workspace = schema1 / "single"
    assert sync(workspace, store.uri).published == len(find_runs(workspace))
    before = store.content()
    assert sync(workspace, store.uri).up_to_date == len(find_runs(workspace))
    assert store.content() == before
    last = store.rows(
        "select m.value, m.step from latest_metrics m join tags t using (run_uuid) "
        "where m.key = 'validation/dice' and t.key = 'ablate.name' and t.value = 'final-101.0'"
    )
    curves = {
        (line.metrics["validation/dice"], line.step)
        for design in ("unet", "attention_unet")
        for line in RunFolder(workspace / "phantom" / design / "final-101.0").epochs()[0][-1:]
    }
    assert set(last) == curves  # the curve ends with its last epoch


def test_params_of_an_older_publication_may_stay(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(workspace))
    sync(workspace, store.uri)
    change(run, params={"model.name": "unet"})  # fewer than it was published with
    synced = sync(workspace, store.uri)
    assert (synced.failed, synced.published) == ((), 1)
    assert {row[1] for row in store.content()["params"]} == {
        "model.name",
        "training.learning_rate",
    }


@pytest.mark.parametrize("text", ["[]", '{"URI": 3}', '{"URI": {"files": 3, "later": 1}}'])
def test_a_note_of_progress_that_cannot_be_read_costs_nothing(
    workspace: Path, store: Any, make_study: Make, text: str
) -> None:
    study = make_study(workspace)
    sync(workspace, store.uri)
    before = store.content()
    study.write_text(names.PUBLISHED_FILE, text.replace("URI", store.uri))
    assert sync(workspace, store.uri).failed == ()
    assert store.content() == before


def test_a_record_of_today_is_read_as_it_was(tmp_path: Path) -> None:
    record = RunRecord("trial", "e", "m", "0.0", metrics={"validation/dice": 0.5})
    assert RunFolder.create(tmp_path, record).record == record
