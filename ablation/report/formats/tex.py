"""The table of a comparison for LaTeX: all of it, or the short one of a paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from ablation.comparison import Analysis, Comparison, Contrast, p_text
from ablation.comparison.wording.names import target_name
from ablation.errors import UsageError
from ablation.metrics.metric import Metric, number_text
from ablation.report.formats.tables import COLUMNS, conclusion_cells, named_test, rows
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
    "better": "better",
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
    heads[columns.index("p adjusted")] = _p_head(comparison)
    lines = []
    before = ""
    for row in rows(comparison):
        cells = dict(zip(COLUMNS, row, strict=True))
        if cells["metric"] != before:
            before = cells["metric"]
            title = f"{before}, {cells['role']}"
            lines += ["\\midrule", f"\\multicolumn{{{len(heads)}}}{{l}}{{{_tex(title)}}} \\\\"]
        lines.append(_line([_name(cells), *(_cell(name, cells) for name in columns[1:])]))
    remark = "In rows with vs: the first design minus the second, of the scores as they stand."
    return _tabular(
        f"{remark}{_tests(comparison)}", "l" + "r" * (len(heads) - 2) + "l", heads, lines
    )


def _paper(comparison: Comparison) -> str:
    """Each design against the reference: score, difference, p, effect size."""
    reference = _reference(comparison)
    primary = comparison.primaries
    metric = primary[0].metric
    level = f"{100 * comparison.level:g}\\,\\%"
    heads = [
        "Method",
        f"{_tex(primary[0].label)} ({'higher' if metric.higher_is_better else 'lower'} is better)",
        f"$\\Delta$ {_tex(metric.label)} ({level} CI)",
        _p_head(comparison),
        "Cohen's $d_z$",
        "better",
    ]
    lines = ["\\midrule"]
    for analysis in primary:
        if len(primary) > 1:
            lines.append(
                f"\\multicolumn{{{len(heads)}}}{{l}}{{{_tex(target_name(analysis.target))}}} \\\\"
            )
        lines += [_line(cells) for cells in _paper_rows(analysis, reference)]
    unit = f"{comparison.primary.unit_of_analysis}s"
    counts = [(one, len(one.patients)) for one in primary]
    n: int | str = counts[0][1]
    if len({count for _, count in counts}) > 1:
        n = ", ".join(f"{count} ({target_name(one.target)})" for one, count in counts)
    remark = (
        f"Mean and standard deviation over {n} {unit}; differences to {reference} within "
        f"{unit}, as the scores stand; d_z: mean difference over the SD of the differences."
    )
    return _tabular(f"{remark}{_tests(comparison)}", "lccccl", heads, lines)


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
        tests = [NONE] * 4 if contrast is None else _paper_tests(metric, contrast)
        yield [_tex(summary.design), score, *tests]


def _paper_tests(metric: Metric, contrast: Contrast) -> list[str]:
    """Difference, p, effect size and the design that is called better."""
    i = contrast.shown
    mean, low, high = metric.texts(i.mean, i.low, i.high, signed=True)
    difference = _number(mean)
    if low:
        difference += f" ({_number(low)} to {_number(high)})"
    return [
        difference,
        _number(p_text(contrast.p_adjusted)) or NONE,
        _number(number_text(contrast.effect.d_z, 2, signed=True)) or NONE,
        _tex(conclusion_cells(contrast)[0]) or NONE,
    ]


def _p_head(comparison: Comparison) -> str:
    """What p is adjusted by; nothing where it is not."""
    contrasts = comparison.primary.contrasts
    adjusted = contrasts and contrasts[0].family > 1
    return f"$p$ ({CORRECTIONS[contrasts[0].correction].label})" if adjusted else "$p$"


def _tests(comparison: Comparison) -> str:
    tested = [one for one in comparison.primary.contrasts if one.p is not None]
    return f" p: {named_test(tested[0])}." if tested else ""


def _tabular(remark: str, columns: str, heads: Sequence[str], lines: Sequence[str]) -> str:
    opening = [
        f"% Needs \\usepackage{{booktabs}}. {' '.join(remark.split())}",  # one line: a comment ends with it
        f"\\begin{{tabular}}{{{columns}}}",
        "\\toprule",
        _line(heads),
    ]
    return "\n".join([*opening, *lines, "\\bottomrule", "\\end{tabular}"]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _cell(name: str, cells: Mapping[str, str]) -> str:
    return _tex(cells[name]) if name == "better" else _number(cells[name])


def _name(cells: Mapping[str, str]) -> str:
    name = _tex(cells["design"])
    return f"{name} vs {_tex(cells['against'])}" if cells["against"] else name


def _tex(text: str) -> str:
    """Return a text of which LaTeX reads nothing as a command; line breaks become spaces."""
    return " ".join(text.split()).translate(SPECIAL)


def _number(text: str) -> str:
    """A minus in TeX is a formula; an empty cell stays empty."""
    return f"${text}$" if text else ""
