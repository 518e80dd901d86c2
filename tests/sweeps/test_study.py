from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import optuna
import pytest
from optuna.exceptions import StorageInternalError

import sweeps
from sweeps.errors import SweepError
from sweeps.spec import SCHEMA, own_version
from sweeps.study import SPEC, load_study


@pytest.fixture
def spec(tmp_path: Path, toy: ModuleType) -> sweeps.StudySpec:
    made: sweeps.StudySpec = toy.spec(tmp_path, trials=2, definition={"data": "a1", "epochs": "4"})
    sweeps.open_study(made)
    return made


def test_the_spec_comes_back_from_the_storage(spec: sweeps.StudySpec) -> None:
    assert sweeps.load_spec(spec.storage, spec.name) == spec
    assert sweeps.list_studies(spec.storage) == (spec,)


def test_opening_again_continues(spec: sweeps.StudySpec) -> None:
    more = replace(spec, trials=9, final_seeds=(5,), retries=1, max_consecutive_failures=2)
    sweeps.open_study(more)
    assert sweeps.load_spec(spec.storage, spec.name) == more


def test_a_full_disk_is_said_as_such(
    spec: sweeps.StudySpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise StorageInternalError from sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(optuna, "create_study", full)
    with pytest.raises(OSError, match="No space left on device"):
        sweeps.open_study(spec)


def test_another_definition_is_refused_with_every_difference(spec: sweeps.StudySpec) -> None:
    other = replace(
        spec,
        definition={"data": "b2", "split": "s"},
        seed=8,
        space={**spec.space, "x": sweeps.Float(0.0, 2.0)},
    )
    with pytest.raises(SweepError) as fault:
        sweeps.open_study(other)
    for difference in (
        "data: a1 -> b2",
        "epochs: 4 -> not set",
        "split: not set -> s",
        "seed: 0 -> 8",
        "space.x: 0 to 1 -> 0 to 2",
    ):
        assert difference in fault.value.message
    assert "--study NEWNAME" in fault.value.hint
    assert sweeps.load_spec(spec.storage, spec.name) == spec


def test_a_space_that_rounds_to_the_same_words_is_still_another(spec: sweeps.StudySpec) -> None:
    near = replace(spec, space={**spec.space, "x": sweeps.Float(0.0, 1.0000001)})
    with pytest.raises(SweepError, match=r"space\.x"):
        sweeps.open_study(near)


def test_the_budget_cannot_fall_below_what_is_finished(
    spec: sweeps.StudySpec, toy: ModuleType, tmp_path: Path
) -> None:
    run = toy.objective(tmp_path, 0.0)
    sweeps.work(spec.storage, spec.name, run, print, stop=threading.Event())
    with pytest.raises(SweepError, match="2 finished trials, --trials 1"):
        sweeps.open_study(replace(spec, trials=1))


def test_unknown_study_names_the_known_ones(spec: sweeps.StudySpec) -> None:
    for read in (sweeps.load_spec, sweeps.trials_table, sweeps.read_progress):
        with pytest.raises(SweepError, match="no study lgg/unet") as fault:
            read(spec.storage, "lgg/unet")
        assert spec.name in fault.value.hint


def test_a_study_of_somebody_else_is_left_alone(spec: sweeps.StudySpec) -> None:
    study = optuna.create_study(storage=sweeps.storage.connect(spec.storage), study_name="theirs")
    study.ask()
    with pytest.raises(SweepError, match="not made by ablate"):
        sweeps.open_study(replace(spec, name="theirs"))
    assert sweeps.list_studies(spec.storage) == (spec,)


def test_best_trial_is_the_earliest_of_equals() -> None:
    row = sweeps.TrialRow(0, "complete", 0.5, {}, 0, 3, "", {}, None)
    rows = [
        row,
        replace(row, number=1, value=0.9),
        replace(row, number=2, value=0.9),
        replace(row, number=3, value=0.99, state="pruned"),
    ]
    best = sweeps.best_trial(rows)
    assert best is not None
    assert best.number == 1
    assert sweeps.best_trial(rows[3:]) is None


FIXTURES = Path(__file__).parents[1] / "fixtures" / "schema1"


@pytest.fixture
def schema1(tmp_path: Path) -> str:
    """The database of studies that version 0.1.0 wrote, in a copy."""
    shutil.copy(FIXTURES / "single" / "optuna.db", tmp_path / "schema1.db")
    return f"sqlite:///{tmp_path / 'schema1.db'}"


def stored(spec: sweeps.StudySpec) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(load_study(spec.storage, spec.name).user_attrs[SPEC])
    return values


def store(spec: sweeps.StudySpec, **fields: object) -> None:
    """Change what is stored of a study as another version might have written it."""
    study = optuna.load_study(study_name=spec.name, storage=sweeps.storage.connect(spec.storage))
    study.set_user_attr(SPEC, json.dumps(stored(spec) | fields))


def test_what_is_stored_names_schema_and_version(spec: sweeps.StudySpec) -> None:
    assert (stored(spec)["schema"], stored(spec)["version"]) == (SCHEMA, own_version())
    assert own_version() != ""


def test_studies_of_version_0_1_are_read_and_go_on(schema1: str) -> None:
    names = [one.name for one in sweeps.list_studies(schema1)]
    assert sorted(names) == ["phantom/attention_unet", "phantom/unet"]
    old = sweeps.load_spec(schema1, "phantom/unet")
    assert old.definition["training.epochs"] == "3"
    assert (old.trials, old.final_seeds) == (2, (101,))
    sweeps.open_study(replace(old, trials=3))
    assert stored(old)["schema"] == SCHEMA
    assert sweeps.load_spec(schema1, "phantom/unet") == replace(old, trials=3)


def test_an_earlier_definition_is_compared_in_todays_form(schema1: str) -> None:
    def upgrade(definition: Mapping[str, str], schema: int) -> Mapping[str, str]:
        kept = {key: definition[key] for key in ("training.epochs", "data fingerprint")}
        return {**kept, "made by schema": str(schema)} if schema == 1 else definition

    old = sweeps.load_spec(schema1, "phantom/unet", upgrade)
    assert old.definition["made by schema"] == "1"
    for check in (sweeps.check_study, sweeps.open_study):
        other = replace(old, definition={**old.definition, "training.epochs": "9"})
        with pytest.raises(SweepError, match=r"\(training\.epochs: 3 -> 9\)"):
            check(other, upgrade)
    sweeps.check_study(old, upgrade)
    sweeps.open_study(old, upgrade)
    assert sweeps.load_spec(schema1, "phantom/unet", upgrade) == old  # schema 2 is left as it is
    assert sweeps.load_spec(schema1, "phantom/unet") == old


def test_a_missing_key_is_its_default_and_an_unknown_one_is_kept(spec: sweeps.StudySpec) -> None:
    text = stored(spec)
    del text["retries"], text["max_consecutive_failures"], text["version"], text["crc"]
    study = optuna.load_study(study_name=spec.name, storage=sweeps.storage.connect(spec.storage))
    study.set_user_attr(SPEC, json.dumps(text | {"lag": 4}))
    read = sweeps.load_spec(spec.storage, spec.name)
    assert (read.retries, read.max_consecutive_failures) == (3, 5)
    assert read.definition == spec.definition
    sweeps.open_study(spec)
    assert stored(spec)["lag"] == 4


def test_a_definition_changed_after_it_was_stored_is_damage(spec: sweeps.StudySpec) -> None:
    store(spec, trials=spec.trials + 1)
    with pytest.raises(SweepError, match="the definition of study toy/unet is damaged") as refused:
        sweeps.load_spec(spec.storage, spec.name)
    assert "ablate studies repair" in refused.value.hint
    assert str(sweeps.storage.database_file(spec.storage)) in refused.value.message


@pytest.mark.parametrize(
    ("version", "message", "hint"),
    [
        ("9.4", "study toy/unet was written by ablate 9.4", "Upgrade ablate to 9.4 or later."),
        ("", "study toy/unet was written by a later ablate", "Upgrade ablate."),
    ],
)
def test_a_study_of_a_later_version_is_refused(
    spec: sweeps.StudySpec, version: str, message: str, hint: str
) -> None:
    store(spec, schema=SCHEMA + 1, version=version, space="of another form")
    before = stored(spec)
    for use in (
        lambda: sweeps.open_study(spec),
        lambda: sweeps.check_study(spec),
        lambda: sweeps.load_spec(spec.storage, spec.name),
        lambda: sweeps.list_studies(spec.storage),
        lambda: sweeps.read_progress(spec.storage, spec.name),
    ):
        with pytest.raises(SweepError) as refused:
            use()
        assert (refused.value.message, refused.value.hint) == (message, hint)
    assert stored(spec) == before
    with pytest.raises(SweepError, match="no study lgg/unet") as unknown:
        sweeps.load_spec(spec.storage, "lgg/unet")
    assert spec.name in unknown.value.hint


@pytest.mark.parametrize("fields", [{"space": "{"}, {"space": None}, {"definition": 3}])
def test_a_damaged_definition_is_named(spec: sweeps.StudySpec, fields: dict[str, Any]) -> None:
    store(spec, **fields)
    with pytest.raises(SweepError, match=r"\.db: the definition of study toy/unet is damaged"):
        sweeps.load_spec(spec.storage, spec.name)


def test_a_check_makes_nothing(tmp_path: Path, toy: ModuleType) -> None:
    asked = toy.spec(tmp_path / "none")
    sweeps.check_study(asked)
    assert list(tmp_path.iterdir()) == []
    sweeps.open_study(replace(asked, name="toy/other"))
    sweeps.check_study(asked)
    assert [one.name for one in sweeps.list_studies(asked.storage)] == ["toy/other"]


def test_a_check_refuses_what_opening_refuses(
    spec: sweeps.StudySpec, toy: ModuleType, tmp_path: Path
) -> None:
    run = toy.objective(tmp_path, 0.0)
    sweeps.work(spec.storage, spec.name, run, print, stop=threading.Event())
    for asked in (replace(spec, trials=1), replace(spec, seed=8), replace(spec, definition={})):
        said = []
        for refuse in (sweeps.check_study, sweeps.open_study):
            with pytest.raises(SweepError) as refused:
                refuse(asked)
            said.append((refused.value.message, refused.value.hint))
        assert said[0] == said[1]
    sweeps.check_study(replace(spec, trials=9))
    assert sweeps.load_spec(spec.storage, spec.name) == spec
