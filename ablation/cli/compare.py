"""`ablate compare`: the report's statistics on bare per-case tables of any tool; no store needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ablation.cli.comparing import (
    AssumedMethod,
    Format,
    OutFolder,
    Style,
    Target,
    deliver,
    deliver_datasets,
    printing,
    taking_rules,
)
from ablation.cli.options import (
    AsJson,
    CaseColumn,
    PatientColumn,
    PatientMap,
    PatientRegex,
    Quiet,
    UndefinedDistance,
)
from ablation.cli.pictures import Figures

EXAMPLES = (
    "Examples:\n\n"
    "ablate compare unet.csv resupnet.csv\n\n"
    "ablate compare results.csv --model-column architecture --case-column patient\n\n"
    "ablate compare aucs.csv --higher-is-better auc --reference unet --json"
)


@taking_rules
def compare(
    tables: Annotated[
        list[Path],
        typer.Argument(
            help="CSV files: one per design, NAME=FILE,FILE for several of one design (seeds or "
            "folds), or long ones with all designs."
        ),
    ],
    model_column: Annotated[
        str | None,
        typer.Option("--model-column", help="Column that names the design; default: model."),
    ] = None,
    case_column: CaseColumn = None,
    patient_column: PatientColumn = None,
    target_column: Annotated[
        str | None,
        typer.Option("--target-column", help="Column of the region; default: target, if any."),
    ] = None,
    patient_regex: PatientRegex = None,
    patient_map: PatientMap = None,
    seed_column: Annotated[
        str | None,
        typer.Option(
            "--seed-column", help="Column that tells trainings of one design apart; default: seed."
        ),
    ] = None,
    fold_column: Annotated[
        str | None,
        typer.Option(
            "--fold-column",
            help="Column of the fold of cross-validation; default: fold, cv_fold or split.",
        ),
    ] = None,
    wide: Annotated[
        str | None,
        typer.Option("--wide", help="What columns such as dice_NAME are: targets or designs."),
    ] = None,
    undefined_distance: UndefinedDistance = None,
    higher_is_better: Annotated[
        str | None,
        typer.Option("--higher-is-better", help="Scores we do not know, commas between."),
    ] = None,
    lower_is_better: Annotated[
        str | None, typer.Option("--lower-is-better", help="The same where less is better.")
    ] = None,
    target: Target = None,
    rules: Any = None,
    assume_hd95_method: AssumedMethod = None,
    out: OutFolder = Path("report"),
    figures: Figures = None,
    as_format: Format = None,
    style: Style = "full",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare designs by tables of any tool, with a score per case: no runs, no server.

    A table has the columns case, perhaps patient, seed and fold, and scores such as dice, or a
    column for each target or design (dice_WT, dice_TC); commas, semicolons or tabs.
    Writes index.html and comparison.csv, .json, .md and .tex; prints the summary.
    """
    from ablation.comparison import split_names
    from ablation.report.from_tables import compare_datasets
    from ablation.scores.bare_designs import Reading
    from ablation.scores.empty_masks import undefined_distances
    from ablation.scores.header import Naming, checked_wide
    from ablation.scores.tables import checked_method

    shown = printing(as_format, style, as_json)
    naming = Naming(
        model_column=model_column, case_column=tuple(case_column or ()),
        target_column=target_column, patient_column=patient_column, patient_regex=patient_regex,
        patient_map=patient_map, seed_column=seed_column, fold_column=fold_column,
        wide=checked_wide(wide),
    )  # fmt: skip
    reading = Reading(
        naming=naming, undefined_distances=undefined_distances(undefined_distance or ()),
        higher_is_better=split_names(higher_is_better), lower_is_better=split_names(lower_is_better),
        hd95_method=checked_method(assume_hd95_method),
    )  # fmt: skip
    found = compare_datasets(tables, reading, rules, target)
    if len(found) > 1:
        deliver_datasets(found, out, shown, figures, quiet=quiet)
    else:
        deliver(found[0].comparison, found[0].source, out, shown, figures, quiet=quiet)
