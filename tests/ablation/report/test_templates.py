"""The templates of the page: every text is escaped, wherever it comes from."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from jinja2 import UndefinedError

import ablation.report
from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig, PublishedScore
from ablation.report import Source
from ablation.report.figures.drawing import without_markup, wrapped
from ablation.report.material import (
    Case,
    Cut,
    Material,
    Parameter,
    Picture,
    Study,
    Thresholds,
    Trial,
)
from ablation.report.page import page, sections
from ablation.report.page.environment import environment
from ablation.report.sections.blocks import Block, Cell, Row, Table
from ablation.scores.remarks import Level, Remark

NASTY = (
    "</script><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x=\'',
    "a&amp;b&_% {{ 7 * 7 }}",
    "Zoë 海 \u3000 </style><!--",
)
TEMPLATES = files("ablation.report.page").joinpath("templates")


class Parts(HTMLParser):
    """Elements with their attributes, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.cdata_elem == "script":
            self.scripts[-1] += data
        elif self.cdata_elem is None:
            self.text += data


def everywhere(names: tuple[str, ...]) -> Material:
    """Runs whose every text is one of these."""
    trials = tuple(
        Trial(n, ("complete", "pruned", "failed")[n % 3], 0.1 * n, {names[2]: names[n % 4]})
        for n in range(4)
    )
    cuts = tuple(Cut(n / 10, 0.5, (9, 8, n)) for n in range(1, 6))
    return Material(
        studies=tuple(
            Study(n, n, trials, (Parameter(names[2]),), {"fANOVA": {names[2]: 1.0}}) for n in names
        ),
        thresholds=tuple(Thresholds(n, n, cuts, cuts[2], n, n) for n in names),
        cases=(
            Case(names[0], names[1], "tumour", (Picture(names[0], "p", "x", 1, 2, 3, 0.5, b"p"),)),
        ),
        without_pictures=names,
    )


@pytest.fixture
def nasty(design, table):
    rng = np.random.default_rng(0)
    base = rng.uniform(0.3, 0.8, 14)
    patients = [f"{NASTY[i % 4]}{i}" for i in range(14)]
    frames = [
        table((base + 0.02 * i).tolist(), truth_voxels=range(10, 150, 10)).assign(
            patient=patients, case=patients
        )
        for i in range(4)
    ]
    made = [design(name, frame) for name, frame in zip(NASTY, frames, strict=True)]
    literature = tuple(PublishedScore(name=n, metric="dice", value=0.5, source=n) for n in NASTY)
    source = Source(
        NASTY[0],
        runs=tuple((name, name) for name in NASTY),
        superseded=NASTY,
        next_command=NASTY[1],
        remarks=tuple(Remark(Level.WARNING, name) for name in NASTY),
        literature=literature,
        material=everywhere(NASTY),
    )
    return compare(made, ComparisonConfig()), source


def test_names_are_text_wherever_they_stand(nasty):
    comparison, source = nasty
    text = page(comparison, source)
    found = Parts(text)
    assert len(found.scripts) == 2
    assert [tag for tag, _ in found.elements].count("style") == 1
    images = [values["src"] for tag, values in found.elements if tag == "img"]
    assert images == ["data:image/png;base64,cA=="]
    assert not [name for _, values in found.elements for name in values if name.startswith("on")]
    own = re.sub(r"\s+", " ", found.text)
    for name in NASTY:
        assert own.count(re.sub(r"\s+", " ", name)) > 10
    words = [values["aria-label"] for _, values in found.elements if "aria-label" in values]
    assert all(any(name in label for label in words) for name in NASTY)


def test_names_reach_the_figures_as_text_that_plotly_does_not_read(nasty):
    comparison, source = nasty
    script = Parts(page(comparison, source)).scripts[1]
    start = "const figures = "
    drawn, _ = json.JSONDecoder().raw_decode(script[script.index(start) + len(start) :])
    expected = [
        figure for section in sections(comparison, source) for figure in section.every_figure
    ]
    assert [one["id"] for one in drawn] == [figure.id for figure in expected]
    assert drawn[0]["layout"]["xaxis"]["ticktext"] == [
        without_markup(wrapped(name)) for name in comparison.designs
    ]
    assert drawn[0]["data"][0]["text"][0] == without_markup(comparison.primary.patients[0])
    assert "<" not in script[script.index(start) : script.index("// Draws the figures")]


def test_every_kind_of_block_has_a_template():
    stored = {path.name for path in TEMPLATES.joinpath("blocks").iterdir()}
    assert stored == {f"{kind.__name__.lower()}.html" for kind in get_args(Block)}


def test_a_cell_shows_every_part_it_has(html, nasty):
    section = sections(*nasty)[0]
    cell = Cell("t", "below", "kind", "#123456", "red", 2)
    shown = Table(("a", "b", "c"), (Row((cell, "x"), "row"),), {"a", "c"}, "card", "here", "Frame")
    text = html(replace(section, blocks=(shown,)))
    assert (
        '<td class="text kind" colspan="2"><span class="swatch" style="background:#123456"></span>'
        '<span class="mark red">Serious</span> t <small>below</small></td><td>x</td>'
    ) in text
    for part in ('<tr class="row">', '<table id="here" class="card">', 'aria-label="Frame"'):
        assert part in text
    assert len(fields(Cell)) == 6


def test_an_unknown_name_is_an_error():
    with pytest.raises(UndefinedError):
        environment().from_string("{{ missing }}").render()


def test_only_our_own_scripts_styles_and_drawings_are_set_unescaped():
    texts = [
        path.read_text()
        for folder in (TEMPLATES, TEMPLATES.joinpath("blocks"))
        for path in folder.iterdir()
        if path.name.endswith(".html")
    ]
    safe = {name for text in texts for name in re.findall(r"\{\{ ([^}]*)\|safe", text)}
    assert safe == {"plotly", "script", "style", "drawing.svg"}
    assert not [text for text in texts if "autoescape" in text]


def test_sections_hold_no_html():
    folder = Path(ablation.report.__file__).parent
    for path in (*folder.glob("*.py"), *folder.glob("sections/*.py")):
        constants = [
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        tags = [text for text in constants if re.search(r"</?[a-z]", text)]
        assert not tags, (path.name, tags)
