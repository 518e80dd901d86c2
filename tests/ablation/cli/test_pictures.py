"""`--figures`: refused before anything is computed, never the reason that a report fails."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from ablation.cli.pictures import Figures, write_figures
from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig
from ablation.errors import UsageError
from ablation.report import Source

app = typer.Typer()


@app.command()
def command(figures: Figures = None) -> None:
    typer.echo(f"asked for {figures}")


def test_an_unknown_kind_is_refused_at_once():
    with pytest.raises(UsageError, match="unknown kind of figure png"):
        CliRunner().invoke(app, ["--figures", "svg,png"], catch_exceptions=False)
    assert "asked for svg,pdf" in CliRunner().invoke(app, ["--figures", "svg,pdf"]).output


def test_without_a_browser_it_is_said_in_a_line(design, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    comparison = compare([design("a", [0.5, 0.6, 0.7])], ComparisonConfig())
    write_figures(comparison, Source("demo"), tmp_path, "svg", quiet=False)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("no figures: no browser")
    write_figures(comparison, Source("demo"), tmp_path, None, quiet=False)
    assert capsys.readouterr().err == ""
