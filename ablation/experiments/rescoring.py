"""Score a finished run again from its checkpoint, and hold the result against its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ablation.config import Config, parse_value, with_values
from ablation.data import prepare
from ablation.data.id_key import ID_KEY
from ablation.data.readers.reader import Progress, silent
from ablation.errors import AblateError, DataError
from ablation.experiments.experiment import Experiment
from ablation.experiments.inputs import input_shape
from ablation.experiments.objective import WEIGHTS
from ablation.experiments.scoring import SPLITS, Scores, score
from ablation.experiments.study import read_plan
from ablation.files.atomic import write_whole
from ablation.metrics.table import write_cases
from ablation.models import Outputs
from ablation.training.quiet import without_remarks
from tracking import names
from tracking.record import RunFolder, RunRecord

if TYPE_CHECKING:
    from ablation.inference.predict import Predictor
    from ablation.training.trainer import Trainer


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A per-case table computed again, and whether it is the one on record."""

    scores: Scores
    table: Path
    """The file it was written to."""
    same: bool | None
    """Whether the record has the same bytes; None when the record has no table."""


def evaluate_run(
    run: Path,
    workspace: Path,
    cache: Path,
    out: Path | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Recompute the per-case table of a run from its weights.

    Args:
        run: A run folder.
        workspace: Where its study lies.
        cache: Folder of prepared slices.
        out: File for the new table. None: the run's per_case.csv when it is missing, otherwise
            per_case.recomputed.csv beside it when they differ; a recorded table is never replaced.
        progress: Called with a line about what is being done.

    Raises:
        AblateError: A study instead of a run, or a run without weights.
        DataError: The scans or the split are not those the run was made with.
        DamagedError: The run's record, weights or table were changed after it ended.
    """
    folder = RunFolder(run)
    record = folder.record
    require_weights(folder)
    if (run / names.PER_CASE).exists():  # what the new table is compared with
        folder.checked(names.PER_CASE, record)
    elif names.PER_CASE in record.files:
        progress(f"{run / names.PER_CASE} is gone; it is made again from the weights")
    experiment = experiment_of(record, workspace, cache)
    slices = prepare(experiment.dataset, experiment.config.data, cache, progress)
    predictor = predictor_of(folder, experiment.config, experiment.outputs, progress)
    scores = score(experiment, experiment.config, slices, predictor, record.kind)
    return _written(folder, scores, experiment.dataset.truths, out)


def require_weights(folder: RunFolder) -> None:
    """Refuse a run that has no trained network."""
    run, record = folder.path, folder.record
    if record.kind not in SPLITS or record.status != "FINISHED":
        raise AblateError(
            f"{run}: a run of kind {record.kind} that is {record.status} has no weights to score",
            hint="ablate runs list names the finished trials and finals.",
        )
    if names.EXTERNAL in record.tags:
        raise AblateError(
            f"{run}: holds scores on other scans ({record.tags[names.EXTERNAL]}), no weights",
            hint="Score the run they were made with: ablate evaluate RUN --data PATH",
        )
    if not (run / WEIGHTS).exists():
        raise AblateError(
            f"{run / WEIGHTS}: the weights are gone",
            hint="Bring them back from the tracking server, where every run's weights are kept.",
        )


def predictor_of(
    folder: RunFolder, config: Config, outputs: Outputs, progress: Progress = silent
) -> Predictor:
    """Return the trained network of a run, computing with the threads it was trained with."""
    return trainer_of(folder, config, outputs, progress).predictor


def trainer_of(
    folder: RunFolder, config: Config, outputs: Outputs, progress: Progress = silent
) -> Trainer:
    """Return what trained a run, with the weights of its best epoch."""
    with without_remarks():
        from ablation.training.devices import use_threads
        from ablation.training.trainer import Trainer

        if not use_threads(config.training.threads):
            progress(
                f"warning: {folder.path.name} was trained with {config.training.threads} "
                "compute threads, this process uses another number: last digits may differ"
            )
        trainer = Trainer(config, input_shape(config), outputs)
    trainer.load(folder.checked(WEIGHTS))
    return trainer


def experiment_of(record: RunRecord, workspace: Path, cache: Path) -> Experiment:
    """Return the experiment of a run, with the run's own setting and seed."""
    study = read_plan(workspace, record.study, cache)
    for fact, now in (
        (names.DATA, study.dataset.fingerprint),
        (names.SPLIT, study.split.fingerprint),
    ):
        if record.tags.get(fact) != now:
            hint = "Bring back the scans and the split of that time."
            if study.config.data.ids == "hashed":
                hint += f" {ID_KEY} must hold the key of that time, too."
            raise DataError(
                f"{study.dataset.path or study.dataset.name}: not the {fact.removeprefix('ablate.')} "
                f"that run {record.name} was made with",
                hint=hint,
            )
    own = (*study.space, "training.seed")
    if lacking := [key for key in own if key not in record.params]:
        raise AblateError(
            f"run {record.name} of study {record.study} has no {', '.join(lacking)} in its record",
            hint="Score it with the version of ablate that made it.",
        )
    config = with_values(study.config, {key: parse_value(record.params[key]) for key in own})
    if record.identity not in study.identities_of(config):
        raise AblateError(
            f"run {record.name} was made with other settings than study {record.study} has now",
            hint="Score it with the version of ablate that made it.",
        )
    return replace(study, config=config)


def _written(
    folder: RunFolder, scores: Scores, truths: Mapping[str, str], out: Path | None
) -> Evaluation:
    recorded = folder.path / names.PER_CASE
    fresh = folder.path / names.RECOMPUTED
    write_cases(scores.rows, fresh)
    same = _is_same(recorded, fresh, truths) if recorded.exists() else None
    if out is not None:
        write_whole(out, fresh.read_bytes())
        fresh.unlink()
        return Evaluation(scores, out, same)
    if same is None:
        fresh.replace(recorded)
        folder.record_again(names.PER_CASE)
    elif same:
        fresh.unlink()
    return Evaluation(scores, recorded if same is not False else fresh, same)


def _is_same(recorded: Path, fresh: Path, truths: Mapping[str, str]) -> bool:
    """Tell whether two tables have the same bytes; a hash may be there with its key or without."""
    earlier, now = recorded.read_bytes(), fresh.read_bytes()
    for stated, taken in truths.items():  # versions before the key of hashed ids covered truths
        if stated.encode() not in earlier:
            now = now.replace(stated.encode(), taken.encode())
    return earlier == now
