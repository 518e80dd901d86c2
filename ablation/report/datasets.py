"""Several data sets at once: a page over all, and the whole report of each in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ablation.comparison import Comparison
from ablation.comparison.wording.names import target_name
from ablation.errors import UsageError
from ablation.files.aligned import aligned
from ablation.files.atomic import write_whole
from ablation.files.csv_rows import csv_text
from ablation.report.files import write_report
from ablation.report.formats import Format
from ablation.report.formats.markdown import markdown_table, plain
from ablation.report.formats.tables import AS_PRINTED, COLUMNS, rows, to_json
from ablation.report.formats.tex import Style
from ablation.report.from_tables import OfTables
from ablation.report.page.environment import environment, our_text
from ablation.report.sections.blocks import Section, table
from ablation.report.source import Source

APART = (
    "Each data set is compared by itself: p-values are adjusted within a data set, not over data "
    "sets, and nothing is tested over all of them."
)
Row = tuple[str, ...]
Cell = Callable[[OfTables, str], str]
"""What a design has on a data set, as text."""


@dataclass(frozen=True, slots=True)
class OneTable:
    """A table over all data sets."""

    title: str
    header: Row
    rows: tuple[Row, ...]

    @property
    def lines(self) -> tuple[Row, ...]:
        """The header, then the rows."""
        return (self.header, *self.rows)


def datasets_text(found: Sequence[OfTables]) -> str:
    """Return what a terminal shows: a line per data set, then designs x data sets."""
    parts = [
        f"{len(found)} data sets: {', '.join(_designs(found))}",
        *("\n".join([one.title, *aligned(one.lines)]) for one in _tables(found)),
        "\n".join(f"{_name(one)}: {one.comparison.verdict.headline}" for one in found),
        "\n".join(_caveats(found)),
        APART,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def printed_datasets(found: Sequence[OfTables], as_format: Format) -> str:
    """Return what a command prints of several data sets.

    Raises:
        UsageError: TeX holds one comparison.
    """
    if as_format == "tex":
        raise UsageError(
            "--format tex prints one data set", hint="Give one: comparison.tex is in each folder."
        )
    if as_format == "csv":
        return _csv(found)
    if as_format == "json":
        return _json(found)
    return _markdown(found) if as_format == "md" else datasets_text(found)


def write_datasets(
    found: Sequence[OfTables], folder: Path, style: Style = "full"
) -> tuple[Path, ...]:
    """Write the page over all data sets and, in a folder each, their reports; return the paths."""
    contents = {
        "index.html": _page(found),
        "comparison.csv": _csv(found),
        "comparison.json": _json(found),
        "comparison.md": _markdown(found),
    }
    for name, text in contents.items():
        write_whole(folder / name, text)
    pages = [
        write_report(one.comparison, one.source, folder / _name(one), style)[0] for one in found
    ]
    return (*(folder / name for name in contents), *pages)


def made_by(found: Sequence[OfTables], date: str, command: str) -> tuple[OfTables, ...]:
    """Return the comparisons with the day and the command that made them."""
    return tuple(
        replace(one, source=replace(one.source, date=date, command=command)) for one in found
    )


def _name(one: OfTables) -> str:
    return one.source.experiment


def _designs(found: Sequence[OfTables]) -> list[str]:
    return list(dict.fromkeys(name for one in found for name in one.comparison.designs))


def _tables(found: Sequence[OfTables]) -> Iterator[OneTable]:
    yield OneTable(
        "Data sets",
        ("data set", "counted", "folds", "score", "called better"),
        tuple(_dataset(one) for one in found),
    )
    yield _crossed("Mean over all cases, with its interval", found, _pooled)
    if any(one.source.as_printed for one in found):
        yield _crossed(f"{AS_PRINTED} by nnU-Net (mean of fold means, Dice in %)", found, _printed)


def _dataset(one: OfTables) -> Row:
    c = one.comparison
    better = [
        f"{contrast.called_better} over {_other(contrast.candidate, contrast.reference, contrast.called_better)}"
        for analysis in c.primaries
        for contrast in analysis.contrasts
        if contrast.called_better
    ]
    folds = ", ".join(dict.fromkeys(str(count) if count else "none" for count in c.folds))
    return (_name(one), c.counted, folds, _score(c), "; ".join(better) or "none")


def _other(a: str, b: str, better: str) -> str:
    return b if better == a else a


def _score(c: Comparison) -> str:
    label, target = c.primary.label, c.primary.target
    several = len({one.target for one in c.analyses}) > 1
    return f"{label}, {target_name(target)}" if several else label


def _crossed(title: str, found: Sequence[OfTables], cell: Cell) -> OneTable:
    return OneTable(
        title,
        ("design", *map(_name, found)),
        tuple((name, *(cell(one, name) for one in found)) for name in _designs(found)),
    )


def _pooled(one: OfTables, design: str) -> str:
    for summary in one.comparison.primary.summaries:
        if summary.design == design:
            text, i = one.comparison.primary.metric.text, summary.interval
            return text(i.mean) + ("" if i.low is None else f" ({text(i.low)} to {text(i.high)})")
    return ""


def _printed(one: OfTables, design: str) -> str:
    target = one.comparison.primary.target
    for cell in one.source.as_printed:
        if (cell.design, cell.target) == (design, target):
            return cell.text
    return ""


def _caveats(found: Sequence[OfTables]) -> Iterator[str]:
    """Yield what weakens a result most; the rest is on the page of its data set."""
    for one in found:
        serious = [c for c in one.source.weakening(one.comparison) if c.colour == "red"]
        yield from (f"{_name(one)}: {caution.mark}: {caution.text}" for caution in serious)


def _csv(found: Sequence[OfTables]) -> str:
    lines = [(_name(one), *row) for one in found for row in rows(one.comparison)]
    return csv_text(("data set", *COLUMNS), lines)


def _json(found: Sequence[OfTables]) -> str:
    whole = {_name(one): json.loads(to_json(one.comparison, one.source)) for one in found}
    return json.dumps({"datasets": whole}, indent=2, ensure_ascii=False) + "\n"


def _markdown(found: Sequence[OfTables]) -> str:
    parts = [f"# {len(found)} data sets"]
    for one in _tables(found):
        parts += [f"## {one.title}", markdown_table([[*map(plain, one.header)], *one.rows])]
    parts += ["\n".join(f"- {_name(one)}: {one.comparison.verdict.headline}" for one in found)]
    parts += ["\n".join(f"- {line}" for line in _caveats(found)), APART]
    return "\n\n".join(part for part in parts if part) + "\n"


def _page(found: Sequence[OfTables]) -> str:
    source: Source = found[0].source
    sections = [
        Section(
            f"table{place}",
            one.title,
            blocks=(table(one.header, one.rows, {*one.header}),),
        )
        for place, one in enumerate(_tables(found))
    ]
    return (
        environment()
        .get_template("datasets.html")
        .render(
            title=f"{len(found)} data sets: {', '.join(_designs(found))}",
            designs=", ".join(_designs(found)),
            found=[(_name(one), one.comparison.verdict.headline) for one in found],
            caveats=list(_caveats(found)),
            sections=sections,
            apart=APART,
            date=source.date,
            command=source.command,
            style=our_text("page.css"),
        )
    )
