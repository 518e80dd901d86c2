"""Nested cross-validation as a user types it: every patient tested once, on a tiny phantom."""

from __future__ import annotations

import csv
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import TINY, Shell, table_of

pytestmark = pytest.mark.slow
FOLDS = ("sweep", "--folds", "2", "--trials", "1", *TINY)
STUDIES = [f"phantom/unet.fold{k}of2" for k in (1, 2)]


def patients_tested(workspace: Path, design: str) -> list[str]:
    """Return the patients that the finals of a design were scored on, over all folds."""
    found = []
    for table in workspace.glob(f"phantom/{design}.fold*/final-101.0/per_case.csv"):
        with table.open() as file:
            found += [row["patient"] for row in csv.DictReader(file) if row["split"] == "test"]
    return sorted(found)


@pytest.mark.sample
def test_every_patient_is_tested_once_and_compared(shell: Shell) -> None:
    out, err = shell(*FOLDS, "--model", "unet", "--json")
    assert "8 patients (2 folds, each train 3, validation 1, test 4)" in err
    assert "cost: phantom/unet: 2 folds x 2 trainings x 3 epochs" in err
    assert "test patients 8:" in err
    (row,) = json.loads(out)
    assert (row["design"], row["folds"], row["trials"], row["patients"]) == ("unet", 2, 2, 8)
    runs = shell.folder / "runs"
    assert patients_tested(runs, "unet") == [f"phantom_{k:03d}" for k in range(8)]

    listed = json.loads(shell("studies", "list", "--json")[0])
    assert [study["name"] for study in listed] == STUDIES
    record = json.loads((runs / f"{STUDIES[1]}/final-101.0/run.json").read_text())
    assert (record["model"], record["tags"]["ablate.fold"]) == ("unet", "2/2")
    assert "equal to the record" in shell("evaluate", f"{STUDIES[1]}/final-101")[0]

    out, _ = shell("report", "--compare", "all")
    assert "Next: ablate sweep --model resupnet --trials 1 --folds 2" in out
    report = json.loads((shell.folder / "report" / "comparison.json").read_text())
    assert report["folds"] == [2]
    assert len(report["analyses"][0]["patients"]) == 8
    ledger = {line["fact"]: line["values"] for line in report["ledger"]}
    assert ledger["protocol"] == ["2-fold cross-validation"]
    assert "nested 2-fold cross-validation" in (
        shell.folder / "report" / "index.html"
    ).read_text()  # fmt: skip


def test_two_designs_are_compared_on_all_patients_and_folds(shell: Shell) -> None:
    shell(*FOLDS, "--model", "unet")
    shell(*FOLDS, "--model", "unet", "--study", "tversky", "--set", "loss.name=tversky")
    report = json.loads(shell("report", "--compare", "all", "--json", "--quiet")[0])
    assert report["designs"] == ["tversky", "unet"]
    assert len(report["analyses"][0]["contrasts"][0]["d"]) == 8
    assert [check["p"] for check in report["checks"] if check["kind"] == "folds"] == [None]


def test_a_single_split_on_the_same_patients_comes_first(shell: Shell) -> None:
    shell("sweep", "--model", "unet", "--trials", "1", *TINY)
    _, err = shell(*FOLDS, "--model", "unet", "--experiment", "other", code=1)
    assert "study phantom/unet was tuned on these patients" in err
    assert "--workspace" in err
    assert not (shell.folder / "runs" / "other").exists()
    shell(*FOLDS, "--model", "unet", "--workspace", "folds")


def test_an_interrupted_cross_validation_goes_on(
    shell: Shell, no_worker_left: Callable[[], None]
) -> None:
    sweep = shell.start(*FOLDS, "--model", "unet")
    runs = shell.folder / "runs"
    deadline = time.monotonic() + 120
    while not (runs / STUDIES[1] / "0.0").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    sweep.send_signal(signal.SIGINT)
    sweep.communicate(timeout=60)
    assert sweep.returncode == 130
    _, err = shell("report", "--compare", "all", code=1)
    assert "unet has no final of fold 2 of 2" in err
    shell(*FOLDS, "--model", "unet")
    shell(*FOLDS, "--model", "unet", "--workspace", "straight")
    assert table_of(runs) == table_of(shell.folder / "straight")


def test_more_trials_are_added_to_every_fold(shell: Shell) -> None:
    shell(*FOLDS, "--model", "unet")
    more = list(FOLDS)
    more[more.index("--trials") + 1] = "2"
    out, _ = shell(*more, "--model", "unet", "--json")
    assert json.loads(out)[0]["trials"] == 4
    assert json.loads(shell(*more, "--model", "unet", "--json")[0]) == json.loads(out)
