"""`ablate plan`: patients for superiority, non-inferiority and equivalence, from a pilot."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from ablation.cli.plan import plan
from ablation.comparison import compare
from ablation.comparison.planning import patients_needed
from ablation.config.sections import ComparisonConfig
from ablation.errors import ComparisonError
from ablation.statistics.equivalence import FEWEST_FOR_EQUIVALENCE

app = typer.Typer()
app.command()(plan)

RNG = np.random.default_rng(20260101)
BASE = RNG.uniform(0.6, 0.8, 24)
NOISE = RNG.normal(0, 0.03, 24)
NOISE += 0.012 - NOISE.mean()


@pytest.fixture(autouse=True)
def _tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ids = [f"P{i:02d}" for i in range(24)]
    for name, dice in {"old": BASE, "new": BASE + NOISE}.items():
        pd.DataFrame({"case": ids, "dice": dice.round(6)}).to_csv(f"{name}.csv", index=False)


def call(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.stderr
    return result.stdout


def needs(*words: str) -> dict[str, dict]:
    return {one["goal"]: one for one in json.loads(call(*words, "--json"))}


def test_three_goals_with_a_margin():
    found = needs("new.csv", "old.csv", "--margin", "dice=0.01")
    assert list(found) == ["superiority", "non-inferiority", "equivalence"]
    assert found["superiority"]["difference"] == pytest.approx(0.012, abs=1e-6)
    square = NOISE.var(ddof=1)
    by_t = {  # patients of the paired t test, by the normal law
        "superiority": 7.85 * square / 0.012**2,
        "non-inferiority": 7.85 * square / 0.01**2,
        "equivalence": 8.56 * square / 0.01**2,
    }
    for goal, expected in by_t.items():
        assert 0.8 < found[goal]["patients"] / max(expected, 10) < 1.5
    assert found["equivalence"]["patients"] >= FEWEST_FOR_EQUIVALENCE


def test_a_smaller_difference_and_more_power_need_more_patients():
    few, many, sure = (
        needs("new.csv", "old.csv", *words)["superiority"]["patients"]
        for words in (
            ("--difference", "0.02"),
            ("--difference", "0.01"),
            ("--difference", "0.01", "--power", "0.95"),
        )
    )
    assert few < many < sure


def test_the_text_names_rule_power_and_hint():
    text = call("new.csv", "old.csv")
    assert "new, old on 24 test patients, Dice" in text
    assert "Wilcoxon signed-rank, p < 0.05" in text
    assert "80 % power" in text
    assert "--difference" in text
    assert "superiority" in text
    assert "equivalence" not in text
    assert text == call("new.csv", "old.csv")


def test_more_comparisons_need_more_patients(design):
    pair = [design("new", BASE + NOISE), design("old", BASE)]
    third = design("third", BASE + NOISE[::-1])
    one, three = (
        patients_needed(compare(designs, ComparisonConfig(secondary=())), 0.012)
        for designs in (pair, [*pair, third])
    )
    assert len(three) == 3
    assert one[0].patients < three[0].patients


def test_what_the_pilot_cannot_hold_is_over_the_limit(design):
    pilot = compare(
        [design("new", BASE + NOISE), design("old", BASE)], ComparisonConfig(secondary=())
    )
    (need,) = patients_needed(pilot, 0.5)
    assert need.patients is None
    assert need.patients_text == "over 10,000"


def test_small_pilots_and_single_designs_are_refused(design):
    few = compare([design("a", BASE[:9] + NOISE[:9]), design("b", BASE[:9])], ComparisonConfig())
    with pytest.raises(ComparisonError, match="the pilot has 9 patients"):
        patients_needed(few)
    with pytest.raises(ComparisonError, match="two designs"):
        patients_needed(compare([design("a", BASE)], ComparisonConfig()))
