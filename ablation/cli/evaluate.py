"""`ablate evaluate`: score a run again, a run on other scans, or masks that any tool has made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ablation.cli.importing import (
    Destination,
    Joins,
    OutFile,
    finish,
    print_scores,
    publish,
    write_out,
)
from ablation.cli.options import (
    DEFAULT_WORKSPACE,
    AsJson,
    Cache,
    Quiet,
    TrackingUri,
    Workspace,
    cache_folder,
    command,
    print_json,
    say,
)

EXAMPLES = (
    "Examples:\n\n"
    "ablate evaluate phantom/unet/final-101 --out again.csv\n\n"
    "ablate evaluate phantom/unet/final-101 --data scans\n\n"
    "ablate evaluate --pred masks --truth truths --name nnunet"
)
USES = (
    "ablate evaluate RUN; ablate evaluate RUN --data PATH; "
    "ablate evaluate --pred PRED --truth TRUTH --name NAME"
)


def evaluate(
    run: Annotated[
        str | None, typer.Argument(help="Run folder, EXPERIMENT/DESIGN/NUMBER or MLflow run id.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", help="Score RUN on these scans, all as test patients.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="With --data: leave unusable patients out, by name.")
    ] = False,
    pred: Annotated[
        Path | None, typer.Option("--pred", help="Masks of another tool: a file or a folder.")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="Their truths: a file or a folder.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="With --pred: name of the design in the report.")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            help="With --pred: targets and their labels, or channels from 0: 'WT=1,2,4;ET=4'; "
            "default: those of BraTS, or a mask of one region.",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", help="With --pred: the only target, or the name of a mask's region (WT)."
        ),
    ] = None,
    ids: Annotated[
        Path | None,
        typer.Option(
            "--ids", help="With --pred: CSV case,prediction,truth[,patient] for odd file names."
        ),
    ] = None,
    resample: Annotated[
        str | None,
        typer.Option(
            "--resample", help="With --pred: nearest brings predictions onto the truth's grid."
        ),
    ] = None,
    experiment: Joins = None,
    out: OutFile = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    cache: Cache = None,
    tracking_uri: TrackingUri = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Score a run again, a run on other scans, or the masks of any tool.

    RUN alone: recompute its per-case table from its weights, compare it with the record. RUN with
    --data: an external test set, at the run's own threshold; patients it was trained on are left
    out. --pred, --truth and --name: what another tool made becomes a run the report compares.
    """
    from ablation.errors import UsageError

    of_masks = {"--pred": pred, "--truth": truth, "--name": name, "--labels": labels,
                "--target": target, "--ids": ids, "--resample": resample}  # fmt: skip
    given = [flag for flag, value in of_masks.items() if value is not None]
    _refuse_mixture(run, data, experiment, given)
    if skip_bad and data is None:
        raise UsageError("--skip-bad is about the scans of --data", hint=USES)
    if run is None:
        assert pred is not None
        assert truth is not None
        assert name is not None
        _masks(pred, truth, labels, target, ids, resample,
               Destination(name, experiment, out, workspace, tracking_uri, as_json, quiet))  # fmt: skip
    elif data is not None:
        to = Destination(run, experiment, out, workspace, tracking_uri, as_json, quiet)
        _elsewhere(data, cache_folder(cache), to, skip_bad=skip_bad)
    else:
        _again(run, workspace, cache_folder(cache), out, as_json=as_json, quiet=quiet)


def _refuse_mixture(
    run: str | None, data: str | None, experiment: str | None, given: list[str]
) -> None:
    from ablation.errors import UsageError

    needed = ("--pred", "--truth", "--name")
    if run is not None and given:
        problem = f"{', '.join(given)} score masks, not the run {run}"
    elif run is not None and experiment is not None and data is None:
        problem = "--experiment says where scores on other scans go; RUN alone makes none"
    elif run is None and data is not None:
        problem = "--data needs a RUN to score"
    elif run is None and (lacking := [flag for flag in needed if flag not in given]):
        problem = f"without a RUN, {', '.join(lacking)} must be given"
    else:
        return
    raise UsageError(problem, hint=USES)


def _masks(
    pred: Path,
    truth: Path,
    labels: str | None,
    target: str | None,
    ids: Path | None,
    resample: str | None,
    to: Destination,
) -> None:
    from ablation.errors import UsageError
    from ablation.scores.masks import MASK_FACTS, score_masks
    from ablation.scores.pairing import pairs_of
    from ablation.scores.regions import parse_labels

    if resample not in (None, "nearest"):
        raise UsageError(f"--resample {resample!r}", hint="Only nearest keeps labels as they are.")
    scores = score_masks(
        pairs_of(pred, truth, ids),
        labels=None if labels is None else parse_labels(labels),
        target=target,
        resample=resample is not None,
        progress=lambda line: say(line, quiet=to.quiet),
    )
    for line in scores.said:
        say(line, quiet=to.quiet)
    params = {"import.of": "masks", "import.resample": resample or "none"}
    if labels is not None:
        params["import.labels"] = labels
    finish(scores.rows, MASK_FACTS, params, to)


def _elsewhere(data: str, cache: Path, to: Destination, *, skip_bad: bool) -> None:
    from ablation.experiments.external import evaluate_on
    from tracking.workspace import resolve_run

    folder = resolve_run(to.workspace, to.name)
    done = evaluate_on(
        folder,
        to.workspace,
        cache,
        data,
        to.experiment,
        lambda line: say(line, quiet=to.quiet),
        skip_bad=skip_bad,
    )
    write_out(done.rows, to.out)
    record = done.folder.record
    about = {
        "run": done.folder.path.relative_to(to.workspace).as_posix(),
        "experiment": record.experiment,
        "design": record.model,
        "new": done.is_new,
        "left_out": list(done.left_out),
    }
    print_scores(done.rows, about, as_json=to.as_json)
    publish(to.workspace, to.tracking_uri, quiet=to.quiet)
    words = f"report --compare all --experiment {record.experiment}"
    say(f"next: {command(words, to.workspace)}", quiet=to.quiet)


def _again(
    run: str, workspace: Path, cache: Path, out: Path | None, *, as_json: bool, quiet: bool
) -> None:
    from ablation.experiments.rescoring import evaluate_run
    from tracking.workspace import resolve_run

    folder = resolve_run(workspace, run)
    done = evaluate_run(folder, workspace, cache, out, lambda line: say(line, quiet=quiet))
    if as_json:
        print_json(
            {
                "run": run,
                "table": str(done.table),
                "same": done.same,
                "metrics": done.scores.summary,
            }
        )
    else:
        for row in done.scores.rows:
            typer.echo(
                f"{row['split']}  {row['case']}  {row['status']}  dice {float(str(row['dice'])):.4f}"
            )
        typer.echo(_verdict(done.same, done.table))
    if done.same is False:
        raise typer.Exit(1)


def _verdict(same: bool | None, table: Path) -> str:
    if same is None:
        return f"the run had no table; written to {table}"
    if same:
        return f"equal to the record to the last digit: {table}"
    return f"DIFFERS from the record; the new table is {table}"
