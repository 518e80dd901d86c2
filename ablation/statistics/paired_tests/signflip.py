"""The permutation test that flips the signs of whole patients, with the mean difference."""

from __future__ import annotations

from ablation.statistics.paired_tests import spec
from ablation.statistics.paired_tests.spec import Answer, Estimate, Method, PairedTest


def _run(d: spec.Array, alternative: spec.Alternative, rng: spec.Rng) -> Answer:
    from ablation.statistics.permutation import sign_flip

    found = sign_flip(d, rng)
    p = found.p_greater if alternative == "greater" else found.p_two_sided
    if found.exact:
        return Answer(p, found.mean, Method.EXACT)
    return Answer(p, found.mean, Method.DRAWN, found.flips)


def _smallest_p(n: int, alternative: spec.Alternative) -> float:
    from ablation.statistics.permutation import ENUMERATED_UP_TO, RESAMPLES, monte_carlo_p

    if n <= ENUMERATED_UP_TO:
        return spec.smallest_exact_p(n, alternative)
    return monte_carlo_p(0, RESAMPLES)


def _estimate(d: spec.Array, level: float) -> Estimate:
    import numpy as np

    from ablation.statistics.permutation import sign_flip_interval

    low, high = sign_flip_interval(d, level, np.random.default_rng(0)) or (None, None)
    return Estimate(float(np.mean(d)), low, high)


_TEST = "permutation test of the mean by {} [@phipson2010]"

SIGNFLIP = PairedTest(
    name="signflip",
    short="sign flips",
    label="sign flips",
    run=_run,
    smallest_p=_smallest_p,
    fewest_patients=spec.fewest_for_exact,
    estimate=_estimate,
    estimate_label="mean",
    sentences={
        Method.EXACT: _TEST.format("all sign flips"),
        Method.DRAWN: _TEST.format("{draws:,} random sign flips"),
    },
)
