"""Wilcoxon's test as other programs print it, against scipy's own variants."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ablation.statistics.printed import printed_wilcoxon

RNG = np.random.default_rng(7)


@pytest.mark.parametrize("n", [1, 2, 5, 13, 50, 120])
def test_without_ties_every_variant_is_scipys(n):
    d = RNG.normal(0.02, 0.1, n)
    found = printed_wilcoxon(d)
    assert found.statistic == stats.wilcoxon(d).statistic
    assert found.v == stats.wilcoxon(d, alternative="greater").statistic
    assert found.p_exact == pytest.approx(stats.wilcoxon(d, method="exact").pvalue)
    assert found.p_untied == pytest.approx(found.p_exact)
    normal = {c: stats.wilcoxon(d, method="asymptotic", correction=c).pvalue for c in (False, True)}
    assert (found.p_normal, found.p_continuity) == pytest.approx((normal[False], normal[True]))


def test_ties_and_zeros_as_scipy_has_them():
    d = np.array([0.0, 0.1, 0.1, -0.2, 0.3, 0.3, 0.0, 0.4, -0.1, 0.5])
    found = printed_wilcoxon(d)
    assert found.n == 8
    for correction, p in ((False, found.p_normal), (True, found.p_continuity)):
        theirs = stats.wilcoxon(d, method="asymptotic", correction=correction)
        assert (found.statistic, p) == (theirs.statistic, pytest.approx(theirs.pvalue))
    signs = np.array(np.meshgrid(*[[-1, 1]] * 8)).reshape(8, -1)
    ranks = stats.rankdata(np.abs(d[d != 0]))
    sums = (ranks[:, None] * (signs > 0)).sum(axis=0)
    assert found.p_exact == pytest.approx(2 * (sums <= found.statistic).mean())


def test_the_table_for_untied_ranks_is_what_scipy_used_on_ties():
    # W+ = 29.5 of 8 tied differences: scipy 1.11 and 1.14 print 0.1484, the exact value is 0.1406.
    d = [0.03, -0.01, 0.05, 0.03, 0.05, -0.03, 0.07, 0.06]
    ranks = stats.rankdata(np.abs(d))
    found = printed_wilcoxon(d)
    assert found.v == ranks[np.array(d) > 0].sum()
    untied = 2 * min((_sums(8) <= np.floor(found.v)).mean(), (_sums(8) >= np.floor(found.v)).mean())
    assert found.p_untied == pytest.approx(untied)


def _sums(n: int) -> np.ndarray:
    signs = np.array(np.meshgrid(*[[0, 1]] * n)).reshape(n, -1)
    return np.arange(1, n + 1) @ signs


def test_no_difference_at_all():
    found = printed_wilcoxon([0.0, 0.0])
    assert (found.n, found.statistic, found.p_exact, found.p_normal) == (0, 0.0, 1.0, 1.0)


def test_beyond_500_patients_only_the_normal_law():
    found = printed_wilcoxon(RNG.normal(size=501))
    assert (found.p_exact, found.p_untied) == (None, None)


def test_nothing_is_rounded():
    tied = printed_wilcoxon([0.1, -0.1, 0.2])
    noisy = printed_wilcoxon([0.3 - 0.2, -(0.4 - 0.3), 0.2])
    assert tied.statistic == 1.5
    assert noisy.statistic == stats.wilcoxon([0.3 - 0.2, -(0.4 - 0.3), 0.2]).statistic != 1.5
