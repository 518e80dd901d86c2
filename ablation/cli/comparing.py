"""The flags of a comparison: the same for `ablate report` and `ablate compare`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ablation.cli.options import OneOf, say
from ablation.metrics.hd95_methods import HD95_METHODS
from ablation.statistics.corrections import CORRECTIONS
from ablation.statistics.paired_tests import TESTS

if TYPE_CHECKING:
    from ablation.comparison import Comparison
    from ablation.config.sections import ComparisonConfig
    from ablation.report import Source
    from ablation.report.formats import Format as Shape
    from ablation.report.formats.tex import Style as TexStyle

Reference = Annotated[
    str | None, typer.Option("--reference", help="Design the others are compared with.")
]
Metrics = Annotated[
    str | None,
    typer.Option("--metric", help="Score, or several with commas between: the first decides."),
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
    typer.Option("--unit", help="What inference is about: patient, or case (nothing is tested)."),
]
Missing = Annotated[
    str | None,
    typer.Option("--missing", help="Case one design lacks: error, intersection or worst."),
]
Empty = Annotated[
    str | None,
    typer.Option("--empty", help="Missed and absent tumours: penalty, brats or exclude."),
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

FORMATS = ("text", "csv", "json", "md", "tex")
STYLES = ("full", "paper")


def with_flags(planned: ComparisonConfig, flags: Mapping[str, str | None]) -> ComparisonConfig:
    """Return the settings of a comparison: what was planned, changed by the flags given.

    Args:
        planned: Settings without a flag stay as they are here.
        flags: Of each key its text; None where the flag was not given.

    Raises:
        UsageError: Every unusable value, in one message, with the nearest that exists.
    """
    from pydantic import ValidationError

    from ablation.config.sections import ComparisonConfig
    from ablation.errors import UsageError

    given: dict[str, object] = {key: text for key, text in flags.items() if text is not None}
    if flags.get("metric") is not None:
        given |= _metrics(str(flags["metric"]))
    try:
        return ComparisonConfig.model_validate(planned.model_dump() | given)
    except ValidationError as error:
        found = [_fault(dict(item)) for item in error.errors()]
    hints = dict.fromkeys(hint for _, hint in found)
    raise UsageError("; ".join(text for text, _ in found), hint=" ".join(hints))


def _metrics(text: str) -> dict[str, object]:
    """The first decides, the others stand beside it."""
    from ablation.errors import UsageError

    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UsageError(f"--metric {text!r} names no score", hint="For example --metric dice,hd95")
    return {"metric": names[0], "secondary": tuple(names[1:])}


def _fault(item: Mapping[str, object]) -> tuple[str, str]:
    """What is wrong with one flag, and what to write instead."""
    from ablation.errors import nearest

    location = item["loc"]
    assert isinstance(location, tuple)
    flag = "--" + str(location[0]).replace("_", "-")
    within = "".join(f"{part}=" for part in location[1:])
    context = item.get("ctx")
    known = (
        re.findall(r"'([^']+)'", str(context.get("expected"))) if isinstance(context, dict) else []
    )
    if known:
        text = f"{flag} {item['input']!r} is none of {', '.join(known)}"
        return text, nearest(str(item["input"]), known)
    example = "For example --margin dice=0.02,hd95=2"
    if location[1:] and item["input"] == "":
        return f"{flag} {location[1]} is not of the form METRIC=NUMBER", example
    return f"{flag} {within}{item['input']}: {item['msg']}", example


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


def print_and_write(
    comparison: Comparison, source: Source, out: Path, shown: Printing, quiet: bool
) -> None:
    """Write the report's files, then print; remarks that the output does not hold go to stderr."""
    from ablation.report import printed, write_report

    text = printed(comparison, source, shown.format, shown.style)
    written = write_report(comparison, source, out, shown.style)
    for remark in source.remarks:
        say(remark, quiet=quiet or shown.format == "text")
    typer.echo(text, nl=False)
    say("written: " + ", ".join(str(path) for path in written), quiet=quiet)
