"""The statistics against reference values worked out with other people's code."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from ablation.statistics import (
    clopper_pearson,
    cohens_dz,
    differences,
    hedges_factor,
    hodges_lehmann,
    holm,
    mean_interval,
    minimum_attainable_p,
    minimum_detectable_effect,
    paired_t,
    power_paired_t,
    signed_rank,
    superiority,
)

FILE = Path(__file__).parents[3] / "../shared/vectors/statistics.json"


@pytest.fixture(scope="module")
def vectors() -> dict[str, dict[str, Any]]:
    if not FILE.exists():
        pytest.skip(f"reference values are not here: {FILE}")
    content = json.loads(FILE.read_text())
    listed = content if isinstance(content, list) else content["vectors"]
    return {vector["name"]: vector for vector in listed}


def close(value: float | None, expected: float | None, tolerance: float = 1e-9) -> bool:
    if value is None or expected is None:
        return value is expected
    return math.isclose(value, expected, rel_tol=0, abs_tol=tolerance)


SIGNED_RANK = [
    "wilcoxon_exact_no_ties",
    "wilcoxon_exact_ties",
    "wilcoxon_exact_zeros_pratt",
    "wilcoxon_exact_zeros_wilcox",
    "wilcoxon_all_zero",
    "wilcoxon_float_ties",
    "wilcoxon_not_mean",
    "wilcoxon_ties_n14",
]


@pytest.mark.parametrize("name", SIGNED_RANK)
def test_signed_rank(vectors, name):
    inputs, expected = vectors[name]["inputs"], vectors[name]["expected"]
    d = inputs["d"] if "d" in inputs else differences(inputs["x"], inputs["y"])
    if inputs.get("zero_method") == "wilcox":
        d = [value for value in d if value != 0]  # the same test after dropping zeros first
    result = signed_rank(d)
    assert result.exact
    fields = ("n", "n_nonzero", "w_plus", "w_minus", "p_two_sided", "p_greater", "p_less")
    checked = [field for field in fields if field in expected]
    assert checked
    for field in checked:
        assert close(getattr(result, field), expected[field]), field
    for key, wrong in expected.items():
        if key.startswith("wrong_p"):
            assert not close(result.p_two_sided, wrong, 1e-6)


def test_signed_rank_of_many_patients(vectors, monkeypatch):
    vector = vectors["wilcoxon_asymptotic_n60"]
    d, expected = vector["inputs"]["d"], vector["expected"]
    exact = signed_rank(d)
    assert close(exact.p_two_sided, expected["p_exact_dp"])
    assert close(exact.w_plus, expected["w_plus"])
    monkeypatch.setattr("ablation.statistics.paired.EXACT_UP_TO", 50)
    normal = signed_rank(d)
    assert not normal.exact
    assert close(normal.p_two_sided, expected["p_normal"])


def test_normal_tails_with_ties(vectors, monkeypatch):
    vector = vectors["wilcoxon_exact_ties"]
    monkeypatch.setattr("ablation.statistics.paired.EXACT_UP_TO", 1)
    normal = signed_rank(vector["inputs"]["d"]).p_two_sided
    assert close(normal, vector["expected"]["p_normal_no_continuity"])


def test_paired_t(vectors):
    vector = vectors["paired_t"]
    result, expected = paired_t(vector["inputs"]["d"]), vector["expected"]
    assert close(result.t, expected["t"])
    assert result.df == expected["df"]
    assert close(result.p_two_sided, expected["p_two_sided"])
    assert close(result.interval.mean, expected["mean"])
    assert close(result.interval.sd, expected["sd"])
    assert close(result.interval.low, expected["ci95"][0])
    assert close(result.interval.high, expected["ci95"][1])


def test_paired_is_not_unpaired(vectors):
    vector = vectors["unpaired_trap"]
    p = paired_t(differences(vector["inputs"]["a"], vector["inputs"]["b"])).p_two_sided
    assert close(p, vector["expected"]["paired_t_p"])


def test_d_z(vectors):
    vector = vectors["d_z_ci"]
    result, expected = cohens_dz(vector["inputs"]["d"]), vector["expected"]
    assert close(result.d_z, expected["d_z"])
    assert close(result.low, expected["ci95"][0], 1e-7)
    assert close(result.high, expected["ci95"][1], 1e-7)
    assert close(hedges_factor(7), expected["hedges_J"])
    assert close(result.g_z, expected["g_z"])
    assert not close(result.d_z, expected["wrong_ddof0"], 1e-3)


@pytest.mark.parametrize("name", ["hodges_lehmann", "hodges_lehmann_n5"])
def test_hodges_lehmann(vectors, name):
    vector = vectors[name]
    result, expected = hodges_lehmann(vector["inputs"]["d"]), vector["expected"]
    low, high = expected["ci"] or (None, None)
    assert close(result.estimate, expected["estimate"])
    assert close(result.low, low)
    assert close(result.high, high)
    level = expected.get("attained_level", expected.get("attained_max_level"))
    assert close(result.attained_level, level)


def test_superiority_is_counted_within_patients(vectors):
    vector = vectors["rank_biserial"]
    result = superiority(differences(vector["inputs"]["a"], vector["inputs"]["b"]))
    assert close(result.share, vector["expected"]["superiority_paired"])
    assert not close(result.share, vector["expected"]["wrong_unpaired_cles"], 1e-3)


@pytest.mark.parametrize("name", ["superiority_ci_6_8", "superiority_ci_8_8"])
def test_superiority_interval(vectors, name):
    vector = vectors[name]
    low, high = clopper_pearson(vector["inputs"]["n_better"], vector["inputs"]["n"])
    assert close(low, vector["expected"]["ci95"][0])
    assert close(high, vector["expected"]["ci95"][1])


def test_holm(vectors):
    vector = vectors["holm"]
    assert holm(vector["inputs"]["p"]) == pytest.approx(vector["expected"]["adjusted"], abs=1e-12)


def test_minimum_attainable_p(vectors):
    vector = vectors["wilcoxon_min_p"]
    values = [minimum_attainable_p(n) for n in vector["inputs"]["n"]]
    assert values == vector["expected"]["two_sided"]


def test_power(vectors):
    vector = vectors["power_paired_t"]
    assert close(power_paired_t(20, 0.5), vector["expected"]["power"], vector["tolerance"])


def test_minimum_detectable_effect(vectors):
    vector = vectors["mde_paired_t"]
    for n, expected in zip(vector["inputs"]["n"], vector["expected"]["d_z"], strict=True):
        assert close(minimum_detectable_effect(n), expected, vector["tolerance"])


def test_a_spread_of_cases_is_not_an_interval_of_the_mean(vectors):
    vector = vectors["percentiles_are_not_ci"]
    interval, expected = mean_interval(vector["inputs"]["x"]), vector["expected"]
    assert close(interval.mean, expected["mean"])
    assert close(interval.low, expected["t_ci95"][0])
    assert close(interval.high, expected["t_ci95"][1])


def test_zero_variance(vectors):
    d = vectors["zero_variance"]["inputs"]["d"]
    expected = vectors["zero_variance"]["expected"]
    assert paired_t(d).t is None
    assert paired_t(d).p_two_sided is None
    assert paired_t(d).interval.low is None
    assert cohens_dz(d).d_z is None
    assert close(signed_rank(d).p_two_sided, expected["wilcoxon_p"])
    assert close(hodges_lehmann(d).estimate, expected["hodges_lehmann"])


def test_one_patient(vectors):
    d = vectors["n_one"]["inputs"]["d"]
    assert paired_t(d).interval.mean == 0.1
    assert paired_t(d).interval.sd is None
    assert paired_t(d).p_two_sided is None
    assert signed_rank(d).p_two_sided == 1.0
    assert cohens_dz(d).d_z is None
    assert hodges_lehmann(d).estimate == 0.1
    assert hodges_lehmann(d).low is None


def test_two_patients(vectors):
    d, expected = vectors["n_two"]["inputs"]["d"], vectors["n_two"]["expected"]
    assert close(paired_t(d).interval.mean, expected["mean"])
    assert close(paired_t(d).t, expected["t"])
    assert close(paired_t(d).p_two_sided, expected["t_p"])
    assert close(signed_rank(d).p_two_sided, expected["wilcoxon_p"])
    assert close(cohens_dz(d).d_z, expected["d_z"])
    assert close(minimum_attainable_p(2), expected["min_p"])
