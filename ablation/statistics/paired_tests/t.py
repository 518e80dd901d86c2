"""Student's paired t test, with the mean difference."""

from __future__ import annotations

from ablation.statistics.paired_tests import spec
from ablation.statistics.paired_tests.spec import Answer, Estimate, Method, PairedTest


def _run(d: spec.Array, alternative: spec.Alternative, _: spec.Rng) -> Answer:
    from ablation.statistics.paired import paired_t

    found = paired_t(d)
    p = found.p_two_sided
    if alternative == "greater" and p is not None and found.t is not None:
        p = p / 2 if found.t > 0 else 1 - p / 2
    return Answer(p, found.interval.mean, Method.FORMULA)


def _estimate(d: spec.Array, level: float) -> Estimate:
    from ablation.statistics.paired import paired_t

    interval = paired_t(d, level).interval
    return Estimate(interval.mean, interval.low, interval.high)


T = PairedTest(
    name="t",
    short="paired t",
    label="paired t",
    run=_run,
    smallest_p=lambda n, _: 0.0 if n > 1 else 1.0,
    fewest_patients=lambda *_: 2,
    estimate=_estimate,
    estimate_label="mean",
    sentences={Method.FORMULA: "paired t test"},
)
