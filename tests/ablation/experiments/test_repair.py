"""A damaged or lost study database is rebuilt from the run folders, and what is lost is said."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ablation.cli.app import app
from ablation.errors import AblateError
from ablation.experiments.repair import repair_studies
from ablation.experiments.study import storage_url
from sweeps import SweepError, TrialRow, final_name, read_progress, study_names, trials_table
from sweeps.storage import connect
from tracking.record import RunFolder
from tracking.sealed import sealed

SCHEMA_1 = Path(__file__).parents[2] / "fixtures/schema1"
LOST = ("attempt", "seconds")
"""What a table shows that a rebuilt study may not have as it was."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def workspace(tmp_path: Path, name: str) -> Path:
    return Path(shutil.copytree(SCHEMA_1 / name, tmp_path / "runs"))


def tables(runs: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the trials and finals of every study, read anew."""
    connect.cache_clear()
    storage = storage_url(runs)
    return {
        name: [shown(row) for row in trials_table(storage, name)]
        for study in study_names(storage)
        for name in (study, final_name(study))
    }


def shown(row: TrialRow) -> tuple[object, ...]:
    # The seconds of a study are only known at its end, and written into its finals then.
    facts = {key: value for key, value in row.facts.items() if key != "study_seconds"}
    return (row.number, row.state, row.value, row.params, row.epochs, row.reason, facts)


def damage(file: Path, kind: str) -> None:
    content = file.read_bytes()
    middle = len(content) // 2
    made = {
        "truncated": content[:middle],
        "garbage": b"no database" * 500,
        "zeroed": content[:100] + bytes(len(content) - 100),
    }
    if kind == "gone":
        file.unlink()
    else:
        file.write_bytes(made[kind])


@pytest.mark.parametrize("kind", ["truncated", "garbage", "zeroed"])
def test_a_damaged_database_is_said_at_once_with_the_way_on(tmp_path: Path, kind: str) -> None:
    runs = workspace(tmp_path, "single")
    damage(runs / "optuna.db", kind)
    connect.cache_clear()
    started = time.monotonic()
    with pytest.raises(SweepError, match=r"optuna\.db is damaged") as refused:
        read_progress(storage_url(runs), "phantom/unet")
    assert time.monotonic() - started < 5
    assert "ablate studies repair" in refused.value.hint


def test_a_lost_database_is_named(tmp_path: Path) -> None:
    runs = workspace(tmp_path, "interrupted")
    (runs / "optuna.db").unlink()
    shown = CliRunner().invoke(app, ["studies", "list", "--workspace", str(runs)])
    assert isinstance(shown.exception, AblateError)
    assert "optuna.db is gone" in shown.exception.message
    assert "ablate studies repair" in shown.exception.hint


@pytest.mark.parametrize("name", ["single", "folds", "interrupted"])
@pytest.mark.parametrize("kind", ["truncated", "gone"])
def test_the_rebuilt_studies_have_the_same_tables(
    tmp_path: Path, cache: Path, name: str, kind: str
) -> None:
    runs = workspace(tmp_path, name)
    before = tables(runs)
    damage(runs / "optuna.db", kind)
    connect.cache_clear()
    done = repair_studies(runs, cache)
    assert [one.fault for one in done.studies] == [""] * len(done.studies)
    assert tables(runs) == before
    assert (done.aside is None) == (kind == "gone")
    if name == "interrupted":
        (study,) = done.studies
        assert (study.complete, study.waiting) == (1, 1)
    again = repair_studies(runs, cache)
    assert again.studies == ()


def test_a_trial_that_cannot_be_read_is_named_and_replaced(tmp_path: Path, cache: Path) -> None:
    runs = workspace(tmp_path, "single")
    before = tables(runs)
    damage(runs / "optuna.db", "garbage")
    (runs / "phantom/unet/0.0/run.json").write_text("")
    connect.cache_clear()
    shown = CliRunner().invoke(
        app, ["studies", "repair", "--workspace", str(runs), "--cache", str(cache)]
    )
    assert shown.exit_code == 0, shown.output
    assert "phantom/unet  1 complete, 0 pruned, 1 failed" in shown.stdout
    assert "phantom/unet/0.0 cannot be read" in shown.stderr
    assert "Lost: trials without a run folder" in shown.stderr
    now = tables(runs)
    assert now["phantom/unet"][0][:2] == (0, "failed")
    assert now["phantom/unet"][1:] == before["phantom/unet"][1:]
    assert now["phantom/attention_unet"] == before["phantom/attention_unet"]


def test_a_study_whose_plan_is_damaged_is_named_and_the_others_are_rebuilt(
    tmp_path: Path, cache: Path
) -> None:
    runs = workspace(tmp_path, "single")
    plan = runs / "phantom/unet/study/.plan.json"
    changed = sealed(json.loads(plan.read_text())) | {"preset": "paper"}
    plan.write_text(json.dumps(changed))
    (runs / "optuna.db").unlink()
    connect.cache_clear()
    shown = CliRunner().invoke(
        app, ["studies", "repair", "--workspace", str(runs), "--cache", str(cache)]
    )
    assert shown.exit_code == 1
    assert f"error: phantom/unet was not rebuilt: {plan} is damaged" in shown.stderr
    assert "phantom/attention_unet  2 complete" in shown.stdout


def test_a_sound_database_is_left_alone_and_a_running_one_too(tmp_path: Path, cache: Path) -> None:
    runs = workspace(tmp_path, "interrupted")
    before = (runs / "optuna.db").read_bytes()
    assert repair_studies(runs, cache).studies == ()
    assert (runs / "optuna.db").read_bytes() == before
    RunFolder(runs / "phantom/unet/study").reopen()  # in this process, which lives
    damage(runs / "optuna.db", "garbage")
    connect.cache_clear()
    with pytest.raises(AblateError, match="still goes on"):
        repair_studies(runs, cache)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE trial_values SET value = value + 0.25 WHERE trial_id = 1",
        "UPDATE trial_params SET param_value = param_value * 2 WHERE trial_id = 1",
    ],
)
def test_a_changed_number_of_the_database_is_named_and_repaired(
    tmp_path: Path, cache: Path, change: str
) -> None:
    runs = workspace(tmp_path, "interrupted")
    before = tables(runs)
    with closing(sqlite3.connect(runs / "optuna.db")) as base, base:
        base.execute(change)
    connect.cache_clear()
    for words in (["list"], ["show", "phantom/unet"]):
        shown = CliRunner().invoke(app, ["studies", *words, "--workspace", str(runs)])
        assert shown.exit_code == 1
        said = shown.stderr + str(getattr(shown.exception, "message", ""))
        assert "optuna.db disagrees with" in said
        assert "phantom/unet/0.0/run.json on trial 0 of phantom/unet" in said
    repair_studies(runs, cache)
    assert tables(runs) == before


def test_one_damaged_definition_leaves_the_other_studies_listed(tmp_path: Path) -> None:
    runs = workspace(tmp_path, "single")
    connect.cache_clear()
    with closing(sqlite3.connect(runs / "optuna.db")) as base, base:
        base.execute(
            "UPDATE study_user_attributes SET value_json = ? WHERE key = 'ablate.spec' AND "
            "study_id = (SELECT study_id FROM studies WHERE study_name = 'phantom/unet')",
            (json.dumps("{"),),
        )
    shown = CliRunner().invoke(app, ["studies", "list", "--workspace", str(runs)])
    assert shown.exit_code == 1
    assert "phantom/attention_unet  2/2 trials" in shown.stdout
    assert "optuna.db: the definition of study phantom/unet is damaged" in shown.stderr
