"""A report of tracked runs: publish, pull the newest finals, compare them, say where they come from."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from ablation.comparison import (
    Comparison,
    Design,
    Rules,
    compare,
    split_names,
    with_rules,
    with_target,
)
from ablation.config import resolve
from ablation.config.asked import tracking_address
from ablation.config.sections import ComparisonConfig, DataConfig
from ablation.data.readers.reader import Progress, silent
from ablation.errors import AblateError
from ablation.fairness import FairnessFacts
from ablation.files.places import DEFAULT_WORKSPACE, command
from ablation.report.damaged import without_damaged
from ablation.report.files import write_report
from ablation.report.formats.tex import Style
from ablation.report.literature import published
from ablation.report.material import Material
from ablation.report.page.plotly_figures import figures
from ablation.report.source import Source
from ablation.report.tracked import Fetch, material_of
from ablation.scores.finals import chosen, designs_of, folds_of, on_shared_cases, planned_settings
from ablation.scores.remarks import Level, Remark, note
from ablation.scores.tables import checked_method
from tracking import names
from tracking.finals import Finals

SWEEP = "ablate sweep --model unet,resupnet --trials 3"


@dataclass(frozen=True, slots=True)
class Report:
    """A comparison of tracked runs and where its numbers come from."""

    comparison: Comparison
    source: Source
    written: tuple[Path, ...] = ()
    """Files, the page first; empty where no folder was named."""
    damaged: tuple[str, ...] = ()
    """Runs and files that could not be read, and why; the report is made without them."""

    def table(self) -> pd.DataFrame:
        """Return the table that all formats share, unrounded."""
        return self.comparison.table()

    def figures(self) -> dict[str, tuple[go.Figure, ...]]:
        """Return the figures by the id of their section of the page."""
        return figures(self.comparison, self.source)


def report(
    compare: str | Sequence[str] = "all",
    *,
    experiment: str | None = None,
    target: str | None = None,
    reference: str | None = None,
    metric: str | Sequence[str] | None = None,
    margin: str | Mapping[str, float] | None = None,
    primary_target: str | None = None,
    primary_test: str | None = None,
    alternative: str | None = None,
    correction: str | None = None,
    missing: str | None = None,
    empty: str | None = None,
    unit: str | None = None,
    assume_hd95_method: str | None = None,
    workspace: Path | str = DEFAULT_WORKSPACE,
    tracking_uri: str | None = None,
    config: Path | str | None = None,
    out: Path | str | None = None,
    style: Style = "full",
    progress: Progress = silent,
) -> Report:
    """Compare the newest final runs of an experiment's designs, patient by patient.

    Arguments are named as the flags of `ablate report` and mean the same.

    Args:
        compare: Designs, or "all" of the experiment.
        experiment: Whose designs, or the id of one of its finals; None: that of the newest final.
        target: Region; None: every one.
        reference: Design the others are compared with.
        metric: Score or several; the first decides.
        margin: Smallest differences that matter, by metric, each in its unit.
        primary_test: Test that decides: "wilcoxon", "t" or "signflip".
        primary_target: Target that decides, or "mean" over targets; None: all together.
        alternative: "two-sided", or "greater": only better than the reference counts.
        correction: Adjustment for several comparisons: "holm", "bh" or "none".
        missing: What a case that one design lacks does: "error", "intersection" or "worst".
        empty: Empty-mask rule: "penalty", "brats" or "exclude".
        unit: What inference is about: "patient", or "case" (nothing is tested).
        assume_hd95_method: How HD95 was computed where a table does not say.
        workspace: Folder of the runs.
        tracking_uri: MLflow server; None: as configured, else mlflow.db in the workspace.
        config: TOML file with [report]; None: `ablate.toml` of the working folder.
        out: Folder for index.html, comparison.csv, .json, .md, .tex and methods; None: nothing.
        style: Of the TeX table: "full", or "paper".
        progress: Told which runs and files could not be published or read, and why.

    Raises:
        AblateError: Nothing to report.
        ComparisonError: Designs that cannot be compared.
        UsageError: An unknown design, metric or rule.

    Example:
        >>> import ablation
        >>> made = ablation.report(workspace="runs", out="report")  # doctest: +SKIP
        >>> made.table()                                            # doctest: +SKIP
    """
    rules = Rules(
        reference, metric, primary_target, alternative, primary_test, correction, margin, unit,
        missing, empty,
    )  # fmt: skip
    with_rules(ComparisonConfig(), rules)  # before anything is fetched
    method = checked_method(assume_hd95_method)
    file = None if config is None else Path(config)
    literature = published(resolve(file=file, environment=os.environ).config.report)
    designs = ",".join(split_names(compare))
    asked = Asked(Path(workspace), tracking_uri, experiment, designs, target)
    with tempfile.TemporaryDirectory() as folder:
        made = _from_runs(asked, rules, method, Path(folder), progress)
    made = replace(made, source=replace(made.source, literature=literature))
    if out is None:
        return made
    return replace(made, written=write_report(made.comparison, made.source, Path(out), style))


@dataclass(frozen=True, slots=True)
class Asked:
    """Which runs are compared."""

    workspace: Path
    tracking_uri: str | None
    experiment: str | None
    designs: str
    """Commas between; "all": those of the experiment."""
    target: str | None


def _from_runs(
    asked: Asked, rules: Rules, method: str | None, folder: Path, progress: Progress
) -> Report:
    address = tracking_address(asked.workspace, asked.tracking_uri)
    read, address = _where_writable(asked, address, folder, progress)
    finals = _finals(read, address, folder, progress)
    for run, reason in finals.damaged:
        progress(f"error: {run}: {reason}")
    runs = chosen(finals, asked.designs)
    designs = with_target(designs_of(runs), asked.target)
    if method:
        assumed = FairnessFacts(hd95_method=method)
        designs = [replace(one, facts=assumed.updated(one.facts)) for one in designs]
    settings = with_rules(planned_settings(run for own in runs.values() for run in own), rules)
    if rules.missing is None:
        settings = on_shared_cases(settings, designs)
    comparison = compare(designs, settings)
    material = material_of(runs, finals.studies, comparison, _fetcher(address, folder))
    source = _source(finals, designs, asked.workspace, material)
    return Report(comparison, source, damaged=source.damaged)


def _where_writable(
    asked: Asked, address: str, folder: Path, progress: Progress
) -> tuple[Asked, str]:
    """Return what is asked of a copy where the workspace and its database cannot be written."""
    from tracking.address import DATABASE, is_within, sqlite_uri
    from tracking.workspace import copy_scored, is_read_only

    if not (is_read_only(asked.workspace) and is_within(address, asked.workspace)):
        return asked, address
    progress(
        f"{asked.workspace} is read-only; the report is made of a temporary copy of its finals"
    )
    copy = folder / "workspace"
    copy_scored(asked.workspace, copy)
    return replace(asked, workspace=copy), sqlite_uri(copy.resolve() / DATABASE)


def _finals(asked: Asked, address: str, into: Path, progress: Progress) -> Finals:
    """Publish what has not arrived, then fetch the finals; refuse where there are none."""
    from tracking.address import database

    store = database(address)
    nothing = AblateError(
        f"nothing to report: no design has been scored on test patients ({store or 'at this server'})",
        hint=f"First: {SWEEP}",
    )
    # Asking for a database makes one; a report must not leave an empty one behind.
    if not asked.workspace.is_dir() and store is not None and not store.exists():
        raise nothing
    from tracking.mlflow.client import pull_finals
    from tracking.publisher import sync
    from tracking.workspace import own_keys, refuse_later

    failed: tuple[tuple[str, str], ...] = ()
    if asked.workspace.is_dir():
        refuse_later(asked.workspace)
        failed = sync(asked.workspace, address, waiting=progress).failed
    unpublished = tuple((run, f"not published: {reason}") for run, reason in failed)
    finals = without_damaged(
        pull_finals(address, asked.experiment, into, own_keys(asked.workspace))
    )
    finals = replace(finals, damaged=(*unpublished, *finals.damaged))
    if not finals.runs:
        raise _nothing_readable(finals.damaged) if finals.damaged else nothing
    return finals


def _nothing_readable(damaged: Sequence[tuple[str, str]]) -> AblateError:
    run, reason = damaged[0]
    return AblateError(
        f"nothing to report: {len(damaged)} runs or files cannot be read, the first of {run}: {reason}",
        hint="Correct the cause, then: ablate sync",
    )


def _fetcher(uri: str, into: Path) -> Fetch:
    """Return what fetches single files of a run: of many pictures a page shows few."""

    def fetch(run_id: str, files: Sequence[str]) -> tuple[Path, ...]:
        from tracking.mlflow.client import pull_files

        return pull_files(uri, run_id, files, into)

    return fetch


def _source(
    finals: Finals, designs: Sequence[Design], workspace: Path, material: Material
) -> Source:
    compared = {design.name for design in designs}
    return Source(
        experiment=finals.experiment,
        runs=tuple(
            sorted(
                (run.tags[names.MODEL], run.run_id)
                for run in finals.runs
                if run.tags[names.MODEL] in compared
            )
        ),
        superseded=tuple(sorted(finals.superseded)),
        other_experiments=finals.other_experiments,
        remarks=tuple(_remarks(finals)),
        next_command=_next_command(finals, designs[0], workspace) if len(designs) == 1 else "",
        material=material,
        damaged=tuple(f"{run}: {reason}" for run, reason in finals.damaged),
    )


def _remarks(finals: Finals) -> Iterator[Remark]:
    """Yield what of the experiment is missing in this report."""
    if finals.incomplete:
        missing = "; ".join(map(str, finals.incomplete))
        yield Remark(
            Level.WARNING, f"Final runs are missing: {missing}. The same ablate sweep runs them."
        )
    if finals.other_patients:
        left_out = ", ".join(finals.other_patients)
        yield note(f"Left out, scored on other patients or another split: {left_out}.")


def _next_command(finals: Finals, design: Design, workspace: Path) -> str:
    """Return what gives a single design something to be compared with."""
    from ablation.models import DESIGNS

    swept = {run.tags[names.MODEL] for run in finals.runs}
    if len(swept) > 1:
        return command(f"report --compare all --experiment {finals.experiment}", workspace)
    joins = f"--experiment {finals.experiment}"
    if finals.runs[0].tags.get(names.KIND) == "import":
        return command(f"evaluate --pred PRED --truth TRUTH --name NAME {joins}", workspace)
    if names.EXTERNAL in finals.runs[0].tags:
        return command(f"evaluate RUN --data PATH {joins}", workspace)
    other = next((name for name in DESIGNS if name not in swept), next(iter(DESIGNS)))
    words = f"sweep --model {other} --trials {design.facts.trials or 20}"
    if folds := folds_of(finals.runs[0].tags):
        words += f" --folds {folds}"
    if design.facts.preset:
        words += f" --preset {design.facts.preset}"
    words += _target_words(finals)
    if not design.facts.generated:
        words += " --data PATH"
    return command(f"{words} {joins}", workspace)


def _target_words(finals: Finals) -> str:
    """Return what a command needs to be about the target of these finals."""
    usual = DataConfig().target
    target = finals.runs[0].params.get("data.target", usual)
    return "" if target == usual else f" --set data.target={target}"
