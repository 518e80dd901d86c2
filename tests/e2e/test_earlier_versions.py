"""Workspaces of earlier versions are read, gone on with, evaluated, published and reported.

The same by "the next version": a copy of the packages that has one more metric, one more key of
`unet`, one more key of [training] and one more field of run.json. What a later version than this
one has written is refused by every command.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from .conftest import Shell, mlflow_states

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
SCHEMA_1 = ROOT / "tests/fixtures/schema1"
EXPECTED = SCHEMA_1 / "expected"
SWEEP = (
    *("sweep", "--model", "unet", "--preset", "cpu-demo", "--trials", "3"),
    *("--set", "data.phantom_patients=6"),
    *("--set", "data.image_size=16"),
    *("--set", "model.base=2"),
    *("--set", "model.depth=2"),
    *("--set", "training.max_batches=2"),
)
"""The command the workspaces were written with, but for `training.epochs`; `single` had 2 trials."""
SINGLE, INTERRUPTED = ("--set", "training.epochs=3"), ("--set", "training.epochs=40")

REGISTRATION = """
from contextlib import ExitStack
from dataclasses import replace

from pydantic import Field

from ablation.metrics.metric import Metric
from ablation.metrics.registry import METRICS
from ablation.models.registry import DESIGNS

METRICS.add(
    Metric(
        name="tumour_share",
        label="tumour share",
        kind="ratio",
        higher_is_better=True,
        digits=3,
        function=lambda pair: float(pair.truth.mean()),
        meaning="true voxels / all voxels",
        bounds=(0.0, 1.0),
        summary=("mean",),
    )
)
UNET = DESIGNS["unet"]


class Keys(UNET.keys):
    padding: str = Field("same", description="what stands beyond the border")


KEPT = ExitStack()
KEPT.enter_context(DESIGNS.having(replace(UNET, keys=Keys)))
"""
"""Run by every process of the next version when it starts."""
NEW_COLUMN = "tumour_share"
NEW_FIELDS = {
    "ablation/config/sections/training.py": (
        "TrainingConfig",
        'warm_epochs: int = Field(0, description="epochs of a rising learning rate")',
    ),
    "tracking/record.py": ("RunRecord", 'note: str = "of the next version"'),
}
"""File -> class and the field it gets."""


def add_field(file: Path, name: str, field: str) -> None:
    """Write one more field behind the last statement of a class."""
    text = file.read_text()
    (body,) = [n for n in ast.parse(text).body if isinstance(n, ast.ClassDef) and n.name == name]
    lines = text.splitlines()
    assert body.end_lineno is not None
    lines.insert(body.end_lineno, f"    {field}")
    file.write_text("\n".join(lines) + "\n")


@dataclass(frozen=True)
class Version(Shell):
    """Runs `ablate` of one version."""

    packages: Path | None = None
    """Folder of its packages; none: those that are installed."""

    @property
    def environment(self) -> dict[str, str]:
        there = {} if self.packages is None else {"PYTHONPATH": str(self.packages)}
        return super().environment | there


@pytest.fixture(scope="session")
def next_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the three packages with what a later version could add."""
    folder = tmp_path_factory.mktemp("next")
    for package in ("ablation", "sweeps", "tracking"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    for file, (name, field) in NEW_FIELDS.items():
        add_field(folder / file, name, field)
    (folder / "sitecustomize.py").write_text(REGISTRATION)
    return folder


SAMPLE = [pytest.param("this", marks=pytest.mark.sample), "next"]


@pytest.fixture
def ablate(request: pytest.FixtureRequest, tmp_path: Path, cache: Path) -> Version:
    """The command of the version that the parameter names; of this one without a parameter."""
    if getattr(request, "param", "this") == "this":
        return Version(tmp_path, cache)
    return Version(tmp_path, cache, request.getfixturevalue("next_version"))


@pytest.fixture
def workspace(tmp_path: Path) -> Callable[[str], Path]:
    """Copy a workspace of schema 1 to `runs`, where commands look for one."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(SCHEMA_1 / name, tmp_path / "runs"))

    return copy


def as_before(table: bytes) -> bytes:
    """Return a per-case table without the column of the next version's metric."""
    rows = list(csv.reader(io.StringIO(table.decode(), newline="")))
    if NEW_COLUMN not in rows[0]:
        return table
    place = rows[0].index(NEW_COLUMN)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(r[:place] + r[place + 1 :] for r in rows)
    return text.getvalue().encode()


@pytest.mark.parametrize("ablate", SAMPLE, indirect=True)
def test_read_evaluated_published_and_reported(
    ablate: Version, workspace: Callable[[str], Path]
) -> None:
    runs = workspace("single")
    if ablate.packages is not None:
        shown, _ = ablate("config", "show", "--preset", "cpu-demo")
        assert "warm_epochs" in shown
        assert "padding" in shown

    listed = json.loads(ablate("runs", "list", "--json")[0])
    assert len(listed) == 9
    assert {row["status"] for row in listed} == {"FINISHED"}
    assert "phantom/unet/final-101" in ablate("runs", "show", "phantom/unet/final-101")[0]
    studies = json.loads(ablate("studies", "list", "--json")[0])
    assert {study["name"] for study in studies} == {"phantom/unet", "phantom/attention_unet"}
    assert "complete" in ablate("studies", "show", "phantom/unet")[0]

    # A table that is lost comes out of the weights again, to the last digit.
    for folder, name in (("0.0", "0"), ("final-101.0", "final-101")):
        table = runs / "phantom/unet" / folder / "per_case.csv"
        before = table.read_bytes()
        table.unlink()
        ablate("evaluate", f"phantom/unet/{name}")
        assert as_before(table.read_bytes()) == before
        assert (as_before(table.read_bytes()) != table.read_bytes()) == bool(ablate.packages)

    assert "9 published" in "".join(ablate("sync"))
    assert "9 up to date" in "".join(ablate("sync"))
    assert mlflow_states(runs) == ["FINISHED"] * 9

    ablate("report", "--compare", "all")
    assert_same_numbers(ablate.folder / "report/comparison.csv", EXPECTED / "single-comparison.csv")


def assert_same_numbers(written: Path, before: Path) -> None:
    """Expect the numbers of version 0.1 in a table of now.

    Since then differences are those of the scores as they stand, where they pointed to the better
    design, and intervals of means stay within the scale of the metric.
    """
    now, then = (pd.read_csv(path, dtype=str, keep_default_na=False) for path in (written, before))
    turned = {"mean", "median", "d_z", "d_z low", "d_z high"}
    for column in [name for name in then if name not in {*turned, "CI low", "CI high"}]:
        assert now[column].tolist() == then[column].tolist()
    for column in ("mean", "median", "d_z"):
        assert now[column].str.lstrip("+-").tolist() == then[column].str.lstrip("+-").tolist()
    for prefix in ("d_z", "CI"):
        for (_, new), (_, old) in zip(now.iterrows(), then.iterrows(), strict=True):
            ends = [new[f"{prefix} {end}"].lstrip("+-") for end in ("low", "high")]
            known = [old[f"{prefix} {end}"].lstrip("+-") for end in ("low", "high")]
            within = [end for end in ends if end and end != "1.000"]
            assert set(within) <= set(known)


@pytest.mark.parametrize("ablate", ["this", "next"], indirect=True)
def test_a_finished_study_goes_on_to_more_trials(
    ablate: Version, workspace: Callable[[str], Path]
) -> None:
    study = workspace("single") / "phantom/unet"
    earlier = {path: path.stat().st_mtime_ns for path in study.glob("[01].0/checkpoint/*")}
    ablate(*SWEEP, *SINGLE)
    expected = (EXPECTED / "single-raised-trials.csv").read_bytes()
    assert (study / "study/trials.csv").read_bytes() == expected
    assert {path: path.stat().st_mtime_ns for path in earlier} == earlier  # none trained again
    record = json.loads((study / "2.0/run.json").read_text())
    assert ("note" in record) == (ablate.packages is not None)


@pytest.mark.parametrize("ablate", ["this", "next"], indirect=True)
def test_an_interrupted_study_goes_on(ablate: Version, workspace: Callable[[str], Path]) -> None:
    study = workspace("interrupted") / "phantom/unet"
    ablate(*SWEEP, *INTERRUPTED)
    expected = (EXPECTED / "interrupted-trials.csv").read_bytes()
    assert (study / "study/trials.csv").read_bytes() == expected
    final = (study / "final-101.0/per_case.csv").read_bytes()
    assert as_before(final) == (EXPECTED / "interrupted-final.csv").read_bytes()
    assert (study / "1.1").is_dir()  # the second attempt, from the epoch the first one saved


@pytest.mark.parametrize("ablate", ["this", "next"], indirect=True)
def test_folds_are_evaluated_and_reported(
    ablate: Version, workspace: Callable[[str], Path]
) -> None:
    runs = workspace("folds")
    table = runs / "phantom/unet.fold2of2/final-101.0/per_case.csv"
    before = table.read_bytes()
    table.unlink()
    ablate("evaluate", "phantom/unet.fold2of2/final-101")
    assert as_before(table.read_bytes()) == before
    ablate("report", "--compare", "all")
    report = json.loads((ablate.folder / "report/comparison.json").read_text())
    assert report["folds"] == [2]
    assert len(report["analyses"][0]["patients"]) == 6


FINAL = "phantom/unet/final-101"
REFUSED_RUN = (
    ("runs", "list"),
    ("runs", "show", FINAL),
    ("evaluate", FINAL),
    ("report", "--compare", "all"),
    ("sync",),
)
REFUSED_STUDY = (("studies", "list"), ("studies", "show", "phantom/unet"), (*SWEEP, *SINGLE))


def refusal(ablate: Version, words: tuple[str, ...]) -> str:
    """Return the one line of error and its hint; check that nothing worse was said."""
    out, err = ablate(*words, code=1)
    assert "Traceback" not in out + err
    lines = [line for line in err.splitlines() if "9.9" in line]
    assert len([line for line in lines if not line.startswith("hint:")]) == 1, err
    said = err.lower()
    assert "written by ablate 9.9" in said
    assert "upgrade" in said
    for advice in ("delete", "remove", "move this", "damaged", "another workspace"):
        assert advice not in said, err
    return err


@pytest.mark.parametrize("words", REFUSED_RUN, ids=" ".join)
def test_a_run_of_a_later_version_is_refused(
    ablate: Version, workspace: Callable[[str], Path], words: tuple[str, ...]
) -> None:
    path = workspace("single") / "phantom/unet/final-101.0/run.json"
    later = json.loads(path.read_text()) | {"schema": 99, "version": "9.9", "mood": "new"}
    path.write_text(json.dumps(later))
    assert "run.json" in refusal(ablate, words) or "final-101" in refusal(ablate, words)
    assert json.loads(path.read_text()) == later


@pytest.mark.parametrize("words", REFUSED_STUDY, ids=" ".join)
def test_a_study_of_a_later_version_is_refused(
    ablate: Version, workspace: Callable[[str], Path], words: tuple[str, ...]
) -> None:
    database = workspace("single") / "optuna.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        stored = connection.execute(
            "SELECT a.study_user_attribute_id, a.value_json FROM study_user_attributes a "
            "JOIN studies s USING (study_id) WHERE s.study_name = 'phantom/unet' AND a.key = 'ablate.spec'"
        ).fetchall()
        ((number, text),) = stored
        later = json.dumps(json.loads(json.loads(text)) | {"schema": 99, "version": "9.9"})
        connection.execute(
            "UPDATE study_user_attributes SET value_json = ? WHERE study_user_attribute_id = ?",
            (json.dumps(later), number),
        )
    assert "phantom/unet" in refusal(ablate, words)
