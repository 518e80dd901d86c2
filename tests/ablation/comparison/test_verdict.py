"""Every sentence of the headline and every caveat, against the numbers of comparison.json."""

from __future__ import annotations

import json
import re
from itertools import product

import numpy as np
import pandas as pd
import pytest

from ablation.comparison import Design, compare
from ablation.comparison.analysis.decision import Ahead, Form, decide
from ablation.config.sections import ComparisonConfig
from ablation.fairness import FairnessFacts
from ablation.report import Source, printed
from ablation.report.formats.tables import to_json

NUMBER = r"-?[\d.]+(?:e-\d+)?"
CLAIM = re.compile(
    rf"(?P<first>d\d) (?:scored higher than|had a lower HD95 than) (?P<second>d\d)"
    rf"(?P<where> in [^:]+)?: (?P<kind>typical|mean) difference (?P<value>{NUMBER}) (?:mm )?"
    rf"(?:Dice|HD95) \((?:Hodges-Lehmann, )?(?:95|90) % CI (?P<low>{NUMBER}) to (?P<high>{NUMBER})"
    rf"(?P<unadjusted>, unadjusted)?; .*? p (?P<p>[=<] {NUMBER})(?P<holm>, Holm over \d+)?; "
    rf"(?P=first) better in (?P<better>\d+) of (?P<n>\d+) patients?"
)
OPEN = re.compile(
    rf"Inconclusive(?P<where> in [^:]+)?: the data do not show which of (?P<first>d\d) and "
    rf"(?P<second>d\d) is better; .*?typical difference (?P<value>{NUMBER}) .*? p (?P<p>[=<] "
    rf"{NUMBER}).*?better in (?P<better>\d+) of (?P<n>\d+) patients?; mean difference "
    rf"(?P<mean>{NUMBER}), 95 % CI (?P<low>{NUMBER}) to (?P<high>{NUMBER})"
)


def frames(table, k: int, targets: int, n: int, seeds: int, kind: str) -> list[Design]:
    rng = np.random.default_rng([k, targets, n, seeds])
    designs = []
    bases = rng.uniform(0.3, 0.6, (targets, n))
    for i in range(k):
        tables = []
        for _ in range(seeds):
            parts = []
            for t, base in enumerate(bases):
                shift = {"apart": 0.05 * i, "same": 0.0, "collapse": 0.01 * i}[kind]
                dice = base + shift + rng.normal(0, 0.002 if kind == "collapse" else 0.03, n)
                if kind == "collapse" and i == k - 1 and n > 9:
                    dice[: n // 6] = 0.02
                parts.append(table(np.clip(dice, 0, 1).tolist(), target=f"T{t}" if t else "1"))
            tables.append(pd.concat(parts, ignore_index=True))
        designs.append(Design(f"d{i}", tuple(tables), FairnessFacts()))
    return designs


def contrasts_of(content: dict, metric: str) -> dict[tuple[str, str, str], dict]:
    return {
        (one["target"], c["candidate"], c["reference"]): c
        for one in content["analyses"]
        if one["metric"]["name"] == metric and one["role"] == "primary"
        for c in one["contrasts"]
    }


def found_by(known: dict, match: re.Match[str]) -> tuple[dict, int]:
    """The comparison a sentence is about, and -1 where it names the reference first."""
    where = (match["where"] or "").removeprefix(" in ").removeprefix("label ")
    first, second = match["first"], match["second"]
    targets = {key[0] for key in known}
    target = where if where in targets else next(iter(targets))
    if (target, first, second) in known:
        return known[target, first, second], 1
    return known[target, second, first], -1


def check_p(text: str, p: float) -> None:
    sign, number = text.split(" ")
    assert (p < float(number)) if sign == "<" else f"{p:.3g}" == f"{float(number):.3g}"


def near(text: str, value: float) -> None:
    digits = len(text.partition(".")[2])
    assert abs(float(text) - value) <= 0.5000001 * 10.0**-digits, (text, value)


def check(result, higher: bool) -> int:
    """Check every sentence; return how many were."""
    content = json.loads(to_json(result, Source("demo")))
    metric = content["settings"]["metric"]
    known = contrasts_of(content, metric)
    verdict = content["verdict"]
    sentences = [verdict["headline"], *verdict["sentences"]]
    text = " ".join(sentences)
    checked = 0
    for match in CLAIM.finditer(text):
        c, sign = found_by(known, match)
        decision = c["decision"]
        assert decision["better"] == match["first"]
        assert decision["form"] in ("superior", "superior for most patients, mean uncertain")
        value, low, high = (float(match[name]) for name in ("value", "low", "high"))
        near(match["value"], sign * c["estimate"]["value"])
        ends = [c["estimate"]["low"], c["estimate"]["high"]][::sign]
        near(match["low"], sign * ends[0])
        near(match["high"], sign * ends[1])
        assert (value > 0) == higher
        assert (c["t"]["interval"]["mean"] * sign > 0) == higher
        assert low <= value <= high
        if ends[0] * ends[1] > 0:
            assert low * high != 0
        assert c["p_adjusted"] < 0.05
        check_p(match["p"], c["p_adjusted"])
        assert bool(match["holm"]) == bool(match["unadjusted"]) == (c["family"] > 1)
        assert int(match["n"]) == len(c["d"])
        toward = [sign * d > 0 if higher else sign * d < 0 for d in c["d"]]
        assert int(match["better"]) == sum(toward)
        checked += 1
    for match in OPEN.finditer(text):
        c, sign = found_by(known, match)
        assert sign == 1
        assert c["decision"]["form"] == "inconclusive"
        near(match["value"], c["estimate"]["value"])
        near(match["mean"], c["mean"]["mean"])
        near(match["low"], c["mean"]["low"])
        near(match["high"], c["mean"]["high"])
        check_p(match["p"], c["p_adjusted"])
        assert c["p_adjusted"] >= 0.05
        assert int(match["n"]) == len(c["d"])
        checked += 1
    for c in known.values():
        decision = c["decision"]
        named = decision["better"]
        assert bool(named) == decision["form"].startswith("superior")
        if named:
            sign = 1 if named == c["candidate"] else -1
            for value in (c["estimate"]["value"], c["t"]["interval"]["mean"]):
                assert (sign * value > 0) == higher
        assert c["family"] == len(known)
        if len(c["d"]) < 10:
            assert c["relevance"] is None
            assert c["mean_bca"] is None
            assert c["rank_biserial"]["interval"] is None
    if verdict["standing"] == "too few":
        floor = min(c["smallest_p"] for c in known.values())
        assert f"{floor:.3g}" in verdict["headline"] or "0.001" in verdict["headline"]
        assert "better than" not in text
        assert "equivalent within" not in text
        assert "non-inferior to" not in text
    if len(known) == 1:
        assert "Holm" not in printed(result, Source("demo"))
    counted = re.match(r"(\d+) of (\d+) comparisons", verdict["headline"])
    if counted:
        assert int(counted[1]) == sum(bool(c["decision"]["better"]) for c in known.values())
        assert int(counted[2]) == len(known)
    for one in content["analyses"]:
        if one["ranking"] is not None:
            assert len(one["patients"]) >= 10
    assert not re.search(r"(?<![\d.])1 Dice", text)  # a target named 1 is "label 1"
    return checked


GRID = [
    *product((2, 3, 8), (1,), (1, 2, 3, 5, 10, 24)),
    *product((2, 3), (2, 3), (3, 10, 24)),
    (2, 8, 12),
    (8, 2, 12),
]


@pytest.mark.parametrize(("k", "targets", "n"), GRID)
def test_every_sentence_agrees_with_the_numbers(table, k, targets, n):
    small = k * targets <= 3
    for kind in ("apart", "same", "collapse") if small else ("apart",):
        designs = frames(table, k, targets, n, 1, kind)
        settings = ComparisonConfig(secondary=("hd95",) if kind == "apart" else ())
        checked = check(compare(designs, settings), higher=True)
        if n >= 10 and k * (k - 1) // 2 * targets <= 5 and kind == "apart":
            assert checked == k * (k - 1) // 2 * targets


@pytest.mark.parametrize("settings", [
    {"metric": "hd95"}, {"reference": "d0"}, {"reference": "d1", "metric": "hd95"},
    {"alternative": "greater", "reference": "d0"}, {"primary_test": "t"},
    {"primary_test": "signflip"}, {"correction": "bh"}, {"margin": {"dice": 0.02}},
    {"metric": "hd95", "margin": {"hd95": 1.0}, "reference": "d2"},
])  # fmt: skip
def test_it_does_under_every_rule(table, settings):
    for kind in ("apart", "collapse"):
        designs = frames(table, 3, 1, 24, 1, kind)
        result = compare(designs, ComparisonConfig(secondary=(), **settings))
        named = check(result, higher=settings.get("metric") != "hd95")
        assert named <= len(result.primary.contrasts)


def test_it_does_with_seeds(table):
    result = compare(frames(table, 2, 2, 12, 5, "apart"), ComparisonConfig(secondary=()))
    assert check(result, higher=True) == 2


@pytest.mark.slow
@pytest.mark.parametrize(("k", "targets", "seeds"), [(2, 1, 1), (8, 1, 1), (2, 8, 5), (3, 3, 1)])
def test_it_does_with_many_patients(table, k, targets, seeds):
    for kind in ("apart", "same", "collapse"):
        made = compare(frames(table, k, targets, 500, seeds, kind), ComparisonConfig(secondary=()))
        named = check(made, higher=True)
        assert named <= k * (k - 1) // 2 * targets


FAR = (0.01, 0.03)


@pytest.mark.parametrize(
    ("ahead", "p", "best", "mean", "form"),
    [
        (Ahead(2, 0.02, 0.02, 0), 0.01, 0.001, FAR, Form.SUPERIOR),
        (Ahead(-2, -0.02, -0.02, -0.1), 0.01, 0.001, (-0.03, -0.01), Form.SUPERIOR),
        (Ahead(2, 0.02, 0.02, 0.1), 0.01, 0.001, (-0.01, 0.05), Form.MEAN_UNCERTAIN),
        (Ahead(2, 0.02, 0.0, 0), 0.01, 0.001, (-0.02, 0.02), Form.MEAN_UNCERTAIN),
        (Ahead(2, 0.0, 0.02, 0), 0.01, 0.001, FAR, Form.SUPERIOR),
        (Ahead(2, 0.02, 0.02, 0), 0.01, 0.001, (None, None), Form.SUPERIOR),
        (Ahead(2, 0.02, -0.02, 0), 0.01, 0.001, FAR, Form.CONTRADICTORY),
        (Ahead(2, 0.02, 0.02, -0.1), 0.01, 0.001, FAR, Form.CONTRADICTORY),
        (Ahead(2, 0.02, -0.02, -0.1), 0.01, 0.001, FAR, Form.CONTRADICTORY),
        (Ahead(2, 0.02, -0.02, 0), 0.05, 0.001, FAR, Form.INCONCLUSIVE),
        (Ahead(0, 0, 0, 0), 1.0, 0.001, (None, None), Form.INCONCLUSIVE),
        (Ahead(2, 0.02, 0.02, 0), 0.0625, 0.0625, FAR, Form.TOO_FEW),
    ],
)
def test_the_five_forms(ahead, p, best, mean, form):
    found = decide(("a", "b"), ahead, p, best, mean, 0.05)
    assert found.form is form
    named = form in (Form.SUPERIOR, Form.MEAN_UNCERTAIN)
    assert found.better == (("a" if ahead.test > 0 else "b") if named else "")


def test_a_design_that_misses_more_is_not_called_better(design, table):
    base = np.linspace(0.4, 0.7, 40)
    a = (base + 0.05).tolist()
    a[0] = 0.0
    result = compare(
        [design("a", table(a, {0: "missed"})), design("b", base)], ComparisonConfig(secondary=())
    )
    assert result.primary.contrasts[0].decision.form is Form.CONTRADICTORY
    assert result.verdict.headline == (
        "Ranks and missed cases contradict each other: a was better than b in 39 of 40 patients by "
        "a typical 0.050 Dice, but it missed 1 of 40 tumours, b 0 of 40. No design is called "
        "better (exact Wilcoxon signed-rank p < 0.001)."
    )


def test_most_patients_against_the_mean(design):
    base = np.linspace(0.6, 0.8, 80)
    gain = np.concatenate([np.linspace(0.001, 0.03, 65), np.full(15, -0.3)])
    result = compare([design("new", base + gain), design("old", base)], ComparisonConfig())
    headline = result.verdict.headline
    assert headline.startswith(
        "Ranks and mean contradict each other: new was better than old in 65"
    )
    assert "worse on average by 0.044 because of 15 patients" in headline
    assert [c.called_better for a in result.analyses for c in a.contrasts] == ["", ""]
    assert "Patients in whom new is worse than old" in " ".join(result.verdict.sentences)
    for shape in ("csv", "md", "tex"):
        assert "neither" in printed(result, Source("x"), shape)


def test_metrics_that_contradict_each_other_are_a_red_caveat(table):
    rng = np.random.default_rng(0)
    base = rng.uniform(0.5, 0.7, 30)
    old = table(base)
    new = table(base + 0.03 + rng.normal(0, 0.002, 30)).assign(hd95=old["hd95"] + 2)
    designs = [
        Design(name, (frame,), FairnessFacts()) for name, frame in (("new", new), ("old", old))
    ]
    result = compare(designs, ComparisonConfig())
    (found,) = [one for one in result.cautions if "Metrics contradict" in one.text]
    assert found.colour == "red"
    assert "Dice favours new, p < 0.001, HD95 favours old, p < 0.001" in found.text
    hd95 = result.analyses[1].contrasts[0]
    assert (hd95.t.interval.mean, hd95.called_better) == (pytest.approx(2.0), "old")


def test_an_interval_that_excludes_0_is_not_printed_as_0(design):
    rng = np.random.default_rng(0)
    base = rng.uniform(0.4, 0.8, 300)
    designs = [design("a", base + rng.normal(0.0006, 0.002, 300)), design("b", base)]
    result = compare(designs, ComparisonConfig(secondary=(), margin={"dice": 0.01}))
    interval = re.compile(r"(\S+) to (\S+)")
    text = f"{result.verdict.headline} {printed(result, Source('x'), 'csv')}"
    assert not any({m[1], m[2]} & {"0.000", "+0.000"} for m in interval.finditer(text))
    row = printed(result, Source("x"), "csv").splitlines()[-1].split(",")
    assert "+0.000" not in row
    assert "smaller than the margin of 0.01 Dice" in " ".join(result.verdict.sentences)


def test_targets_are_one_family_unless_one_was_planned(table):
    designs = frames(table, 2, 3, 12, 1, "apart")
    every = compare(designs, ComparisonConfig(secondary=()))
    assert [(a.target, a.contrasts[0].family) for a in every.primaries] == [
        ("1", 3), ("T1", 3), ("T2", 3),
    ]  # fmt: skip
    planned = compare(designs, ComparisonConfig(secondary=(), primary_target="T1"))
    assert [(a.target, a.contrasts[0].family) for a in planned.primaries] == [("T1", 1)]
    assert "Holm" not in " ".join([planned.verdict.headline, *planned.verdict.sentences])
    mean = compare(designs, ComparisonConfig(secondary=(), primary_target="mean"))
    (primary,) = mean.primaries
    assert primary.target == "mean over targets"
    frame = pd.concat(designs[0].cases)
    expected = frame.groupby("patient")["dice"].mean()[list(primary.patients)]
    assert primary.scores["d0"] == pytest.approx(tuple(expected))
    assert "in the mean over targets" in mean.verdict.headline


def test_nothing_is_decided_below_the_fewest_patients(table):
    few = compare(
        frames(table, 3, 1, 5, 1, "apart"),
        ComparisonConfig(secondary=(), margin={"dice": 0.5}),
    )
    text = " ".join([few.verdict.headline, *few.verdict.sentences])
    assert few.verdict.standing == "too few"
    assert few.primary.ranking is None
    assert "Neither equivalence nor non-inferiority is tested" in text
    assert "decided:" not in text


def test_non_inferiority_is_said_only_where_superiority_is_not(design):
    rng = np.random.default_rng(3)
    base = rng.uniform(0.5, 0.7, 60)
    noise = rng.normal(0, 0.01, 60)
    designs = [design("a", base + noise - noise.mean()), design("b", base)]
    result = compare(designs, ComparisonConfig(secondary=(), margin={"dice": 0.02}))
    text = " ".join(result.verdict.sentences)
    limit = result.primary.contrasts[0].t.interval.low
    assert (
        f"a is non-inferior to b (margin of 0.02 Dice; one-sided 97.5 % limit of the mean difference {limit:.3f})"
        in text
    )
    assert "a and b are equivalent within the margin of 0.02 Dice" in text
    better = [design("a", base + noise + 0.01), design("b", base)]
    said = compare(better, ComparisonConfig(secondary=(), margin={"dice": 0.02})).verdict
    assert "non-inferior" not in " ".join([said.headline, *said.sentences])


def test_bars_follow_the_planned_comparisons(design):
    rng = np.random.default_rng(5)
    base = rng.uniform(0.5, 0.7, 20)
    designs = [
        design("ref", base),
        design("a", base + rng.normal(0.02, 0.01, 20)),
        design("b", base + rng.normal(0.001, 0.02, 20)),
    ]
    result = compare(designs, ComparisonConfig(secondary=(), reference="ref"))
    named = {c.candidate: c.called_better for c in result.primary.contrasts}
    assert named == {"a": "a", "b": ""}
    for bar in result.primary.ranking.groups.bars:
        assert "ref" in bar
        assert "a" not in bar
