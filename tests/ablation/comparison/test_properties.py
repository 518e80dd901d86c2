"""What must hold for any scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ablation.comparison import Design, compare
from ablation.comparison.analysis.contrasts import FEWEST_RESAMPLED
from ablation.config.sections import ComparisonConfig
from ablation.errors import ComparisonError

DICE = ComparisonConfig(secondary=())
few = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the fixture is a plain function
)
# Hundredths between 0.1 and 0.8: room for a constant, and ties.
scores = st.lists(
    st.tuples(*[st.integers(10, 80)] * 3).map(lambda row: [x / 100 for x in row]),
    min_size=1,
    max_size=11,
)


def designs(table, rows: list[list[float]], k: int = 3) -> list[Design]:
    columns = np.array(rows).T
    return [
        Design(name, (table(column.tolist()),))
        for name, column in zip("abc"[:k], columns[:k], strict=True)
    ]


def numbers(contrast) -> dict[str, object]:
    """What does not depend on which design is called the candidate."""
    i = contrast.t.interval
    half = None if i.low is None else round(i.high - i.low, 9)
    return {
        "p": round(contrast.p, 12),
        "adjusted": round(contrast.p_adjusted, 12),
        "mean": round(abs(i.mean), 9),
        "half": half,
        "shift": round(abs(contrast.shift.estimate), 9),
        "d_z": None if contrast.effect.d_z is None else round(abs(contrast.effect.d_z), 6),
    }


@given(rows=scores)
@few
def test_swapping_flips_every_sign_and_keeps_every_p(table, rows):
    a, b = designs(table, rows, 2)
    there, back = (compare(pair, DICE).primary.contrasts[0] for pair in ([a, b], [b, a]))
    assert numbers(there) == numbers(back)
    assert there.d == pytest.approx([-x for x in back.d])
    assert there.median == pytest.approx(-back.median)
    assert there.rank_biserial.value == pytest.approx(-back.rank_biserial.value)
    assert there.better.share == pytest.approx(1 - back.better.share)
    assert (there.rank.p_greater, there.rank.z) == pytest.approx((back.rank.p_less, -back.rank.z))


@given(rows=scores, constant=st.sampled_from([0.05, 0.1, -0.1]))
@few
def test_a_constant_added_to_all_scores_changes_no_difference(table, rows, constant):
    before = compare(designs(table, rows), DICE).primary
    after = compare(designs(table, (np.array(rows) + constant).tolist()), DICE).primary
    for one, other in zip(before.contrasts, after.contrasts, strict=True):
        assert numbers(one) == numbers(other)
    if before.ranking is not None or after.ranking is not None:
        assert before.ranking.friedman == after.ranking.friedman


@given(rows=scores, random=st.randoms(use_true_random=False))
@few
def test_the_order_of_cases_and_designs_does_not_matter(table, rows, random):
    ordered = compare(designs(table, rows), DICE)
    order = list(range(len(rows)))
    random.shuffle(order)
    mixed = [
        Design(d.name, tuple(f.iloc[order] for f in d.cases), d.facts) for d in designs(table, rows)
    ]
    random.shuffle(mixed)
    other = compare(mixed, DICE)
    assert other.primary.patients == ordered.primary.patients
    by_pair = {frozenset((c.candidate, c.reference)): c for c in other.primary.contrasts}
    for c in ordered.primary.contrasts:
        assert numbers(c) == numbers(by_pair[frozenset((c.candidate, c.reference))])
    if len(rows) < FEWEST_RESAMPLED:
        assert ordered.primary.ranking is None
        assert other.primary.ranking is None
        return
    first = dict(zip(ordered.designs, ordered.primary.ranking.stability.p_first, strict=True))
    again = dict(zip(other.designs, other.primary.ranking.stability.p_first, strict=True))
    assert first == again


@given(rows=scores)
@few
def test_another_design_leaves_every_raw_p_alone(table, rows):
    alone = compare(designs(table, rows, 2), DICE).primary.contrasts[0]
    among = compare(designs(table, rows, 3), DICE).primary.contrasts[0]
    assert (alone.p, alone.rank, alone.shift) == (among.p, among.rank, among.shift)
    assert among.p_adjusted >= alone.p_adjusted


@given(rows=scores)
@few
def test_every_slice_twice_changes_nothing_of_a_patient(table, rows):
    once = designs(table, rows, 2)
    twice = [
        Design(
            d.name,
            tuple(pd.concat([f, f.assign(case=f["case"] + "-again")]) for f in d.cases),
            d.facts,
        )
        for d in once
    ]
    before, after = (compare(d, DICE).primary.contrasts[0] for d in (once, twice))
    assert numbers(before) == numbers(after)
    assert before.d == pytest.approx(after.d)


@given(rows=scores)
@few
def test_a_case_twice_is_refused(table, rows):
    a, b = designs(table, rows, 2)
    doubled = Design("b", (pd.concat([b.cases[0], b.cases[0].iloc[:1]]),))
    with pytest.raises(ComparisonError, match="twice"):
        compare([a, doubled], DICE)


@given(rows=scores, gap=st.integers(0, 10), column=st.integers(0, 2))
@few
def test_a_value_that_is_missing_is_counted_and_left_out_for_all(table, rows, gap, column):
    values = np.array([*rows, [0.5, 0.5, 0.5]])  # one patient always stays
    values[gap % len(rows), column] = np.nan
    analysis = compare(designs(table, values.tolist()), DICE).primary
    assert analysis.unscored == 1
    assert {len(c.d) for c in analysis.contrasts} == {len(rows)}


@given(rows=scores)
@few
def test_p_lies_above_0_and_intervals_hold_their_estimate(table, rows):
    for c in compare(designs(table, rows), DICE).primary.contrasts:
        assert 0 < c.p <= c.p_adjusted <= 1
        for interval, estimate in (
            (c.t.interval, c.t.interval.mean),
            (c.shift, c.shift.estimate),
            (c.median_interval, c.median),
            (c.effect, c.effect.d_z),
            (c.better, c.better.share),
        ):
            if interval.low is not None:
                assert interval.low - 1e-12 <= estimate <= interval.high + 1e-12
