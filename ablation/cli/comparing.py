"""The flags of a comparison: the same for `ablate report` and `ablate compare`."""

from __future__ import annotations

import inspect
import shlex
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ablation.cli.options import OneOf, say
from ablation.cli.pictures import write_figures
from ablation.metrics.hd95_methods import HD95_METHODS
from ablation.statistics.corrections import CORRECTIONS
from ablation.statistics.paired_tests import TESTS

if TYPE_CHECKING:
    from ablation.comparison import Comparison
    from ablation.report import Source
    from ablation.report.formats import Format as Shape
    from ablation.report.formats.tex import Style as TexStyle
    from ablation.report.from_tables import OfTables

Reference = Annotated[
    str | None,
    typer.Option(
        "--reference",
        help="Design that each other one is compared with; default: every pair is compared.",
    ),
]
Metrics = Annotated[
    str | None,
    typer.Option(
        "--metric", help="Score that decides; further ones, after commas, are shown beside it."
    ),
]
PrimaryTarget = Annotated[
    str | None,
    typer.Option(
        "--primary-target",
        help="Target that decides, or mean (of the targets of each case); default: every target, "
        "adjusted together.",
    ),
]
Alternative = Annotated[
    str | None,
    typer.Option(
        "--alternative", help="two-sided, or greater: only better than the reference counts."
    ),
]
PrimaryTest = Annotated[str | None, OneOf("--primary-test", "Test that decides: {}.", TESTS)]
Correction = Annotated[
    str | None,
    OneOf("--correction", "Adjustment for several comparisons: {}.", CORRECTIONS),
]
Margin = Annotated[
    str | None,
    typer.Option(
        "--margin", help="Smallest differences that matter, each in its unit: dice=0.02,hd95=2."
    ),
]
Unit = Annotated[
    str | None,
    typer.Option(
        "--unit", help="What the conclusion is about: patient, or case (then nothing is tested)."
    ),
]
Missing = Annotated[
    str | None,
    typer.Option(
        "--missing",
        help="Cases that one design lacks: error (refuse), intersection (leave out) or worst (count "
        "as missed).",
    ),
]
Empty = Annotated[
    str | None,
    typer.Option(
        "--empty",
        help="Empty masks: penalty (a missed tumour gets the worst score), brats (so does a false "
        "alarm) or exclude (a missed tumour has no distance).",
    ),
]
Target = Annotated[str | None, typer.Option("--target", help="Region; default: every one.")]
AssumedMethod = Annotated[
    str | None,
    OneOf(
        "--assume-hd95-method",
        "How HD95 was computed where a table does not say: {}.",
        HD95_METHODS,
    ),
]
Format = Annotated[
    str | None, typer.Option("--format", help="On stdout: text (default), csv, json, md or tex.")
]
Style = Annotated[
    str,
    typer.Option("--style", help="Of the TeX table: full, or paper (each against the reference)."),
]

OutFolder = Annotated[Path, typer.Option("--out", help="Folder of the report.")]

RULES = {
    "reference": Reference,
    "metric": Metrics,
    "primary_target": PrimaryTarget,
    "alternative": Alternative,
    "primary_test": PrimaryTest,
    "correction": Correction,
    "margin": Margin,
    "unit": Unit,
    "missing": Missing,
    "empty": Empty,
}
"""The flags that are rules of a comparison, by the field of `ablation.comparison.Rules`."""


def taking_rules(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the flags of a comparison's rules, where it takes `rules`.

    Args:
        command: Takes a keyword `rules`, an `ablation.comparison.Rules`.
    """

    @wraps(command)
    def with_flags(**values: Any) -> None:
        from ablation.comparison import Rules

        rules = Rules(**{name: values.pop(name) for name in RULES})
        command(**values, rules=rules)

    own = inspect.signature(command, eval_str=True)
    flags = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=flag)
        for name, flag in RULES.items()
    ]
    parameters = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own.parameters.values()
    ]
    at = [one.name for one in parameters].index("rules")
    whole = [*parameters[:at], *flags, *parameters[at + 1 :]]
    with_flags.__signature__ = own.replace(parameters=whole)  # type: ignore[attr-defined]
    with_flags.__annotations__ = {one.name: one.annotation for one in whole}
    return with_flags


FORMATS = ("text", "csv", "json", "md", "tex")
STYLES = ("full", "paper")


def choice(flag: str, value: str, known: Collection[str]) -> str:
    """Return a flag's value; refuse one that does not exist."""
    from ablation.errors import UsageError, nearest

    if value not in known:
        raise UsageError(
            f"{flag} {value!r} is none of {', '.join(known)}", hint=nearest(value, known)
        )
    return value


@dataclass(frozen=True, slots=True)
class Printing:
    """What goes to stdout."""

    format: Shape
    style: TexStyle


def printing(as_format: str | None, style: str, as_json: bool) -> Printing:
    """Read --format, --style and --json; --json is short for --format json."""
    from ablation.errors import UsageError

    shape = choice("--format", as_format or ("json" if as_json else "text"), FORMATS)
    if as_json and shape != "json":
        raise UsageError(f"--json and --format {shape} exclude each other", hint="Write one.")
    return Printing(cast("Shape", shape), cast("TexStyle", choice("--style", style, STYLES)))


def _again() -> str:
    """Return the command that is running, without secrets and the folders of absolute paths."""
    from tracking.provenance import command_line, without_paths

    return without_paths(command_line(["ablate", *map(shlex.quote, sys.argv[1:])]))


def deliver(
    comparison: Comparison,
    source: Source,
    out: Path,
    shown: Printing,
    figures: str | None,
    *,
    quiet: bool,
) -> None:
    """Write the report's files, then print; remarks that the output does not hold go to stderr."""
    from ablation.report import printed, write_report

    source = replace(source, date=f"{datetime.now().astimezone():%Y-%m-%d}", command=_again())
    text = printed(comparison, source, shown.format, shown.style)
    written = write_report(comparison, source, out, shown.style)
    for remark in source.remarks:
        say(str(remark), quiet=quiet or shown.format == "text")
    typer.echo(text, nl=False)
    say("written: " + ", ".join(str(path) for path in written), quiet=quiet)
    write_figures(comparison, source, out, figures, quiet=quiet)


def deliver_datasets(
    found: Sequence[OfTables], out: Path, shown: Printing, figures: str | None, *, quiet: bool
) -> None:
    """Write the page over all data sets and the report of each, then print."""
    from ablation.report.datasets import made_by, printed_datasets, write_datasets

    dated = made_by(found, f"{datetime.now().astimezone():%Y-%m-%d}", _again())
    text = printed_datasets(dated, shown.format)
    written = write_datasets(dated, out, shown.style)
    typer.echo(text, nl=False)
    say("written: " + ", ".join(str(path) for path in written), quiet=quiet)
    for one, page in zip(dated, written[-len(dated) :], strict=True):
        write_figures(one.comparison, one.source, page.parent, figures, quiet=quiet)
