"""Truth volumes and lesions of the compared patients, and the trend of a difference over them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig


def sized(table, dice, voxels, **columns):
    return table(dice).assign(truth_voxels=voxels, **columns)


def test_volumes_are_in_ml_and_the_trend_is_that_of_least_squares(design, table):
    rng = np.random.default_rng(0)
    n = 12
    voxels = (10 ** rng.uniform(3, 5, n)).astype(int)
    base = rng.uniform(0.4, 0.6, n)
    d = 0.1 * np.log10(voxels) - 0.35 + rng.normal(0, 0.02, n)
    grid = {"shape": "10x20x20", "spacing": "3x1x0.5"}
    pair = [
        design(name, sized(table, dice.tolist(), voxels, **grid))
        for name, dice in (("a", base + d), ("b", base))
    ]
    (found,) = compare(pair, ComparisonConfig(secondary=())).sizes
    assert found.unit == "ml"
    by_patient = dict(zip([f"p{i}" for i in range(n)], voxels * 1.5 / 1000, strict=True))
    assert found.volumes == pytest.approx([by_patient[p] for p in sorted(by_patient)])
    line = stats.linregress(np.log10(voxels * 1.5 / 1000), d)
    trend = found.effects[0].trend
    assert trend.slope == pytest.approx(line.slope)
    assert trend.p == pytest.approx(line.pvalue)
    reach = stats.t.ppf(0.975, n - 2) * line.stderr
    assert (trend.low, trend.high) == pytest.approx((line.slope - reach, line.slope + reach))


def test_the_band_is_that_of_the_mean_response():
    from statsmodels import api as statsmodels

    from ablation.statistics.trend import trend

    x, y = np.array([0.0, 1, 2, 3, 5]), np.array([0.1, 0.0, 0.4, 0.2, 0.7])
    fit = statsmodels.OLS(y, statsmodels.add_constant(x)).fit()
    frame = fit.get_prediction(statsmodels.add_constant(np.array([0.5, 4.0]))).summary_frame(0.05)
    middle, low, high = trend(x, y).band([0.5, 4.0])
    assert middle == pytest.approx(frame["mean"].to_numpy())
    assert low == pytest.approx(frame["mean_ci_lower"].to_numpy())
    assert high == pytest.approx(frame["mean_ci_upper"].to_numpy())


def test_no_line_where_none_can_be_drawn():
    from ablation.statistics.trend import trend

    assert trend([1, 2], [1, 2]) is None
    assert trend([2, 2, 2], [1, 2, 3]) is None
    assert trend([1, 2, 3], [2, 4, 6]) is None  # no residual, no interval


def test_swapping_the_designs_turns_the_slope_round(design, table):
    rng = np.random.default_rng(1)
    a, b = (
        design(name, sized(table, rng.uniform(0, 1, 9).tolist(), range(100, 1000, 100)))
        for name in "ab"
    )
    settings = ComparisonConfig(secondary=())
    one, other = (compare(pair, settings).sizes[0].effects[0] for pair in ([a, b], [b, a]))
    assert one.trend.slope == pytest.approx(-other.trend.slope)
    assert one.trend.p == pytest.approx(other.trend.p)
    for first, second in zip(one.strata, other.strata, strict=True):
        assert first.mean.mean == pytest.approx(-second.mean.mean)
        assert (first.smallest, first.largest) == (second.smallest, second.largest)


def test_thirds_have_an_interval_from_ten_patients_on(design, table):
    rng = np.random.default_rng(2)
    for n, has in ((12, False), (30, True)):
        pair = [
            design(name, sized(table, rng.uniform(0, 1, n).tolist(), range(1, n + 1)))
            for name in "ab"
        ]
        strata = compare(pair, ComparisonConfig(secondary=())).sizes[0].effects[0].strata
        assert [s.mean.n for s in strata] == [n // 3] * 3
        assert all((s.mean.low is not None) == has for s in strata)
        assert strata[0].largest < strata[1].smallest < strata[2].smallest


def test_slices_of_a_patient_add_up(design, table):
    frame = sized(table, [0.5, 0.6, 0.7, 0.8], [10, 20, 30, 40], spacing="", distance_unit="px")
    frame = frame.assign(patient=["p0", "p0", "p1", "p1"])
    (found,) = compare(
        [design("a", frame), design("b", frame)], ComparisonConfig(secondary=())
    ).sizes
    assert found.unit == "pixels"
    assert found.volumes == (30.0, 70.0)


def test_a_patient_without_a_tumour_has_no_size(design, table):
    frame = sized(table, [0.5, 0.6, np.nan, 0.7], [10, 20, 0, 40])
    frame.loc[2, "status"] = "both_empty"
    settings = ComparisonConfig(secondary=(), empty="brats")
    (found,) = compare([design("a", frame), design("b", frame)], settings).sizes
    assert len(found.volumes) == 4
    assert math.isnan(found.volumes[2])


def test_lesions_are_summed_over_patients_and_trainings(design, table):
    columns = {"lesions_truth": [2, 3], "lesions_found": [1, 3], "lesions_false": [0, 4]}
    frame = table([0.5, 0.6]).assign(**columns)
    once, twice = design("a", frame), design("b", frame, frame)
    found = compare([once, twice], ComparisonConfig(secondary=())).lesions
    assert [(r.design, r.truth, r.found, r.false) for r in found] == [
        ("a", 5, 4, 4),
        ("b", 10, 8, 8),
    ]


def test_tables_that_state_neither_have_neither(design):
    result = compare([design("a", [0.5, 0.6]), design("b", [0.4, 0.7])], ComparisonConfig())
    assert result.sizes == ()
    assert result.lesions == ()


@pytest.mark.parametrize(
    ("shape", "spacing", "unit"),
    [("", "", "voxels"), ("", "1x1x2", "ml"), ("20x20", "", "pixels"), ("20", "", None)],
)
def test_counts_of_voxels_need_no_grid(design, table, shape, spacing, unit):
    own = sized(table, [0.5, 0.6, 0.7], [10, 20, 30], shape=shape, spacing=spacing)
    sizes = compare([design("a", own), design("b", own)], ComparisonConfig(secondary=())).sizes
    assert [one.unit for one in sizes] == ([unit] if unit else [])
