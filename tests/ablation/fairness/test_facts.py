"""Fairness facts: both ways through the tags of a run, and the table that is made of them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from ablation.comparison.analysis.ledger import ledger
from ablation.comparison.tables.align import Design
from ablation.errors import DataError
from ablation.fairness import FACTS, FairnessFacts, Parity, from_tags, merged, to_tags
from tracking import names

FIXTURES = Path(__file__).parents[2] / "fixtures"


def test_facts_come_back_from_their_tags():
    facts = FairnessFacts(trials=20, seconds=1.5, preset="laptop", generated=False, min_size=0)
    assert from_tags(to_tags(facts)) == facts
    assert to_tags(FairnessFacts()) == {}


def test_a_fact_of_a_later_version_is_left_out_and_null_is_not_stated():
    tags = {f"{names.LEDGER}trials": "3", f"{names.LEDGER}of_tomorrow": '"x"'}
    assert from_tags({**tags, f"{names.LEDGER}preset": "null"}) == FairnessFacts(trials=3)
    assert from_tags({"ablate.data": "x"}) == FairnessFacts()


@pytest.mark.parametrize("text", ["[1]", '"many"', "twenty"])
def test_a_value_that_cannot_be_one_is_named(text):
    with pytest.raises(DataError, match=r"ablate\.ledger\.trials"):
        from_tags({f"{names.LEDGER}trials": text})


def test_every_fact_of_earlier_versions_is_known():
    tags = {
        tag
        for file in FIXTURES.glob("schema*/**/run.json")
        for tag in json.loads(file.read_text()).get("tags", {})
        if tag.startswith(names.LEDGER)
    }
    assert len(tags) > 20
    assert {tag.removeprefix(names.LEDGER) for tag in tags} <= set(FACTS)


def test_runs_of_one_design_are_averaged_or_listed():
    several = [
        FairnessFacts(threshold=0.4, tta="none", trials=3, threshold_at_edge=False),
        FairnessFacts(threshold=0.6, tta="hflip", trials=3, threshold_at_edge=True),
        FairnessFacts(trials=3),
    ]
    found = merged(several)
    assert (found.threshold, found.tta, found.trials) == (0.5, "none, hflip", 3)
    assert found.threshold_at_edge == "False, True"
    assert found.preset is None


def test_every_field_has_a_label_and_a_rule():
    assert list(FACTS) == [one.name for one in dataclasses.fields(FairnessFacts)]
    assert all(fact.label for fact in FACTS.values())


def test_the_table_has_a_row_for_each_fact_but_those_hidden_or_unstated():
    designs = [
        Design("a", (), FairnessFacts(hd95_method="pooled", imported="table")),
        Design("b", ()),
    ]
    rows = {row.fact: row for row in ledger(designs)}
    always = [n for n, one in FACTS.items() if one.always and one.parity is not Parity.HIDDEN]
    assert list(rows) == [*always, "hd95_method"]
    assert rows["hd95_method"].values == ("pooled", "not stated")
    assert rows["hd95_method"].colour == "grey"


@pytest.mark.parametrize(
    ("a", "b", "fact", "colour"),
    [
        (FairnessFacts(trials=20), FairnessFacts(trials=21), "trials", ""),
        (FairnessFacts(trials=20), FairnessFacts(trials=30), "trials", "red"),
        (FairnessFacts(epochs_used=20), FairnessFacts(epochs_used=30), "epochs_used", "amber"),
        (FairnessFacts(preset="laptop"), FairnessFacts(preset="paper"), "preset", "amber"),
        (FairnessFacts(selected_on="test"), FairnessFacts(), "selected_on", "red"),
        (FairnessFacts(parameters=1), FairnessFacts(parameters=9), "parameters", ""),
        (FairnessFacts(), FairnessFacts(parameters=9), "parameters", "grey"),
    ],
)
def test_colours_follow_the_rule_of_the_fact(a, b, fact, colour):
    rows = {row.fact: row for row in ledger([Design("a", (), a), Design("b", (), b)])}
    assert rows[fact].colour == colour
