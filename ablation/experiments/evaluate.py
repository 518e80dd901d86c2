"""Score a run again, a run on other scans, or masks that any tool has made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ablation.data.readers.reader import Progress, silent
from ablation.errors import UsageError
from ablation.files.places import DEFAULT_WORKSPACE, cache_folder
from ablation.scores.bring_in import Destination, Masks, bring_in, masks_scores
from ablation.scores.printed import means_of
from ablation.scores.runs import check_out, write_out
from tracking.record import RunFolder
from tracking.workspace import resolve_run

Row = Mapping[str, object]

USES = (
    "ablate evaluate RUN; ablate evaluate RUN --data PATH; "
    "ablate evaluate --pred PRED --truth TRUTH --name NAME"
)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Scores per case, and where they are kept."""

    rows: tuple[Row, ...]
    """A row for each case and target, as in per_case.csv."""
    run: RunFolder | None = None
    """The run that holds them; None: masks without a name, which are only scored."""
    is_new: bool = True
    """False: the same scores were there already."""
    superseded: tuple[str, ...] = ()
    """Older imports of this name, which a report leaves out."""
    left_out: tuple[str, ...] = ()
    """Patients of other scans that the run was trained or tuned on."""
    file: Path | None = None
    """The table of a run that was scored again."""
    same: bool | None = None
    """Whether it has the bytes of the record; None: there is no record."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    """Of a run that was scored again: means and operating point, by the names they are tracked under."""

    def table(self) -> pd.DataFrame:
        """Return a row for each case and target; the columns are those of per_case.csv."""
        return pd.DataFrame([dict(row) for row in self.rows])

    def means(self) -> dict[str, dict[str, float]]:
        """Return, for each target, the means over test patients with a tumour, and counts."""
        return means_of(self.rows)


def evaluate(
    run: Path | str | None = None,
    *,
    data: Path | str | None = None,
    skip_bad: bool = False,
    pred: Path | str | None = None,
    truth: Path | str | None = None,
    name: str | None = None,
    labels: str | None = None,
    target: str | None = None,
    ids: Path | str | None = None,
    resample: str | None = None,
    patient_regex: str | None = None,
    patient_map: Path | str | None = None,
    experiment: str | None = None,
    out: Path | str | None = None,
    workspace: Path | str = DEFAULT_WORKSPACE,
    cache: Path | str | None = None,
    progress: Progress = silent,
) -> Evaluated:
    """Score a run again, a run on other scans, or the masks of any tool.

    Arguments are named as the flags of `ablate evaluate` and mean the same. `run` alone recomputes
    its table from its weights; with `data` it is scored on these scans, without the patients it was
    trained or tuned on. `pred` and `truth` score masks; with `name` they become a run, too.

    Args:
        run: Run folder, EXPERIMENT/DESIGN/NUMBER or MLflow run id.
        data: Folder of scans that are all test patients.
        skip_bad: With `data`: leave unusable patients out.
        pred: Masks of another tool: a file or a folder.
        truth: Their truths: a file or a folder.
        name: With `pred`: name of the design in a report; None: the scores are not kept.
        labels: With `pred`: targets and their labels, as in "WT=1,2,4;ET=4".
        target: With `pred`: the only target, or the name of a mask's region.
        ids: With `pred`: CSV case,prediction,truth[,patient] for odd file names.
        resample: With `pred`: "nearest" brings predictions onto the truth's grid.
        patient_regex: Of `pred` or `data`: pattern that finds the patient in the name of a case.
        patient_map: Of `pred` or `data`: CSV with the columns case and patient.
        experiment: Where the scores belong; None: the usual.
        out: File for the per-case table.
        workspace: Folder of the runs.
        cache: Folder for prepared slices; None: the user's cache folder.
        progress: Told in lines what is done, assumed or left out.

    Raises:
        AblateError: A run without weights, or whose scans are gone.
        DataError: Scans or masks that cannot be scored.
        UsageError: Arguments that do not belong together.

    Example:
        >>> import ablation
        >>> scored = ablation.evaluate(pred="masks", truth="truths")       # doctest: +SKIP
        >>> scored.table()[["case", "target", "dice", "hd95"]]             # doctest: +SKIP
    """
    masks = {"--pred": pred, "--truth": truth, "--name": name, "--labels": labels,
             "--target": target, "--ids": ids, "--resample": resample}  # fmt: skip
    check_use(run, data, experiment, [flag for flag, value in masks.items() if value is not None])
    if skip_bad and data is None:
        raise UsageError("--skip-bad is about the scans of --data", hint=USES)
    told = patient_regex, None if patient_map is None else Path(patient_map)
    if any(told) and data is None and pred is None:
        raise UsageError("--patient-regex and --patient-map are about --data or --pred", hint=USES)
    file, place = None if out is None else Path(out), Path(workspace)
    if pred is not None and truth is not None:
        shown = None if ids is None else Path(ids)
        read = Masks(Path(pred), Path(truth), labels, target, shown, resample, *told)
        return _of_masks(read, name, Destination(name or "", experiment, place, file), progress)
    # In here: masks of other tools are scored where neither TensorFlow nor Optuna is installed.
    from ablation.experiments.external import evaluate_on
    from ablation.experiments.rescoring import evaluate_run

    folder = RunFolder(resolve_run(place, str(run)))
    if data is None:
        again = evaluate_run(folder.path, place, cache_folder(cache), file, progress)
        return Evaluated(
            rows=tuple(again.scores.rows),
            run=folder,
            is_new=False,
            file=again.table,
            same=again.same,
            metrics=again.scores.summary,
        )
    check_out(file)
    done = evaluate_on(
        folder.path, place, cache_folder(cache), str(data), experiment, progress,
        skip_bad=skip_bad, patient_regex=told[0], patient_map=told[1],
    )  # fmt: skip
    write_out(done.rows, file)
    return Evaluated(done.rows, done.folder, done.is_new, left_out=done.left_out)


def _of_masks(masks: Masks, name: str | None, to: Destination, progress: Progress) -> Evaluated:
    scores = masks_scores(masks, progress)
    if name is None:
        write_out(scores.rows, to.out)
        return Evaluated(scores.rows)
    done = bring_in(scores, to, progress)
    return Evaluated(scores.rows, done.folder, done.is_new, done.superseded)


def check_name(run: object, data: object, pred: object, truth: object, name: object) -> None:
    """Refuse masks that are to be kept but have no name, and name all that is missing.

    Raises:
        UsageError: --pred, --truth or --name is missing.
    """
    if run is None and data is None and name is None:
        given = {"--pred": pred, "--truth": truth}
        _refuse_missing([*(flag for flag, value in given.items() if value is None), "--name"])


def _refuse_missing(flags: Sequence[str]) -> None:
    if flags:
        raise UsageError(f"without a RUN, {', '.join(flags)} must be given", hint=USES)


def check_use(
    run: Path | str | None, data: object | None, experiment: str | None, of_masks: Sequence[str]
) -> None:
    """Refuse arguments that do not belong together.

    Args:
        run: The run to score.
        data: Other scans for it.
        experiment: Where scores go.
        of_masks: Flags about masks that were given.

    Raises:
        UsageError: They do not, or something is missing.
    """
    if run is None and data is None:
        _refuse_missing([flag for flag in ("--pred", "--truth") if flag not in of_masks])
        return
    if run is not None and of_masks:
        problem = f"{', '.join(of_masks)} score masks, not the run {run}"
    elif run is not None and experiment is not None and data is None:
        problem = "--experiment says where scores on other scans go; RUN alone makes none"
    elif run is None:
        problem = "--data needs a RUN to score"
    else:
        return
    raise UsageError(problem, hint=USES)
