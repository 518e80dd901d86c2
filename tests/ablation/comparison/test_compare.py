"""compare(): pairing, averaging, empty masks, families, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ablation.comparison import Design, compare
from ablation.config.sections import ComparisonConfig
from ablation.errors import ComparisonError, UsageError
from ablation.fairness import FairnessFacts

DICE = ComparisonConfig(secondary=())
BOTH = ComparisonConfig()


def test_pairs_by_patient_not_by_row(design, table):
    a = table([0.9, 0.8, 0.7, 0.6])
    b = table([0.89, 0.79, 0.69, 0.59]).iloc[[1, 0, 3, 2]]
    contrast = compare([design("a", a), design("b", b)], DICE).primary.contrasts[0]
    assert contrast.d == pytest.approx([0.01] * 4)


def test_values_of_a_comparison(design):
    a, b = (
        [0.81, 0.77, 0.9, 0.85, 0.88, 0.7, 0.92, 0.86],
        [0.78, 0.78, 0.85, 0.83, 0.84, 0.705, 0.85, 0.8],
    )
    result = compare([design("a", a), design("b", b)], DICE)
    contrast = result.primary.contrasts[0]
    assert contrast.t.p_two_sided == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert contrast.rank.p_two_sided == pytest.approx(0.0390625)
    assert contrast.effect.d_z == pytest.approx(1.0982172285)
    assert contrast.better.better == 6
    summary = result.primary.summaries[0]
    assert summary.interval.mean == pytest.approx(np.mean(a))
    assert summary.interval.sd == pytest.approx(np.std(a, ddof=1))


def test_a_difference_is_first_minus_second_of_the_scores_as_they_stand(design):
    worse = np.linspace(0.4, 0.8, 8)
    better = worse + np.linspace(0.01, 0.03, 8)
    dice, hd95 = compare([design("a", better), design("b", worse)], BOTH).analyses
    for one, sign in ((dice.contrasts[0], 1), (hd95.contrasts[0], -1)):
        signed = (one.t.interval.mean, one.estimate.value, one.effect.d_z, one.rank_biserial.value)
        assert all(sign * value > 0 for value in (*signed, *one.d, one.median, one.t.t))
        assert one.called_better == "a"
        assert one.better.better == 8
    assert hd95.unit == "mm"


def test_trainings_are_averaged_before_patients_are_compared(design, table):
    a = design("a", table([0.8, 0.6]), table([0.6, 0.8]))
    result = compare([a, design("b", [0.5, 0.5])], DICE)
    assert result.primary.scores["a"] == pytest.approx((0.7, 0.7))
    assert result.primary.contrasts[0].n == 2
    assert result.primary.summaries[0].training_means == pytest.approx((0.7, 0.7))
    assert result.trainings == (2, 1)


def test_two_scans_of_a_patient_are_one_patient(design, table):
    frame = table([0.8, 0.6, 0.9]).assign(patient=["p0", "p0", "p2"])
    result = compare([design("a", frame)], DICE)
    assert result.primary.patients == ("p0", "p2")
    assert result.primary.scores["a"] == pytest.approx((0.7, 0.9))


def test_a_missed_tumour_counts_0_and_the_diagonal(design, table):
    missing = table([0.9, 0.0, 0.8], {1: "missed"})
    dice, hd95 = compare([design("a", [0.9, 0.7, 0.8]), design("b", missing)], BOTH).analyses
    assert dice.scores["b"] == pytest.approx((0.9, 0.0, 0.8))
    assert hd95.scores["b"][1] == pytest.approx(np.hypot(10, 12))
    assert dice.contrasts[0].n == hd95.contrasts[0].n == 3


def test_the_diagonal_is_in_pixels_where_spacing_is_unknown(design, table):
    frame = table([0.9, 0.0], {1: "missed"}, spacing="", distance_unit="px", shape="24x256x256")
    analysis = compare([design("a", frame)], BOTH).analyses[1]
    assert analysis.unit == "px"
    assert analysis.scores["a"][1] == pytest.approx(np.sqrt(24**2 + 2 * 256**2))


def test_a_missed_case_in_a_scan_of_unknown_size_ranks_last(design, table):
    missing = table([0.9, 0.0, 0.8], {1: "missed"}, spacing="")
    designs = [design("a", [0.9, 0.7, 0.8]), design("b", missing)]
    result = compare(designs, BOTH)
    hd95 = result.analyses[1]
    assert hd95.patients == ("p0", "p1", "p2")
    assert hd95.scores["b"] == pytest.approx((1.0, 2 * 3.0, 2.0))
    said = [(one.colour, one.text) for one in result.cautions if "behind all others" in one.text]
    assert [colour for colour, _ in said] == ["amber"]
    assert "HD95 of missed cases (a 0 of 3, b 1 of 3)" in said[0][1]
    first = compare(designs, ComparisonConfig(metric="hd95", secondary=()))
    assert [c.colour for c in first.cautions if "behind all others" in c.text] == ["red"]


def test_the_penalty_of_another_case_stands_in_for_a_scan_of_unknown_size(design, table):
    both = table([0.9, 0.0, 0.0], {1: "missed", 2: "missed"})
    both.loc[2, "spacing"] = ""
    result = compare([design("a", [0.9, 0.7, 0.8]), design("b", both)], BOTH)
    assert result.analyses[1].scores["b"][1:] == pytest.approx((np.hypot(10, 12),) * 2)


@pytest.mark.parametrize(("also", "colour"), [(False, "red"), (True, "amber")])
def test_a_score_that_one_design_lacks_is_a_red_caveat(design, table, also, colour):
    gaps, whole = table([0.9, np.nan, 0.8]), table([0.8, np.nan if also else 0.7, 0.7])
    result = compare([design("a", gaps), design("b", whole)], DICE)
    (said,) = [one for one in result.cautions if "is not defined" in one.text]
    assert said.colour == colour
    assert f"(a 1 of 3, b {int(also)} of 3)" in said.text


def test_cases_without_a_tumour_are_detections_only(design, table):
    quiet = table([0.9, np.nan, 0.8], {1: "both_empty"})
    loud = table([0.8, 0.0, 0.7], {1: "false_alarm"})
    result = compare([design("a", quiet), design("b", loud)], DICE)
    assert result.primary.patients == ("p0", "p2")
    assert [d.false_alarms for d in result.detection] == [0, 1]
    assert [d.without_tumour for d in result.detection] == [1, 1]
    by_policy = {row.policy: row.contrast for row in result.sensitivity}
    assert by_policy["penalty"].n == 2
    assert by_policy["brats"].d == pytest.approx((0.1, 1.0, 0.1))


def test_rules_that_disagree_are_said_in_the_verdict(design, table):
    # b is better wherever both find the tumour and misses four: only without them b wins HD95.
    a = table([0.5] * 12)
    b = table([0.6] * 8 + [0.0] * 4, dict.fromkeys(range(8, 12), "missed"))
    settings = ComparisonConfig(metric="hd95", secondary=())
    result = compare([design("a", a), design("b", b)], settings)
    winners = {row.policy: row.winner for row in result.sensitivity}
    assert winners == {"penalty": "a", "brats": "a", "exclude": "b"}
    assert any("rule for empty masks (a against b)" in one.text for one in result.cautions)


def test_no_rules_are_shown_where_every_case_is_scored(design):
    assert compare([design("a", [0.5, 0.6]), design("b", [0.5, 0.7])], DICE).sensitivity == ()


def test_families(design):
    rng = np.random.default_rng(0)
    base = rng.uniform(0.3, 0.8, 10)
    designs = [
        design(name, base + shift + rng.normal(0, 0.03, 10))
        for name, shift in zip("abc", (0, 0.04, 0.08), strict=True)
    ]
    every = compare(designs, DICE).primary.contrasts
    assert [(c.candidate, c.reference) for c in every] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert {c.family for c in every} == {3}
    planned = compare(designs, ComparisonConfig(secondary=(), reference="a")).primary.contrasts
    assert [(c.candidate, c.reference) for c in planned] == [("b", "a"), ("c", "a")]
    assert {c.family for c in planned} == {2}
    assert planned[0].rank.p_two_sided == every[0].rank.p_two_sided
    assert all(c.p_adjusted >= c.rank.p_two_sided for c in every)
    assert all(c.simultaneous.low < c.t.interval.low for c in every)


def test_each_secondary_metric_is_its_own_family(design):
    designs = [design("a", [0.5, 0.6, 0.7]), design("b", [0.4, 0.5, 0.6])]
    roles = [
        (a.metric.name, a.role, a.contrasts[0].family) for a in compare(designs, BOTH).analyses
    ]
    assert roles == [("dice", "primary", 1), ("hd95", "secondary", 1)]


def test_targets_are_analysed_apart(design, table):

    both = pd.concat([table([0.9, 0.8]), table([0.5, 0.4], target="ET")])
    result = compare([design("a", both), design("b", both)], DICE)
    assert [(a.target, a.role) for a in result.analyses] == [
        ("mean over targets", "described"),
        ("ET", "primary"),
        ("WT", "primary"),
    ]
    assert {c.family for a in result.primaries for c in a.contrasts} == {2}


def test_one_design_is_described_and_not_tested(design):
    result = compare([design("a", [0.5, 0.6, 0.7])], BOTH)
    assert result.verdict.standing == "single"
    assert all(analysis.contrasts == () for analysis in result.analyses)
    assert result.primary.summaries[0].interval.mean == pytest.approx(0.6)


def test_one_patient_is_estimated_only(design):
    contrast = compare([design("a", [0.6]), design("b", [0.5])], DICE).primary.contrasts[0]
    assert contrast.t.interval.mean == pytest.approx(0.1)
    assert contrast.t.interval.low is None
    assert contrast.rank.p_two_sided == 1.0


def test_only_test_rows_enter(design, table):

    frame = pd.concat([table([0.5, 0.6]), table([0.1], patient="v", case="v", split="validation")])
    assert compare([design("a", frame)], DICE).primary.patients == ("p0", "p1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.iloc[:2], "lacks p2 WT"),
        (
            lambda t: t.assign(truth_hash=["h0", "other", "h2"]),
            "truth differs between the runs for p1",
        ),
        (lambda t: t.iloc[[0, 1, 2, 2]], "scores p2 twice"),
        (lambda t: t.assign(distance_unit="px"), "distances are in mm and in px"),
        (lambda t: t.drop(columns="truth_hash"), "lacks the columns truth_hash"),
        (lambda t: t.assign(split=["test", "test", "validation"]), "lacks p2"),
    ],
)
def test_tables_that_do_not_match_are_refused_by_name(design, table, change, message):
    whole = table([0.5, 0.6, 0.7])
    with pytest.raises(ComparisonError, match=message):
        compare([design("a", whole), design("b", change(whole))], DICE)


def test_every_mismatch_is_named_at_once(design, table):
    whole = table([0.5, 0.6, 0.7])
    other = whole.iloc[:2].assign(truth_hash=["x", "h1"])
    with pytest.raises(ComparisonError, match=r"lacks p2 WT; .*truth differs .*p0"):
        compare([design("a", whole), design("b", other)], DICE)


def test_a_patient_seen_in_tuning_is_refused(design, table):

    whole = table([0.5, 0.6])
    leaking = pd.concat([whole, whole.assign(split="validation").iloc[:1]])
    with pytest.raises(ComparisonError, match="b was tested on p0, seen in training or tuning"):
        compare([design("a", whole), design("b", leaking)], DICE)


def test_other_distance_methods_are_refused(design):
    a = design("a", [0.5, 0.6], hd95_method="directed_max")
    b = design("b", [0.5, 0.6], hd95_method="pooled")
    with pytest.raises(ComparisonError, match="hd95_method differs: a directed_max, b pooled"):
        compare([a, b], DICE)


def test_an_empty_truth_hash_is_no_mismatch(design, table):
    whole = table([0.5, 0.6])
    result = compare([design("a", whole), design("b", whole.assign(truth_hash=""))], DICE)
    assert result.primary.patients == ("p0", "p1")


def test_hashes_of_labels_and_of_one_region_are_not_held_against_each_other(design, table):
    whole = table([0.5, 0.6])
    of_region = whole.assign(truth_hash=["WT:x", "WT:y"])
    compare([design("a", whole), design("b", of_region), design("c", of_region)], DICE)
    other = whole.assign(truth_hash=["WT:x", "WT:z"])
    with pytest.raises(ComparisonError, match="truth differs between the runs for p1 WT"):
        compare([design("a", whole), design("b", of_region), design("c", other)], DICE)


def test_a_table_without_distances_has_no_unit_to_differ(design, table):
    bare = table([0.5, 0.6], distance_unit="", hd95=np.nan)
    result = compare([design("a", table([0.5, 0.6])), design("b", bare)], DICE)
    assert result.primary.contrasts[0].n == 2


def test_results_made_elsewhere_are_marked(design, table):
    tool = Design("tool", (table([0.5, 0.6, 0.7]),), FairnessFacts(imported="table"))
    comparison = compare([design("a", [0.4, 0.5, 0.6]), tool], DICE)
    assert any("training data not known: tool." in note for note in comparison.notes)
    assert "imported" not in {row.fact for row in comparison.ledger}
    rows = {row.fact: row for row in comparison.ledger}
    assert (rows["trials"].values[1], rows["trials"].colour) == ("not stated", "grey")


def test_a_target_that_no_case_has_leaves_the_others(design, table):
    def both(dice):
        empty = table([np.nan] * len(dice), dict.fromkeys(range(len(dice)), "both_empty"))
        return pd.concat([table(dice), empty.assign(target="ET")], ignore_index=True)

    comparison = compare([design("a", both([0.5, 0.6])), design("b", both([0.6, 0.8]))], DICE)
    assert {analysis.target for analysis in comparison.analyses} == {"WT"}
    assert "No test case has ET: nothing is compared there." in comparison.notes


def test_nothing_to_score(design, table):
    with pytest.raises(ComparisonError, match="no test case with a tumour"):
        compare([design("a", table([np.nan], {0: "both_empty"}))], DICE)
    with pytest.raises(ComparisonError, match="no test case is in these tables"):
        compare([design("a", table([0.5], split="validation"))], DICE)


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        ({"metric": "dise"}, "unknown metric 'dise'", "Did you mean dice"),
        ({"metric": "f1"}, "Dice under another name", "dice"),
        ({"metric": "specificity"}, "healthy tissue", "dice"),
        ({"reference": "unett"}, "not among the designs", "Did you mean unet"),
    ],
)
def test_wrong_names(design, settings, message, hint):
    with pytest.raises(UsageError, match=message) as caught:
        compare([design("unet", [0.5, 0.6])], ComparisonConfig(**settings))
    assert hint in caught.value.hint


def test_swapping_designs_turns_signs_and_keeps_p(design):
    a, b = design("a", [0.5, 0.7, 0.9, 0.4]), design("b", [0.6, 0.65, 0.7, 0.45])
    there = compare([a, b], DICE).primary.contrasts[0]
    back = compare([b, a], DICE).primary.contrasts[0]
    assert there.t.interval.mean == pytest.approx(-back.t.interval.mean)
    assert there.p_adjusted == back.p_adjusted


def test_another_design_leaves_raw_p_alone(design):
    a, b = design("a", [0.5, 0.7, 0.9, 0.4]), design("b", [0.6, 0.65, 0.7, 0.45])
    alone = compare([a, b], DICE).primary.contrasts[0]
    among = compare([a, b, design("c", [0.1, 0.2, 0.3, 0.4])], DICE).primary.contrasts[0]
    assert alone.rank == among.rank
    assert among.family == 3
