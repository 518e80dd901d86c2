"""The table of a comparison for LaTeX: all of it, or the short one of a paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from ablation.comparison import Analysis, Comparison, Contrast, p_text
from ablation.errors import UsageError
from ablation.metrics.metric import Metric, number_text
from ablation.report.formats.tables import COLUMNS, named_test, rows
from ablation.statistics.corrections import CORRECTIONS

Style = Literal["full", "paper"]

HEADS = {
    "design": "",
    "n": "$n$",
    "mean": "mean",
    "SD": "SD",
    "CI low": "CI low",
    "CI high": "CI high",
    "p": "$p$",
    "p adjusted": "",  # named after the adjustment
    "p paired t": "$p$ ($t$)",
    "d_z": "$d_z$",
}
NONE = "--"
SPECIAL = str.maketrans(
    {c: f"\\{c}" for c in "&%$#_{}"}
    # What follows \\ in brackets or as a star would be read as its argument.
    | {c: f"{{{c}}}" for c in "[]*"}
    | {"<": "$<$", ">": "$>$", "|": r"\textbar{}", '"': "''"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)


def to_tex(comparison: Comparison, style: Style = "full") -> str:
    """Return the table for a paper (needs the booktabs package).

    Raises:
        UsageError: for the paper's style where no single design is the reference.
    """
    return _paper(comparison) if style == "paper" else _full(comparison)


def _full(comparison: Comparison) -> str:
    columns = list(HEADS)
    heads = [HEADS[name] for name in columns]
    heads[columns.index("p adjusted")] = f"$p$ ({_correction(comparison)})"
    lines = []
    before = ""
    for row in rows(comparison):
        cells = dict(zip(COLUMNS, row, strict=True))
        if cells["metric"] != before:
            before = cells["metric"]
            title = f"{before}, {cells['role']}"
            lines += ["\\midrule", f"\\multicolumn{{{len(heads)}}}{{l}}{{{_tex(title)}}} \\\\"]
        lines.append(_line([_name(cells), *(_number(cells[name]) for name in columns[1:])]))
    remark = "In rows with vs: differences, above 0 the first design is better."
    return _tabular(f"{remark}{_tests(comparison)}", "l" + "r" * (len(heads) - 1), heads, lines)


def _paper(comparison: Comparison) -> str:
    """Each design against the reference: score, difference, p, effect size."""
    reference = _reference(comparison)
    primary = [one for one in comparison.analyses if one.role == "primary"]
    metric = primary[0].metric
    level = f"{100 * comparison.level:g}\\,\\%"
    heads = [
        "Method",
        f"{_tex(primary[0].label)} ({'higher' if metric.higher_is_better else 'lower'} is better)",
        f"$\\Delta$ {_tex(metric.label)} ({level} CI)",
        f"$p$ ({_correction(comparison)})",
        "Cohen's $d_z$",
    ]
    lines = ["\\midrule"]
    for analysis in primary:
        if len(primary) > 1:
            lines.append(f"\\multicolumn{{{len(heads)}}}{{l}}{{{_tex(analysis.target)}}} \\\\")
        lines += [_line(cells) for cells in _paper_rows(analysis, reference)]
    unit = f"{comparison.primary.unit_of_analysis}s"
    n = len(comparison.primary.patients)
    remark = (
        f"Mean and standard deviation over {n} {unit}; differences to {reference} within "
        f"{unit}, as the scores stand; d_z: mean difference over the SD of the differences."
    )
    return _tabular(f"{remark}{_tests(comparison)}", "lcccc", heads, lines)


def _reference(comparison: Comparison) -> str:
    """The named reference; of two designs the second, of one itself."""
    if comparison.reference is None and len(comparison.designs) > 2:
        raise UsageError(
            "--style paper sets every design against one reference",
            hint=f"Name it: --reference {comparison.designs[0]}",
        )
    return comparison.reference or comparison.designs[-1]


def _paper_rows(analysis: Analysis, reference: str) -> Iterator[list[str]]:
    found = {c.candidate: c for c in analysis.contrasts if c.reference == reference}
    metric = analysis.metric
    for summary in analysis.summaries:
        spread = metric.text(summary.interval.sd) or NONE
        score = f"${metric.text(summary.interval.mean)} \\pm {spread}$"
        contrast = found.get(summary.design)
        tests = [NONE] * 3 if contrast is None else _paper_tests(metric, contrast)
        yield [_tex(summary.design), score, *tests]


def _paper_tests(metric: Metric, contrast: Contrast) -> list[str]:
    """Difference, p and effect size with the sign of the raw difference, as papers print them."""
    interval, sign = contrast.t.interval, metric.sign
    difference = _number(metric.text(contrast.raw_difference, signed=True))
    if interval.low is not None and interval.high is not None:
        low, high = sorted((sign * interval.low, sign * interval.high))
        limits = [_number(metric.text(x, signed=True)) for x in (low, high)]
        difference += f" ({limits[0]} to {limits[1]})"
    d_z = None if contrast.effect.d_z is None else sign * contrast.effect.d_z
    return [
        difference,
        _number(p_text(contrast.p_adjusted)) or NONE,
        _number(number_text(d_z, 2, signed=True)) or NONE,
    ]


def _correction(comparison: Comparison) -> str:
    contrasts = comparison.primary.contrasts
    return CORRECTIONS[contrasts[0].correction].label if contrasts else "adjusted"


def _tests(comparison: Comparison) -> str:
    tested = [one for one in comparison.primary.contrasts if one.p is not None]
    return f" p: {named_test(tested[0])}." if tested else ""


def _tabular(remark: str, columns: str, heads: Sequence[str], lines: Sequence[str]) -> str:
    opening = [
        f"% Needs \\usepackage{{booktabs}}. {remark}",
        f"\\begin{{tabular}}{{{columns}}}",
        "\\toprule",
        _line(heads),
    ]
    return "\n".join([*opening, *lines, "\\bottomrule", "\\end{tabular}"]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _name(cells: Mapping[str, str]) -> str:
    name = _tex(cells["design"])
    return f"{name} vs {_tex(cells['against'])}" if cells["against"] else name


def _tex(text: str) -> str:
    return text.translate(SPECIAL)


def _number(text: str) -> str:
    """A minus in TeX is a formula; an empty cell stays empty."""
    return f"${text}$" if text else ""
