"""With several trainings or folds the headline is about the recipes, these weights beside it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

from ablation.cli.app import app
from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig
from ablation.report import Source, printed
from ablation.report.methods import methods

DICE = ComparisonConfig(secondary=())
BASE = np.linspace(0.45, 0.75, 12)
GAIN = np.linspace(0.01, 0.05, 12)
ABOUT = "This is about the recipes (training procedures): patients and trainings count as random."


def trained(design, name: str, scores: np.ndarray, shifts: tuple[float, ...]):
    rng = np.random.default_rng(list(name.encode()))
    tables = [scores + shift + rng.normal(0, 0.004, scores.size) for shift in shifts]
    return design(name, *tables)


def by_hand(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float]:
    """Mean difference, standard error and degrees of freedom of STATISTICS.md 6.2, unpaired seeds."""
    d = a.mean(axis=1) - b.mean(axis=1)
    n = len(d)
    terms = [(d.var(ddof=1) / n, n - 1)]
    for values in (a, b):
        s = values.shape[1]
        rest = values - values.mean(0) - values.mean(1)[:, None] + values.mean()
        ms_seed = n * values.mean(0).var(ddof=1)
        ms_rest = (rest**2).sum() / ((n - 1) * (s - 1))
        if ms_seed > ms_rest:
            terms += [(ms_seed / (n * s), s - 1), (-ms_rest / (n * s), (n - 1) * (s - 1))]
    variance = sum(t for t, _ in terms)
    return d.mean(), math.sqrt(variance), variance**2 / sum(t**2 / df for t, df in terms)


def scores_of(one) -> np.ndarray:
    return np.stack([frame["dice"].to_numpy() for frame in one.cases], axis=1)


def test_the_test_of_the_recipes_decides(design):
    a = trained(design, "new", BASE + GAIN, (0.0, 0.005, -0.005))
    b = trained(design, "old", BASE, (0.002, -0.002))
    result = compare([a, b], DICE)
    (c,) = result.primary.contrasts
    mean, se, df = by_hand(scores_of(a), scores_of(b))
    half = stats.t.ppf(0.975, df) * se
    assert c.p == pytest.approx(2 * stats.t.sf(mean / se, df))
    assert c.p < 0.001
    assert (c.estimate.value, c.estimate.low, c.estimate.high) == pytest.approx(
        (mean, mean - half, mean + half)
    )
    assert (c.shown.low, c.shown.high) == pytest.approx((mean - half, mean + half))
    assert c.recipe.runs == (3, 2)
    assert c.decision.form.value == "superior"
    assert c.weights.p == pytest.approx(c.rank.p_two_sided)
    assert c.weights.decision.better == "new"
    assert result.verdict.headline == (
        f"new scored higher than old: mean difference {mean:.3f} Dice (95 % CI {mean - half:.3f} to "
        f"{mean + half:.3f}; t over patients and trainings p < 0.001; new better in 12 of 12 "
        f"patients). {ABOUT}"
    )
    assert result.verdict.sentences[0].startswith(
        "These weights alone (patients random, trainings fixed), new minus old: typical difference"
    )
    assert "exact Wilcoxon signed-rank p < 0.001" in result.verdict.sentences[0]


def test_every_output_shows_the_interval_of_the_recipes(design):
    designs = [
        trained(design, "new", BASE + GAIN, (0.01, -0.01)),
        trained(design, "old", BASE, (0.01, -0.01)),
    ]
    result = compare(designs, DICE)
    (c,) = result.primary.contrasts
    assert c.shown.high - c.shown.low > 1.5 * (c.t.interval.high - c.t.interval.low)
    row = result.table().iloc[-1]
    assert (row["CI low"], row["CI high"]) == (c.shown.low, c.shown.high)
    assert row["test"] == "t over patients and trainings"
    low, high = f"{c.shown.low:+.3f}", f"{c.shown.high:+.3f}"
    assert f"{low},{high}" in printed(result, Source("x"), "csv")
    text = methods(result, Source("x"))
    assert "t test of the mean difference with patients and trainings as random [@satt" in text
    assert "these weights, with patients alone as random, stands beside it" in text
    assert any("treat patients and trainings as random" in note for note in result.notes)


def test_a_conclusion_that_holds_only_for_these_weights_is_red(design):
    designs = [
        trained(design, "new", BASE + GAIN, (0.1, -0.1)),
        trained(design, "old", BASE, (0.08, -0.08)),
    ]
    result = compare(designs, DICE)
    (c,) = result.primary.contrasts
    assert c.weights.decision.better == "new"
    assert result.verdict.standing == "inconclusive"
    assert result.verdict.headline.startswith("Inconclusive: the data do not show")
    assert "power" not in result.verdict.headline
    (only,) = (one for one in result.cautions if "only for these weights" in one.text)
    assert only.colour == "red"
    assert "new against old (these weights: new better; recipes: inconclusive)" in only.text


def test_p_of_the_recipes_is_adjusted_over_the_family(design):
    names = ("a", "b", "c")
    designs = [
        trained(design, name, BASE + i * GAIN / 4, (0.004, -0.004)) for i, name in enumerate(names)
    ]
    result = compare(designs, DICE)
    p = sorted((c.p, c.p_adjusted) for c in result.primary.contrasts)
    assert p[0][1] == pytest.approx(min(1, 3 * p[0][0]))
    fixed = sorted((c.weights.p, c.weights.p_adjusted) for c in result.primary.contrasts)
    assert fixed[0][1] == pytest.approx(min(1, 3 * fixed[0][0]))
    assert result.verdict.headline.endswith(ABOUT)
    assert sum("These weights alone" in text for text in result.verdict.sentences) == 3


def test_a_design_trained_once_leaves_the_headline_to_these_weights(design):
    designs = [trained(design, "new", BASE + GAIN, (0.01, -0.01)), design("old", BASE)]
    result = compare(designs, DICE)
    assert result.primary.contrasts[0].recipe is None
    assert "recipes" not in result.verdict.headline


def test_trainings_are_no_way_round_the_fewest_patients(design):
    designs = [
        trained(design, "new", BASE[:4] + 3 * GAIN[:4], (0.001, -0.001)),
        trained(design, "old", BASE[:4], (0.001, -0.001)),
    ]
    result = compare(designs, DICE)
    assert result.primary.contrasts[0].p < 0.05
    assert result.verdict.standing == "too few"
    assert result.primary.contrasts[0].called_better == ""


def test_a_one_sided_plan_is_kept(design):
    designs = [
        trained(design, "new", BASE + GAIN, (0.03, -0.03)),
        trained(design, "old", BASE, (0.03, -0.03)),
    ]
    two = compare(designs, DICE).primary.contrasts[0]
    settings = ComparisonConfig(secondary=(), alternative="greater", reference="old")
    one = compare(designs, settings).primary.contrasts[0]
    assert one.p == pytest.approx(two.p / 2)
    turned = ComparisonConfig(secondary=(), alternative="greater", reference="new")
    assert compare(designs, turned).primary.contrasts[0].p == pytest.approx(1 - two.p / 2)


FOLDS = [str(i % 5) for i in range(20)]


def folded(table, dice, folds: list[str] = FOLDS) -> pd.DataFrame:
    return table(dice).assign(fold=folds)


def test_five_folds_are_a_test_of_the_recipes(design, table):
    base, gain = np.linspace(0.4, 0.7, 20), np.linspace(0.02, 0.06, 20)
    made = [design("a", folded(table, base + gain)), design("b", folded(table, base))]
    result = compare(made, DICE)
    means = gain.reshape(4, 5).mean(axis=0)
    se = math.sqrt((1 / 5 + 4 / 16) * means.var(ddof=1))
    (c,) = result.primary.contrasts
    assert c.p == pytest.approx(2 * stats.t.sf(means.mean() / se, 4))
    assert "Nadeau-Bengio t over 5 folds p" in result.verdict.headline
    assert result.verdict.headline.endswith(
        "This is about the recipes (training procedures): the training patients of the 5 folds "
        "count as random."
    )
    assert any("These weights alone" in text for text in result.verdict.sentences)
    assert not any("conclusions are about these weights" in one.text for one in result.cautions)
    assert "about these weights" not in methods(result, Source("x"))
    assert "corrected for the overlap of their training patients [@nadeau2003]" in methods(
        result, Source("x")
    )


def test_fewer_folds_leave_the_headline_to_the_trained_models(design, table):
    base, gain = np.linspace(0.4, 0.7, 20), np.linspace(0.02, 0.06, 20)
    folds = [str(i % 4) for i in range(20)]
    made = [
        design("a", folded(table, base + gain, folds)),
        design("b", folded(table, base, folds)),
    ]
    result = compare(made, DICE)
    assert result.primary.contrasts[0].recipe is None
    assert result.verdict.headline.endswith(
        "This is about the trained models: a test of the recipes (training procedures) needs 5 folds."
    )
    assert any("Over the folds" in text for text in result.verdict.sentences)


def test_folds_stand_beside_several_trainings(design, table):
    base, gain = np.linspace(0.4, 0.7, 20), np.linspace(0.02, 0.06, 20)
    made = [
        design(name, *(folded(table, dice + shift) for shift in (0.002, -0.001)))
        for name, dice in (("a", base + gain), ("b", base))
    ]
    result = compare(made, DICE)
    assert result.verdict.headline.endswith(ABOUT)
    beside = [text for text in result.verdict.sentences if "Nadeau-Bengio" in text]
    assert len(beside) == 1
    assert "a minus b: mean difference 0.040 Dice (95 % CI" in beside[0]


def test_tables_with_seeds_and_folds_by_the_command(tmp_path):
    rng = np.random.default_rng(1)
    for name, gain in (("unet", 0.0), ("resupnet", 0.04)):
        rows = ["id,run,split,dice"]
        for run in range(3):
            rows += [
                f"P{i:02},{run},{i % 5},{0.5 + 0.01 * i + gain + rng.normal(0, 0.01):.4f}"
                for i in range(20)
            ]
        (tmp_path / f"{name}.csv").write_text("\n".join(rows) + "\n")
    tables = [str(tmp_path / "unet.csv"), str(tmp_path / "resupnet.csv")]
    out = ["--out", str(tmp_path / "report"), "--reference", "unet", "--seed-column", "run"]
    shown = CliRunner().invoke(app, ["compare", *tables, *out])
    assert shown.exit_code == 0, shown.output
    assert ABOUT in shown.output
    assert "These weights alone" in shown.output
    assert "fold" in shown.output
    assert "split" in shown.output
