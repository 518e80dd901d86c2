"""Student's paired t test, with the mean difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablation.statistics.paired_tests.spec import (
    Alternative,
    Answer,
    Estimate,
    Method,
    PairedTest,
)

if TYPE_CHECKING:
    import numpy as np

    from ablation.statistics.paired_tests.spec import Array


def _run(d: Array, alternative: Alternative, _: np.random.Generator) -> Answer:
    from ablation.statistics.paired import paired_t

    found = paired_t(d)
    p = found.p_two_sided
    if alternative == "greater" and p is not None and found.t is not None:
        p = p / 2 if found.t > 0 else 1 - p / 2
    return Answer(p, found.interval.mean, Method.FORMULA)


def _estimate(d: Array, level: float) -> Estimate:
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
