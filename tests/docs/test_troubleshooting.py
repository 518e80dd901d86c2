"""Every message the troubleshooting page quotes is one the program can print, word for word."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
QUOTED = [
    re.sub(r"^(error|hint|warning): ", "", line)
    for block in re.findall(r"^```text\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]


def texts(tree: ast.AST) -> Iterator[str]:
    """Yield the texts of a module, ... where a value stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "..." for p in node.values)
            yield "".join(str(part) for part in parts)


PRINTED = [
    text
    for package in ("ablation", "sweeps", "tracking")
    for path in (ROOT / package).rglob("*.py")
    for text in texts(ast.parse(path.read_text()))
]


@pytest.mark.parametrize("message", QUOTED)
def test_a_quoted_message_is_in_the_code(message: str) -> None:
    # A prefix, such as whose error it is, may be put before the text.
    own = message.removeprefix("...: ")
    assert any(message in text or own in text for text in PRINTED)


def test_messages_are_quoted() -> None:
    assert len(QUOTED) >= 12
