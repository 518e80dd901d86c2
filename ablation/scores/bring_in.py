"""Scores of other tools become a run: masks, per-case tables, what nnU-Net wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from ablation.config.asked import tracking_address
from ablation.data.patient_rules import patients_by_map, patients_by_regex
from ablation.data.readers.reader import Progress, silent
from ablation.errors import UsageError
from ablation.fairness import FairnessFacts
from ablation.scores.bare import Known, read_bare
from ablation.scores.header import Naming, case_column_of
from ablation.scores.masks import MASK_FACTS, score_masks
from ablation.scores.nnunet import read_nnunet
from ablation.scores.pairing import Pair, pairs_of
from ablation.scores.regions import parse_labels
from ablation.scores.runs import Imported, newest_experiment, write_import, write_out
from ablation.scores.tables import one_model, rows_of, table_facts
from tracking.errors import TrackingError
from tracking.names import RunName
from tracking.workspace import attempts, design_folder

Row = Mapping[str, object]
FOLDS = "import.folds"
"""Parameter of a run that names the folds it came from."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """Scores of another tool."""

    rows: tuple[Row, ...]
    """The per-case table."""
    facts: FairnessFacts
    """What is known of how they came to be."""
    params: Mapping[str, str]
    """How the rows were made."""


@dataclass(frozen=True, slots=True)
class Masks:
    """Masks of another tool and how they are read."""

    pred: Path
    truth: Path
    labels: str | None = None
    target: str | None = None
    ids: Path | None = None
    """CSV case,prediction,truth[,patient]."""
    resample: str | None = None
    patient_regex: str | None = None
    """Finds the patient in the name of a case."""
    patient_map: Path | None = None
    """CSV case,patient."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where scores of another tool go."""

    name: str
    """Of the design in the report."""
    experiment: str | None
    """Whose designs it is compared with; None: the newest experiment."""
    workspace: Path
    out: Path | None = None
    """File for the per-case table, too."""


def masks_scores(masks: Masks, progress: Progress = silent) -> Foreign:
    """Score masks against their truths.

    Raises:
        DataError: Every mask that cannot be scored, and why.
        UsageError: Unusable labels, or another way of resampling than "nearest".
    """
    if masks.resample not in (None, "nearest"):
        raise UsageError(
            f"--resample {masks.resample!r}", hint="Only nearest keeps labels as they are."
        )
    scores = score_masks(
        _with_patients(pairs_of(masks.pred, masks.truth, masks.ids), masks),
        labels=None if masks.labels is None else parse_labels(masks.labels),
        target=masks.target,
        resample=masks.resample is not None,
        progress=progress,
    )
    for remark in scores.said:
        progress(str(remark))
    params = {"import.of": "masks", "import.resample": masks.resample or "none"}
    return Foreign(tuple(scores.rows), MASK_FACTS, params | import_params(masks.labels))


def _with_patients(pairs: Sequence[Pair], masks: Masks) -> tuple[Pair, ...]:
    """Return pairs whose patients are those of the rule that was given."""
    cases = [pair.case for pair in pairs]
    if masks.patient_regex is not None and masks.patient_map is not None:
        raise UsageError("--patient-regex and --patient-map both name patients", hint="Give one.")
    if masks.patient_regex is not None:
        told = patients_by_regex(cases, masks.patient_regex)
    elif masks.patient_map is not None:
        told = patients_by_map(cases, masks.patient_map)
    else:
        return tuple(pairs)
    return tuple(replace(pair, patient=told[pair.case]) for pair in pairs)


def table_scores(
    file: Path,
    naming: Naming,
    target: str,
    hd95_method: str | None = None,
    progress: Progress = silent,
    undefined_distances: Sequence[float] = (),
) -> Foreign:
    """Read a table with a row per case, its columns named as in per_case.csv.

    Args:
        file: CSV.
        naming: How it names cases and patients.
        target: Of a table without a target column.
        hd95_method: How HD95 was computed, where the table has it.
        progress: Told what was assumed or left out.
        undefined_distances: Values that stand for a distance to an empty mask; nan: an empty cell.
    """
    frames = read_bare(
        file,
        naming,
        Known(undefined_distances=undefined_distances),
        say=lambda remark: progress(str(remark.about(file))),
    )
    frame = one_model(frames, file)
    facts = table_facts(frame, file, "table", hd95_method)
    rows = rows_of(frame, target)
    if not (frame["target"] != "").all():
        progress(f"the target is taken as {target} (--target)")
    params = {"import.of": "per-case table", "import.file": file.name}
    return Foreign(tuple(rows), facts, params)


def nnunet_scores(
    file: Path,
    naming: Naming,
    labels: str | None = None,
    hd95_method: str | None = None,
    progress: Progress = silent,
) -> Foreign:
    """Read what nnU-Net's evaluation wrote, a target for each label or region.

    Args:
        file: summary.json of nnU-Net v1 or v2, or a table made of v1's.
        naming: How it names cases and patients.
        labels: Targets and what the file calls them, as in "WT=1,2,3;ET=3".
        hd95_method: How HD95 was computed, where the file does not say.
        progress: Told what was assumed or left out.
    """
    table = read_nnunet(
        file,
        labels=None if labels is None else parse_labels(labels),
        case_column=case_column_of(file, naming.case_column),
        patient_regex=naming.patient_regex,
        patient_map=naming.patient_map,
        say=lambda remark: progress(str(remark.about(file))),
    )
    facts = table_facts(table.frame, file, "nnU-Net", hd95_method or table.hd95_method)
    params = {"import.of": f"nnU-Net {table.version}", "import.file": file.name}
    return Foreign(tuple(rows_of(table.frame, "")), facts, params | import_params(labels))


def import_params(labels: str | None) -> dict[str, str]:
    """Return what a run records of --labels."""
    return {} if labels is None else {"import.labels": labels}


def bring_in(scores: Foreign, to: Destination, progress: Progress = silent) -> Imported:
    """Write scores as a run of the workspace; publish nothing.

    Raises:
        UsageError: A name that cannot be one, or that a design trained here has.
    """
    experiment = to.experiment or newest_experiment(to.workspace)
    if to.experiment is None:
        progress(f"joins experiment {experiment} (--experiment names another)")
    _refuse_other_folds(scores, to.workspace, experiment, to.name)
    write_out(scores.rows, to.out)  # first: a file that cannot be written leaves no run behind
    return write_import(scores.rows, to.workspace, experiment, to.name, scores.facts, scores.params)


def _refuse_other_folds(scores: Foreign, workspace: Path, experiment: str, name: str) -> None:
    """Refuse folds that would take the place of other folds of the same design."""
    folds = scores.params.get(FOLDS)
    earlier = attempts(design_folder(workspace, experiment, name), RunName("import"))
    known = earlier[-1].record.params.get(FOLDS) if earlier and folds else None
    if folds and known and set(str(known).split(",")).isdisjoint(folds.split(",")):
        raise UsageError(
            f"{name} of experiment {experiment} has fold {known} already; fold {folds} would take "
            "its place",
            hint="Give all folds of the design at once: ablate import nnunet FOLDER",
        )


def publish(workspace: Path, tracking_uri: str | None, progress: Progress = silent) -> bool:
    """Publish what has not arrived; what cannot be is said, and is not lost.

    Returns whether there is a client that publishes: the light install has none.
    """
    if find_spec("mlflow") is None:
        progress(f"kept in {workspace}, not published: MLflow is not installed")
        return False
    from tracking.publisher import sync

    failed: Sequence[tuple[str, str]]
    try:
        failed = sync(workspace, tracking_address(workspace, tracking_uri)).failed
    except TrackingError as error:
        failed = ((str(workspace), error.message),)
    for run, reason in failed:
        progress(f"not published yet: {run}: {reason} (later: ablate sync)")
    return True
