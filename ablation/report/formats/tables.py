"""The table of a comparison, as text that page, CSV, Markdown and TeX share; JSON has every digit."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from ablation.comparison import Analysis, Comparison, Contrast, Summary, p_text
from ablation.comparison.wording.names import target_name
from ablation.files.csv_rows import csv_text
from ablation.metrics.metric import Metric, number_text
from ablation.plugins.keys import Section
from ablation.report.source import Source
from ablation.statistics.corrections import CORRECTIONS

COLUMNS = (
    "metric",
    "role",
    "design",
    "against",
    "n",
    "mean",
    "SD",
    "CI low",
    "CI high",
    "median",
    "better in",
    "better",
    "conclusion",
    "test",
    "p",
    "p adjusted",
    "p paired t",
    "d_z",
    "d_z low",
    "d_z high",
)
"""A design's row leaves the tests empty. A difference's row has `against` filled: design minus
against, of the scores as they stand; `better` names the design that is called better."""

AS_PRINTED = "as printed"
"""Column of Dice as nnU-Net prints it."""

METRIC_KEYS = ("name", "label", "higher_is_better", "kind", "digits")
"""What comparison.json says of a metric."""

Row = tuple[str, ...]


def rows(comparison: Comparison) -> list[Row]:
    """Return the table's cells as printed, one row per design and per difference."""
    several = len({analysis.target for analysis in comparison.analyses}) > 1
    return [row for analysis in comparison.analyses for row in _analysis_rows(analysis, several)]


def as_printed(comparison: Comparison, source: Source) -> list[str]:
    """Return the cell of each row of the table for Dice as nnU-Net prints it; "" for others."""
    known = {(one.target, one.design): one.text for one in source.as_printed}
    return [
        text
        for analysis in comparison.analyses
        for text in (
            *(
                known.get((analysis.target, one.design), "")
                if analysis.metric.name == "dice"
                else ""
                for one in analysis.summaries
            ),
            *("" for _ in analysis.contrasts),
        )
    ]


def as_printed_words(comparison: Comparison) -> str:
    """Say what the printed Dice is, and why the means beside it are other ones."""
    several = len({one.target for one in comparison.analyses}) > 1
    over = " of the mean over labels" if several else ""
    return (
        f"Dice in per cent as nnU-Net prints it, the mean over folds{over} of the mean over the "
        "cases of a fold; a case without the label counts 0 where the prediction has it. The other "
        "columns pool the cases of all folds, each weighing alike."
    )


def _analysis_rows(analysis: Analysis, name_target: bool) -> Iterator[Row]:
    label = f"{target_name(analysis.target)}: {analysis.label}" if name_target else analysis.label
    for summary in analysis.summaries:
        yield (label, analysis.role, *_design_cells(analysis.metric, summary))
    for contrast in analysis.contrasts:
        yield (label, analysis.role, *_difference_cells(analysis.metric, contrast))


def _design_cells(metric: Metric, summary: Summary) -> Row:
    i, text = summary.interval, metric.text
    spread = (text(i.mean), text(i.sd), text(i.low), text(i.high), text(summary.median))
    return (summary.design, "", str(i.n), *spread, *[""] * 10)


def _difference_cells(metric: Metric, c: Contrast) -> Row:
    i = c.shown

    mean, low, high = metric.texts(i.mean, i.low, i.high, signed=True)
    spread = (mean, metric.text(i.sd), low, high, *metric.texts(c.median, signed=True))
    tests = (named_test(c), p_text(c.p), p_text(c.p_adjusted), p_text(c.t.p_two_sided))
    if c.p is None:  # cases of one patient counted as independent: these p-values mean nothing
        tests = ("", "", "", "")
    effect = (
        number_text(value, 2, signed=True) for value in (c.effect.d_z, c.effect.low, c.effect.high)
    )
    return (
        c.candidate,
        c.reference,
        str(c.n),
        *spread,
        f"{c.better.better}/{c.n}",
        *conclusion_cells(c),
        *tests,
        *effect,
    )


def conclusion_cells(contrast: Contrast) -> tuple[str, str]:
    """Return the design that is called better, and the form of the conclusion."""
    decision = contrast.decision
    if decision is None:
        return "", "not tested"
    return decision.better or "neither", decision.form.value


def named_test(contrast: Contrast) -> str:
    """Return the test that decides and its adjustment, as in "Wilcoxon exact, Holm of 3"."""
    if contrast.family == 1:
        return contrast.test
    correction = CORRECTIONS[contrast.correction]
    family = f" of {contrast.family}" if correction.adjusts else ""
    return f"{contrast.test}, {correction.label}{family}"


def to_csv(comparison: Comparison) -> str:
    """Return the table as CSV."""
    return csv_text(COLUMNS, rows(comparison))


def to_json(comparison: Comparison, source: Source) -> str:
    """Return the whole comparison as JSON, unrounded; what does not exist is null."""
    stated = {key: value for key, value in _mapping(source).items() if key != "material"}
    numbers = {key: value for key, value in _mapping(comparison).items() if key != "facts"}
    content = {"source": stated, **numbers}
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def plain(value: object) -> object:
    """Return dataclasses, mappings and sequences as what JSON has; NaN becomes null."""
    if isinstance(value, Metric):
        return {name: getattr(value, name) for name in METRIC_KEYS}
    if is_dataclass(value) and not isinstance(value, type):
        return _mapping(value)
    if isinstance(value, Section):
        return plain(value.model_dump())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _mapping(record: object) -> dict[str, object]:
    assert is_dataclass(record)
    return {field.name: plain(getattr(record, field.name)) for field in fields(record)}
