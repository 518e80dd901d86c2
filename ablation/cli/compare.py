"""`ablate compare`: the report's statistics on bare per-case tables of any tool; no store needed."""

from __future__ import annotations

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
from ablation.cli.options import AsJson, Quiet
from ablation.cli.pictures import Figures, write_figures
from ablation.metrics.hd95_methods import HD95_METHODS

if TYPE_CHECKING:
    from ablation.comparison import Design
    from ablation.report import Source

EXAMPLES = (
    "Examples:\n\n"
    "ablate compare unet.csv resupnet.csv\n\n"
    "ablate compare results.csv --model-column architecture --case-column patient\n\n"
    "ablate compare aucs.csv --higher-is-better auc --reference unet --json"
)


def compare(
    tables: Annotated[
        list[Path], typer.Argument(help="CSV files: one per design, or long ones with all designs.")
    ],
    model_column: Annotated[
        str | None,
        typer.Option("--model-column", help="Column that names the design; default: model."),
    ] = None,
    case_column: Annotated[
        str | None,
        typer.Option("--case-column", help="Column of the case ids; default: case, else patient."),
    ] = None,
    target_column: Annotated[
        str | None,
        typer.Option("--target-column", help="Column of the region; default: target, if any."),
    ] = None,
    patient_regex: Annotated[
        str | None,
        typer.Option("--patient-regex", help=r"Finds the patient in a case id, as in '(.+)_\d+$'."),
    ] = None,
    patient_map: Annotated[
        Path | None, typer.Option("--patient-map", help="CSV with the columns case and patient.")
    ] = None,
    higher_is_better: Annotated[
        str | None,
        typer.Option("--higher-is-better", help="Scores we do not know, commas between."),
    ] = None,
    lower_is_better: Annotated[
        str | None, typer.Option("--lower-is-better", help="The same where less is better.")
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
    figures: Figures = None,
    as_format: Format = None,
    style: Style = "full",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare designs by tables of any tool, with a score per case: no runs, no server.

    A table has the columns case, perhaps patient, and scores such as dice; commas or semicolons.
    Writes index.html and comparison.csv, .json, .md and .tex; prints the summary.
    """
    from ablation.comparison import compare as compare_designs
    from ablation.comparison import with_target
    from ablation.scores.bare_designs import (
        Reading,
        check_directions,
        check_scores,
        left_out,
        our_name,
        read_designs,
        usual_settings,
    )

    shown = printing(as_format, style, as_json)
    method = assume_hd95_method and choice("--assume-hd95-method", assume_hd95_method, HD95_METHODS)
    reading = Reading(
        model_column=model_column,
        case_column=case_column,
        target_column=target_column,
        patient_regex=patient_regex,
        patient_map=patient_map,
        higher_is_better=_names(higher_is_better),
        lower_is_better=_names(lower_is_better),
        hd95_method=method,
    )
    scores = [our_name(name, reading.known) for name in _names(metric)]
    check_directions(scores, reading)
    remarks: list[str] = []
    read = read_designs(tables, reading, remarks.append)
    remarks = _by_file(remarks, tables)
    designs = with_target([design for design, _ in read], target)
    settings = with_flags(
        usual_settings(designs, reading),
        {
            "reference": reference,
            "metric": metric and ",".join(scores),
            "alternative": alternative,
            "primary_test": primary_test,
            "correction": correction,
            "margin": margin,
            "unit": unit,
            "missing": missing,
            "empty": empty,
        },
    )
    check_scores(designs, settings, reading)
    if metric is None:
        remarks += left_out(designs, settings, reading)
    source = _source(read, tables, remarks)
    comparison = compare_designs(designs, settings, reading.known)
    print_and_write(comparison, source, out, shown, quiet)
    write_figures(comparison, source, out, figures, quiet=quiet)


def _by_file(remarks: list[str], tables: list[Path]) -> list[str]:
    """Say once what holds for several files; a report names them, not where they lay."""
    from ablation.comparison.tables.align import named
    from ablation.report.source import WARNING

    files: dict[tuple[str, str], list[str]] = {}
    for remark in remarks:
        sign = WARNING if remark.startswith(WARNING) else ""
        said = remark.removeprefix(sign)
        path = next((table for table in tables if said.startswith(f"{table}: ")), None)
        text = said if path is None else said.removeprefix(f"{path}: ")
        files.setdefault((sign, text), []).extend([] if path is None else [path.name])
    return [
        f"{sign}{named(whose)}: {text}" if whose else f"{sign}{text}"
        for (sign, text), whose in files.items()
    ]


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _source(read: list[tuple[Design, Path]], tables: list[Path], remarks: list[str]) -> Source:
    import hashlib

    from ablation.report import Source

    digests = {path: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in tables}
    return Source(
        experiment=", ".join(path.name for path in tables),
        kind="table" if len(tables) == 1 else "tables",
        runs=tuple((design.name, f"{path.name} (sha256 {digests[path]})") for design, path in read),
        remarks=tuple(remarks),
    )
