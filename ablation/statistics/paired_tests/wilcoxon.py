"""Wilcoxon's signed-rank test, with the Hodges-Lehmann shift."""

from __future__ import annotations

from ablation.statistics.paired_tests import spec
from ablation.statistics.paired_tests.spec import Answer, Estimate, Method, PairedTest


def _run(d: spec.Array, alternative: spec.Alternative, _: spec.Rng) -> Answer:
    from ablation.statistics.paired import signed_rank

    found = signed_rank(d)
    p = found.p_greater if alternative == "greater" else found.p_two_sided
    return Answer(p, found.z, Method.EXACT if found.exact else Method.NORMAL)


def _estimate(d: spec.Array, level: float) -> Estimate:
    from ablation.statistics.effects import hodges_lehmann

    found = hodges_lehmann(d, level)
    return Estimate(found.estimate, found.low, found.high)


_TEST = "Wilcoxon signed-rank test [@wilcoxon1945] with {} and zeros by Pratt [@pratt1959]"

WILCOXON = PairedTest(
    name="wilcoxon",
    short="Wilcoxon",
    label="Wilcoxon signed-rank",
    run=_run,
    smallest_p=spec.smallest_exact_p,
    fewest_patients=spec.fewest_for_exact,
    estimate=_estimate,
    estimate_label="Hodges-Lehmann shift",
    sentences={
        Method.EXACT: _TEST.format("the exact null distribution given ties"),
        Method.NORMAL: _TEST.format("a normal approximation corrected for ties"),
    },
)
