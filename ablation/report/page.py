"""index.html: one file that needs no network, from a finished comparison."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from string import Template

from plotly.offline import get_plotlyjs

from ablation.comparison import Analysis, Comparison, LedgerRow
from ablation.report.figures import Figure, colours, paired_differences, patient_lines
from ablation.report.methods import methods
from ablation.report.source import Source
from ablation.report.tables import COLUMNS, Row, plain, rows

TEXT_COLUMNS = frozenset({"metric", "role", "design", "against"})
SOFT_COLUMNS = frozenset({"metric", "role", "against", "n"})
STRONG_COLUMNS = frozenset({"design", "mean", "p Holm"})


def page(comparison: Comparison, source: Source) -> str:
    """Return the report as one HTML page, plotly inside, the same bytes for the same input."""
    drawn = _drawn(comparison)
    return Template(_text("page.html")).substitute(
        title=escape(f"{source.experiment}: {', '.join(comparison.designs)}"),
        style=_text("page.css"),
        bands=_bands(comparison.bands),
        kicker=escape(_kicker(comparison, source)),
        heading=escape(_heading(comparison)),
        verdict=_verdict(comparison, source),
        reading=escape(_reading(comparison)),
        table=_results(comparison),
        figures="\n".join(_figure(figure) for figure in drawn),
        ledger=_ledger(comparison),
        empties=_empties(comparison),
        notes=_list([*comparison.notes, *source.sentences()], "notes"),
        values="\n".join(_values(comparison, analysis) for analysis in comparison.analyses),
        methods=_prose(methods(comparison)),
        runs=_runs(source),
        plotly=get_plotlyjs(),
        specs=_script_json([_spec(figure) for figure in drawn]),
    )


def _prose(text: str) -> str:
    """Text for HTML, in which a sign stays on the line of its number."""
    kept = text.replace(" %", "\u00a0%")
    for sign in ("<", "="):
        kept = kept.replace(f" {sign} ", f"\u00a0{sign}\u00a0")
    return escape(kept)


def _text(name: str) -> str:
    return files("ablation.report").joinpath(name).read_text(encoding="utf-8")


def _script_json(value: object) -> str:
    """JSON that cannot end the script it stands in."""
    return json.dumps(plain(value), allow_nan=False).replace("<", "\\u003c")


def _drawn(comparison: Comparison) -> list[Figure]:
    drawn = []
    for number, analysis in enumerate(comparison.analyses):
        drawn.append(patient_lines(analysis, comparison.designs, f"lines-{number}"))
        if analysis.contrasts:
            drawn.append(paired_differences(analysis, comparison.level, f"differences-{number}"))
    return drawn


def _spec(figure: Figure) -> dict[str, object]:
    return {"id": figure.id, "data": figure.data, "layout": figure.layout}


def _bands(bands: Sequence[str]) -> str:
    if not bands:
        return ""
    text = " and ".join(bands).capitalize()
    what = "these numbers show that everything runs; they say nothing about patients."
    return f'<div class="band" role="note"><strong>{escape(text)}</strong>: {what}</div>'


def _kicker(comparison: Comparison, source: Source) -> str:
    targets = ", ".join(dict.fromkeys(analysis.target for analysis in comparison.analyses))
    n = len(comparison.primary.patients)
    patients = "1 test patient" if n == 1 else f"{n} test patients"
    return f"Experiment {source.experiment} · target {targets} · {patients}"


def _heading(comparison: Comparison) -> str:
    return (
        " against ".join(comparison.designs)
        if len(comparison.designs) == 2
        else ", ".join(comparison.designs)
    )


def _reading(comparison: Comparison) -> str:
    """How to read the table, once, above it."""
    if not comparison.primary.contrasts:
        return f"Over test patients; CI is the {100 * comparison.level:g} % t interval of the mean."
    return (
        f"Over test patients; CI is the {100 * comparison.level:g} % t interval of the mean. In rows "
        "with an entry under “against”, every value is a difference within patients, above 0 "
        "when the design on the left is better. p Holm: Wilcoxon, adjusted; d_z: mean difference "
        "in standard deviations of the differences."
    )


def _verdict(comparison: Comparison, source: Source) -> str:
    words = comparison.verdict
    sentences = "".join(f"<p>{_prose(text)}</p>" for text in words.sentences)
    following = ""
    if source.next_command:
        following = f'<p class="next">Next: <code>{escape(source.next_command)}</code></p>'
    kind = words.standing.replace(" ", "-")
    return (
        f'<section id="verdict" class="verdict {kind}" aria-label="Verdict">'
        f'<p class="headline">{_prose(words.headline)}</p>{sentences}'
        f"{_list(words.cautions, 'cautions')}{following}</section>"
    )


def _results(comparison: Comparison) -> str:
    colour = colours(comparison.designs)
    before = ""
    lines = []
    for row in rows(comparison):
        kinds = ["difference" if row[COLUMNS.index("against")] else "design"]
        kinds += ["group"] if before and row[0] != before else []
        before = row[0]
        lines.append(f'<tr class="{" ".join(kinds)}">{_cells(row, colour)}</tr>')
    return f'<table id="comparison">{_head(COLUMNS, TEXT_COLUMNS)}<tbody>{"".join(lines)}</tbody></table>'


def _cells(row: Row, colour: dict[str, str]) -> str:
    return "".join(_cell(name, text, row, colour) for name, text in zip(COLUMNS, row, strict=True))


def _cell(name: str, text: str, row: Row, colour: dict[str, str]) -> str:
    kinds = ["text"] if name in TEXT_COLUMNS else []
    kinds += ["soft"] if name in SOFT_COLUMNS else []
    kinds += ["strong"] if name in STRONG_COLUMNS else []
    swatch = ""
    if name == "design" and not row[COLUMNS.index("against")]:
        swatch = f'<span class="swatch" style="background:{colour[text]}"></span>'
    return f'<td class="{" ".join(kinds)}">{swatch}{escape(text)}</td>'


def _figure(figure: Figure) -> str:
    return (
        f'<figure><h3>{escape(figure.title)}</h3><div id="{figure.id}" role="img" '
        f'aria-label="{escape(figure.alternative)}" style="height:{figure.height}px"></div>'
        f"<figcaption>{escape(figure.alternative)}</figcaption></figure>"
    )


def _ledger(comparison: Comparison) -> str:
    head = _head(("", *comparison.designs, "remark"), {"", "remark"})
    return f"<table>{head}<tbody>{''.join(map(_ledger_row, comparison.ledger))}</tbody></table>"


def _ledger_row(row: LedgerRow) -> str:
    cells = "".join(f"<td>{escape(value)}</td>" for value in row.values)
    mark = f'<span class="mark {row.colour}">{row.colour}</span> ' if row.colour else ""
    remark = f'<td class="text remark">{mark}{escape(row.remark)}</td>'
    return f'<tr><td class="text">{escape(row.label)}</td>{cells}{remark}</tr>'


def _empties(comparison: Comparison) -> str:
    """Missed tumours and false alarms, and whether the rule for them matters; nothing if none."""
    if not any(d.missed or d.without_tumour for d in comparison.detection):
        return ""
    counts = [
        (d.design, f"{d.missed} of {d.with_tumour}", f"{d.false_alarms} of {d.without_tumour}")
        for d in comparison.detection
    ]
    found = _table(("design", "tumours missed", "false alarms"), counts, {"design"})
    return (
        "<section><h2>Missed tumours and false alarms</h2>"
        '<p class="hint">Counts over all trainings. The verdict rests on the first rule.</p>'
        f'<div class="scroll">{found}</div>{_rules(comparison)}</section>'
    )


def _rules(comparison: Comparison) -> str:
    if not comparison.sensitivity:
        return ""
    metric = comparison.primary.metric
    lines: list[tuple[str, ...]] = []
    for row in comparison.sensitivity:
        if row.contrast is None:
            lines.append((row.policy, row.rule, "", "", "", "", ""))
            continue
        c, i = row.contrast, row.contrast.t.interval
        shown = [metric.text(value, signed=True) for value in (i.mean, i.low, i.high)]
        pair = f"{c.candidate} vs {c.reference}"
        lines.append((row.policy, row.rule, pair, *shown, row.winner or "neither"))
    columns = ("rule", "what counts", "difference", "mean", "CI low", "CI high", "mean favours")
    texts = {"rule", "what counts", "difference", "mean favours"}
    return f'<p></p><div class="scroll">{_table(columns, lines, texts)}</div>'


def _values(comparison: Comparison, analysis: Analysis) -> str:
    text = analysis.metric.text
    lines = [
        (patient, *(text(analysis.scores[name][i]) for name in comparison.designs))
        for i, patient in enumerate(analysis.patients)
    ]
    table = _table(("patient", *comparison.designs), lines, {"patient"})
    title = f"{analysis.label} of every patient"
    return f'<details><summary>{escape(title)}</summary><div class="scroll">{table}</div></details>'


def _runs(source: Source) -> str:
    if not source.runs:
        return "<p>Tables given by hand.</p>"
    return f'<div class="scroll">{_table(("design", "run"), source.runs, {"design", "run"})}</div>'


def _table(columns: Sequence[str], lines: Iterable[Sequence[str]], texts: Iterable[str]) -> str:
    marked = frozenset(texts)
    kinds = [' class="text"' if name in marked else "" for name in columns]
    body = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{escape(text)}</td>" for kind, text in zip(kinds, line, strict=True))
        + "</tr>"
        for line in lines
    )
    return f"<table>{_head(columns, marked)}<tbody>{body}</tbody></table>"


def _head(columns: Sequence[str], texts: Iterable[str]) -> str:
    marked = frozenset(texts)
    cells = "".join(
        f'<th scope="col"{" class=text" if name in marked else ""}>{escape(name)}</th>'
        for name in columns
    )
    return f"<thead><tr>{cells}</tr></thead>"


def _list(texts: Sequence[str], kind: str) -> str:
    if not texts:
        return ""
    return f'<ul class="{kind}">' + "".join(f"<li>{_prose(text)}</li>" for text in texts) + "</ul>"
