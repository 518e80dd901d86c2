"""Every reference value, worked out with other people's code, against the function it is for.

An answer holds our value for each key expected. Keys `wrong_*` are what naive code gives: the
answer names the value of ours that must differ from it. Nothing is left out without a reason.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ablation.comparison import Design, compare
from ablation.comparison.analysis.empties import scores_under
from ablation.config.sections import ComparisonConfig
from ablation.metrics.cases import score_case
from ablation.metrics.empty import distance_penalty, has_lesion, with_penalties
from ablation.metrics.overlap import VoxelCounts, count_voxels
from ablation.metrics.registry import METRICS
from ablation.metrics.surface import asd, hd, hd95, masd, nsd, surface_distances
from ablation.statistics import (
    bayes,
    clusters,
    effects,
    equivalence,
    median,
    multiplicity,
    paired,
    permutation,
    power,
    profile,
    ranking,
    repeats,
    resampling,
    stability,
)
from ablation.statistics import rank_biserial as biserial

FILE = Path(__file__).parents[2] / "vectors/statistics.json"
VECTORS = {v["name"]: v for v in json.loads(FILE.read_text())}

LATER = {
    "nemenyi_cd": "Nemenyi's test is not offered: its verdict on two designs depends on others",
    "nemenyi_pairwise": "as nemenyi_cd",
    "nemenyi_pool_dependence": "as nemenyi_cd",
    "bayes_correlated_t": "the posterior for folds is not offered yet",
    "maxt_sign_flip": "the correction by joint sign flips is not offered yet",
    "shapley_3": "planned ablations",
    "factorial_effects_3": "planned ablations",
    "shapley_per_patient": "planned ablations",
    "fractional_designs": "planned ablations",
}
LATER_KEYS = {
    "clustered_tests": [
        "rosner_cluster_signed_rank_sums",
        "rosner_T",
        "rosner_exact_signflip_p",
        "datta_satten_T",
        "datta_satten_V",
        "datta_satten_Z",
        "datta_satten_p",
    ]
}
# Values of other tools and definitions; ours is another key of the same vector.
OTHERS = ("deepmind_", "monai_", "hd95_pooled", "scipy_auto_p", "p_normal_continuity", "J_approx")
WORDS = ("note", "rule", "story", "method")

Inputs = Mapping[str, Any]
Answer = dict[str, Any]
ANSWERS: dict[str, Callable[[Inputs], Answer]] = {}


def answers(*names: str) -> Callable[[Callable[[Inputs], Answer]], Callable[[Inputs], Answer]]:
    def register(function: Callable[[Inputs], Answer]) -> Callable[[Inputs], Answer]:
        ANSWERS.update(dict.fromkeys(names, function))
        return function

    return register


def close(value: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(expected, Mapping):
        return all(close(value[key], item, tolerance) for key, item in expected.items())
    if isinstance(expected, list):
        same = (close(v, e, tolerance) for v, e in zip(value, expected, strict=True))
        return value is not None and all(same)
    if expected is None or value is None or isinstance(expected, str | bool):
        return value is expected or value == expected
    return math.isclose(value, expected, rel_tol=0, abs_tol=tolerance)


def test_no_reference_value_is_forgotten():
    assert set(VECTORS) == set(ANSWERS) | set(LATER)
    assert not set(ANSWERS) & set(LATER)


@pytest.mark.parametrize("name", sorted(VECTORS.keys() - LATER.keys()))
def test_our_value_equals_the_reference(name):
    vector = VECTORS[name]
    ours, tolerance = ANSWERS[name](vector["inputs"]), vector["tolerance"]
    left_out = (*WORDS, *LATER_KEYS.get(name, ()))
    checked = 0
    for key, expected in vector["expected"].items():
        if key in left_out or key.startswith(OTHERS):
            continue
        if key.startswith("wrong_"):
            assert not close(ours[key], expected, 10 * tolerance), key
        else:
            assert close(ours[key], expected, tolerance), (key, ours[key], expected)
        checked += 1
    assert checked


def test_the_comparison_of_values_can_fail():
    assert not close([0.1, 0.2], [0.1, 0.3], 1e-9)
    assert not close(None, 0.1, 1e-9)
    assert not close(0.1, None, 1e-9)
    assert not close({"a": 1.0}, {"a": 2.0}, 1e-9)


# One difference per patient.


@answers(*[name for name in VECTORS if name.startswith("wilcoxon_") and name != "wilcoxon_min_p"])
def signed_rank(inputs: Inputs) -> Answer:
    d = inputs["d"] if "d" in inputs else paired.differences(inputs["x"], inputs["y"]).tolist()
    if inputs.get("zero_method") == "wilcox":
        d = [value for value in d if value != 0]  # the same test after dropping zeros first
    result, correlation = paired.signed_rank(d), biserial.rank_biserial(d)
    sides = {"p_greater": result.p_greater, "p_less": result.p_less}
    normal = stats.norm.sf(abs(result.z)) * 2
    return {
        "n": result.n,
        "n_nonzero": result.n_nonzero,
        "w_plus": result.w_plus,
        "w_minus": result.w_minus,
        "z": result.z,
        "p_two_sided": result.p_two_sided,
        **sides,
        "p_exact_dp": result.p_two_sided,
        "p_normal": normal,
        "p_normal_no_continuity": normal,
        "rank_biserial": correlation.value,
        "rank_biserial_zeros_dropped": correlation.value,
        "rank_biserial_pratt": correlation.pratt,
        "mean": float(np.mean(d)),
        "median": median.median_interval(d).estimate if len(d) else None,
        "hodges_lehmann": effects.hodges_lehmann(d).estimate,
        "t_p": paired.paired_t(d).p_two_sided,
        "sign_test_p": permutation.sign_test(d).p_two_sided,
        "wrong_p_scipy_method_exact": result.p_two_sided,
        "wrong_scipy_zstatistic": result.z,
        "wrong_w_plus_without_rounding": result.w_plus,
        "wrong_p_without_rounding": result.p_two_sided,
    }


@answers("wilcoxon_min_p")
def smallest_p(inputs: Inputs) -> Answer:
    return {"two_sided": [power.minimum_attainable_p(n) for n in inputs["n"]]}


@answers("paired_t")
def paired_t(inputs: Inputs) -> Answer:
    result = paired.paired_t(inputs["d"])
    i = result.interval
    return {
        "mean": i.mean,
        "sd": i.sd,
        "t": result.t,
        "df": result.df,
        "p_two_sided": result.p_two_sided,
        "ci95": [i.low, i.high],
    }


@answers("unpaired_trap")
def paired_not_unpaired(inputs: Inputs) -> Answer:
    d = paired.differences(inputs["a"], inputs["b"])
    p = paired.paired_t(d).p_two_sided
    return {
        "paired_t_p": p,
        "wrong_welch_p": p,
        "wrong_mann_whitney_p": paired.signed_rank(d).p_two_sided,
    }


@answers("sign_flip_mean_exact")
def sign_flip(inputs: Inputs) -> Answer:
    result = permutation.sign_flip(inputs["d"], np.random.default_rng(0))
    assert result.exact
    return {"p_two_sided": result.p_two_sided, "n_flips": result.flips}


@answers("sign_test")
def sign_test(inputs: Inputs) -> Answer:
    result = permutation.sign_test(inputs["d"])
    return {
        "n_pos": result.n_positive,
        "n_nonzero": result.n_nonzero,
        "p_two_sided": result.p_two_sided,
    }


@answers("mc_permutation_p")
def monte_carlo(inputs: Inputs) -> Answer:
    p = permutation.monte_carlo_p(inputs["exceed"], inputs["resamples"])
    return {"p": p, "wrong_p": p}


@answers("zero_variance", "n_one", "n_two")
def degenerate(inputs: Inputs) -> Answer:
    d = inputs["d"]
    t = paired.paired_t(d)
    flip = permutation.sign_flip(d, np.random.default_rng(0))
    return {
        "mean": t.interval.mean,
        "ci": None if t.interval.low is None else [t.interval.low, t.interval.high],
        "p": paired.signed_rank(d).p_two_sided,
        "t": t.t,
        "t_p": t.p_two_sided,
        "d_z": effects.cohens_dz(d).d_z,
        "sign_flip_p": flip.p_two_sided,
        "wilcoxon_p": paired.signed_rank(d).p_two_sided,
        "rank_biserial": biserial.rank_biserial(d).value,
        "hodges_lehmann": effects.hodges_lehmann(d).estimate,
        "min_p": power.minimum_attainable_p(len(d)),
        "wrong_scipy_t_p": t.p_two_sided,
    }


# Effects and intervals.


@answers("d_z_ci")
def d_z(inputs: Inputs) -> Answer:
    result = effects.cohens_dz(inputs["d"], inputs["level"])
    return {
        "d_z": result.d_z,
        "ci95": [result.low, result.high],
        "hedges_J": effects.hedges_factor(len(inputs["d"]) - 1),
        "g_z": result.g_z,
        "g_z_ci95": [result.g_low, result.g_high],
        "wrong_ddof0": result.d_z,
    }


@answers("d_av")
def d_av(inputs: Inputs) -> Answer:
    result = effects.cohens_dav(inputs["a"], inputs["b"])
    return {
        "d_av": result.d_av,
        "g_av": result.g_av,
        "d_z": effects.cohens_dz(paired.differences(inputs["a"], inputs["b"])).d_z,
        "r": result.correlation,
        "sd_a": result.sd_candidate,
        "sd_b": result.sd_reference,
    }


@answers("rank_biserial")
def rank_biserial(inputs: Inputs) -> Answer:
    d = paired.differences(inputs["a"], inputs["b"])
    share = effects.superiority(d).share
    return {
        "rbc": biserial.rank_biserial(d).value,
        "superiority_paired": share,
        "wrong_unpaired_cles": share,
    }


@answers("superiority_ci_6_8", "superiority_ci_8_8")
def superiority(inputs: Inputs) -> Answer:
    better, n = inputs["n_better"], inputs["n"]
    result = effects.superiority([0.1] * better + [-0.1] * (n - better))
    assert effects.clopper_pearson(better, n) == (result.low, result.high)
    return {"estimate": result.share, "ci95": [result.low, result.high]}


@answers("hodges_lehmann", "hodges_lehmann_n5")
def hodges_lehmann(inputs: Inputs) -> Answer:
    result = effects.hodges_lehmann(inputs["d"], inputs["level"])
    return {
        "estimate": result.estimate,
        "ci": None if result.low is None else [result.low, result.high],
        "attained_level": result.attained_level,
        "attained_max_level": result.attained_level,
    }


def every_resample(n: int) -> np.ndarray:
    """Counts of all n^n draws, so that nothing is left to chance."""
    draws = itertools.product(range(n), repeat=n)
    return np.asfortranarray([np.bincount(draw, minlength=n) for draw in draws], float)


@answers("bootstrap_ideal_n5")
def bootstrap(inputs: Inputs) -> Answer:
    statistic, counts = resampling.mean_of(inputs["d"]), every_resample(5)
    percentile = resampling.percentile_interval(statistic, counts)
    bca = resampling.bca_interval(statistic, counts, at_least=5)
    t = paired.mean_interval(inputs["d"])
    assert bca.method == "BCa"
    draws = statistic(counts)
    return {
        "percentile95": [percentile.low, percentile.high],
        "bca95": [bca.low, bca.high],
        "z0": bca.z0,
        "acceleration": bca.acceleration,
        "adjusted_levels": bca.levels,
        # All resamples are the population, not a sample of it.
        "boot_se": bca.se * math.sqrt((draws.size - 1) / draws.size),
        "t_ci95": [t.low, t.high],
    }


@answers("cluster_bootstrap_ideal")
def cluster_bootstrap(inputs: Inputs) -> Answer:
    groups, counts = list(inputs["diffs_by_patient"].values()), every_resample(5)
    result = resampling.percentile_interval(clusters.mean_of_patients(groups), counts)
    return {
        "mean_of_patient_means": result.estimate,
        "slice_weighted_mean": clusters.mean_of_cases(groups)(np.ones((1, 5)))[0],
        "percentile95": [result.low, result.high],
    }


@answers("median_order_ci")
def median_order(inputs: Inputs) -> Answer:
    ranks = median.order_ranks(inputs["n"], inputs["level"])
    return {
        "lower_rank_1based": ranks.low,
        "upper_rank_1based": ranks.high,
        "coverage": ranks.level,
    }


@answers("percentiles_are_not_ci")
def spread_is_no_interval(inputs: Inputs) -> Answer:
    result = paired.mean_interval(inputs["x"])
    ci = [result.low, result.high]
    return {"mean": result.mean, "t_ci95": ci, "wrong_percentiles_2_5_97_5": ci}


@answers("performance_profile")
def performance_profile(inputs: Inputs) -> Answer:
    return {"fraction_greater": list(profile.performance_profile(inputs["scores"], inputs["tau"]))}


# Families, ranks, decisions.


@answers("holm")
def holm(inputs: Inputs) -> Answer:
    return {"adjusted": multiplicity.holm(inputs["p"])}


@answers("bh")
def bh(inputs: Inputs) -> Answer:
    return {"adjusted": multiplicity.benjamini_hochberg(inputs["p"])}


@answers("friedman_ties")
def friedman(inputs: Inputs) -> Answer:
    result = ranking.friedman(inputs["scores"], higher_is_better=inputs["higher_is_better"])
    return {
        "mean_ranks": result.mean_ranks,
        "chi2": result.chi2,
        "df": result.df,
        "p_chi2": result.p_chi2,
        "iman_davenport_F": result.f,
        "p_F": result.p_f,
        "kendall_w": result.kendall_w,
    }


@answers("cd_cliques")
def cliques(inputs: Inputs) -> Answer:
    pairs = [tuple(pair) for pair in inputs["significant_pairs_after_holm"]]
    return {"bars": [list(b) for b in ranking.groups(inputs["models_in_rank_order"], pairs).bars]}


@answers("rank_stability_ideal")
def stability_of_ranks(inputs: Inputs) -> Answer:
    result = stability.rank_stability(inputs["scores"], every_resample(5), higher_is_better=True)
    first = result.p_first
    return {"p_A_first": first[0], "p_tie": result.p_tie, "p_B_first": first[1]}


@answers("rank_then_aggregate")
def schemes(inputs: Inputs) -> Answer:
    result = ranking.schemes(inputs["scores"], higher_is_better=True)
    assert not result.agree
    by_mean, by_rank, _ = ([inputs["models"][i] for i in first] for first in result.winners)
    return {
        "means": result.means,
        "mean_then_rank_winner": by_mean[0],
        "mean_ranks": result.mean_ranks,
        "rank_then_mean_winner": by_rank[0],
    }


@answers("tost_paired")
def tost(inputs: Inputs) -> Answer:
    result = equivalence.tost(inputs["d"], inputs["margin"])
    return {
        "mean": result.mean,
        "p_lower": result.p_lower,
        "p_upper": result.p_upper,
        "p_tost": result.p,
        "ci90": [result.low, result.high],
        "equivalent_at_0_05": result.equivalent,
    }


@answers("bayes_signed_rank")
def posterior(inputs: Inputs) -> Answer:
    rng = np.random.default_rng(0)
    result = bayes.bayesian_signed_rank(inputs["d"], inputs["rope"], rng, inputs["samples"])
    regions = {"prob_region_largest": result.largest, "mean_theta": result.theta}
    return {
        key: {name: getattr(value, name) for name in ("worse", "rope", "better")}
        for key, value in regions.items()
    }


@answers("power_paired_t")
def power_of_t(inputs: Inputs) -> Answer:
    return {"power": power.power_paired_t(inputs["n"], inputs["d_z"], inputs["alpha"])}


@answers("mde_paired_t")
def detectable(inputs: Inputs) -> Answer:
    effects = [
        power.minimum_detectable_effect(n, inputs["alpha"], inputs["power"]) for n in inputs["n"]
    ]
    return {"d_z": effects, "wilcoxon_d_z_inflation": power.WILCOXON_INFLATION}


# Seeds, folds, cases of one patient.


@answers("nadeau_bengio")
def nadeau_bengio(inputs: Inputs) -> Answer:
    result = repeats.corrected_resampled_t(inputs["d"], inputs["test_train_ratio"])
    return {
        "t": result.t,
        "df": result.df,
        "p_two_sided": result.p_two_sided,
        "ci95": [result.low, result.high],
        "wrong_naive_t": result.t,
        "wrong_naive_p": result.p_two_sided,
    }


@answers("crossed_patient_seed")
def crossed(inputs: Inputs) -> Answer:
    result = repeats.crossed(inputs["D"])
    recipe, these = result.recipe, result.recipe.these_weights
    return {
        "mean": recipe.mean,
        "ms_patient": result.squares.patient,
        "ms_seed": result.squares.seed,
        "ms_resid": result.squares.rest,
        "var_patient": result.var_patient,
        "var_seed": result.var_seed,
        "var_resid": result.var_rest,
        "se_recipe": recipe.se,
        "df_satterthwaite": recipe.df,
        "ci95_recipe": [recipe.low, recipe.high],
        "se_these_models": these.sd / math.sqrt(these.n),
        "ci95_these_models": [these.low, these.high],
        "wrong_se_pooled": recipe.se,
    }


@answers("winners_curse")
def winners_curse(inputs: Inputs) -> Answer:
    return {"expected_max": [repeats.expected_best_of(k) for k in inputs["k"]]}


@answers("icc_design_effect")
def icc(inputs: Inputs) -> Answer:
    result = clusters.clustering(inputs["diffs"])
    return {
        "ms_between": result.ms_between,
        "ms_within": result.ms_within,
        "icc1": result.icc,
        "design_effect": result.design_effect,
        "n_effective": result.n_effective,
    }


@answers("clustered_tests")
def clustered(inputs: Inputs) -> Answer:
    means = [float(np.mean(values)) for values in inputs["diffs_by_patient"].values()]
    t, rank = paired.paired_t(means), paired.signed_rank(means)
    return {
        "patient_means": means,
        "patient_t": t.t,
        "patient_t_p": t.p_two_sided,
        "patient_wilcoxon_p": rank.p_two_sided,
        "wrong_slice_t_p": t.p_two_sided,
        "wrong_slice_wilcoxon_p": rank.p_two_sided,
    }


# Pairs: through the comparison itself, which joins by id.


def table(values: list[float | None], ids: list[str] | None = None) -> pd.DataFrame:
    """A per-case table; a case without a value was never scored."""
    ids = ids or [f"p{i}" for i in range(len(values))]
    frame = pd.DataFrame({"patient": ids, "case": ids, "dice": values}).dropna()
    return frame.assign(
        target="WT",
        split="test",
        status="scored",
        hd95=1.0,
        shape="10x12",
        spacing="1x1",
        distance_unit="mm",
        truth_hash="",
    )


def pair(inputs: Inputs, **settings: str) -> Any:
    """The first analysis of designs a and b."""
    designs = [Design(name, (table(inputs[name], inputs.get(f"ids_{name}")),)) for name in "ab"]
    return compare(designs, ComparisonConfig(secondary=(), **settings)).primary


@answers("pair_by_id")
def by_id(inputs: Inputs) -> Answer:
    d = list(pair(inputs).contrasts[0].d)
    return {"d_by_id": d, "wrong_d_by_row": d}


@answers("nan_mispairing", "dabest_nan_mispair")
def missing(inputs: Inputs) -> Answer:
    shared, worst = pair(inputs, missing="intersection"), pair(inputs, missing="worst")
    means = [summary.interval.mean for summary in shared.summaries]
    return {
        "intersection_means": means,
        "worst_case_means": [summary.interval.mean for summary in worst.summaries],
        "n_pairs": shared.contrasts[0].n,
        "mean_b_minus_a": -shared.contrasts[0].t.interval.mean,
        "wrong_nanmeans": means,
        "wrong_mean_when_nan_dropped_per_arm": -shared.contrasts[0].t.interval.mean,
    }


# Masks and what they are worth.


def draw(shape: list[int], boxes: list[list[list[int]]]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    for box in boxes:
        mask[tuple(slice(*side) for side in box)] = True
    return mask


@answers(*[name for name in VECTORS if name.startswith("mask")])
def masks(inputs: Inputs) -> Answer:
    truth, prediction = (draw(inputs["shape"], inputs[f"{k}_boxes"]) for k in ("truth", "pred"))
    between = surface_distances(truth, prediction, inputs["spacing_mm"])
    counts = count_voxels(truth, prediction)
    ratios = ("dice", "iou", "precision", "recall", "specificity")
    return {
        "n_pred": between.of_prediction.size,
        "n_truth": between.of_truth.size,
        "hd": hd(between),
        "hd95": hd95(between),
        "asd_pred_to_truth": between.of_prediction.mean(),
        "asd_truth_to_pred": between.of_truth.mean(),
        "assd": asd(between),
        "masd": masd(between),
        "nsd": nsd(between, inputs["nsd_tolerance_mm"]),
        **{name: getattr(counts, name) for name in ratios},
    }


@answers("penalty_diagonal", "penalty_diagonal_aniso")
def penalty(inputs: Inputs) -> Answer:
    return {"penalty_mm": distance_penalty(inputs["shape"], inputs["spacing_mm"])}


@answers("empty_rules")
def empty_rules(inputs: Inputs) -> Answer:
    box = draw(inputs["shape"], [inputs["truth_box"]])
    none = np.zeros_like(box)

    def scored(truth: np.ndarray, prediction: np.ndarray) -> Answer:
        row = score_case("P", "P", "test", "WT", truth, prediction, None, inputs["spacing_mm"], "h")
        filled = with_penalties(pd.DataFrame([row])).iloc[0]
        names = ("dice", "iou", "precision", "recall", "specificity", "nsd", "hd95", "asd")
        values = {name: None if pd.isna(filled[name]) else filled[name] for name in names}
        entering = bool(has_lesion(pd.DataFrame([row]))[0])
        return {**values, "f1": values["dice"], "in_primary_analysis": entering}

    return {
        "missed": scored(box, none),
        "false_positive_truth_empty": scored(none, box),
        "both_empty": scored(none, none),
    }


@answers("volume_vs_slice_dice")
def volume_dice(inputs: Inputs) -> Answer:
    counts = np.array([inputs[key] for key in ("tp", "fp", "fn")]).T
    slices = [VoxelCounts(*row, tn=0).dice for row in counts.tolist()]
    volume = VoxelCounts(*counts.sum(axis=0).tolist(), tn=0).dice
    return {"volume_dice": volume, "mean_slice_dice": float(np.mean(slices))}


@answers("smoothing_trap")
def no_smoothing(inputs: Inputs) -> Answer:
    values = [VoxelCounts(**case, tn=5).dice for case in inputs["cases"]]
    correct = [None if math.isnan(value) else value for value in values]
    return {"correct": correct, "wrong_smooth1": correct}


@answers("specificity_crop")
def specificity(inputs: Inputs) -> Answer:
    truth = np.zeros(inputs["shape"], bool)
    truth.flat[: inputs["truth_voxels"]] = True
    counts = count_voxels(truth, np.zeros_like(truth))
    row = score_case("P", "P", "test", "WT", truth, np.zeros_like(truth), None, None, "h")
    return {
        "specificity": counts.specificity,
        "accuracy": counts.accuracy,
        "recall": counts.recall,
        "dice": counts.dice,
        "precision": with_penalties(pd.DataFrame([row])).loc[0, "precision"],
    }


@answers("duplicate_metrics")
def one_finding(inputs: Inputs) -> Answer:
    counts = VoxelCounts(**inputs, tn=60)
    return {
        "dice": counts.dice,
        "f1": counts.dice,
        "iou": counts.iou,
        "iou_from_dice": counts.dice / (2 - counts.dice),
        "precision": counts.precision,
        "recall": counts.recall,
    }


@answers("multi_slice_hd95")
def penalised_slices(inputs: Inputs) -> Answer:
    # A scan of 60 x 80 pixels of 1 mm has the diagonal of 100 mm asked for.
    assert distance_penalty((60, 80), (1, 1)) == inputs["penalty"]
    names = {(False, False): "scored", (False, True): "missed", (True, True): "both_empty"}
    status = [names[row["truth_empty"], row["pred_empty"]] for row in inputs["slices"]]
    values = [math.nan if row["hd95"] is None else row["hd95"] for row in inputs["slices"]]
    rows = pd.DataFrame({"status": status, "hd95": values, "hd": values, "precision": 0.5})
    rows = rows.assign(asd=1.0, masd=1.0, shape="60x80", spacing="1x1", distance_unit="mm")
    mean, excluded = (
        float(scores_under(rows, METRICS["hd95"], policy).mean())
        for policy in ("penalty", "exclude")
    )
    return {
        "primary_mean": mean,
        "excluded_mean": excluded,
        "wrong_zero_fill_mean": mean,
        "wrong_nan_drop_all": mean,
    }
