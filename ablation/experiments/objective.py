"""One configuration -> one trained, scored, written run folder: what a sweep calls as its objective.

    objective = Objective(experiment, workspace, slices)
    outcome = objective(assignment)          # Complete, Pruned, Failed or Interrupted

The run folder is complete on disk before the outcome is returned.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ablation.config import Config
from ablation.data import Slices
from ablation.errors import AblateError
from ablation.experiments.course import Course, StoppedError
from ablation.experiments.experiment import Experiment, configured, params_of
from ablation.experiments.inputs import samples
from ablation.experiments.sample import loss_rows, training_sample
from ablation.experiments.scoring import SPLITS, Scored, score, validate
from ablation.fairness import FairnessFacts, from_tags, to_tags
from ablation.fairness.facts import VALIDATION
from ablation.inference.attention import attention_pictures
from ablation.inference.choose import search_csv
from ablation.inference.overlays import overlays_csv
from ablation.inference.tta import uncovered
from ablation.losses import LOSSES, Loss
from ablation.metrics.surface import HD95_METHOD, NSD_TOLERANCE
from ablation.metrics.table import write_cases
from ablation.models import DESIGNS, weights
from ablation.models.layout import to_csv
from ablation.statistics.fitting import judge_fit
from ablation.training.augmentations import Augmentation, augmentation_of
from ablation.training.quiet import without_remarks
from ablation.training.schedule import input_warning
from sweeps import Assignment, Complete, Failed, Interrupted, Lost, Outcome, Pruned
from tracking import names
from tracking.errors import TrackingError
from tracking.names import RunName
from tracking.provenance import collect, without_paths
from tracking.record import RunFolder, RunRecord
from tracking.workspace import attempts, design_folder, find_runs, next_attempt, readable

if TYPE_CHECKING:
    from ablation.training.checkpoint import ResumeState
    from ablation.training.schedule import Epoch, Fit
    from ablation.training.trainer import Trainer, Watched

WEIGHTS = "checkpoint/weights.npz"
RESUME = "checkpoint/resume.npz"
SHAPES_KEPT = 4
"""Traced networks a worker keeps; a search over structural keys would otherwise fill the memory."""


@dataclass(slots=True)
class Objective:
    """Trains and scores the trials of one study; keeps its traced networks warm."""

    experiment: Experiment
    workspace: Path
    slices: Slices
    parent_key: str
    """run_key of the study's own run folder."""
    _trainers: dict[object, Trainer] = field(default_factory=dict)
    _known: dict[tuple[str, str], RunFolder] = field(default_factory=dict)
    _provenance: Mapping[str, object] = field(default_factory=collect)

    def __post_init__(self) -> None:
        """Learn which runs of the workspace are finished, so that none is trained twice."""
        for folder in find_runs(self.workspace):
            with suppress(TrackingError):  # a damaged record answers for nothing
                self._remember(folder)

    def warm_up(self) -> None:
        """Build and trace the study's own network, before a trial is claimed and could be lost."""
        self._trainer(self.experiment.config).warm_up(self.experiment.config)

    def __call__(self, assignment: Assignment) -> Outcome:
        """Train, score and write one run; one that was done before is answered from its record."""
        config = configured(self.experiment, assignment.params, assignment.seed)
        folder, previous = self._open(assignment, config)
        identities = self.experiment.identities_of(config)
        found = (self._known.get((assignment.kind, identity)) for identity in identities)
        known = next((run for run in found if run is not None and _is_whole(run)), None)
        try:
            if known is not None:
                outcome = self._answer_from(known, folder, config)
            else:
                outcome = self._train(assignment, config, folder, previous)
        except AblateError as error:
            folder.log(self._recorded(f"{error.message}\n{error.hint}"))
            reason = getattr(error, "reason", "unusable setting")
            folder.finish("FAILED", reason=self._recorded(f"{reason}: {error.message}"))
            return Failed(reason, retry=False)
        except OSError:
            raise  # the disk, not the trial: the trial goes back and the sweep says why it ends
        except Exception as error:  # noqa: BLE001 - any bug of a setting is recorded, then counted
            folder.log(self._recorded(traceback.format_exc()))
            folder.finish("FAILED", reason=self._recorded(f"exception: {error!r}"))
            return Failed("exception", retry=False)
        self._remember(folder)
        return outcome

    def _recorded(self, text: str) -> str:
        """Return a message for records, which are published: no paths, no hidden names."""
        return self.experiment.dataset.without_names(without_paths(text))

    @property
    def trainers(self) -> tuple[Trainer, ...]:
        """The traced networks, for those who measure them."""
        return tuple(self._trainers.values())

    @property
    def _design(self) -> Path:
        return design_folder(self.workspace, self.experiment.name, self.experiment.label)

    def _remember(self, folder: RunFolder) -> None:
        record = folder.record
        if (
            record.status == "FINISHED"
            and record.kind in SPLITS
            and (folder.path / WEIGHTS).exists()
        ):
            self._known[record.kind, record.identity] = folder

    def _open(self, assignment: Assignment, config: Config) -> tuple[RunFolder, RunFolder | None]:
        """Make the attempt's folder; return it with the attempt that has a state to go on from."""
        name = _run_name(assignment.number, assignment.seed)
        every = attempts(self._design, name)
        earlier = readable(every)
        for folder in earlier:
            folder.close_if_abandoned()
        record = RunRecord(
            kind=assignment.kind,
            experiment=self.experiment.name,
            model=self.experiment.design,
            name=str(next_attempt(every, name)),
            study=self.experiment.study,
            identity=self.experiment.identity_of(config),
            params=params_of(config),
            tags=self._tags(assignment, config),
            provenance=self._provenance,
            parent_key=self.parent_key,
            retry_of=earlier[-1].run_key if earlier else "",
        )
        # A final of the same seed may have had another setting.
        same = self.experiment.identities_of(config)
        resumable = [f for f in earlier if f.resume_files() and f.record.identity in same]
        return RunFolder.create(self._design, record), resumable[-1] if resumable else None

    def _tags(self, assignment: Assignment, config: Config) -> dict[str, str]:
        tags = data_tags(self.experiment)
        if (start := weights.fingerprint(config.model)) != weights.NONE:
            tags[names.PRETRAINED] = start
        if assignment.kind == "final":
            tags[names.SEED] = str(assignment.seed)
            tags[names.SETTING] = setting_of(assignment.params)
        return tags

    def _train(
        self, assignment: Assignment, config: Config, folder: RunFolder, previous: RunFolder | None
    ) -> Outcome:
        from ablation.training.devices import memory_named

        trainer = self._trainer(config)
        started = time.monotonic()
        course = Course(assignment.tell, assignment.interrupted)
        fit = self._fit(trainer, assignment, config, folder, previous, course)
        if fit.ended == "stopped":
            return _stopped(assignment, folder, fit)
        with folder.writing(WEIGHTS) as path:
            trainer.save_weights(path)
        try:
            with memory_named(config):
                scores = score(
                    self.experiment,
                    config,
                    self.slices,
                    trainer.predictor,
                    assignment.kind,
                    course.after,
                )
        except StoppedError:
            folder.finish("KILLED", reason="interrupted")
            return Interrupted()
        course.end()
        folder.write_text(names.THRESHOLDS, search_csv(scores.searches))
        write_scores(folder, scores)
        if assignment.kind == "final":
            folder.write_text(names.NETWORK, to_csv(trainer.blocks))
            tests = self.experiment.split.test
            for name, png in attention_pictures(trainer.attention, self.slices, tests):
                with folder.writing(f"{names.ATTENTION}/{name}") as path:
                    path.write_bytes(png)
        trained = augmentation_of(config.data.augmentation)
        not_learned = uncovered(scores.tta, trained.name, trained.views)
        if fitted := _fitted(fit):
            folder.log(fitted)
        for warning in filter(None, (not_learned, input_warning(fit.input_share))):
            folder.log(f"warning: {warning}")
        measured = {
            "epochs_used": len(fit.epochs),
            "best_epoch": fit.best_epoch,
            "seconds": time.monotonic() - started,
            "step_seconds": fit.step_seconds,
            "input_share": fit.input_share,
            "parameters": trainer.parameters,
        }
        metrics = {
            **scores.summary,
            **{f"cost/{key}": float(value) for key, value in measured.items()},
        }
        facts = replace(self._facts(config, metrics).updated(scores.facts), device=trainer.device)
        folder.finish("FINISHED", metrics=metrics, tags=to_tags(facts))
        return Complete(scores.validation_dice, facts.stated)

    def _answer_from(self, known: RunFolder, folder: RunFolder, config: Config) -> Outcome:
        """Give a run the results of a finished one with the same identity."""
        for name in _results(known):
            folder.share(name, known)
        metrics = known.record.metrics
        facts = from_tags(known.record.tags).updated(self._facts(config, metrics))
        tags = {**to_tags(facts), "ablate.answered_by": known.run_key}
        folder.finish("FINISHED", metrics=metrics, tags=tags)
        return Complete(metrics["validation/objective"], facts.stated)

    def _fit(
        self,
        trainer: Trainer,
        assignment: Assignment,
        config: Config,
        folder: RunFolder,
        previous: RunFolder | None,
        course: Course,
    ) -> Fit:
        from ablation.training.checkpoint import write_resume

        def on_epoch(epoch: Epoch) -> bool:
            course.epoch(epoch)
            folder.log_epoch(epoch.number, _curves(epoch))
            return assignment.report(epoch.number, epoch.validation_dice)

        def save(state: ResumeState) -> None:
            with folder.writing(RESUME) as path:
                write_resume(state, path)

        state = None if previous is None else _state_of(previous, folder)
        if state is not None:
            course.resume(len(state.epochs))
        for epoch in () if state is None else state.epochs:
            assignment.report(epoch.number, epoch.validation_dice)
        split = self.experiment.split
        read = samples(config, self.slices, split.train)
        return trainer.fit(
            config,
            read.images,
            read.masks,
            read.rows,
            validate=lambda predict: validate(
                predict,
                self.slices,
                split.validation,
                config,
                self.experiment.dataset.person,
                course.validating,
            ),
            on_epoch=on_epoch,
            on_step=course.step,
            watched=self._watched(config),
            resume=state,
            save=save,
        )

    def _watched(self, config: Config) -> Watched:
        """Return what shows whether the network learns the training patients by heart."""
        from ablation.training.trainer import Watched

        person = self.experiment.dataset.person
        sample = training_sample(self.experiment)
        return Watched(
            lambda predict: validate(predict, self.slices, sample, config, person).validation_dice,
            loss_rows(self.slices, self.experiment.split.validation, config),
        )

    def _trainer(self, config: Config) -> Trainer:
        with without_remarks():
            from ablation.training.devices import use_threads
            from ablation.training.trainer import Trainer, shape_of

        if not use_threads(config.training.threads):
            raise AblateError(
                f"{self.experiment.study} computes with {config.training.threads} threads, "
                "this process with another number",
                hint="Train each study in a process of its own, as ablate sweep does.",
            )
        shape = shape_of(config, self.experiment.image_shape, self.experiment.outputs)
        if shape not in self._trainers:
            if len(self._trainers) >= SHAPES_KEPT:
                self._trainers.pop(next(iter(self._trainers)))
            self._trainers[shape] = Trainer(
                config, self.experiment.image_shape, self.experiment.outputs
            )
        return self._trainers[shape]

    def _facts(self, config: Config, metrics: Mapping[str, float]) -> FairnessFacts:
        """Return what the fairness ledger of a report asks of every design."""
        return FairnessFacts(
            trials=self.experiment.config.sweep.trials,
            epochs_allowed=config.training.epochs,
            epochs_used=metrics["cost/epochs_used"],
            seconds=metrics["cost/seconds"],
            space_size=len(self.experiment.space),
            parameters=metrics["cost/parameters"],
            ms_per_case=metrics["ms_per_case"],
            search=config.inference.search,
            precision=config.training.precision,
            pretrained=weights.label(config.model),
            pruner=config.sweep.pruner,
            network=DESIGNS.find(config.model.name).described(config.model),
            loss=_with_summary(LOSSES.find(config.loss.name)),
            augmentation=_with_summary(augmentation_of(config.data.augmentation)),
            layout=self.experiment.dataset.name,
            selected_on=VALIDATION,
            preset=self.experiment.preset,
            generated=self.experiment.dataset.generated,
            patients_left_out=_left_out(self.experiment),
            hd95_method=HD95_METHOD,
            nsd_tolerance_mm=NSD_TOLERANCE,
        )


def _with_summary(entry: Loss | Augmentation) -> str:
    """Return a registered entry as a report names it: name (what it does)."""
    return f"{entry.name} ({entry.summary})"


def _state_of(previous: RunFolder, folder: RunFolder) -> ResumeState | None:
    """Take over an earlier attempt; None where it cannot be read: it is lost, and runs again."""
    from ablation.training.checkpoint import read_resume

    try:
        state = read_resume(previous.path / RESUME)
        folder.continue_from(previous, len(state.epochs))
    except (AblateError, TrackingError) as error:
        folder.log(f"warning: {error.message}; this attempt starts from the first epoch")
        return None
    return state


def _results(run: RunFolder) -> list[str]:
    """Return the files of a finished run that are its results; only finals have figures."""
    results = (
        WEIGHTS,
        names.THRESHOLDS,
        names.PER_CASE,
        names.PER_SLICE,
        names.METRICS,
        names.NETWORK,
    )
    pictures = [
        f"{place}/{path.name}"
        for place in (names.FIGURES, names.ATTENTION)
        for path in (run.path / place).glob("[!.]*")
    ]
    return [name for name in (*results, *pictures) if (run.path / name).exists()]


def _is_whole(run: RunFolder) -> bool:
    """Tell whether a finished run can answer for another: its files are those it ended with."""
    try:
        record = run.record
        for name in {*record.files, *_results(run)}:
            run.checked(name, record)
        run.epochs()
    except TrackingError:
        return False
    return True


def setting_of(params: Mapping[str, object]) -> str:
    """Return the text that names a setting in tags, equal over the finals of it."""
    return json.dumps(dict(params), sort_keys=True)


def data_tags(experiment: Experiment) -> dict[str, str]:
    """Return the tags that say which patients a run has seen, and which it is tested on."""
    tags = {
        names.DATA: experiment.dataset.fingerprint,
        names.SPLIT: experiment.split.fingerprint,
    }
    fold = experiment.outer_fold
    return tags if fold is None else {**tags, names.FOLD: str(fold)}


def _left_out(experiment: Experiment) -> int:
    return len(experiment.dataset.places) - len(experiment.dataset.patients)


def close_lost(design: Path, lost: Lost) -> None:
    """Close the run folders of a trial or final whose process vanished."""
    for folder in readable(attempts(design, _run_name(lost.number, lost.seed))):
        folder.close_if_abandoned()


def _run_name(number: int, seed: int | None) -> RunName:
    """Return the name of the first attempt of a trial, or of the final with a seed."""
    return RunName("trial", number) if seed is None else RunName("final", seed)


def write_scores(folder: RunFolder, scores: Scored) -> None:
    """Write the per-case table of a run, and the slices and overlays of a final."""
    tables = {names.PER_CASE: scores.rows, names.PER_SLICE: scores.slice_rows}
    for name, rows in tables.items():
        if rows:
            with folder.writing(name) as path:
                write_cases(rows, path)
    for overlay in scores.overlays:
        with folder.writing(f"{names.FIGURES}/{overlay.file}") as path:
            path.write_bytes(overlay.png)
    if scores.overlays:
        folder.write_text(names.OVERLAYS, overlays_csv(scores.overlays))


def _stopped(assignment: Assignment, folder: RunFolder, fit: Fit) -> Outcome:
    if assignment.interrupted():
        folder.finish("KILLED", reason="interrupted")
        return Interrupted()
    folder.finish("FINISHED", reason="pruned", tags={"ablate.pruned": "true"})
    return Pruned({"epochs_used": len(fit.epochs)})


def _fitted(fit: Fit) -> str:
    """Return in words whether a training over- or underfitted; "" for a few epochs."""
    return judge_fit(
        [one.train_dice for one in fit.epochs if one.train_dice is not None],
        [one.validation_dice for one in fit.epochs],
        [one.validation_loss for one in fit.epochs if one.validation_loss is not None],
    ).words


def _curves(epoch: Epoch) -> dict[str, float]:
    watched = {"train/dice": epoch.train_dice, "validation/loss": epoch.validation_loss}
    return {
        "train/loss": epoch.loss,
        "train/learning_rate": epoch.learning_rate,
        "train/seconds": epoch.seconds,
        "validation/dice": epoch.validation_dice,
        "validation/threshold": epoch.threshold,
        **{name: value for name, value in watched.items() if value is not None},
    }
