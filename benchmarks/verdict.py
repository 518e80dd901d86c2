"""How often the verdict is wrong, by simulation of the rule that the report applies.

    python benchmarks/verdict.py [--data-sets 2000]

1. Two designs on n patients in five scenarios. The table shows the share of each form of verdict.
   Where the hypothesis of the test is true (marked *), a design may be called better in at most
   5.5 %; in no scenario may one be called better against the test, its estimate or the mean.
2. Designs that differ by exactly the margin: how often they are called equivalent. Limits: 6 % for
   normal differences, 15 % where a design collapses in some patients.
3. The detectable difference X that the report states: the real power for a true difference of X.
   Limits: 0.75 to 0.85. None is stated below 40 patients, who tell too little of how differences are
   spread, and where one design missed a tumour that the other found.

Every 500th data set is also given to `compare`, whose verdict has to be the same. The seed is fixed.
Exit code 1 where a limit is broken; with fewer than 2,000 data sets, limits are widened by 3
binomial standard errors.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablation.comparison import Design, compare
from ablation.comparison.analysis.decision import Ahead, Decision, Form, decide, side
from ablation.comparison.analysis.planned import planned_test
from ablation.config.sections import ComparisonConfig
from ablation.statistics.equivalence import FEWEST_FOR_EQUIVALENCE, flipped_margin, tost
from ablation.statistics.paired import differences, mean_interval
from ablation.statistics.resampling import stream
from ablation.statistics.simulation import Rule, calls, detectable

SEED = 20260101
ALPHA = 0.05
FULL = 2_000
CEILING = 0.055
FALSE_EQUIVALENCE = {"normal": 0.06, "collapses": 0.15}
POWER = (0.75, 0.85)
MARGIN = 0.02
SPREAD, LOSS, SHARE = 0.03, 0.4, 0.05
"""SD of the differences; what a collapse loses, and in which share of the patients it happens."""
COMPARED_EVERY = 500
STATED = 40  # data sets of which the stated X is the median
SETTINGS = ComparisonConfig(secondary=())

Array = NDArray[np.float64]
Scores = tuple[Array, Array]
Draw = Callable[[np.random.Generator, int], Scores]


def alike(rng: np.random.Generator, n: int) -> Scores:
    """Draw Dice of two designs that differ by chance alone."""
    patient = rng.uniform(0.6, 0.9, n)
    return patient + rng.normal(0, SPREAD, n) / 2**0.5, patient + rng.normal(0, SPREAD, n) / 2**0.5


def exchangeable(rng: np.random.Generator, n: int) -> Scores:
    return alike(rng, n)


def zeros(rng: np.random.Generator, n: int) -> Scores:
    """Both designs miss the same fifth of the tumours."""
    a, b = alike(rng, n)
    missed = rng.random(n) < 0.2
    return np.where(missed, 0.0, a), np.where(missed, 0.0, b)


def collapses(rng: np.random.Generator, n: int) -> Scores:
    """Either design loses much in some patients, each in its own."""
    a, b = alike(rng, n)
    return a - LOSS * (rng.random(n) < SHARE), b - LOSS * (rng.random(n) < SHARE)


def misses(rng: np.random.Generator, n: int) -> Scores:
    """The first design misses 5 %, the second 15 % of the tumours."""
    a, b = alike(rng, n)
    return np.where(rng.random(n) < 0.05, 0.0, a), np.where(rng.random(n) < 0.15, 0.0, b)


def skewed(rng: np.random.Generator, n: int) -> Scores:
    """The first design gains 0.02 in nine patients of ten and loses 0.18 in one: the mean is 0."""
    a, b = alike(rng, n)
    lost = rng.random(n) < 0.1
    return b + np.where(lost, -0.18, 0.02) + (a - b) / 4, b


SCENARIOS: dict[str, tuple[Draw, bool, tuple[int, ...]]] = {
    "exchangeable": (exchangeable, True, (6, 12, 50, 100)),
    "zeros": (zeros, True, (12, 50, 100)),
    "a few collapses": (collapses, True, (12, 50, 100)),
    "misses 5 and 15 %": (misses, False, (12, 50, 100)),
    "skewed, mean 0": (skewed, False, (12, 50, 100)),
}
"""Name -> how scores are drawn, whether the test's hypothesis is true, numbers of patients."""


TRUE_MEAN = {"misses 5 and 15 %": 0.1 * 0.75}
"""Mean difference of the scenarios in which it is not 0: a tenth of the tumours, of a mean Dice 0.75."""


def verdict(scores: Scores) -> tuple[Decision, Ahead]:
    """Return what the report concludes of two designs, and whom each summary favours."""
    a, b = scores
    d = differences(a, b)
    planned = planned_test(d, SETTINGS, "benchmark", higher_is_better=True)
    mean = mean_interval(d, SETTINGS.level)
    missed = float((b == 0).mean() - (a == 0).mean())
    values = d.tolist()
    ahead = Ahead(
        planned.direction, side(planned.estimate.value, values), side(mean.mean, values), missed
    )
    pair = ("a", "b")
    return decide(pair, ahead, planned.p, planned.smallest_p, (mean.low, mean.high), ALPHA), ahead


def reported(scores: Scores) -> Form:
    """Return the form of the verdict that `compare` gives."""
    made = [Design(name, (_table(dice),)) for name, dice in zip("ab", scores, strict=True)]
    decision = compare(made, SETTINGS).primary.contrasts[0].decision
    assert decision is not None
    return decision.form


def _table(dice: Array) -> pd.DataFrame:
    patients = [f"p{i}" for i in range(len(dice))]
    status = np.where(dice == 0, "missed", "scored")
    grid = {"shape": "8x8", "spacing": "1x1", "distance_unit": "mm", "truth_hash": patients}
    return pd.DataFrame(
        {"patient": patients, "case": patients, "target": "tumour", "split": "test"}
        | {"status": status, "dice": dice}
        | grid
    )


def error_of(share: float, data_sets: int) -> float:
    """Three binomial standard errors where fewer data sets are drawn than the limits are for."""
    return 0.0 if data_sets >= FULL else 3 * math.sqrt(share * (1 - share) / data_sets)


def check_forms(data_sets: int) -> Iterator[str]:
    print(f"share of {data_sets} data sets with each form of verdict (* no true difference)")
    print(
        "scenario           patients  superior  mean uncertain  contradictory  inconclusive  too few"
    )
    for name, (draw, true, sizes) in SCENARIOS.items():
        for n in sizes:
            rng = stream(SEED, f"verdict {name} {n}")
            forms: Counter[Form] = Counter()
            for number in range(data_sets):
                scores = draw(rng, n)
                decision, ahead = verdict(scores)
                forms[decision.form] += 1
                wrong = min(ahead.test, ahead.estimate, ahead.mean) < 0
                if decision.better and wrong != (decision.better == "b"):
                    yield f"{name}, n {n}: {decision.better} is called better against its numbers"
                if number % COMPARED_EVERY == 0 and (found := reported(scores)) != decision.form:
                    yield f"{name}, n {n}: compare says {found}, the rule {decision.form}"
            shares = [forms[form] / data_sets for form in Form]
            cells = "".join(
                f"{share:>{w}.4f}" for share, w in zip(shares, (10, 16, 15, 14, 9), strict=True)
            )
            print(f"{name + ('*' if true else ''):19}{n:8}{cells}", flush=True)
            if true and shares[0] + shares[1] > CEILING + error_of(CEILING, data_sets):
                yield f"{name}, n {n}: called better in {shares[0] + shares[1]:.4f}"


def check_margin(data_sets: int) -> Iterator[str]:
    print(f"\ntrue difference at the margin of {MARGIN} Dice: share called equivalent")
    for name, limit in FALSE_EQUIVALENCE.items():
        for n in (10, 20, FEWEST_FOR_EQUIVALENCE, 50, 100):
            rng = stream(SEED, f"margin {name} {n}")
            share = _called_equivalent(name, n, rng, data_sets)
            print(f"{name:19}{n:8}{share:10.4f}   limit {limit}", flush=True)
            if share > limit + error_of(limit, data_sets):
                yield f"margin, {name}, n {n}: called equivalent in {share:.4f}"


def _called_equivalent(name: str, n: int, rng: np.random.Generator, data_sets: int) -> float:
    if n < FEWEST_FOR_EQUIVALENCE:
        return 0.0  # nothing is decided
    called = 0
    for _ in range(data_sets):
        d = rng.normal(0, SPREAD, n)
        d -= MARGIN if name == "normal" else LOSS * (rng.random(n) < MARGIN / LOSS)
        by_t = tost(d, MARGIN, ALPHA).p
        # Sign flips cost more, and cannot call equivalent what t does not.
        if by_t is not None and by_t < ALPHA:
            called += flipped_margin(d, MARGIN, rng).p < ALPHA
    return called / data_sets


def check_power(data_sets: int) -> Iterator[str]:
    print(f"\nreal power for the stated X, the median of {STATED} data sets without a difference")
    rule = Rule(SETTINGS.primary_test, "two-sided", ALPHA)
    for name, (draw, _, sizes) in SCENARIOS.items():
        for n in (size for size in sizes if size >= 12):
            rng = stream(SEED, f"power {name} {n}")
            stated = [x for _ in range(STATED) if (x := _stated(draw(rng, n), rule, rng))]
            if not stated:
                print(f"{name:19}{n:8}   no X is stated", flush=True)
                continue
            x = float(np.median(stated))
            sets = np.stack([_with_mean(name, x, n, rng) for _ in range(data_sets)])
            power = float((calls(sets, rule) == 1).mean())
            print(
                f"{name:19}{n:8}   X {x:.4f}   power {power:.3f}   stated in {len(stated)} of {STATED}",
                flush=True,
            )
            slack = error_of(POWER[0], data_sets)
            if not POWER[0] - slack <= power <= POWER[1] + slack:
                yield f"power, {name}, n {n}: {power:.3f} is not within {POWER[0]} to {POWER[1]}"


def _stated(scores: Scores, rule: Rule, rng: np.random.Generator) -> float | None:
    """Return the detectable difference that the report would state of these scores."""
    a, b = scores
    return None if ((a == 0) != (b == 0)).any() else detectable(_difference(scores), rule, rng)


def _difference(scores: Scores) -> Array:
    return differences(*scores)


def _with_mean(name: str, mean: float, n: int, rng: np.random.Generator) -> Array:
    """Draw differences of the scenario with another mean; cases missed by both stay ties."""
    d = _difference(SCENARIOS[name][0](rng, n))
    if name == "zeros":
        return np.where(d == 0, 0.0, d + mean / 0.8)
    return d - TRUE_MEAN.get(name, 0.0) + mean


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", type=int, default=FULL)
    data_sets = parser.parse_args().data_sets
    started = time.process_time()
    broken = [
        fault for check in (check_forms, check_margin, check_power) for fault in check(data_sets)
    ]
    print(f"\n{time.process_time() - started:.0f} CPU s, seed {SEED}")
    for fault in broken:
        print(f"broken: {fault}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
