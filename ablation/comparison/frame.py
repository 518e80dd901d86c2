"""The table of a comparison with every digit: a row per design and per difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from ablation.comparison.analysis.contrasts import Analysis, Contrast, Summary

Row = dict[str, object]

COLUMNS = (
    *("target", "metric", "role", "design", "against", "n"),
    *("mean", "SD", "CI low", "CI high", "median", "better in"),
    *("better", "conclusion"),
    *("test", "p", "p adjusted", "p paired t", "d_z", "d_z low", "d_z high"),
)
"""A design's row has no test; a difference's row names in `against` what it is compared with."""


def table_of(analyses: Sequence[Analysis]) -> pd.DataFrame:
    """Return the rows of a comparison, unrounded; a number that does not exist is missing.

    Scores and differences are in the unit of the metric; `n` counts patients (or cases where
    these are compared), `better in` those in which the design was better.
    A difference is the design minus the one in `against`, of the scores as they stand; `better`
    names the one that is called better, "" for none.
    """
    rows = [{**_labels(one), **row} for one in analyses for row in _rows(one)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _labels(analysis: Analysis) -> Row:
    return {"target": analysis.target, "metric": analysis.metric.name, "role": analysis.role}


def _rows(analysis: Analysis) -> Iterator[Row]:
    yield from map(_design, analysis.summaries)
    yield from map(_difference, analysis.contrasts)


def _design(summary: Summary) -> Row:
    i = summary.interval
    return {
        "design": summary.design,
        "against": "",
        "n": i.n,
        "mean": i.mean,
        "SD": i.sd,
        "CI low": i.low,
        "CI high": i.high,
        "median": summary.median,
        "test": "",
    }


def _difference(c: Contrast) -> Row:
    i = c.shown
    row = {
        "design": c.candidate,
        "against": c.reference,
        "n": c.n,
        "mean": i.mean,
        "SD": i.sd,
        "CI low": i.low,
        "CI high": i.high,
        "median": c.median,
        "better in": c.better.better,
        "better": c.called_better,
        "conclusion": c.decision.form.value if c.decision else "not tested",
        "d_z": c.effect.d_z,
        "d_z low": c.effect.low,
        "d_z high": c.effect.high,
    }
    if c.p is None:  # cases of one patient counted as independent: no test is valid
        return {**row, "test": ""}
    tests = {"test": c.test, "p": c.p, "p adjusted": c.p_adjusted}
    return {**row, **tests, "p paired t": c.t.p_two_sided}
