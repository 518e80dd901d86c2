"""One sweep and one report of entries that the package does not have, added by registration."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import ablation
from ablation.cli.app import app
from ablation.config import Config, build_config, flatten
from ablation.config.versions import read_definition
from ablation.data import READERS
from ablation.experiments.experiment import Experiment, open_experiment
from ablation.experiments.study import run_worker, spec_of, write_plan
from ablation.losses import LOSSES
from ablation.metrics.registry import METRICS
from ablation.metrics.table import read_cases
from ablation.models import DESIGNS
from ablation.statistics.paired_tests import TESTS
from ablation.training.augmentations import AUGMENTATIONS
from sweeps import Space, open_study

from .test_augmentations import TURNED
from .test_designs import SCALED
from .test_losses import RIM
from .test_metrics import FDR
from .test_paired_tests import SIGN
from .test_readers import ARRAYS, write_arrays

ROOT = Path(__file__).parents[2]
SETTINGS: dict[str, object] = {
    "model.name": "scaled",
    "loss.name": "rim",
    "data.source": "arrays",
    "data.target": "liver",
    "data.modalities": ("ct",),
    "data.image_size": 32,
    "data.augmentation": "turned",
    "training.epochs": 1,
    "training.batch_size": 4,
    "training.max_batches": 1,
    "comparison.metric": "fdr",
    "comparison.primary_test": "sign",
    "sweep.trials": 1,
    "sweep.seeds": 1,
}
PATIENTS = 12


@dataclass(frozen=True)
class WholePath:
    """What came out of a sweep and a report with own entries of every kind."""

    experiment: Experiment
    space: Space
    """What the sweep searched over."""
    run: dict[str, Any]
    """run.json of the final run."""
    cases: pd.DataFrame
    comparison: ablation.Comparison
    page: str
    methods: str
    files: str
    """Table as CSV, and comparison.json."""
    help: str
    """What `ablate report --help`, `ablate models` and `ablate config show` print."""
    reference: str
    """docs/reference.md, as it is made."""


@pytest.fixture(scope="session")
def every_own_entry() -> Callable[[], ExitStack]:
    """Return what registers the own entries of all plug-in points until it is closed."""

    def register() -> ExitStack:
        stack = ExitStack()
        stack.enter_context(DESIGNS.having(SCALED))
        stack.enter_context(LOSSES.having(RIM))
        stack.enter_context(READERS.having(ARRAYS))
        stack.enter_context(AUGMENTATIONS.having(TURNED))
        stack.enter_context(METRICS.having(FDR))
        stack.enter_context(TESTS.having(SIGN))
        return stack

    return register


@pytest.fixture(scope="session")
def whole_path(
    tmp_path_factory: pytest.TempPathFactory, every_own_entry: Callable[[], ExitStack]
) -> WholePath:
    """Sweep, score and report with the own entries registered, which are gone afterwards."""
    place = tmp_path_factory.mktemp("own")
    write_arrays(place / "scans", PATIENTS)
    with every_own_entry():
        config = build_config({**SETTINGS, "data.path": str(place / "scans")})
        for design in ("first", "second"):
            experiment = _swept(config, design, place)
        made = ablation.report(workspace=place / "runs", out=place / "report")
        final = next((place / "runs").glob("*/second/final-*"))
        return WholePath(
            experiment=experiment,
            space=experiment.space,
            run=json.loads((final / "run.json").read_text()),
            cases=read_cases(final / "per_case.csv"),
            comparison=made.comparison,
            page=(place / "report" / "index.html").read_text(),
            methods=(place / "report" / "methods.txt").read_text(),
            files=(place / "report" / "comparison.csv").read_text()
            + (place / "report" / "comparison.json").read_text(),
            help=_help(config),
            reference=_reference(),
        )


def _swept(config: Config, design: str, place: Path) -> Experiment:
    experiment = open_experiment(
        config, preset="laptop", cache=place / "cache", name="own", design=design
    )
    workspace = place / "runs"
    workspace.mkdir(exist_ok=True)
    open_study(spec_of(experiment, workspace), read_definition)
    write_plan(experiment, workspace)
    end = run_worker(experiment, workspace, place / "cache", threading.Event())
    assert end.why == "done"
    return experiment


def _help(config: Config) -> str:
    runner = CliRunner()
    values = [f"--set={key}={flatten(config)[key]}" for key in ("model.name", "loss.name")]
    commands = (["report", "--help"], ["models"], ["config", "show", *values])
    return "\n".join(runner.invoke(app, words).output for words in commands)


def _reference() -> str:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.reference())


@pytest.fixture
def identities(every_own_entry: Callable[[], ExitStack]) -> Callable[[], dict[str, str]]:
    """Return what gives the identity of every design and loss of the package at its defaults."""
    from types import SimpleNamespace

    from ablation.data import Split

    ours = [(design, "combo") for design in DESIGNS] + [("unet", loss) for loss in LOSSES]

    def all_of() -> dict[str, str]:
        found = {}
        for design, loss in ours:
            config = build_config({"model.name": design, "loss.name": loss})
            dataset: Any = SimpleNamespace(fingerprint="data", reader=READERS["phantom"])
            split = Split(("a",), ("b",), ("c",))
            one = Experiment("e", design, config, "laptop", dataset, split)
            found[f"{design} {loss}"] = one.identity_of(config)
        return found

    return all_of
