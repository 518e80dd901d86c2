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
    "compare --help",
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
IMPORT = "import typer, rich"
SMALLEST = """
import typer
from typing import Annotated
app = typer.Typer(rich_markup_mode=None)
@app.command()
def one(name: Annotated[str, typer.Option()] = ""): pass
@app.command()
def two(name: Annotated[str, typer.Option()] = ""): pass
app()
"""
"""A typer program of two empty commands: once a command has options, typer itself loads pydantic."""
TIMES = 2.0
ROUNDS = 5


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


@pytest.mark.parametrize("command", ["--help", "--version"])
def test_it_answers_within_twice_the_time_of_importing_typer_and_rich(command: str) -> None:
    assert cpu_seconds("-m", "ablation", command) < TIMES * cpu_seconds("-c", IMPORT)


@pytest.mark.parametrize("words", [("sweep", "--help"), ("sweep", "--modle", "unet")])
def test_a_command_answers_within_twice_the_time_of_an_empty_typer_program(
    words: tuple[str, ...],
) -> None:
    empty = cpu_seconds("-c", SMALLEST, "one", *words[1:])
    assert cpu_seconds("-m", "ablation", *words) < TIMES * empty
