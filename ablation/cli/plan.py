"""`ablate plan`: how many patients a comparison needs, from the scores of a pilot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ablation.cli.comparing import Target, taking_rules
from ablation.cli.options import AsJson, CaseColumn, Quiet, print_json, say

EXAMPLES = (
    "Examples:\n\n"
    "ablate plan results.csv --model-column architecture --case-column patient\n\n"
    "ablate plan unet.csv resupnet.csv --margin dice=0.02\n\n"
    "ablate plan unet.csv resupnet.csv --difference 0.02 --power 0.9 --json"
)
MARGIN_HINT = "For non-inferiority and equivalence, give a margin: --margin dice=0.02"


@taking_rules
def plan(
    pilot: Annotated[
        list[Path], typer.Argument(help="Scores of a pilot: one CSV file, or one per design.")
    ],
    model_column: Annotated[
        str | None, typer.Option(help="Column of the design in one file; default: model.")
    ] = None,
    case_column: CaseColumn = None,
    target: Target = None,
    rules: Any = None,
    difference: Annotated[
        float | None,
        typer.Option(min=0, help="True mean difference to find; default: that of the pilot."),
    ] = None,
    power: Annotated[
        float, typer.Option(min=0.5, max=0.99, help="How often it is to be found.")
    ] = 0.8,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Estimate how many patients would show that a design is better, not worse, or equivalent.

    Patients of the pilot are resampled, and the rule of `ablate compare` is applied to each sample.
    """
    from dataclasses import asdict

    from ablation.comparison.planning import patients_needed
    from ablation.report.formats.planned import plan_text
    from ablation.report.from_tables import compare_tables
    from ablation.scores.bare_designs import Reading
    from ablation.scores.header import Naming

    naming = Naming(model_column=model_column, case_column=tuple(case_column or ()))
    found = compare_tables(pilot, Reading(naming=naming), rules, target).comparison
    needs = patients_needed(found, difference, power)
    if as_json:
        print_json([asdict(one) for one in needs])
        return
    typer.echo(plan_text(found, needs))
    if not found.settings["margin"]:
        say(MARGIN_HINT, quiet=quiet)
