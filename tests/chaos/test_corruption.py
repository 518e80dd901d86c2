"""Every file of a workspace, damaged in every way, through every command.

No traceback; no number changes unless the command names the damaged file; no other run is affected.
A fixed sample runs with every change, everything with all slow tests.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import random
import shutil
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ablation.cli.app import app
from ablation.cli.explain import explain
from ablation.config.versions import read_definition
from ablation.experiments import study as studies
from ablation.experiments import sweep as sweeps_of
from sweeps import SweepEnd, open_study
from sweeps.storage import connect
from tracking.digests import digests_of
from tracking.workspace import find_runs

SCHEMA_1 = Path(__file__).parents[1] / "fixtures/schema1/single"
FLIPS = 20
ONE_RUN = "phantom/unet/0"
SWEEP = (
    *(
        "sweep",
        "--model",
        "unet",
        "--preset",
        "cpu-demo",
        "--trials",
        "2",
        "--seeds",
        "1",
        "--json",
    ),
    *("--set", "data.phantom_patients=6", "--set", "data.image_size=16", "--set", "model.base=2"),
    *("--set", "model.depth=2", "--set", "training.max_batches=2", "--set", "training.epochs=3"),
)
COMMANDS = {
    "runs": ("runs", "list", "--json"),
    "studies": ("studies", "list", "--json"),
    "evaluate": ("evaluate", ONE_RUN, "--json"),
    "sync": ("sync", "--json"),
    "report": ("report", "--compare", "all", "--json"),
    "ui": ("ui", "--no-browser"),
    "sweep": SWEEP,
}
WITHOUT_NUMBERS = ("sync", "ui")
DATABASES = ("optuna.db", "mlflow.db")


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str
    traceback: str

    @property
    def numbers(self) -> Any:
        """What it printed, as values."""
        try:
            values = json.loads(self.out)
        except ValueError:
            return self.out
        if isinstance(values, dict):
            values.pop("table", None)  # the copy of the workspace has another path
            values.get("metrics", {}).pop("ms_per_case", None)
            values.get("source", {}).pop("runs", None)  # ids of a store that was made anew
        return values


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def quiet_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `ui` serve nothing and `sweep` train in this process, without a publisher."""

    class Done:
        pid = 0

    def supervise(command: list[str], storage: str, study: str, **more: Any) -> SweepEnd:
        words = dict(itertools.pairwise(command))
        workspace, place = Path(words["--workspace"]), Path(words["--cache"])
        experiment = studies.read_plan(workspace, study, place)
        end = studies.run_worker(experiment, workspace, place, threading.Event())
        return SweepEnd(end.why, end.reason)

    monkeypatch.setattr(sweeps_of, "supervise", supervise)
    monkeypatch.setattr("tracking.publisher.start", lambda *_: Done())
    monkeypatch.setattr("tracking.publisher.stop", lambda *_: True)
    monkeypatch.setattr("tracking.mlflow.server.run_ui", lambda *_: None)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def run(words: tuple[str, ...], workspace: Path, cache: Path) -> Said:
    """Run a command in this process, its errors explained as `ablate` explains them."""
    connect.cache_clear()
    known = {"sync": [str(workspace)]}.get(words[0], ["--workspace", str(workspace)])
    if words[0] in ("evaluate", "sweep"):
        known += ["--cache", str(cache)]
    if words[0] == "report":
        known += ["--out", str(workspace.parent / "report")]
    done = CliRunner().invoke(app, [*words, *known])
    err, code, trace = done.stderr, done.exit_code, ""
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        told = io.StringIO()
        try:
            with contextlib.redirect_stderr(told):
                code = explain(done.exception)  # type: ignore[arg-type]
        except BaseException as error:
            trace = "".join(traceback.format_exception(error))
        err += told.getvalue()
    return Said(code, done.stdout, err, trace)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A published workspace of today's version: two designs, two trials and a final each, an import."""
    workspace = Path(shutil.copytree(SCHEMA_1, tmp_path_factory.mktemp("whole") / "runs"))
    for label in ("unet", "attention_unet"):
        experiment = studies.read_plan(workspace, f"phantom/{label}", cache)
        open_study(studies.spec_of(experiment, workspace), read_definition)
        studies.write_plan(experiment, workspace)
    for folder in find_runs(workspace):
        for name in digests_of(folder.path):
            folder.record_again(name)
    said = run(COMMANDS["sync"], workspace, cache)
    assert said.code == 0, said.err
    for lock in workspace.rglob("*.lock"):
        lock.unlink()
    return workspace


@pytest.fixture(scope="module")
def sound(whole: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Said]:
    """What every command says of the undamaged workspace."""
    with pytest.MonkeyPatch.context() as patch:
        quiet_server.__wrapped__(patch)  # type: ignore[attr-defined]
        copy = Path(shutil.copytree(whole, tmp_path_factory.mktemp("sound") / "runs"))
        said = {name: run(words, copy, cache) for name, words in COMMANDS.items()}
    assert {name: one.code for name, one in said.items()} == dict.fromkeys(COMMANDS, 0), said
    return said


def files() -> list[str]:
    """Return every file of the workspace that holds something, in a list that needs no fixture."""
    kept = [path.relative_to(SCHEMA_1).as_posix() for path in SCHEMA_1.rglob("*") if path.is_file()]
    published = {
        f"{Path(name).parent}/published.json" for name in kept if name.endswith("run.json")
    }
    return sorted({*kept, *published, "mlflow.db"})


def ways(name: str, flips: int) -> list[str]:
    """Return the kinds of damage that a file can have."""
    kinds = ["truncated", "empty", "garbage", "removed", *(f"flip {n}" for n in range(flips))]
    return kinds + (["unknown key"] if name.endswith((".json", ".csv", ".jsonl")) else [])


def damage(file: Path, name: str, way: str) -> None:
    """Damage a file; the place of a flipped bit depends on its name and number alone."""
    content = file.read_bytes()
    chance = random.Random(f"{name} {way}")
    if way == "removed":
        file.unlink()
    elif way == "truncated":
        file.write_bytes(content[: len(content) // 2])
    elif way == "empty":
        file.write_bytes(b"")
    elif way == "garbage":
        file.write_bytes(chance.randbytes(max(64, len(content) // 3)))
    elif way == "unknown key":
        file.write_bytes(with_unknown_key(content, file.suffix))
    elif content:
        changed = bytearray(content)
        changed[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        file.write_bytes(changed)


def with_unknown_key(content: bytes, suffix: str) -> bytes:
    if suffix == ".json":
        return json.dumps(json.loads(content) | {"mood": "new"}).encode()
    lines = content.decode().splitlines()
    if suffix == ".jsonl":
        return "".join(
            json.dumps(json.loads(one) | {"mood": "new"}) + "\n" for one in lines
        ).encode()
    return "".join(f"{one},{'new' if n else 'mood'}\n" for n, one in enumerate(lines)).encode()


SAMPLE = [
    ("phantom/unet/final-101.0/run.json", "empty"),
    ("phantom/unet/final-101.0/run.json", "flip 1"),
    ("phantom/unet/final-101.0/per_case.csv", "flip 0"),
    ("phantom/unet/final-101.0/thresholds.csv", "truncated"),
    ("phantom/attention_unet/0.0/metrics.jsonl", "garbage"),
    ("phantom/unet/study/importance.json", "unknown key"),
    ("phantom/unet/study/trials.csv", "removed"),
    ("phantom/unet/study/.plan.json", "flip 2"),
    ("phantom/unet/0.0/checkpoint/weights.npz", "flip 0"),
    ("phantom/unet/1.0/published.json", "flip 0"),
    ("optuna.db", "truncated"),
    ("mlflow.db", "garbage"),
]
EVERY = [(name, way) for name in files() for way in ways(name, FLIPS)]
CASES = [
    *(pytest.param(*one, marks=[pytest.mark.slow, pytest.mark.sample]) for one in SAMPLE),
    *(pytest.param(*one, marks=pytest.mark.slow) for one in EVERY if one not in SAMPLE),
]


def changed_rows(before: Any, now: Any) -> set[str]:
    """Return the runs whose rows differ."""
    rows = [{row["run"]: row for row in table} for table in (before, now)]
    return {run for run in rows[0].keys() | rows[1].keys() if rows[0].get(run) != rows[1].get(run)}


def faults_of(name: str, command: str, sound: Said, now: Said) -> Iterator[str]:
    """Yield what is wrong with how a command took the damage."""
    if now.traceback:
        yield f"{command}: traceback\n{now.traceback}"
        return
    is_named = Path(name).name in now.err
    if now.code not in (0, 1):
        yield f"{command}: exit code {now.code}: {now.err}"
    if now.code == 1 and not is_named:
        yield f"{command}: code 1 without the name of the file: {now.err}"
    if command in WITHOUT_NUMBERS:
        return
    if now.numbers != sound.numbers and not is_named:
        yield f"{command}: numbers changed without a word: {now.err}\n{now.out[:2000]}"
    if command == "runs" and isinstance(now.numbers, list):
        own = name.rpartition("/checkpoint")[0] or name.rpartition("/")[0]
        others = changed_rows(sound.numbers, now.numbers) - {own}
        if others:
            yield f"runs: other runs changed: {others}"


@pytest.mark.usefixtures("quiet_server")
@pytest.mark.parametrize(("name", "way"), CASES)
def test_damage_is_named_and_changes_nothing_else(
    whole: Path, sound: dict[str, Said], cache: Path, tmp_path: Path, name: str, way: str
) -> None:
    workspace = Path(shutil.copytree(whole, tmp_path / "runs"))
    damage(workspace / name, name, way)
    found = [
        fault
        for command, words in COMMANDS.items()
        for fault in faults_of(name, command, sound[command], run(words, workspace, cache))
    ]
    assert found == [], "\n".join(found)
