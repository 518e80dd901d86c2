"""Cross-validation after a single split was tuned on the same patients is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ablation.config import resolve
from ablation.data import Dataset, PatientFacts, Split
from ablation.errors import AblateError
from ablation.experiments.experiment import Experiment
from ablation.experiments.tuned import refuse_tuned
from ablation.metrics.cases import columns
from tracking import names
from tracking.record import RunFolder, RunRecord


def experiments(fingerprint: str = "one", folds: int | None = 2) -> list[Experiment]:
    config = resolve(preset="cpu-demo", flags={"data.folds": folds}).config
    dataset = Dataset("lgg", None, False, "px", ("flair",), (), (), fingerprint, {})
    split = Split(("a",), ("b",), ("c",))
    numbers = [None] if folds is None else range(1, folds + 1)
    return [Experiment("e", "unet", config, "cpu-demo", dataset, split, k) for k in numbers]


def trial(workspace: Path, *, study: str = "other", status: str = "FINISHED", **tags: str) -> None:
    folder = RunFolder.create(
        workspace / "holdout" / study,
        RunRecord(
            "trial", "holdout", study, "0.0", f"holdout/{study}", tags={names.DATA: "one", **tags}
        ),
    )
    if status != "RUNNING":
        folder.finish(status)


def table(workspace: Path, case: str, truth: str) -> None:
    """Write a finished trial on other scans with one validation patient."""
    trial(workspace, **{names.DATA: "one patient fewer"})
    texts = {"patient": case, "case": case, "split": "validation", "target": "WT"}
    texts |= {"status": "scored", "dice": 0.5, "distance_unit": "px", "truth_hash": truth}
    place = workspace / "holdout" / "other" / "0.0" / names.PER_CASE
    pd.DataFrame([texts], columns=list(columns())).to_csv(place, index=False)


def refusal(experiments: list[Experiment], workspace: Path) -> str:
    """Return what is said against the folds, nothing where they may begin."""
    try:
        refuse_tuned(experiments, workspace)
    except AblateError as error:
        return error.message
    return ""


def test_a_finished_trial_of_any_experiment_counts(tmp_path):
    trial(tmp_path)
    with pytest.raises(
        AblateError, match="study holdout/other was tuned on these patients"
    ) as caught:
        refuse_tuned(experiments(), tmp_path)
    assert "--workspace" in caught.value.hint


def test_what_does_not_count(tmp_path):
    trial(tmp_path, study="unfinished", status="RUNNING")
    trial(tmp_path, study="failed", status="FAILED")
    trial(tmp_path, study="fold", **{names.FOLD: "1/4"})
    trial(tmp_path, study="scans", **{names.DATA: "two"})
    assert refusal(experiments(), tmp_path) == ""
    assert refusal(experiments(), tmp_path / "no workspace yet") == ""


def test_one_patient_of_both_is_enough(tmp_path):
    table(tmp_path, "b", truth="t")
    others = experiments("two")
    assert refusal(others, tmp_path) == ""
    facts = PatientFacts("x", (1, 4, 4), None, 3, 1, 1, "t", "r", True, ("flair",), person="x")
    same = [replace(one, dataset=replace(one.dataset, patients=(facts,))) for one in others]
    with pytest.raises(AblateError, match="tuned on these patients"):
        refuse_tuned(same, tmp_path)


@pytest.mark.parametrize(("case", "refused"), [("BraTS-GLI-00012-101", True), ("P7", False)])
def test_another_examination_of_a_person_is_enough(tmp_path, case, refused):
    table(tmp_path, case, truth="another")
    facts = PatientFacts("Phash", (1, 4, 4), None, 3, 1, 1, "t", "r", True, ("flair",))
    named = {"Phash": frozenset({"BraTS-GLI-00012-000", "P7"})}
    others = [
        replace(one, dataset=replace(one.dataset, name="brats", patients=(facts,), names=named))
        for one in experiments("two")
    ]
    # Two hospitals may both have a P7.
    assert ("tuned on these patients" in refusal(others, tmp_path)) == refused


def test_a_single_split_is_never_refused(tmp_path):
    trial(tmp_path)
    assert refusal(experiments(folds=None), tmp_path) == ""


def test_folds_begun_before_go_on(tmp_path):
    first = experiments()[0]
    RunFolder.create(
        tmp_path / "e" / first.label,
        RunRecord("study", "e", "unet", names.STUDY_FOLDER, first.study, start_ms=1),
    )
    trial(tmp_path)
    assert refusal(experiments(), tmp_path) == ""
