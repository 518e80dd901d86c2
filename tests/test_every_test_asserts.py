"""No test passes without having looked at something."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parent
LOOKS = ("pytest.raises", "pytest.warns", "pytest.fail", "np.testing.assert_")
HELPERS = {"assert_equal_to_a_fresh_process", "assert_same_scans", "_expect_lines"}
"""Functions of the tests that assert for their callers."""


def looks_at_something(function: ast.AST) -> bool:
    """Tell whether a function asserts, expects an error or calls a helper that does."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called.startswith(LOOKS) or called in HELPERS:
                return True
    return False


def functions(path: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def test_every_test_asserts():
    silent = [
        f"{path.relative_to(TESTS)}:{one.lineno} {one.name}"
        for path in sorted(TESTS.rglob("test_*.py"))
        for one in functions(path)
        if one.name.startswith("test_") and not looks_at_something(one)
    ]
    assert silent == []


def test_every_helper_asserts_itself():
    found = [one for path in TESTS.rglob("*.py") for one in functions(path) if one.name in HELPERS]
    assert {one.name for one in found} == HELPERS
    assert all(any(isinstance(node, ast.Assert) for node in ast.walk(one)) for one in found)
