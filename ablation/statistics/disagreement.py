"""When the mean and the ranks of the same differences tell different stories."""

from __future__ import annotations

from ablation.statistics.effects import HodgesLehmann
from ablation.statistics.paired import PairedT, SignedRank
from ablation.statistics.power import minimum_attainable_p


def mean_and_rank_disagree(
    t: PairedT, rank: SignedRank, shift: HodgesLehmann, alpha: float = 0.05
) -> bool:
    """Tell whether most patients go one way and a few, strongly, the other.

    The mean and the Hodges-Lehmann shift have opposite signs, or just one of the two tests is
    significant although both could be. The signed-rank test is not one of the mean.
    """
    if t.interval.mean * shift.estimate < 0:
        return True
    if t.p_two_sided is None or minimum_attainable_p(rank.n) >= alpha:
        return False
    return (t.p_two_sided < alpha) != (rank.p_two_sided < alpha)
