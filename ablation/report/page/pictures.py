"""The figures of a report as files for a paper, drawn by a browser where one is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from html import unescape
from pathlib import Path

from plotly.offline import get_plotlyjs

from ablation.comparison import Comparison
from ablation.errors import AblateError, UsageError, nearest
from ablation.files.atomic import write_whole
from ablation.report.figures.drawing import Figure
from ablation.report.page.environment import environment, our_text
from ablation.report.page.index import sections
from ablation.report.page.specs import specs
from ablation.report.source import Source

KINDS = ("svg", "pdf")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = ("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking")
WIDTH = 600  # pixels of a figure that does not need more
LIMIT = 180  # seconds


def picture_kinds(text: str) -> tuple[str, ...]:
    """Return the kinds of picture that a user lists.

    >>> picture_kinds("svg, pdf")
    ('svg', 'pdf')

    Raises:
        UsageError: naming what is no kind.
    """
    kinds = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise UsageError(
            f"unknown kind of figure {', '.join(unknown) or repr(text)}",
            hint=nearest(unknown[0], KINDS) if unknown else "Write svg, pdf or svg,pdf.",
        )
    return kinds


def write_pictures(
    comparison: Comparison, source: Source, folder: Path, kinds: Sequence[str]
) -> tuple[Path, ...]:
    """Write figures/<id>.svg, and figures/figures.pdf with a page per figure; the same bytes twice.

    Raises:
        AblateError: no browser is installed, or it drew nothing.
    """
    figures = [
        figure for section in sections(comparison, source) for figure in section.every_figure
    ]
    drawn = dict(zip((figure.id for figure in figures), _drawn(figures), strict=True))
    into = folder / "figures"
    files: dict[str, bytes] = {}
    if "svg" in kinds:
        files |= {f"{name}.svg": f"{text}\n".encode() for name, text in drawn.items()}
    if "pdf" in kinds:
        files["figures.pdf"] = _pdf(list(drawn.values()))
    for name, content in files.items():
        write_whole(into / name, content)
    return tuple(into / name for name in files)


def _drawn(figures: Sequence[Figure]) -> list[str]:
    """The figures as SVG, in their order."""
    page = (
        environment()
        .get_template("drawings.html")
        .render(
            plotly=get_plotlyjs(),
            specs=specs(figures),
            widths=[max(figure.width, WIDTH) for figure in figures],
            script=our_text("drawings.js"),
        )
    )
    # Virtual time passes as fast as the drawing does, and ends with it.
    shown = _browser(page, "--virtual-time-budget=600000", "--dump-dom")[0]
    found = [unescape(text) for text in re.findall("<pre>(.*?)</pre>", shown, re.DOTALL)]
    if len(found) < len(figures):
        raise AblateError(
            f"the browser drew {len(found)} of {len(figures)} figures",
            hint="Open index.html and save them there, by the camera above each figure.",
        )
    return found


def _pdf(drawings: Sequence[str]) -> bytes:
    """One page per drawing, of its size."""
    pages = [{"svg": drawing, **_size(drawing)} for drawing in drawings]
    page = environment().get_template("print.html").render(drawings=pages)
    content = _browser(page, "--no-pdf-header-footer", "--print-to-pdf={file}")[1]
    return re.sub(rb"\(D:\d{14}", b"(D:20000101000000", content)  # the time of printing


def _size(drawing: str) -> dict[str, str]:
    """Width and height in pixels, as plotly writes them."""
    found = re.search(r'width="(?P<width>[\d.]+)" height="(?P<height>[\d.]+)"', drawing)
    assert found is not None
    return found.groupdict()


def _browser(html: str, *arguments: str) -> tuple[str, bytes]:
    """Show a page to a browser without a screen; return its standard output and {file}."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise AblateError(
            "no browser to draw figures with", hint="Install chromium, or save them in index.html."
        )
    # A sandbox cannot be set up by root, as in a container; the page is our own.
    own = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        page, file = Path(name) / "page.html", Path(name) / "page.pdf"
        page.write_text(html, encoding="utf-8")
        asked = [argument.format(file=file) for argument in arguments]
        place = f"--user-data-dir={Path(name) / 'profile'}"
        try:
            done = subprocess.run(
                [program, *FLAGS, *own, place, *asked, page.as_uri()],
                capture_output=True,
                timeout=LIMIT,
                check=True,
            )
        except (subprocess.SubprocessError, OSError) as error:
            raise AblateError(
                f"{program} drew no figures: {error.__class__.__name__}",
                hint="Open index.html and save them there, by the camera above each figure.",
            ) from error
        return done.stdout.decode("utf-8"), file.read_bytes() if file.exists() else b""
