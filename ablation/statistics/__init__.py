"""Paired statistics on patients: pure functions of numbers, no I/O and no global random state.

paired.py         signed-rank and t test of one difference per patient; printed.py  as elsewhere
permutation.py    sign flips of the mean, sign test
effects.py        d_z, d_av, Hodges-Lehmann shift, superiority;  rank_biserial.py, median.py
resampling.py     draws of patients, percentile and BCa intervals
multiplicity.py   p-values of a family;  ranking.py, stability.py  several designs at once
equivalence.py    too small to matter;  bayes.py  how probable better, worse, the same are
clusters.py       cases of one patient;  repeats.py  seeds and folds as a source of chance
disagreement.py   mean against ranks
power.py          what a number of patients can show;  noncentral.py  the distribution behind it
profile.py        share of patients above every score;  trend.py  a difference over tumour size
tuning.py         the best of so many trials of a search
"""

from ablation.statistics.bayes import (
    BayesianSignedRank,
    Regions,
    bayesian_signed_rank,
)
from ablation.statistics.clusters import (
    Clustering,
    clustering,
    mean_of_cases,
    mean_of_patients,
)
from ablation.statistics.disagreement import mean_and_rank_disagree
from ablation.statistics.effects import (
    AverageEffect,
    EffectSize,
    HodgesLehmann,
    Superiority,
    clopper_pearson,
    cohens_dav,
    cohens_dz,
    hedges_factor,
    hodges_lehmann,
    superiority,
)
from ablation.statistics.equivalence import (
    Equivalence,
    tost,
)
from ablation.statistics.median import (
    MedianInterval,
    OrderRanks,
    median_interval,
    order_ranks,
)
from ablation.statistics.multiplicity import (
    CORRECTIONS,
    Correction,
    benjamini_hochberg,
    holm,
    unadjusted,
)
from ablation.statistics.paired import (
    MeanInterval,
    PairedT,
    SignedRank,
    differences,
    is_constant,
    mean_interval,
    paired_t,
    signed_rank,
)
from ablation.statistics.permutation import (
    SignFlip,
    SignTest,
    monte_carlo_p,
    sign_flip,
    sign_test,
)
from ablation.statistics.power import (
    WILCOXON_INFLATION,
    minimum_attainable_p,
    minimum_detectable_effect,
    patients_needed,
    power_paired_t,
)
from ablation.statistics.printed import (
    PrintedWilcoxon,
    printed_wilcoxon,
)
from ablation.statistics.profile import (
    performance_profile,
)
from ablation.statistics.rank_biserial import (
    RankBiserial,
    rank_biserial,
)
from ablation.statistics.ranking import (
    Friedman,
    Groups,
    Schemes,
    friedman,
    groups,
    kendall_tau,
    patient_ranks,
    schemes,
)
from ablation.statistics.repeats import (
    CorrectedT,
    Crossed,
    MeanSquares,
    Recipe,
    corrected_resampled_t,
    crossed,
    expected_best_of,
    mean_squares,
    unpaired_seeds,
)
from ablation.statistics.resampling import (
    BootstrapInterval,
    Statistic,
    bca_interval,
    leave_one_out_counts,
    mean_of,
    patient_counts,
    percentile_interval,
    stream,
)
from ablation.statistics.stability import (
    LeaveOneOut,
    RankStability,
    leave_one_out_winner,
    rank_stability,
)
from ablation.statistics.trend import (
    Trend,
    trend,
)
from ablation.statistics.tuning import TuningCurve, best_of_trials, tuning_curve

__all__ = [
    "CORRECTIONS",
    "WILCOXON_INFLATION",
    "AverageEffect",
    "BayesianSignedRank",
    "BootstrapInterval",
    "Clustering",
    "CorrectedT",
    "Correction",
    "Crossed",
    "EffectSize",
    "Equivalence",
    "Friedman",
    "Groups",
    "HodgesLehmann",
    "LeaveOneOut",
    "MeanInterval",
    "MeanSquares",
    "MedianInterval",
    "OrderRanks",
    "PairedT",
    "PrintedWilcoxon",
    "RankBiserial",
    "RankStability",
    "Recipe",
    "Regions",
    "Schemes",
    "SignFlip",
    "SignTest",
    "SignedRank",
    "Statistic",
    "Superiority",
    "Trend",
    "TuningCurve",
    "bayesian_signed_rank",
    "bca_interval",
    "benjamini_hochberg",
    "best_of_trials",
    "clopper_pearson",
    "clustering",
    "cohens_dav",
    "cohens_dz",
    "corrected_resampled_t",
    "crossed",
    "differences",
    "expected_best_of",
    "friedman",
    "groups",
    "hedges_factor",
    "hodges_lehmann",
    "holm",
    "is_constant",
    "kendall_tau",
    "leave_one_out_counts",
    "leave_one_out_winner",
    "mean_and_rank_disagree",
    "mean_interval",
    "mean_of",
    "mean_of_cases",
    "mean_of_patients",
    "mean_squares",
    "median_interval",
    "minimum_attainable_p",
    "minimum_detectable_effect",
    "monte_carlo_p",
    "order_ranks",
    "paired_t",
    "patient_counts",
    "patient_ranks",
    "patients_needed",
    "percentile_interval",
    "performance_profile",
    "power_paired_t",
    "printed_wilcoxon",
    "rank_biserial",
    "rank_stability",
    "schemes",
    "sign_flip",
    "sign_test",
    "signed_rank",
    "stream",
    "superiority",
    "tost",
    "trend",
    "tuning_curve",
    "unadjusted",
    "unpaired_seeds",
]
