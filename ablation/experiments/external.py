"""An external test set: a trained run scored on other scans, with nothing chosen on them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from ablation.config import Config, with_values
from ablation.data import Split, open_dataset, prepare
from ablation.data.dataset import reader_of
from ablation.data.readers.reader import Progress, silent
from ablation.errors import DataError, UsageError
from ablation.experiments.experiment import Experiment
from ablation.experiments.leakage import unseen
from ablation.experiments.objective import write_scores
from ablation.experiments.rescoring import experiment_of, predictor_of, require_weights
from ablation.experiments.scoring import Scored, score_at, summary_of
from ablation.fairness import FairnessFacts, from_tags, to_tags
from ablation.files.csv_rows import read_rows
from ablation.files.places import require_folder_name
from ablation.inference.choose import TARGET_COLUMN, OperatingPoint
from ablation.inference.maps import Maps
from ablation.inference.morphology import Element, Kind, Morphology
from ablation.metrics.table import read_cases
from tracking import names
from tracking.errors import TrackingError
from tracking.names import Fold, RunName, StudyName
from tracking.provenance import collect
from tracking.record import RunFolder, RunRecord
from tracking.workspace import attempts, design_folder, find_runs, next_attempt

Row = Mapping[str, object]
Points = Mapping[str, OperatingPoint]
"""Of each target."""


@dataclass(frozen=True, slots=True)
class External:
    """Scores of a run on scans that it was neither trained nor tuned on."""

    folder: RunFolder
    """A final of its own, in an experiment of its own."""
    rows: tuple[Row, ...]
    left_out: tuple[str, ...]
    """Patients of these scans that the run was trained or tuned on."""
    is_new: bool
    """False: these scores were there already."""


def evaluate_on(
    run: Path,
    workspace: Path,
    cache: Path,
    data: str,
    experiment: str | None = None,
    progress: Progress = silent,
    *,
    skip_bad: bool = False,
    patient_regex: str | None = None,
    patient_map: Path | None = None,
) -> External:
    """Score a run on other scans, every labelled patient as a test patient.

    Test-time augmentation, threshold and morphology are those on the run's record.

    Args:
        run: Folder of a finished trial or final.
        workspace: Where its study lies.
        cache: Folder of prepared slices.
        data: Folder of the scans, of any layout that has the run's modalities and target.
        experiment: Where the scores go; None: `<the run's>.on-<name of the folder>`, so that they
            never stand among the scores on its own test patients. With hashed ids the fingerprint
            of the scans stands for the folder, whose name may be a person's.
        progress: Called with a line about what is being done, and for each finding of the scans.
        skip_bad: Leave unusable patients out instead of refusing.
        patient_regex: Pattern that finds the patient in a name of these scans.
        patient_map: CSV with the columns case and patient of these scans.

    Raises:
        AblateError: A run without weights, or whose own scans are gone.
        DataError: Scans that cannot be used, or none that the run has not seen.
        UsageError: Scans without the run's modalities or target; an experiment with other scores.
    """
    folder = RunFolder(run)
    record = folder.record
    require_weights(folder)
    own = experiment_of(record, workspace, cache)
    elsewhere: dict[str, object] = {
        "path": data,
        "source": "auto",
        "split": None,
        "skip_bad": skip_bad,
        "targets": {},
        "patient_regex": patient_regex,
        "patient_map": patient_map and str(patient_map),
    }
    config = with_values(own.config, {f"data.{key}": value for key, value in elsewhere.items()})
    if config.data.target not in reader_of(config.data, cache, progress).targets:
        # These scans do not name their labels either: they are those of the run's scans.
        config = with_values(config, {"data.targets": own.config.data.targets})
    other, left_out = _unseen(own, config, cache, progress)
    name = _name_of(other, data)
    target = replace(other, name=experiment or f"{record.experiment}.on-{name}")
    _refuse_mixture(target, workspace)
    points = points_of(folder, tuple(own.targets), own.config.inference.element)
    if tuple(points) != tuple(target.targets):
        raise UsageError(
            f"{data}: has the targets {', '.join(target.targets)}, the run was trained on "
            f"{', '.join(points)}",
            hint="Name the same targets for these scans in [data.targets].",
        )
    identity = _identity(record, target, points)
    design = design_folder(workspace, target.name, StudyName.parse(record.study).label)
    number = RunName.parse(record.name).number
    new_name = RunName("final" if record.kind == "final" else "scored trial", number)
    earlier = attempts(design, new_name)
    for done in earlier:
        if (done.record.identity, done.record.status) == (identity, "FINISHED"):
            progress(f"scored before: {done.path}")
            return External(done, _recorded(done), left_out, False)
    slices = prepare(target.dataset, target.config.data, cache, progress)
    tta = next(iter(points.values())).tta
    maps = Maps(predictor_of(folder, own.config, own.outputs, progress), slices, (tta,))
    scored = score_at(points, target, target.config, slices, maps, ("test",), per_slice=True)
    new = RunRecord(
        kind="final",
        experiment=target.name,
        model=record.model,
        name=str(next_attempt(earlier, new_name)),
        study=str(StudyName(target.name, design.name)),
        identity=identity,
        params=record.params,
        tags=_tags(record, target, name, len(left_out), scored.ms_per_case),
        provenance=collect(),
    )
    written = _written(RunFolder.create(design, new), scored, points)
    return External(written, scored.rows, left_out, True)


def _name_of(other: Experiment, data: str) -> str:
    """Return what the other scans are called in records."""
    if other.config.data.ids == "hashed":
        return other.dataset.fingerprint
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", Path(data).resolve().name)


def _written(folder: RunFolder, scored: Scored, points: Points) -> RunFolder:
    write_scores(folder, scored)
    folder.finish("FINISHED", metrics=summary_of(scored.rows, points))
    return folder


def _unseen(
    own: Experiment, config: Config, cache: Path, progress: Progress
) -> tuple[Experiment, tuple[str, ...]]:
    """Return the run's experiment on the other scans, without patients it was trained or tuned on."""
    dataset = open_dataset(config.data, cache, progress)
    for finding in dataset.findings:
        progress(f"{finding.severity}: {finding}")
    kept = unseen(dataset, own.dataset, (*own.split.train, *own.split.validation))
    left_out = tuple(facts.id for facts in dataset.patients if facts.labelled and facts not in kept)
    if left_out:
        progress(f"left out, the run was trained or tuned on them: {', '.join(left_out)}")
    if unlabelled := [facts.id for facts in dataset.patients if not facts.labelled]:
        progress(f"left out, without a truth: {', '.join(unlabelled)}")
    if not kept:
        raise DataError(
            f"{config.data.path}: the run was trained or tuned on every patient with a truth: "
            + ", ".join(left_out),
            hint="An external test set holds other patients.",
        )
    split = Split((), (), tuple(facts.id for facts in kept))
    return replace(
        own, config=config, dataset=replace(dataset, patients=kept), split=split
    ), left_out


def _refuse_mixture(target: Experiment, workspace: Path) -> None:
    """Refuse an experiment with scores on other patients than these."""
    require_folder_name("--experiment", target.name)
    for folder in find_runs(workspace):
        try:
            record = folder.record
        except TrackingError:
            continue  # a damaged record belongs to no experiment
        mixed = record.kind != "import" and (
            names.EXTERNAL not in record.tags
            or record.tags[names.DATA] != target.dataset.fingerprint
        )
        if record.experiment == target.name and mixed:
            raise UsageError(
                f"experiment {target.name} holds scores on other scans ({folder.path})",
                hint="Name an experiment of its own for these scans: --experiment NAME",
            )


def points_of(
    folder: RunFolder, targets: Sequence[str], element: Element
) -> dict[str, OperatingPoint]:
    """Return how the run's maps of each target become masks, as its ledger or its search has it."""
    record = folder.record
    if len(targets) == 1:
        return {target: _point_of(record, element) for target in targets}
    file = folder.checked(names.THRESHOLDS, record)
    rows = read_rows(file, f"{names.THRESHOLDS} of run {record.name}")
    found = {row[TARGET_COLUMN]: _point_in(row, element) for row in rows if row["chosen"] == "1"}
    return {target: found[target] for target in targets}


def _point_in(row: Mapping[str, str], element: Element) -> OperatingPoint:
    kind = cast("Kind", row["morphology"])
    morphology = Morphology(kind, int(row["min_size"] or 0), element)
    return OperatingPoint(row["tta"], float(row["threshold"]), morphology)


def _point_of(record: RunRecord, element: Element) -> OperatingPoint:
    """Return how the run's maps become masks, as its ledger has it."""
    facts = from_tags(record.tags)
    if facts.tta is None or facts.threshold is None or facts.morphology is None:
        raise DataError(
            f"{record.name} does not say how its maps become masks", hint="Choose a finished run."
        )
    kind = cast("Kind", facts.morphology)
    morphology = Morphology(kind, int(facts.min_size or 0), element)
    return OperatingPoint(facts.tta, facts.threshold, morphology)


def _identity(record: RunRecord, target: Experiment, points: Points) -> str:
    # Of one target as ever, so that scores that were made before are found.
    said = repr(points) if len(points) > 1 else repr(next(iter(points.values())))
    parts = (record.run_key, target.dataset.fingerprint, target.split.fingerprint, said)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _recorded(folder: RunFolder) -> tuple[Row, ...]:
    frame = read_cases(folder.path / names.PER_CASE)
    return tuple({str(k): v for k, v in row.items()} for row in frame.to_dict("records"))


def _tags(
    record: RunRecord, target: Experiment, data: str, left_out: int, ms_per_case: float
) -> dict[str, str]:
    facts = from_tags(record.tags).updated(
        FairnessFacts(
            external_test_set=data,
            generated=target.dataset.generated,
            ms_per_case=ms_per_case,
            patients_left_out=left_out,
        )
    )
    # The folds of a cross-validation share their seeds, but each is a training of its own.
    fold = Fold.parse(record.tags[names.FOLD]).suffix if names.FOLD in record.tags else ""
    return {
        **to_tags(facts),
        names.EXTERNAL: data,
        names.DATA: target.dataset.fingerprint,
        names.SPLIT: target.split.fingerprint,
        names.SETTING: record.tags.get(names.SETTING, record.identity),
        names.SEED: record.tags.get(names.SEED, record.params["training.seed"]) + fold,
    }
