"""The study database held against the run folders: SQLite does not notice a changed number."""

from __future__ import annotations

from pathlib import Path

from ablation.errors import AblateError
from ablation.experiments.study import PLAN, TRIALS_DATABASE, storage_url
from sweeps import trials_table
from tracking import names
from tracking.errors import TrackingError
from tracking.names import RunName, StudyName
from tracking.workspace import attempts, design_folder

REPAIR = (
    "One of the two was changed. ablate studies repair rebuilds the study from the run folders."
)


def disagreements(workspace: Path, study: str) -> list[str]:
    """Return a line for each finished trial whose value or parameters are others in its run.json.

    Trials whose folder is gone, damaged or of an unfinished attempt are not compared.

    Raises:
        SweepError: No such study, or its database cannot be read.
    """
    named = StudyName.parse(study)
    design = design_folder(workspace, named.experiment, named.label)
    found = []
    for row in trials_table(storage_url(workspace), study):
        tries = attempts(design, RunName("trial", row.number)) if row.state == "complete" else ()
        try:
            record = tries[-1].record if tries else None
        except TrackingError:
            continue  # named where runs are listed
        if record is None or record.status != "FINISHED":
            continue
        value = record.metrics.get("validation/objective")
        params = {key: record.params.get(key) for key in row.params}
        stored = {key: "none" if one is None else str(one) for key, one in row.params.items()}
        if (value is not None and value != row.value) or params != stored:
            found.append(
                f"{workspace / TRIALS_DATABASE} disagrees with {tries[-1].path}/run.json "
                f"on trial {row.number} of {study}"
            )
    return found


def refuse_disagreement(workspace: Path, study: str) -> None:
    """Refuse a study whose database says other things of its trials than their run folders.

    Raises:
        AblateError: It does.
    """
    if found := disagreements(workspace, study):
        raise AblateError(found[0], hint=REPAIR)


def refuse_lost(workspace: Path) -> None:
    """Refuse a workspace whose studies have run folders but no database any more.

    Raises:
        AblateError: It is such a one.
    """
    database = workspace / TRIALS_DATABASE
    if not database.exists() and any(workspace.glob(f"*/*/{names.STUDY_FOLDER}/{PLAN}")):
        raise AblateError(
            f"{database} is gone, and {workspace} has runs of studies",
            hint="ablate studies repair rebuilds it from the run folders.",
        )
