"""What was fixed before the results, and what is said of the rest."""

from __future__ import annotations

import pytest

from ablation.comparison import compare
from ablation.comparison.wording.late import chosen_late, differing_plans, planned_before
from ablation.config.sections import ComparisonConfig

PLAN = {
    "planned_metric": "dice",
    "planned_margin": {"dice": 0.02},
    "planned_alternative": "greater",
    "planned_reference": "b",
    "planned_primary_test": "t",
    "planned_correction": "bh",
}
AS_PLANNED = ComparisonConfig(
    secondary=(),
    margin={"dice": 0.02},
    alternative="greater",
    reference="b",
    primary_test="t",
    correction="bh",
)


@pytest.fixture
def pair(design):
    return [design(name, [0.5, 0.6, 0.7], **PLAN) for name in "ab"]


def test_nothing_is_late_where_all_is_as_planned(pair):
    assert chosen_late(pair, AS_PLANNED) == ()
    assert {"margin", "alternative", "metric"} <= planned_before(pair, AS_PLANNED)
    said = [one.text for one in compare(pair, AS_PLANNED).cautions]
    assert not any("chosen after" in text for text in said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"metric": "hd95"}, "The metric hd95 was chosen after the results were seen (planned: dice)."),
        ({"reference": "a"}, "The one-sided direction was chosen after the results were seen."),
        ({"primary_test": "wilcoxon"}, "The test wilcoxon was chosen after the results were seen."),
        ({"correction": "holm"}, "The correction holm was chosen after the results were seen."),
    ],
)  # fmt: skip
def test_a_change_is_said(pair, change, said):
    changed = AS_PLANNED.model_copy(update=change)
    assert chosen_late(pair, changed) == (said,)
    assert any(one.text == said and one.colour == "red" for one in compare(pair, changed).cautions)


def test_designs_that_state_no_plan_say_nothing(design):
    bare = [design(name, [0.5, 0.6, 0.7]) for name in "ab"]
    assert chosen_late(bare, AS_PLANNED) == ()
    assert not any("chosen after" in one.text for one in compare(bare, AS_PLANNED).cautions)


def test_plans_that_differ_are_said(design):
    one = design("a", [0.5, 0.6, 0.7], **PLAN)
    other = design(
        "b", [0.5, 0.6, 0.7], **PLAN | {"planned_margin": {}, "planned_primary_test": "t"}
    )
    assert list(differing_plans([one, other])) == [
        "The designs were planned with another margin each: a dice=0.02, b none."
    ]
    result = compare([one, other], AS_PLANNED)
    assert any("another margin each" in caution.text for caution in result.cautions)
    assert any("margin (dice 0.02) was chosen after" in c.text for c in result.cautions)


def test_a_plan_is_no_fact_of_the_ledger(pair):
    assert not any(row.fact.startswith("planned_") for row in compare(pair, AS_PLANNED).ledger)
