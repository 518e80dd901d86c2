"""A comparison written down: one offline page, tables for papers and programs, a summary.

tables.py    the table that all formats share; CSV, JSON of everything
tex.py       the same for LaTeX; markdown.py  for wikis; formats.py  what is printed
sections/    what the page shows below the verdict, a module each
drawing.py   what every figure shares; scales.py  its axes; pairs.py  its comparisons
html.py      what every section shares
card.py      the designs at a glance; literature.py  published scores beside them
methods.py   what was done, in a paragraph; references.py  the sources it cites
page.py      index.html, with page.html, page.css, page.js
summary.py   what is printed
pictures.py  the figures as SVG and PDF
files.py     write_report(): all files of a report
from_runs.py    report(): from the runs of a workspace; from_tables.py  compare(): from tables

The package can be called: `ablation.report(...)` is its `report`.
"""

import sys
from inspect import signature
from types import ModuleType

from ablation.report.figures.pictures import picture_kinds, write_pictures
from ablation.report.figures.plotly_figures import figures
from ablation.report.files import FILES, write_report
from ablation.report.formats import printed
from ablation.report.formats.summary import summary
from ablation.report.formats.tables import to_json
from ablation.report.from_runs import Report, report
from ablation.report.from_tables import compare
from ablation.report.literature import published
from ablation.report.source import Source

__all__ = [
    "FILES",
    "Report",
    "Source",
    "compare",
    "figures",
    "picture_kinds",
    "printed",
    "published",
    "report",
    "summary",
    "to_json",
    "write_pictures",
    "write_report",
]


class _Callable(ModuleType):
    """A package that is also the function of its name."""

    __call__ = staticmethod(report)
    __signature__ = signature(report)


sys.modules[__name__].__class__ = _Callable
