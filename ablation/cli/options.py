"""Options that several commands share, so that a flag means the same everywhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer
from typer.models import OptionInfo


class OneOf(OptionInfo):
    """An option that takes the name of a registry's entry; its help lists those there are."""

    def __init__(self, flag: str, meaning: str, known: Collection[str]) -> None:
        self._meaning, self._known = meaning, known
        super().__init__(default=flag)

    @property
    def help(self) -> str:
        """The meaning with the names, as they are when help is asked for."""
        return self._meaning.format(one_of(self._known))

    @help.setter  # noqa: A003
    def help(self, _: str | None) -> None:
        """Typer sets what it was given, which is nothing."""


def one_of(names: Collection[str]) -> str:
    """Return names as a sentence lists them.

    >>> one_of(["holm", "bh", "none"])
    'holm, bh or none'
    """
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


Workspace = Annotated[
    Path,
    typer.Option(
        "--workspace", envvar="ABLATE_WORKSPACE", help="Folder of the runs and databases."
    ),
]
Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        envvar="ABLATE_CACHE",
        help="Folder for prepared slices; default: the user's cache folder.",
    ),
]
Data = Annotated[
    str | None, typer.Option("--data", help="Folder of scans; default: the generated phantom.")
]
Preset = Annotated[
    str | None,
    typer.Option("--preset", help="Ready configuration: cpu-demo, laptop, standard, paper."),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="TOML file; default: ablate.toml here, if there is one."),
]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", help="Set one key: section.key=value. Repeatable.")
]
Folds = Annotated[
    int | None,
    typer.Option(
        "--folds", min=2, help="Nested cross-validation by patient with so many outer folds."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for other programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors only.")]
TrackingUri = Annotated[
    str | None,
    typer.Option(
        "--tracking-uri",
        envvar="MLFLOW_TRACKING_URI",
        help="MLflow server to publish to; default: mlflow.db in the workspace.",
    ),
]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Leave unusable patients out, by name.")]
CaseColumn = Annotated[
    list[str] | None,
    typer.Option(
        "--case-column",
        help="Column of the case ids, or FILE=COLUMN of one file; default: case, patient, subject, "
        "id or the like. Repeatable.",
    ),
]
PatientColumn = Annotated[
    str | None,
    typer.Option("--patient-column", help="Column of the patients; default: patient or subject."),
]
UndefinedDistance = Annotated[
    list[str] | None,
    typer.Option(
        "--undefined-distance",
        help="Value that stands for the distance to an empty mask, such as -1 or 373.13; nan: an "
        "empty cell. Repeatable.",
    ),
]
PatientRegex = Annotated[
    str | None,
    typer.Option("--patient-regex", help=r"Finds the patient in a case id, as in '(.+)_\d+$'."),
]
PatientMap = Annotated[
    Path | None, typer.Option("--patient-map", help="CSV with the columns case and patient.")
]


def say(text: str, *, quiet: bool = False) -> None:
    """Print progress or a remark on stderr, where it never disturbs a result."""
    if not quiet:
        typer.echo(text, err=True)


def print_json(value: object) -> None:
    """Print a value as JSON on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, sort_keys=True, default=str) + "\n")
