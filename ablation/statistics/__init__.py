"""Paired statistics on patients: pure functions of numbers, no I/O and no random state."""

from ablation.statistics.effects import (
    EffectSize,
    HodgesLehmann,
    Superiority,
    clopper_pearson,
    cohens_dz,
    hedges_factor,
    hodges_lehmann,
    superiority,
)
from ablation.statistics.multiplicity import holm
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
from ablation.statistics.power import (
    minimum_attainable_p,
    minimum_detectable_effect,
    patients_needed,
    power_paired_t,
)

__all__ = [
    "EffectSize",
    "HodgesLehmann",
    "MeanInterval",
    "PairedT",
    "SignedRank",
    "Superiority",
    "clopper_pearson",
    "cohens_dz",
    "differences",
    "hedges_factor",
    "hodges_lehmann",
    "holm",
    "is_constant",
    "mean_interval",
    "minimum_attainable_p",
    "minimum_detectable_effect",
    "paired_t",
    "patients_needed",
    "power_paired_t",
    "signed_rank",
    "superiority",
]
