"""Words that we do not use: in messages, docstrings, pages and templates."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTEAD = {
    r"nobody\b": "no patient, no user, ...: say who",
    r"(un)?settle[sd]?\b": "show which design is better; decide",
    r"outperform\w*|boosts?\b|boosted\b": "scored higher, with the difference and its interval",
    r"trend(s|ed|ing)? towards significance": "inconclusive",
    r"highly significant": "the p value",
    r"state[- ]of[- ]the[- ]art": "name the method",
    r"cut-?offs?\b": "threshold",
    r"cut (it|them) at\b|all cuts\b|best cut\b": "threshold",
    r"cleaning\b": "post-processing",
    r"begun\b": "started, created",
    r"gives? up\b|gave up\b": "stopped, with the reason",
    r"comes? too late": "refused, with the reason",
    r"names? no direction": "needs --reference",
    r"is no part of": "unknown",
    r"8 times in 10": "80 % power",
    r"slices in a step": "batch size",
    r"most epochs": "maximum number of epochs",
    r"ground[- ]truth": "truth",
    r"made elsewhere": "imported",
    r"false alarms? rate": "false positives",
    r"P\(first\)": "first in ... % of resamples",
}
"""Pattern -> what to write instead."""
SPEAKING_OF_THEM = {"docs/glossary.md"}


def texts() -> Iterator[tuple[str, str]]:
    """Place and text of every sentence that a reader can meet."""
    for package in ("ablation", "sweeps", "tracking"):
        for file in sorted((ROOT / package).rglob("*.py")):
            name = str(file.relative_to(ROOT))
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield f"{name}:{node.lineno}", node.value
        for file in sorted((ROOT / package).rglob("*.html")):
            yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        if (name := str(page.relative_to(ROOT))) not in SPEAKING_OF_THEM:
            yield name, page.read_text(encoding="utf-8")


def found(pattern: str) -> list[str]:
    wanted = re.compile(rf"(?<![\w-])(?:{pattern})", re.IGNORECASE)
    return [
        f"{place}: {' '.join(text[max(0, hit.start() - 40) : hit.end() + 40].split())}"
        for place, text in texts()
        for hit in wanted.finditer(text)
    ]


@pytest.mark.parametrize("pattern", INSTEAD)
def test_the_word_is_not_used(pattern: str) -> None:
    assert found(pattern) == [], f"write instead: {INSTEAD[pattern]}"


def test_the_search_finds_a_word_where_it_stands() -> None:
    assert any(place.startswith("README.md") for place in found("segmentation"))
    assert any(place.startswith("ablation/cli/app.py") for place in found("compare"))
