"""Help, version and usage errors answer at once: what they load, and how long that takes."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest

HEAVY = {
    *("tensorflow", "keras", "mlflow", "optuna", "pandas", "plotly", "scipy", "numpy"),
    *("sqlalchemy", "nibabel", "tifffile"),
}
LIGHT = [
    "--help",
    "--version",
    "sweep --help",
    "report --help",
    "runs --help",
    "sweep --modle unet",
]
LOADED = """
import json, sys
from ablation.cli.app import main
try:
    main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
YARDSTICK = "import typer.main, typer.rich_utils, rich"
"""What typer needs for any help page: it loads its parts, and rich, when they are first used."""
TIMES = 2.0
"""Measured 1.0 to 1.4; between that and a heavy import (pandas alone: 1 s) there is room for noise."""
ROUNDS = 3


def python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", LIGHT)
def test_nothing_heavy_is_loaded(command: str) -> None:
    done = python("-c", LOADED, *command.split())
    assert done.returncode == (2 if "modle" in command else 0)
    assert HEAVY & set(json.loads(done.stdout.splitlines()[-1])) == set()


def cpu_seconds(*words: str) -> float:
    """Return the CPU seconds of a process, the best of several: a busy machine only adds to them."""
    taken = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        python(*words)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken)


@pytest.fixture(scope="module")
def yardstick() -> float:
    return cpu_seconds("-c", YARDSTICK)


@pytest.mark.parametrize("command", ["--help", "--version", "sweep --help", "sweep --modle unet"])
def test_it_answers_within_twice_the_time_of_typer_itself(command: str, yardstick: float) -> None:
    assert cpu_seconds("-m", "ablation", *command.split()) < TIMES * yardstick
