"""Whether cross-validation comes too late: its test patients were tuned on with a single split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path

from ablation.errors import AblateError
from ablation.experiment import Experiment
from ablation.study import study_folder
from tracking import names
from tracking.errors import TrackingError
from tracking.record import RunRecord
from tracking.workspace import find_runs


def refuse_tuned(experiments: Sequence[Experiment], workspace: Path) -> None:
    """Refuse folds of data that a single split in this workspace was tuned on before.

    What that tuning taught about the patients is in every later choice of designs and ranges, so
    no fold's test patients would be new. The data fingerprint decides, not the experiment's name.
    Folds that were begun first may go on.

    Raises:
        AblateError: There is a finished trial of such a study.
    """
    if experiments[0].fold is None:
        return
    earliest = min(
        _single_split(workspace, experiments[0].dataset.fingerprint),
        key=lambda trial: trial.end_ms or 0,
        default=None,
    )
    if earliest is None:
        return
    for design, folds in groupby(experiments, key=lambda one: one.design):
        begun = _begun(tuple(folds), workspace)
        if begun is None or begun > (earliest.end_ms or 0):
            raise AblateError(
                f"{design}: --folds comes too late: in workspace {workspace}, study {earliest.study} "
                "was tuned on these patients with a single split, so no fold would test patients "
                "nobody has tuned on",
                hint="Begin the cross-validation in a workspace of its own: --workspace PATH.",
            )


def _single_split(workspace: Path, fingerprint: str) -> Iterator[RunRecord]:
    """Yield the finished trials on this data that belong to no fold."""
    for folder in find_runs(workspace):
        with suppress(TrackingError):  # a damaged record says nothing
            record = folder.record
            finished = record.kind == "trial" and record.status == "FINISHED"
            same_data = record.tags.get(names.DATA) == fingerprint
            if finished and same_data and names.FOLD not in record.tags:
                yield record


def _begun(folds: Sequence[Experiment], workspace: Path) -> int | None:
    """Return when the first of these folds was begun; None: none was."""
    begun = []
    for one in folds:
        with suppress(TrackingError):
            begun.append(study_folder(workspace, one.name, one.label).record.start_ms)
    return min(begun, default=None)
