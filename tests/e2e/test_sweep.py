"""From nothing to a comparison, as the README does it, on a tiny phantom."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from .conftest import TINY, Shell, mlflow_states, table_of

pytestmark = pytest.mark.slow


@pytest.mark.sample
def test_sweep_report_evaluate_and_look(shell: Shell) -> None:
    out, err = shell("sweep", "--model", "unet", "--trials", "2", *TINY)
    assert "preset cpu-demo (no --data, so the generated phantom)" in err
    assert "cost: phantom/unet: 3 trainings x 3 epochs" in err
    assert "test patients 2: no exact paired test can fall below p = 0.5" in err
    assert "next: ablate ui" in err
    assert out.splitlines()[0].split()[:2] == ["design", "trials"]
    assert out.splitlines()[1].split()[:2] == ["unet", "2"]

    runs = shell.folder / "runs"
    assert [state for _, _, state, _, _ in table_of(runs)] == ["COMPLETE"] * 3
    assert mlflow_states(runs) == ["FINISHED"] * 4  # the study, two trials, one final

    # One design: a report without a test that names the next command.
    out, _ = shell("report", "--compare", "all")
    assert "nothing to compare it with" in out
    assert "ablate sweep --model resupnet" in out

    # A second design of the same experiment, by another name.
    shell("sweep", "--model", "unet", "--study", "unet-tversky", "--trials", "1",
          *TINY, "--set", "loss.name=tversky")  # fmt: skip
    out, _ = shell("report", "--compare", "all")
    assert "unet-tversky" in out
    assert "rank or sign-flip test can fall below p = 0.5 with 2 patients" in out
    page = (shell.folder / "report" / "index.html").read_text().lower()
    for section in ("cases", "thresholds", "tuning"):
        assert f'<section id="{section}">' in page
    assert page.count('<img src="data:image/png;base64,') >= 2
    assert "no tuning importance of unet: 2 complete trials are too few" in page
    assert "generated data" in page
    assert "demo settings" in page
    with (shell.folder / "report" / "comparison.csv").open() as file:
        assert {row["design"] for row in csv.DictReader(file)} >= {"unet", "unet-tversky"}

    # The recorded table comes out of the weights again, to the last digit.
    recorded = runs / "phantom/unet/final-101.0/per_case.csv"
    before = recorded.read_bytes()
    recorded.unlink()
    shell("evaluate", "phantom/unet/final-101")
    assert recorded.read_bytes() == before

    listed = json.loads(shell("runs", "list", "--json")[0])
    assert {row["status"] for row in listed} == {"FINISHED"}
    assert len(json.loads(shell("studies", "list", "--json")[0])) == 2
    assert "complete" in shell("studies", "show", "phantom/unet")[0]
    assert json.loads(shell("doctor", "--json")[0])["trial database"] == "2 studies"


def test_two_sweeps_with_one_seed_give_one_table(shell: Shell) -> None:
    for workspace in ("a", "b"):
        shell("sweep", "--model", "unet", "--trials", "3", *TINY, "--workspace", workspace)
    assert table_of(shell.folder / "a") == table_of(shell.folder / "b")
    first, second = (shell.folder / w / "phantom/unet/final-101.0" for w in "ab")
    figures = [f"figures/{path.name}" for path in (first / "figures").iterdir()]
    assert len(figures) > 1
    for name in ("per_case.csv", "thresholds.csv", "../study/importance.json", *figures):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_the_same_command_goes_on_and_trials_may_be_raised(shell: Shell) -> None:
    shell("sweep", "--model", "unet", "--trials", "1", *TINY)
    shell("sweep", "--model", "unet", "--trials", "2", *TINY)
    raised = table_of(shell.folder / "runs")
    trials = [row for row in raised if row[0] == "phantom/unet"]
    shell("sweep", "--model", "unet", "--trials", "2", *TINY, "--workspace", "straight")
    straight = [row for row in table_of(shell.folder / "straight") if row[0] == "phantom/unet"]
    assert trials == straight
    _, err = shell("sweep", "--model", "unet", "--trials", "1", *TINY, code=1)
    assert "2 finished trials" in err
    _, err = shell("sweep", "--model", "unet", "--trials", "2", *TINY,
                   "--set", "training.epochs=4", code=1)  # fmt: skip
    assert "training.epochs: 3 -> 4" in err
    assert "--study NEWNAME" in err


def test_what_was_trained_once_is_answered_from_its_record(shell: Shell) -> None:
    shell("sweep", "--model", "unet", "--trials", "2", *TINY)
    shell("sweep", "--model", "unet", "--trials", "2", *TINY, "--study", "again")
    runs = shell.folder / "runs" / "phantom"
    for name in ("0.0", "1.0", "final-101.0"):
        record = json.loads((runs / "again" / name / "run.json").read_text())
        assert record["tags"]["ablate.answered_by"]
        ours, known = (runs / d / name / "per_case.csv" for d in ("again", "unet"))
        assert ours.read_bytes() == known.read_bytes()


def test_a_dry_run_starts_nothing(shell: Shell) -> None:
    _, err = shell("sweep", "--model", "unet,resupnet", "--trials", "4", *TINY, "--dry-run")
    assert "cost: together" in err
    assert not (shell.folder / "runs").exists()


def test_only_the_best_weights_are_kept_when_asked(shell: Shell) -> None:
    shell("sweep", "--model", "unet", "--trials", "3", *TINY,
          "--set", "sweep.keep_checkpoints=best")  # fmt: skip
    kept = sorted(p.parts[-3] for p in Path(shell.folder).glob("runs/phantom/unet/*/checkpoint/w*"))
    rows = [row for row in table_of(shell.folder / "runs") if row[0] == "phantom/unet"]
    best = max(rows, key=lambda row: float(str(row[3])))[1]
    assert kept == [f"{best}.0", "final-101.0"]
