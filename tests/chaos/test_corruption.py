"""Every file of a workspace, damaged in every way, through every command.

No traceback; no number changes unless the command names the damaged file; no other run is affected.
Neighbours are files of a later version, folders and dead links in a file's place, and files without
read permission: one file of each kind goes through all commands.
A fixed sample runs with every change, everything with all slow tests.

An empty and a removed file go through all commands. Other content cannot be noticed by a command
that does not open the file: it goes through the commands that open it, and once one of these has
written something, through all that follow.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import itertools
import json
import os
import random
import shutil
import sys
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
from ablation.experiments import cost
from ablation.experiments import study as studies
from ablation.experiments import sweep as sweeps_of
from sweeps import SweepEnd, open_study
from sweeps.storage import connect
from tracking.digests import digests_of
from tracking.mlflow.moved import follow
from tracking.record import RunFolder
from tracking.workspace import find_runs, published

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
MEASURED = {
    "step_seconds": 0.1,
    "slice_seconds": 0.01,
    "parameters": 2000.0,
    "start_seconds": 1.0,
}
WITHOUT_NUMBERS = ("sync", "ui")
STORE = "mlartifacts/"
OPENED: set[str] = set()
"""Absolute paths of the files that this process has opened since the set was emptied."""


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


def note_opened(event: str, arguments: tuple[Any, ...]) -> None:
    """Note the files that Python and SQLite open; an audit hook, which never goes away."""
    if event in ("open", "sqlite3.connect") and isinstance(arguments[0], str):
        OPENED.add(arguments[0])


@pytest.fixture
def quiet_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `ui` serve nothing and `sweep` train in this process, without a publisher.

    A network of the same shape is traced once, as in a worker, and its step is not timed.
    """
    from ablation.training import trainer  # imports TensorFlow

    traced: dict[Any, trainer.Trainer] = {}
    make = trainer.Trainer

    class Done:
        pid = 0

    def trainer_of(config: Any, *images: Any) -> Any:
        shape = trainer.shape_of(config, *images)
        if shape not in traced:
            traced[shape] = make(config, *images)
        return traced[shape]

    def supervise(command: list[str], storage: str, study: str, **more: Any) -> SweepEnd:
        words = dict(itertools.pairwise(command))
        workspace, place = Path(words["--workspace"]), Path(words["--cache"])
        experiment = studies.read_plan(workspace, study, place)
        end = studies.run_worker(experiment, workspace, place, threading.Event())
        return SweepEnd(end.why, end.reason)

    monkeypatch.setattr(trainer, "Trainer", trainer_of)
    monkeypatch.setattr(cost, "_measure", lambda _: dict(MEASURED))
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


@dataclass(frozen=True)
class Sound:
    """What every command says of the undamaged workspace, and which of its files it opens."""

    said: dict[str, Said]
    opened: dict[str, set[str]]

    def reads(self, command: str, file: str, way: str) -> bool:
        """Tell whether a command can take notice of this damage by itself."""
        return way in ("empty", "removed", *NEIGHBOURS) or file in self.opened[command]


def copied(whole: Path, place: Path) -> Path:
    """Return a copy of the workspace whose database knows where it lies."""
    copy = Path(shutil.copytree(whole, place / "runs"))
    follow(copy / "mlflow.db")
    return copy


@contextlib.contextmanager
def as_common_user() -> Iterator[None]:
    """Let the rights of files hold for root, too: without CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this thread
    rights = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    assert libc.capget(head, rights) == 0
    own = rights[0]
    rights[0] &= ~0b110
    assert libc.capset(head, rights) == 0
    try:
        yield
    finally:
        rights[0] = own
        assert libc.capset(head, rights) == 0


def state_of(workspace: Path) -> dict[str, tuple[int, int]]:
    """Return when each file was written last, and its size; locks do not count."""
    found = {path: path.stat() for path in workspace.rglob("*") if path.is_file()}
    return {
        str(path): (stat.st_mtime_ns, stat.st_size)
        for path, stat in found.items()
        if path.suffix != ".lock"
    }


@pytest.fixture(scope="module")
def sound(whole: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Sound:
    sys.addaudithook(note_opened)
    copy = copied(whole, tmp_path_factory.mktemp("sound"))
    said, opened = {}, {}
    with pytest.MonkeyPatch.context() as patch:
        quiet_server.__wrapped__(patch)  # type: ignore[attr-defined]
        for name, words in COMMANDS.items():
            OPENED.clear()
            said[name] = run(words, copy, cache)
            below = f"{copy}/"
            opened[name] = {one.removeprefix(below) for one in OPENED if one.startswith(below)}
    assert {name: one.code for name, one in said.items()} == dict.fromkeys(COMMANDS, 0), said
    return Sound(said, opened)


def files() -> list[str]:
    """Return every file of the workspace that holds something, in a list that needs no fixture.

    Files of the artifact store are named as those of their run, below the store's folder.
    """
    kept = [path.relative_to(SCHEMA_1).as_posix() for path in SCHEMA_1.rglob("*") if path.is_file()]
    published = {
        f"{Path(name).parent}/published.json" for name in kept if name.endswith("run.json")
    }
    own = ("metrics.jsonl", ".plan.json", "optuna.db")
    stored = {STORE + name for name in kept if Path(name).name not in own}
    return sorted({*kept, *published, *stored, "mlflow.db", ".workspace.json"})


def place_of(name: str, workspace: Path) -> str:
    """Return where a file of `files` lies, relative to the workspace."""
    if not name.startswith(STORE):
        return name
    experiment, design, run, *file = name.removeprefix(STORE).split("/")
    (entry,) = published(RunFolder(workspace / experiment / design / run)).values()
    return "/".join([STORE.rstrip("/"), experiment, entry["run_id"], "artifacts", *file])


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
    elif way == "folder":
        file.unlink()
        file.mkdir()
    elif way == "dangling link":
        file.unlink()
        file.symlink_to("nowhere")
    elif way == "not readable":
        file.chmod(0)
    elif way == "later schema":
        file.write_text(json.dumps(json.loads(content) | {"schema": 99}))
    elif way == "deep key":
        file.write_text(json.dumps(with_deep_keys(json.loads(content))))
    elif way == "unknown key":
        file.write_bytes(with_unknown_key(content, file.suffix))
    elif content:
        changed = bytearray(content)
        changed[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        file.write_bytes(changed)


def with_deep_keys(value: Any) -> Any:
    """Return the value with a new key in every object that is in an object or list."""
    if isinstance(value, list):
        return [with_deep_keys(one) for one in value]
    if isinstance(value, dict):
        return {key: with_deep_keys(one) for key, one in value.items()} | {"mood": "new"}
    return value


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
    ("phantom/unet/final-101.0/per_case.csv", "flip 0"),
    ("phantom/attention_unet/0.0/metrics.jsonl", "garbage"),
    ("phantom/unet/study/importance.json", "unknown key"),
    ("phantom/unet/study/.plan.json", "flip 2"),
    ("phantom/unet/0.0/checkpoint/weights.npz", "flip 0"),
    ("mlartifacts/phantom/unet/final-101.0/thresholds.csv", "truncated"),
    ("optuna.db", "truncated"),
    ("mlflow.db", "garbage"),
]
NEIGHBOURS = ["folder", "dangling link", "not readable", "later schema", "deep key"]
ONE_OF_EACH_KIND = [
    "phantom/unet/final-101.0/run.json",
    "phantom/unet/final-101.0/per_case.csv",
    "phantom/unet/final-101.0/thresholds.csv",
    "phantom/unet/final-101.0/figures/overlays.csv",
    "phantom/unet/final-101.0/figures/tumour-phantom_001.png",
    "phantom/unet/final-101.0/published.json",
    "phantom/unet/0.0/run.json",
    "phantom/unet/0.0/metrics.jsonl",
    "phantom/unet/0.0/per_case.csv",
    "phantom/unet/0.0/checkpoint/weights.npz",
    "phantom/unet/study/run.json",
    "phantom/unet/study/.plan.json",
    "phantom/unet/study/importance.json",
    "phantom/unet/study/trials.csv",
    "phantom/unet/study/published.json",
    "phantom/other-tool/import.0/run.json",
    "mlartifacts/phantom/unet/final-101.0/run.json",
    "mlartifacts/phantom/unet/final-101.0/per_case.csv",
    "mlartifacts/phantom/unet/final-101.0/thresholds.csv",
    "mlartifacts/phantom/unet/final-101.0/figures/overlays.csv",
    "mlartifacts/phantom/unet/study/run.json",
    "mlartifacts/phantom/unet/study/trials.csv",
    "optuna.db",
    "mlflow.db",
    ".workspace.json",
]
EVERY = [(name, way) for name in files() for way in ways(name, FLIPS)]
EVERY += [
    (name, way)
    for name, way in itertools.product(ONE_OF_EACH_KIND, NEIGHBOURS)
    if name.endswith(".json") or way not in ("later schema", "deep key")
]
EVERY.sort(key=lambda one: one[1].startswith("flip"))  # what goes through most commands first


CASES = [
    *(pytest.param(*one, marks=[pytest.mark.slow, pytest.mark.sample]) for one in SAMPLE),
    *(pytest.param(*one, marks=[pytest.mark.slow]) for one in EVERY if one not in SAMPLE),
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
    whole: Path, sound: Sound, cache: Path, tmp_path: Path, name: str, way: str
) -> None:
    place = place_of(name, whole)
    if not any(sound.reads(command, place, way) for command in COMMANDS):
        return
    workspace = copied(whole, tmp_path)
    damage(workspace / place, name, way)
    before, found = state_of(workspace), []
    for command, words in COMMANDS.items():
        if sound.reads(command, place, way) or state_of(workspace) != before:
            with as_common_user():
                now = run(words, workspace, cache)
            found += faults_of(name, command, sound.said[command], now)
    shutil.rmtree(tmp_path)
    assert found == [], "\n".join(found)
