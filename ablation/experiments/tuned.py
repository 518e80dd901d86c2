"""Refusal of cross-validation whose test patients were tuned on with a single split before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, groupby
from pathlib import Path

from ablation.data import Dataset
from ablation.data.id_key import key_in_use
from ablation.errors import AblateError, DataError
from ablation.experiments.experiment import Experiment
from ablation.experiments.study import study_folder
from ablation.metrics.table import read_cases
from tracking import names
from tracking.errors import TrackingError
from tracking.record import RunRecord
from tracking.workspace import find_runs


def refuse_tuned(experiments: Sequence[Experiment], workspace: Path) -> None:
    """Refuse folds of data that a single split in this workspace was tuned on before.

    What that tuning taught about the patients is in every later choice of designs and ranges, so
    no fold's test patients would be new. The data fingerprint decides, or one patient of both by their
    truth or as the layout tells a person from the names of several examinations, not the
    experiment's name. Folds that started before may continue.

    Raises:
        AblateError: There is a finished trial of such a study.
    """
    if experiments[0].fold is None:
        return
    earliest = min(
        _single_split(workspace, experiments[0].dataset),
        key=lambda trial: trial.end_ms or 0,
        default=None,
    )
    if earliest is None:
        return
    for design, folds in groupby(experiments, key=lambda one: one.design):
        begun = _begun(tuple(folds), workspace)
        if begun is None or begun > (earliest.end_ms or 0):
            raise AblateError(
                f"{design}: cross-validation refused: in workspace {workspace}, study {earliest.study} "
                "was tuned on these patients with a single split, so every fold would test patients "
                "that settings were tuned on",
                hint="Use another workspace for the cross-validation: --workspace PATH.",
            )


def _single_split(workspace: Path, dataset: Dataset) -> Iterator[RunRecord]:
    """Yield the finished trials on these patients, or one of them, that belong to no fold."""
    truths = _truths(dataset)
    told = _persons(dataset, chain.from_iterable(dataset.names.values()))
    for folder in find_runs(workspace):
        with suppress(TrackingError, DataError):  # a damaged record or table says nothing
            record = folder.record
            if record.kind != "trial" or record.status != "FINISHED" or names.FOLD in record.tags:
                continue
            if record.tags.get(names.DATA) == dataset.fingerprint:
                yield record
                continue
            table = folder.path / names.PER_CASE
            if not table.exists():  # of one that was pruned
                continue
            cases = read_cases(table)
            if truths & {*cases["truth_hash"]} or told & _persons(dataset, map(str, cases["case"])):
                yield record


def _truths(dataset: Dataset) -> set[str]:
    """Return what may stand in tables for the truths: the hash, and what a key makes of it."""
    stated = {facts.truth_hash for facts in dataset.patients if facts.tumour_voxels}
    taken = {dataset.truths.get(one, one) for one in stated}
    key = key_in_use()
    return stated | taken | ({key.of_truth(one) for one in taken} if key else set())


def _persons(dataset: Dataset, examinations: Iterable[str]) -> set[str]:
    """Return whose examinations these are, where the name of an examination tells a person's."""
    person = dataset.reader.person
    return {person(name) for name in examinations if person(name) != name}


def _begun(folds: Sequence[Experiment], workspace: Path) -> int | None:
    """Return when the first of these folds started; None: none has."""
    begun = []
    for one in folds:
        with suppress(TrackingError):
            begun.append(study_folder(workspace, one.name, one.label).record.start_ms)
    return min(begun, default=None)
