"""No text of a report claims what numbers do not carry: every sentence of many comparisons."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pytest

from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig
from ablation.report import Source, write_report
from ablation.report.formats import summary
from ablation.report.methods import methods

BANNED = re.compile(
    r"trend towards|highly significant|outperform|state[ -]of[ -]the[ -]art|no difference|no effect"
    r"|\bequal\b|comparable|significantly|(?<!mark )\bP\(first\)|\bproves?\b|p = 0(?:\.0+)?(?![.\d])"
    r"|\bnan\b|\binf\b|(?-i:\bNone\b)|\*\*\*",
    re.IGNORECASE,
)
EQUIVALENT = re.compile(r"equivalent(?! within)", re.IGNORECASE)
PATIENTS = (1, 2, 5, 12, 50)
DESIGNS = (1, 2, 3, 8)
KINDS = ("apart", "alike", "ties", "identical", "missed")


def values(kind: str, base: np.ndarray, design: int, rng: np.random.Generator) -> np.ndarray:
    if kind == "identical":
        return base
    if kind == "ties":
        return base + rng.choice([-0.05, 0.0, 0.05], base.size)
    shift = 0.05 * design if kind == "apart" else 0.0
    return base + shift + rng.normal(0, 0.03, base.size)


def made(design, table, kind: str, k: int, n: int, **facts: object):
    rng = np.random.default_rng([k, n, KINDS.index(kind)])
    base = rng.uniform(0.3, 0.6, n)
    designs = []
    for i in range(k):
        scores = np.clip(values(kind, base, i, rng), 0, 1)
        missed = {0: "missed"} if kind == "missed" and i == 0 else {}
        scores[list(missed)] = 0.0
        designs.append(design(f"d{i}", table(scores.tolist(), missed), **facts))
    return designs


def everything(result) -> str:
    words = result.verdict
    parts = [words.headline, *words.sentences, *(one.text for one in result.cautions)]
    return " ".join(
        [*parts, *result.notes, methods(result, Source("demo")), summary(result, Source("demo"))]
    )


@pytest.mark.parametrize(("k", "n"), list(product(DESIGNS, PATIENTS)))
def test_no_text_claims_what_is_banned(design, table, k, n):
    for kind in KINDS if k < 8 else ("ties",):
        result = compare(made(design, table, kind, k, n), ComparisonConfig(secondary=()))
        text = everything(result)
        assert not BANNED.search(text), BANNED.search(text)
        assert "quivalen" not in text
        standing = result.verdict.standing
        if not any(c.called_better for c in result.primary.contrasts):
            assert " scored higher than " not in result.verdict.headline
        if k > 1 and n < 6:
            assert standing == "too few"


@pytest.mark.parametrize(("n", "margin"), [(1, 0.02), (2, 0.02), (5, 0.5), (12, 0.001), (50, 0.02)])
def test_equivalence_is_claimed_with_its_margin_only(design, table, n, margin):
    for kind in KINDS:
        settings = ComparisonConfig(secondary=(), margin={"dice": margin})
        text = everything(compare(made(design, table, kind, 2, n), settings))
        assert not BANNED.search(re.sub("no relevant difference", "", text))
        assert not EQUIVALENT.search(text), text


def test_a_page_speaks_no_other_language_than_its_tables(design, table, tmp_path):
    designs = made(design, table, "missed", 3, 12, trials=20)
    page = write_report(compare(designs, ComparisonConfig()), Source("demo"), tmp_path)[0]
    own = page.read_text().partition("<script>")[0].partition("</style>")[2]
    said = re.sub("<[^>]+>", " ", own).replace("not to say that they are equal", "")
    said = said.replace("Validity of Outperformance Claims", "")  # the title of a source
    found = BANNED.search(said)
    assert not found, found
