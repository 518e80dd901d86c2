"""The same study on fewer cores gives the same bits: its number of threads is stored with it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import TINY, Shell, table_of

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(len(CORES) < 2, reason="needs two cores, and Linux to take one away"),
]
SWEEP = ("sweep", "--model", "unet", *TINY, "--set", "model.base=16")
"""Wide enough that sums are divided among threads."""


@contextmanager
def cores(*numbers: int) -> Iterator[None]:
    """Leave only these cores to the commands that are started now."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, numbers)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def tables(workspace: Path) -> dict[str, bytes]:
    """Return every table of the runs, by the run's name."""
    files = workspace.glob("phantom/unet/*/per_case.csv")
    return {file.parent.name: file.read_bytes() for file in files}


def test_a_study_goes_on_with_fewer_cores_and_gives_the_same_tables(shell: Shell) -> None:
    first, *others = CORES
    both = {"straight": (first, others[0]), "moved": (first,)}
    for workspace, later in both.items():
        place = ("--workspace", workspace)
        with cores(first, others[0]):
            shell(*SWEEP, "--trials", "1", *place)
        with cores(*later):
            _, err = shell(*SWEEP, "--trials", "2", *place)
    assert "phantom/unet computes with 2 threads as before, on 1 core" in err
    straight, moved = (shell.folder / workspace for workspace in both)
    assert len(tables(straight)) >= 3
    assert tables(straight) == tables(moved)
    assert table_of(straight) == table_of(moved)

    record = json.loads((moved / "phantom/unet/1.0/run.json").read_text())
    assert record["params"]["training.threads"] == "2"
    assert "cpu_features" in record["provenance"]

    # Scored again from its weights on one core: the same bytes.
    with cores(first):
        shell("evaluate", "phantom/unet/final-101", "--workspace", "straight")
    assert not list(straight.glob("phantom/unet/*/per_case.recomputed.csv"))


def test_a_named_number_of_threads_decides_whatever_the_cores(shell: Shell) -> None:
    for workspace, own in {"one": CORES[:1], "two": CORES[:2]}.items():
        with cores(*own):
            shell(*SWEEP, "--trials", "1", "--workspace", workspace,
                  "--set", "training.threads=2")  # fmt: skip
    assert tables(shell.folder / "one") == tables(shell.folder / "two")
