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
from ablation.report.page import script_json, sections, spec
from ablation.report.source import Source

KINDS = ("svg", "pdf")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = ("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking")
WIDTH = 600  # pixels of a figure that does not need more
LIMIT = 180  # seconds

# plotly names the parts of a drawing at random: counted instead, the same figure is the same file.
DRAW = """
let count = 0;
Math.random = () => ((count = (count * 16807 + 12345) % 2147483647) / 2147483647);
(async () => {
  for (const figure of figures) {
    const { data, layout, width } = figure;
    const image = await Plotly.toImage({ data, layout }, { format: "svg", width, height: layout.height });
    const place = document.createElement("pre");
    // An empty attribute of the root stands now before, now behind another.
    place.textContent = decodeURIComponent(image.slice(image.indexOf(",") + 1)).replace(' style=""', "");
    document.body.append(place);
  }
})();
"""


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
    figures = [figure for section in sections(comparison, source) for figure in section.figures]
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
    specs = [{**spec(f), "width": max(f.width, WIDTH)} for f in figures]
    page = f"<script>{get_plotlyjs()}</script><script>const figures = {script_json(specs)};{DRAW}</script>"
    # Virtual time passes as fast as the drawing does, and ends with it.
    shown = _browser(page, "--virtual-time-budget=600000", "--dump-dom")[0]
    found = [unescape(text) for text in re.findall("<pre>(.*?)</pre>", shown, re.DOTALL)]
    if len(found) < len(figures):
        raise AblateError(
            f"the browser drew {len(found)} of {len(figures)} figures",
            hint="Open index.html and save them there, by the camera above each figure.",
        )
    return found


def _pdf(pictures: Sequence[str]) -> bytes:
    """One page per picture, of its size."""
    sizes = [re.search(r'width="([\d.]+)" height="([\d.]+)"', picture) for picture in pictures]
    rules = "".join(
        f"@page p{i} {{ size: {size[1]}px {size[2]}px; margin: 0 }} .p{i} {{ page: p{i} }}"
        for i, size in enumerate(sizes)
        if size
    )
    body = "".join(f'<div class="p{i}">{picture}</div>' for i, picture in enumerate(pictures))
    style = f"<style>body {{ margin: 0 }} svg {{ display: block }} {rules}</style>"
    content = _browser(style + body, "--no-pdf-header-footer", "--print-to-pdf={file}")[1]
    return re.sub(rb"\(D:\d{14}", b"(D:20000101000000", content)  # the time of printing


def _browser(body: str, *arguments: str) -> tuple[str, bytes]:
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
        page.write_text(
            f'<!doctype html><meta charset="utf-8"><body>{body}</body>', encoding="utf-8"
        )
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
