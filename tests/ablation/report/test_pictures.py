"""The figures of a report as files."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig
from ablation.errors import AblateError, UsageError
from ablation.report import Source, picture_kinds, write_pictures
from ablation.report.page import sections

SOURCE = Source("demo")


@pytest.fixture
def comparison(design):
    rng = np.random.default_rng(0)
    return compare([design(n, rng.uniform(0.4, 0.8, 8)) for n in "abc"], ComparisonConfig())


def test_kinds_are_listed_with_commas():
    assert picture_kinds("svg, pdf,svg") == ("svg", "pdf")
    for text in ("png", "svg,gif", ""):
        with pytest.raises(UsageError):
            picture_kinds(text)


def test_without_a_browser_nothing_is_written(comparison, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AblateError, match="no browser"):
        write_pictures(comparison, SOURCE, tmp_path / "report", ("svg",))
    assert not (tmp_path / "report").exists()


def test_a_browser_that_fails_is_said(comparison, tmp_path, monkeypatch):
    fake = tmp_path / "chromium"
    fake.write_text("#!/bin/sh\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(AblateError, match="drew no figures"):
        write_pictures(comparison, SOURCE, tmp_path / "report", ("svg",))


@pytest.mark.browser
def test_every_figure_is_drawn_and_the_same_twice(comparison, tmp_path):
    first, second = (
        write_pictures(comparison, SOURCE, tmp_path / name, ("svg", "pdf")) for name in "ab"
    )
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    figures = [f for section in sections(comparison, SOURCE) for f in section.figures]
    assert [p.name for p in first] == [*(f"{f.id}.svg" for f in figures), "figures.pdf"]
    for path, figure in zip(first, figures, strict=False):
        root = ElementTree.fromstring(path.read_text())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert float(root.attrib["height"]) == figure.height
    assert len(re.findall(rb"/MediaBox", first[-1].read_bytes())) == len(figures)
