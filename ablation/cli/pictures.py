"""`--figures`: the figures of a report as files, beside the page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablation.cli.options import say

if TYPE_CHECKING:
    from ablation.comparison import Comparison
    from ablation.report import Source


def _kinds(text: str | None) -> str | None:
    """Refuse what is no kind of picture before anything is computed."""
    if text is not None:
        from ablation.report import picture_kinds

        picture_kinds(text)
    return text


Figures = Annotated[
    str | None,
    typer.Option(
        "--figures",
        callback=_kinds,
        help="Figures as files too, where a browser is: svg, pdf or svg,pdf.",
    ),
]


def write_figures(
    comparison: Comparison, source: Source, out: Path, figures: str | None, *, quiet: bool
) -> None:
    """Write the figures asked for; the report stands without them where no browser is."""
    if figures is None:
        return
    from ablation.errors import AblateError
    from ablation.report import picture_kinds, write_pictures

    try:
        written = write_pictures(comparison, source, out, picture_kinds(figures))
    except AblateError as error:
        say(f"no figures: {error.message}. {error.hint}", quiet=quiet)
    else:
        say(f"figures: {len(written)} files in {written[0].parent}", quiet=quiet)
