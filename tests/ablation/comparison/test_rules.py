"""Every setting of a comparison changes what it says it changes, and nothing silently."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig
from ablation.errors import ComparisonError, UsageError

BASE = np.linspace(0.4, 0.8, 12)
GAIN = np.array([0.02, 0.03, 0.01, 0.02, 0.03, 0.025, 0.015, 0.02, -0.004, 0.011, 0.018, 0.009])


def rules(**settings: object) -> ComparisonConfig:
    return ComparisonConfig(secondary=(), **settings)


def first(designs, **settings):
    return compare(designs, rules(**settings)).primary.contrasts[0]


@pytest.fixture
def pair(design):
    return [design("a", BASE + GAIN), design("b", BASE)]


def everything(result) -> str:
    return " ".join([result.verdict.headline, *result.verdict.sentences, *cautions(result)])


def cautions(result) -> list[str]:
    return [one.text for one in result.cautions]


def test_the_planned_test_decides(pair):
    by_rank, by_t = first(pair), first(pair, primary_test="t")
    flips = first(pair, primary_test="signflip")
    assert (by_rank.test, by_rank.p) == ("Wilcoxon exact", by_rank.rank.p_two_sided)
    assert (by_t.test, by_t.p) == ("paired t", by_t.t.p_two_sided)
    assert flips.test == "sign flips exact"
    assert flips.p == pytest.approx(
        stats.permutation_test(
            (GAIN,), np.mean, permutation_type="samples", n_resamples=np.inf
        ).pvalue
    )
    assert by_rank.t == by_t.t
    assert "paired t p < 0.001;" in everything(compare(pair, rules(primary_test="t")))


def test_one_sided_needs_a_reference(pair):
    with pytest.raises(UsageError, match="needs --reference"):
        compare(pair, rules(alternative="greater"))
    up = first(pair, alternative="greater", reference="b")
    down = first(pair, alternative="greater", reference="a")
    assert (up.candidate, up.p) == ("a", up.rank.p_greater)
    assert down.p > 0.99
    assert up.test == "Wilcoxon exact one-sided"
    assert first(pair, alternative="greater", reference="b", primary_test="t").p == pytest.approx(
        stats.ttest_rel(BASE + GAIN, BASE, alternative="greater").pvalue
    )
    assert first(
        pair, alternative="greater", reference="b", primary_test="signflip"
    ).p == pytest.approx(up.p, abs=0.01)


def test_corrections(design):
    rng = np.random.default_rng(0)
    designs = [design(name, BASE + rng.normal(0.01 * i, 0.02, 12)) for i, name in enumerate("abcd")]
    raw = [c.p for c in compare(designs, rules()).primary.contrasts]
    for correction, method in (("holm", "holm"), ("bh", "fdr_bh")):
        from statsmodels.stats.multitest import multipletests

        found = compare(designs, rules(correction=correction)).primary.contrasts
        assert [c.p_adjusted for c in found] == pytest.approx(multipletests(raw, method=method)[1])
    bare = compare(designs, rules(correction="none"))
    assert [c.p_adjusted for c in bare.primary.contrasts] == raw
    assert any("not adjusted" in text for text in cautions(bare))
    assert "Holm" not in everything(bare)


def test_fewer_patients_are_needed_without_holm(design):
    rng = np.random.default_rng(0)
    designs = [design(name, rng.uniform(0.3, 0.9, 6)) for name in "abc"]
    assert compare(designs, rules()).verdict.standing == "too few"
    assert compare(designs, rules(correction="none")).verdict.standing != "too few"
    assert compare(designs[:2], rules(primary_test="t")).verdict.standing != "too few"


def gap(table, *rows: int) -> pd.DataFrame:
    whole = table([0.9, 0.8, 0.7, 0.6])
    return whole.drop(index=list(rows)).reset_index(drop=True)


def test_missing_cases_are_refused_left_out_or_worst(design, table):
    designs = [design("a", table([0.5, 0.5, 0.5, 0.5])), design("b", gap(table, 2))]
    with pytest.raises(ComparisonError, match="b lacks p2 WT"):
        compare(designs, rules())
    shared = compare(designs, rules(missing="intersection"))
    worst = compare(designs, rules(missing="worst"))
    assert shared.primary.patients == ("p0", "p1", "p3")
    assert worst.primary.scores["b"] == pytest.approx((0.9, 0.8, 0.0, 0.6))
    for result in (shared, worst):
        assert any("b lacks p2 WT" in note for note in result.notes)
        rows = [row for row in result.checks if row.kind == "missing cases"]
        assert [row.estimate for row in rows] == pytest.approx([-0.8 / 3, -0.075])
    assert [d.missed for d in worst.detection] == [0, 0]  # not scored is not missed


def test_a_missing_case_gets_the_penalty_in_distances(design, table):
    designs = [design("a", table([0.5] * 4)), design("b", gap(table, 2))]
    settings = ComparisonConfig(metric="hd95", secondary=("precision",), missing="worst")
    result = compare(designs, settings)
    assert result.primary.scores["b"][2] == pytest.approx(np.hypot(10, 12))
    assert result.analyses[1].scores["b"][2] == 0.0


def test_rules_for_missing_cases_that_disagree_are_said(design, table):
    """a is better in all that both have; where b counts 0 for the rest, a still is, and the reverse."""
    whole = table(BASE + GAIN.clip(0.001))
    lacking = [design("a", whole.drop(index=[0, 1, 2, 3])), design("b", table(BASE))]
    kept = [design("a", whole), design("b", table(BASE).drop(index=[0, 1, 2, 3]))]
    for missing in ("intersection", "worst"):
        said = cautions(compare(lacking, rules(missing=missing)))
        assert any(
            "conclusion changes with the rule for missing cases (a against b)" in text
            for text in said
        )
        said = cautions(compare(kept, rules(missing=missing)))
        assert not any("rule for missing cases" in text for text in said)


def test_the_side_of_an_undecided_mean_is_no_conclusion(design, table):
    designs = [design("a", table([0.79, 0.69, 0.85, 0.5])), design("b", gap(table, 2))]
    result = compare(designs, rules(missing="intersection"))
    assert len({row.winner for row in result.checks if row.kind == "missing cases"}) == 2
    assert not any("rule for missing cases" in text for text in cautions(result))


def test_other_winners_of_two_targets_are_no_change(design, table):
    """a wins WT and b wins TC, under every rule for empty masks: no red line."""
    wt, tc = (table(BASE + sign * 0.03).assign(target=t) for t, sign in (("WT", 1), ("TC", -1)))
    flat = [table(BASE).assign(target=t) for t in ("WT", "TC")]
    a, b = pd.concat([wt, tc], ignore_index=True), pd.concat(flat, ignore_index=True)
    for frame in (a, b):
        frame.loc[0, ["dice", "status"]] = [0.0, "missed"]
    result = compare([design("a", a), design("b", b)], rules())
    called = {row.contrast.called_better for row in result.sensitivity}
    assert called == {"a", "b"}
    assert not any("rule for empty masks" in text for text in cautions(result))


def test_a_missing_quiet_case_counts_as_a_false_alarm_at_worst(design, table):
    quiet = table([0.9, np.nan, 0.8], {1: "both_empty"})
    designs = [design("a", quiet), design("b", quiet.iloc[[0, 2]])]
    result = compare(designs, rules(missing="worst", empty="brats"))
    assert result.primary.scores["a"] == pytest.approx((0.9, 1.0, 0.8))
    assert result.primary.scores["b"] == pytest.approx((0.9, 0.0, 0.8))


def test_designs_without_a_common_case(design, table):
    designs = [design("a", gap(table, 0, 1)), design("b", gap(table, 2, 3))]
    with pytest.raises(ComparisonError, match="no test case is in all of these tables"):
        compare(designs, rules(missing="intersection"))
    assert compare(designs, rules(missing="worst")).primary.contrasts[0].n == 4


def test_the_rule_for_empty_masks(design, table):
    quiet = table([0.9, np.nan, 0.8], {1: "both_empty"})
    loud = table([0.8, 0.0, 0.7], {1: "false_alarm"})
    designs = [design("a", quiet), design("b", loud)]
    assert first(designs).d == pytest.approx((0.1, 0.1))
    result = compare(designs, rules(empty="brats"))
    assert result.primary.contrasts[0].d == pytest.approx((0.1, 1.0, 0.1))
    assert [row.policy for row in result.sensitivity] == ["brats", "penalty", "exclude"]


def slices(table, values, **columns) -> pd.DataFrame:
    frame = table(values)
    return frame.assign(patient=[f"p{i // 3}" for i in range(len(frame))], **columns)


def test_cases_as_unit_are_described_and_not_tested(design, table):
    rng = np.random.default_rng(0)
    a = slices(table, np.repeat([0.5, 0.7, 0.6, 0.9], 3) + rng.normal(0, 0.01, 12))
    b = slices(table, [0.5] * 12)
    designs = [design("a", a), design("b", b)]
    assert compare(designs, rules()).primary.contrasts[0].n == 4
    result = compare(designs, rules(unit="case"))
    contrast = result.primary.contrasts[0]
    assert (contrast.n, contrast.p, contrast.p_adjusted) == (12, None, None)
    assert result.primary.unit_of_analysis == "case"
    assert (contrast.clustering.patients, contrast.clustering.cases) == (4, 12)
    assert contrast.clustering.icc > 0.9
    assert "nothing is tested" in result.verdict.headline
    assert "independent ones" in result.verdict.headline
    assert contrast.mean_bca is None
    assert result.checks == ()


def test_one_case_per_patient_is_a_patient(pair):
    by_case, by_patient = first(pair, unit="case"), first(pair)
    assert by_case.p == by_patient.p
    assert by_case.clustering is None


def test_slices_weigh_alike_in_a_check_only(design, table):
    a = table([0.9, 0.5, 0.5, 0.6]).assign(patient=["p0", "p1", "p1", "p2"])
    b = table([0.5] * 4).assign(patient=["p0", "p1", "p1", "p2"])
    result = compare([design("a", a), design("b", b)], rules())
    assert result.primary.contrasts[0].t.interval.mean == pytest.approx(0.5 / 3)
    row = next(row for row in result.checks if row.kind == "cases weigh alike")
    assert row.estimate == pytest.approx(0.5 / 4)
    assert row.low <= row.estimate <= row.high


def test_other_tests_stand_beside_the_planned_one(pair):
    result = compare(pair, rules())
    contrast = result.primary.contrasts[0]
    tests = {row.choice.split(",")[0]: row for row in result.checks if row.kind == "test"}
    assert list(tests) == ["Wilcoxon signed-rank", "paired t", "sign flips", "sign test"]
    assert tests["paired t"].p == contrast.t.p_two_sided
    assert tests["sign test"].p == stats.binomtest(11, 12).pvalue
    left_out = next(row for row in result.checks if row.kind == "patient left out")
    assert left_out.estimate == pytest.approx(np.delete(GAIN, 1).mean())
    assert left_out.winner == "a"


def test_random_trainings_can_leave_a_difference_open(design, table):
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.003, (2, 12))
    a = design("a", table(BASE + 0.14 + noise[0]), table(BASE - 0.1 + noise[1]))
    b = design("b", table(BASE + 0.07), table(BASE - 0.07))
    result = compare([a, b], rules())
    recipe = next(row for row in result.checks if row.kind == "trainings")
    assert recipe.low < 0 < recipe.high
    (only,) = (c for c in result.cautions if "holds only for these weights" in c.text)
    assert only.colour == "red"
    assert "a against b (these weights: a better; recipes: inconclusive)" in only.text
    alone = compare([design("a", BASE + GAIN), design("b", BASE)], rules())
    assert not [row for row in alone.checks if row.kind == "trainings"]


def test_without_a_margin_nothing_is_said_of_relevance(pair):
    assert first(pair).relevance is None
    assert first(pair, margin={"hd95": 2.0}).relevance is None


def test_a_margin_brings_equivalence_and_probabilities(design):
    base = np.linspace(0.4, 0.8, 48)
    pair = [design("a", base + np.tile(GAIN, 4)), design("b", base)]
    result = compare(pair, rules(margin={"dice": 0.05}))
    found = result.primary.contrasts[0].relevance
    assert found.equivalent
    assert found.p_equivalent == max(found.equivalence.p, found.flips.p)
    assert found.bayes.verdict == "rope"
    text = everything(result)
    assert "a and b are equivalent within the margin of 0.05 Dice" in text
    assert "is detectable, but smaller than the margin of 0.05 Dice." in text
    assert "no relevant difference" in text
    assert "chosen after" not in text


def test_a_difference_beyond_the_margin(pair):
    text = everything(compare(pair, rules(margin={"dice": 0.002})))
    assert "lie wholly beyond the margin of 0.002 Dice" in text
    assert "inferior to" not in text  # said only where superiority is not shown


def test_a_late_margin_is_said_wherever_it_counts(design):
    designs = [design(n, BASE + g, planned_margin={}) for n, g in (("a", GAIN), ("b", 0))]
    verdict = compare(designs, rules(margin={"dice": 0.05})).verdict
    about = [text for text in verdict.sentences if "margin" in text]
    assert len(about) == 2
    assert all("chosen after the results were seen" in text for text in about)


def test_a_late_direction_is_said(design):
    designs = [
        design(n, BASE + g, planned_alternative="two-sided") for n, g in (("a", GAIN), ("b", 0))
    ]
    result = compare(designs, rules(alternative="greater", reference="b"))
    assert any("one-sided direction was chosen after" in text for text in cautions(result))


def test_a_margin_of_an_unknown_metric(pair):
    with pytest.raises(UsageError, match="margin of an unknown metric 'dise'") as caught:
        compare(pair, rules(margin={"dise": 0.02}, reference="bb"))
    assert "reference 'bb'" in str(caught.value)
    assert "dice" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "read"),
    [("dice=0.02,hd95=2", {"dice": 0.02, "hd95": 2.0}), ({"dice": 0.02}, {"dice": 0.02}), ("", {})],
)
def test_a_margin_can_be_written_as_text(given, read):
    assert ComparisonConfig(margin=given).margin == read


@pytest.mark.parametrize("given", ["dice", "dice=0", "dice=-1", {"dice": "much"}])
def test_a_margin_that_is_no_size(given):
    with pytest.raises(ValueError):
        ComparisonConfig(margin=given)


def test_three_designs_are_ranked(design):
    rng = np.random.default_rng(0)
    shifts = {"a": 0.0, "b": 0.05, "c": 0.052}
    designs = [design(n, BASE + s + rng.normal(0, 0.01, 12)) for n, s in shifts.items()]
    result = compare(designs, rules(reference="a"))
    ranking = result.primary.ranking
    table = np.array([result.primary.scores[name] for name in "abc"])
    assert ranking.friedman.chi2 == pytest.approx(stats.friedmanchisquare(*table).statistic)
    assert ranking.designs == ("a", "b", "c")
    assert ranking.groups.bars == ()  # b and c were not compared, so no bar joins them
    every = compare(designs, rules()).primary.ranking
    assert [set(bar) for bar in every.groups.bars] == [{"b", "c"}]
    assert ranking.schemes.wins == (-2, 1, 1)
    assert ranking.stability.p_first[0] == 0.0
    assert ranking.stability.p_rank[0] == (0.0, 0.0, 1.0)


def test_two_designs_are_not_ranked(pair):
    assert compare(pair, rules()).primary.ranking is None


def test_distances_that_favour_missing_are_not_ranked(design, table):
    missing = table([0.9, 0.0, *[0.8] * 10], {1: "missed"}, spacing="")
    values = [0.9, 0.7, *[0.8] * 10]
    designs = [design("a", values), design("b", missing), design("c", BASE)]
    dice, hd95 = compare(designs, ComparisonConfig()).analyses
    assert dice.ranking is not None
    assert hd95.ranking is None


def test_effects_beside_the_difference(design):
    rng = np.random.default_rng(1)
    b = rng.uniform(0.4, 0.8, 20)
    contrast = first([design("a", b + rng.normal(0.02, 0.03, 20)), design("b", b)])
    assert contrast.mean_bca.method == "BCa"
    assert contrast.mean_bca.low == pytest.approx(contrast.t.interval.low, abs=0.005)
    assert contrast.average_effect.d_av < contrast.effect.d_z  # the designs agree on hard patients
    assert contrast.rank_biserial.interval.low <= contrast.rank_biserial.value
    assert contrast.median_interval.low <= contrast.median <= contrast.median_interval.high


def test_settings_are_part_of_the_result(pair):
    settings = compare(pair, rules(margin={"dice": 0.02})).settings
    assert settings["margin"] == {"dice": 0.02}
    assert settings["seed"] == 20260101
    assert settings["primary_test"] == "wilcoxon"


def test_who_finds_what_the_other_misses(design, table):
    a = table([0.9] * 8, {0: "missed"})
    b = table([0.9] * 8, dict.fromkeys(range(1, 7), "missed"))
    designs = [design("a", a), design("b", b)]
    (contrast,) = compare(designs, rules()).detection_contrasts
    assert (contrast.only_candidate, contrast.only_reference) == (6, 1)
    assert contrast.p == stats.binomtest(6, 7).pvalue
    assert compare([design("a", [0.5]), design("b", [0.6])], rules()).detection_contrasts == ()


def test_two_tumours_of_a_patient_are_counted_and_not_tested(design, table):
    a = table([0.9] * 4, {0: "missed"}).assign(patient=["p0", "p0", "p1", "p2"])
    b = table([0.9] * 4).assign(patient=["p0", "p0", "p1", "p2"])
    (contrast,) = compare([design("a", a), design("b", b)], rules()).detection_contrasts
    assert (contrast.only_candidate, contrast.only_reference, contrast.p) == (0, 1, None)
