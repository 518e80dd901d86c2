"""A command translates: its body parses, calls the library, prints, and is short."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

from ablation.cli.app import app

MOST_LINES = 25


def commands(
    group: typer.Typer = app, prefix: str = ""
) -> Iterator[tuple[str, Callable[..., Any]]]:
    for one in group.registered_commands:
        assert one.callback is not None
        yield f"{prefix}{one.name or one.callback.__name__}", one.callback
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from commands(inner.typer_instance, f"{inner.name} ")


COMMANDS = dict(commands())


def body_lines(function: Callable[..., Any]) -> int:
    """Count the lines of a function's statements; options and docstring are left out."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(tree, ast.FunctionDef)
    statements = tree.body[1:] if ast.get_docstring(tree) else tree.body
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1


def test_lines_are_counted_without_options_and_docstring() -> None:
    def function(option: int = 0) -> int:
        """Return it.

        With more words.
        """
        option += 1
        return 2 * option

    assert body_lines(function) == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_a_body_is_short(name: str) -> None:
    assert body_lines(COMMANDS[name]) <= MOST_LINES


def test_every_command_is_looked_at() -> None:
    assert {"sweep", "report", "compare", "evaluate", "runs list", "import per-case"} <= set(
        COMMANDS
    )


@pytest.mark.parametrize("name", [name for name in COMMANDS if " " not in name])
def test_a_command_has_a_file_of_its_name(name: str) -> None:
    assert COMMANDS[name].__module__ == f"ablation.cli.{name}"
