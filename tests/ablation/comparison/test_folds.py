"""Out-of-fold scores: pooled, checked fold by fold, and the interval over folds beside them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig
from ablation.errors import ComparisonError
from ablation.report import Source
from ablation.report.methods import methods

DICE = ComparisonConfig(secondary=())
BASE = np.array([0.40, 0.50, 0.60, 0.70, 0.55, 0.65, 0.45, 0.75, 0.62, 0.58])
GAIN = np.array([0.05, 0.03, 0.10, 0.02, 0.06, 0.08, 0.01, 0.04, 0.07, 0.02])


@pytest.fixture
def crossed(table):
    """A table of ten patients: two test in each of five folds, the next one validates."""

    def make(dice, folds: int = 5) -> pd.DataFrame:
        whole = table(dice)
        each = len(whole) // folds
        parts = []
        for fold in range(folds):
            test = whole.iloc[fold * each : (fold + 1) * each]
            validation = whole.iloc[[((fold + 1) * each) % len(whole)]].assign(split="validation")
            parts.append(pd.concat([test, validation]).assign(fold=f"{fold + 1}/{folds}"))
        return pd.concat(parts, ignore_index=True)

    return make


def row_of(result):
    return next((row for row in result.checks if row.kind == "folds"), None)


def test_every_patient_is_compared_once(design, crossed):
    result = compare([design("a", crossed(BASE + GAIN)), design("b", crossed(BASE))], DICE)
    assert result.folds == (5, 5)
    assert len(result.primary.patients) == 10
    assert result.primary.contrasts[0].t.interval.mean == pytest.approx(GAIN.mean())
    assert any("5-fold cross-validation are out-of-fold" in note for note in result.notes)
    assert "10 test patients (by nested 5-fold cross-validation)." in methods(
        result, Source("demo")
    )


def test_the_interval_over_folds_is_nadeau_and_bengios(design, crossed):
    result = compare([design("a", crossed(BASE + GAIN)), design("b", crossed(BASE))], DICE)
    means = GAIN.reshape(5, 2).mean(axis=1)
    # Two patients test and seven train: ten less two tested, one validating.
    se = math.sqrt((1 / 5 + 2 / 7) * means.var(ddof=1))
    half = stats.t.ppf(0.975, 4) * se
    row = row_of(result)
    assert (row.estimate, row.low, row.high) == pytest.approx(
        (means.mean(), means.mean() - half, means.mean() + half)
    )
    assert row.p == pytest.approx(2 * stats.t.sf(means.mean() / se, 4))
    assert "5 folds (Nadeau-Bengio)" in row.choice


def test_below_five_folds_there_is_an_interval_alone(design, crossed):
    result = compare([design("a", crossed(BASE + GAIN, 2)), design("b", crossed(BASE, 2))], DICE)
    row = row_of(result)
    assert row.p is None
    assert row.low < 0 < row.high
    assert any("training patients of the folds random too" in c.text for c in result.cautions)


def test_a_fold_must_not_test_who_it_was_tuned_on(design, crossed):
    leaking = crossed(BASE)
    leaking.loc[2, "patient"] = "p1"  # validates fold 1, whose test patients are p0 and p1
    with pytest.raises(ComparisonError, match="a was tested on p1, seen in training or tuning"):
        compare([design("a", leaking)], DICE)


def test_a_patient_tested_in_two_folds_is_refused(design, crossed):
    twice = crossed(BASE)
    twice.loc[twice["split"] == "validation", "split"] = "test"
    with pytest.raises(ComparisonError, match="scores p2, p4, p6, p8, p0 twice"):
        compare([design("a", twice)], DICE)


def test_other_folds_or_one_split_have_no_common_interval(design, crossed, table):
    other = crossed(BASE)
    other["fold"] = other["fold"].map({f"{k}/5": f"{k % 5 + 1}/5" for k in range(1, 6)})
    assert row_of(compare([design("a", crossed(BASE)), design("b", other)], DICE)) is None
    mixed = compare(
        [
            design("a", crossed(BASE + GAIN), protocol="5-fold cross-validation"),
            design("b", table(BASE)),
        ],
        DICE,
    )
    assert row_of(mixed) is None
    assert mixed.folds == (5, 0)
    assert "a 5-fold cross-validation, b holdout" in methods(mixed, Source("demo"))
    assert any("a 5-fold cross-validation, b holdout" in note for note in mixed.notes)
    ledger = {row.fact: row for row in mixed.ledger}
    assert ledger["protocol"].colour == "amber"


def test_seeds_are_averaged_within_folds(design, crossed):
    tables = [crossed(BASE + GAIN + noise) for noise in (0.01, -0.01)]
    pooled = compare([design("a", *tables), design("b", crossed(BASE), crossed(BASE))], DICE)
    once = compare([design("a", crossed(BASE + GAIN)), design("b", crossed(BASE))], DICE)
    assert row_of(pooled).low == pytest.approx(row_of(once).low)


def test_missing_patients_are_explained_by_another_way_of_testing(design, crossed, table):
    folds = design("a", crossed(BASE), protocol="5-fold cross-validation")
    with pytest.raises(ComparisonError, match=r"\(a by 5-fold cross-validation, b by holdout\)"):
        compare([folds, design("b", table(BASE[:2]))], DICE)


def test_a_patient_that_only_a_third_design_has_is_in_no_fold(design, crossed, table):
    worst = ComparisonConfig(secondary=(), missing="worst")
    third = design("c", table([*BASE, 0.5]))
    result = compare([design("a", crossed(BASE + GAIN)), design("b", crossed(BASE)), third], worst)
    (row,) = (row for row in result.checks if row.kind == "folds")
    assert (row.candidate, row.reference) == ("a", "b")
    assert row.estimate == pytest.approx(GAIN.mean())
