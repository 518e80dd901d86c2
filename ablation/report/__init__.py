"""A comparison written down: one offline page, tables for papers and programs, a summary.

files.py       write_report(): all files of a report
page/          index.html from jinja2 templates; its figures as SVG and PDF
sections/      what the page shows below the verdict, a module each, made of blocks
figures/       the figures, as plotly describes them
formats/       the table as CSV, JSON, Markdown, TeX and text
methods/       what was done, in a paragraph, with its sources
source.py      where the numbers come from
material.py    what the page shows of the runs; tracked.py reads it from their files
literature.py  published scores beside the designs
from_runs.py   report(): from the runs of a workspace; from_tables.py  compare(): from tables

The package can be called: `ablation.report(...)` is its `report`.
"""

import sys
from inspect import signature
from types import ModuleType

from ablation.report.files import FILES, write_report
from ablation.report.formats import printed
from ablation.report.formats.summary import summary
from ablation.report.formats.tables import to_json
from ablation.report.from_runs import Report, report
from ablation.report.from_tables import compare
from ablation.report.literature import published
from ablation.report.page.pictures import picture_kinds, write_pictures
from ablation.report.page.plotly_figures import figures
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
