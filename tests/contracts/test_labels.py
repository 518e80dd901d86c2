"""Names that a configuration takes and the entries that hold their labels are the same ones."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
from typer.testing import CliRunner

from ablation.cli.app import app
from ablation.comparison.analysis.empties import EMPTY_RULES
from ablation.comparison.tables.missing import MISSING_RULES
from ablation.config.sections import ComparisonConfig
from ablation.metrics.hd95_methods import HD95_METHODS, name_it
from ablation.metrics.surface import HD95_METHOD
from ablation.report.methods import bibliography
from ablation.statistics.corrections import CORRECTIONS
from ablation.statistics.multiplicity import benjamini_hochberg, holm, unadjusted


def words_of(key: str) -> set[str]:
    def literals(hint: Any) -> set[str]:
        parts = get_args(hint)
        return {p for p in parts if isinstance(p, str)} | {w for p in parts for w in literals(p)}

    field = ComparisonConfig.model_fields[key]
    return literals(field.annotation) | {w for one in field.metadata for w in literals(one)}


@pytest.mark.parametrize(
    ("key", "entries"),
    [
        ("correction", set(CORRECTIONS)),
        ("empty", set(EMPTY_RULES)),
        ("missing", {"error", *MISSING_RULES}),
    ],
)
def test_every_word_of_the_configuration_has_its_entry(key: str, entries: set[str]) -> None:
    assert words_of(key) == entries
    shown = " ".join(CliRunner().invoke(app, ["compare", "--help"]).stdout.split())
    told = re.search(rf"--{key} <str> (.*?) --", shown)
    assert told is not None
    assert entries <= set(re.findall(r"\w+", told[1]))


def test_each_correction_adjusts_by_its_own_function() -> None:
    p = [0.01, 0.04, 0.03]
    own = {"holm": holm, "bh": benjamini_hochberg, "none": unadjusted}
    for name, one in CORRECTIONS.items():
        assert one.adjust(p) == own[name](p)
        assert one.adjusts == (one.adjust(p) != tuple(p))
        assert bibliography(one.sentence).count("\n}") == one.sentence.count("@")
    assert len({one.label for one in CORRECTIONS.values()}) == len(CORRECTIONS)


def test_a_correction_that_multiplies_the_smallest_p_does_so_for_equal_ones() -> None:
    for one in CORRECTIONS.values():
        assert (min(one.adjust([0.01] * 4)) == pytest.approx(0.04)) == one.multiplies_smallest


def test_our_own_hd95_is_one_of_the_methods() -> None:
    assert HD95_METHOD in HD95_METHODS
    assert all(name in name_it() for name in HD95_METHODS)
