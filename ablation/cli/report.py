"""`ablate report`: which design is better, from the newest finals on the MLflow server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablation.cli.comparing import (
    Alternative,
    AssumedMethod,
    Correction,
    Empty,
    Format,
    Margin,
    Metrics,
    Missing,
    PrimaryTest,
    Reference,
    Style,
    Target,
    Unit,
    choice,
    print_and_write,
    printing,
    with_flags,
)
from ablation.cli.options import (
    DEFAULT_WORKSPACE,
    AsJson,
    ConfigFile,
    Quiet,
    TrackingUri,
    Workspace,
    command,
    say,
    tracking_address,
)
from ablation.cli.pictures import Figures, write_figures
from ablation.metrics.hd95_methods import HD95_METHODS

if TYPE_CHECKING:
    from ablation.comparison import Design
    from ablation.config import ReportConfig
    from ablation.errors import AblateError
    from ablation.report import Source
    from ablation.report.material import Material
    from ablation.report.tracked import Fetch
    from tracking.finals import Finals

EXAMPLES = (
    "Examples:\n\n"
    "ablate report --compare all\n\n"
    "ablate report --compare unet,resupnet --reference unet --out report\n\n"
    "ablate report --metric hd95 --json"
)
SWEEP = "ablate sweep --model unet,resupnet --trials 3"


def report(
    compare: Annotated[
        str,
        typer.Option("--compare", help="Designs with commas between, or all of the experiment."),
    ] = "all",
    experiment: Annotated[
        str | None,
        typer.Option("--experiment", help="Whose designs; default: that of the newest final."),
    ] = None,
    reference: Reference = None,
    metric: Metrics = None,
    target: Target = None,
    alternative: Alternative = None,
    primary_test: PrimaryTest = None,
    correction: Correction = None,
    margin: Margin = None,
    unit: Unit = None,
    missing: Missing = None,
    empty: Empty = None,
    assume_hd95_method: AssumedMethod = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the report.")] = Path("report"),
    config: ConfigFile = None,
    figures: Figures = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    tracking_uri: TrackingUri = None,
    as_format: Format = None,
    style: Style = "full",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare designs patient by patient: verdict, table, figures, fairness; one offline page.

    Writes index.html, comparison.csv, .json, .md and .tex, methods.txt and .bib; prints the
    summary. Rules that are not given are those planned with the sweep, else the first named.
    Published scores in [[report.literature]] of the configuration are shown beside, never tested.
    """
    import tempfile
    from dataclasses import replace

    from ablation.comparison import compare as compare_designs
    from ablation.comparison import with_target
    from ablation.config.sections import ComparisonConfig
    from ablation.fairness import FairnessFacts
    from ablation.report import published
    from ablation.report.tracked import material_of
    from ablation.scores.finals import chosen, designs_of, on_shared_cases, planned_settings

    shown = printing(as_format, style, as_json)
    method = assume_hd95_method and choice("--assume-hd95-method", assume_hd95_method, HD95_METHODS)
    flags = {
        "reference": reference,
        "metric": metric,
        "alternative": alternative,
        "primary_test": primary_test,
        "correction": correction,
        "margin": margin,
        "unit": unit,
        "missing": missing,
        "empty": empty,
    }
    with_flags(ComparisonConfig(), flags)  # before anything is fetched
    literature = published(_configured(config))
    with tempfile.TemporaryDirectory() as folder:
        finals = _finals(workspace, tracking_uri, experiment, Path(folder), quiet=quiet)
        runs = chosen(finals, compare)
        designs = with_target(designs_of(runs), target)
        if method:
            assumed = FairnessFacts(hd95_method=method)
            designs = [replace(one, facts=assumed.updated(one.facts)) for one in designs]
        settings = with_flags(planned_settings(run for own in runs.values() for run in own), flags)
        if missing is None:
            settings = on_shared_cases(settings, designs)
        comparison = compare_designs(designs, settings)
        fetch = _fetcher(tracking_address(workspace, tracking_uri), Path(folder))
        material = material_of(runs, finals.studies, comparison, fetch)
    source = replace(_source(finals, designs, workspace, material), literature=literature)
    print_and_write(comparison, source, out, shown, quiet)
    write_figures(comparison, source, out, figures, quiet=quiet)


def _configured(file: Path | None) -> ReportConfig:
    """Return [report] of the configuration; the settings of a comparison come with the finals."""
    import os

    from ablation.config import resolve

    return resolve(file=file, environment=os.environ).config.report


def _finals(
    workspace: Path, uri: str | None, experiment: str | None, into: Path, *, quiet: bool
) -> Finals:
    """Publish what has not arrived, then fetch the finals; refuse where there are none."""
    from ablation.errors import AblateError
    from tracking.mlflow.address import database

    address = tracking_address(workspace, uri)
    store = database(address)
    nothing = AblateError(
        f"nothing to report: no design has been scored on test patients ({store or 'at this server'})",
        hint=f"First: {SWEEP}",
    )
    # Asking for a database makes one; a report must not leave an empty one behind.
    if not workspace.is_dir() and store is not None and not store.exists():
        raise nothing
    from tracking.mlflow.client import pull_finals
    from tracking.publisher import sync

    synced = None
    if workspace.is_dir():
        synced = sync(workspace, address)
        for run, reason in synced.failed:
            say(f"not published: {run}: {reason}", quiet=quiet)
    finals = pull_finals(address, experiment, into)
    if not finals.runs:
        raise _unpublished(synced.failed) if synced is not None and synced.failed else nothing
    return finals


def _unpublished(failed: tuple[tuple[str, str], ...]) -> AblateError:
    from ablation.errors import AblateError

    run, reason = failed[0]
    return AblateError(
        f"{len(failed)} runs could not be published, the first {run}: {reason}",
        hint="Mend the cause, then: ablate sync",
    )


def _fetcher(uri: str, into: Path) -> Fetch:
    """Return what fetches single files of a run: of many pictures a page shows few."""

    def fetch(run_id: str, files: Sequence[str]) -> tuple[Path, ...]:
        from tracking.mlflow.client import pull_files

        return pull_files(uri, run_id, files, into)

    return fetch


def _source(finals: Finals, designs: list[Design], workspace: Path, material: Material) -> Source:
    from ablation.report import Source
    from tracking import names

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
        next_command=_next_command(finals, designs, workspace) if len(designs) == 1 else "",
        material=material,
    )


def _next_command(finals: Finals, designs: list[Design], workspace: Path) -> str:
    """What gives a single design something to be compared with; scores made elsewhere get more such."""
    from ablation.models import DESIGNS
    from ablation.scores.finals import folds_of
    from tracking import names

    swept = {run.tags[names.MODEL] for run in finals.runs}
    if len(swept) > 1:
        return command(f"report --compare all --experiment {finals.experiment}", workspace)
    joins = f"--experiment {finals.experiment}"
    if finals.runs[0].tags.get(names.KIND) == "import":
        return command(f"evaluate --pred PRED --truth TRUTH --name NAME {joins}", workspace)
    if names.EXTERNAL in finals.runs[0].tags:
        return command(f"evaluate RUN --data PATH {joins}", workspace)
    other = next((name for name in DESIGNS if name not in swept), next(iter(DESIGNS)))
    facts = designs[0].facts
    words = f"sweep --model {other} --trials {facts.trials or 20}"
    if folds := folds_of(finals.runs[0].tags):
        words += f" --folds {folds}"
    if facts.preset:
        words += f" --preset {facts.preset}"
    if not facts.generated:
        words += " --data PATH"
    return command(f"{words} {joins}", workspace)
