"""A comparison written down: one offline page, tables for papers and programs, a summary.

tables.py    the table that all formats share; CSV, JSON of everything
tex.py       the same for LaTeX; markdown.py  for wikis; formats.py  what is printed
sections/    what the page shows below the verdict, a module each
drawing.py   what every figure shares; html.py  what every section shares
card.py      the designs at a glance; literature.py  published scores beside them
methods.py   what was done, in a paragraph; references.py  the sources it cites
page.py      index.html
summary.py   what is printed
files.py     write_report(): all files of a report
"""

from ablation.report.files import FILES, write_report
from ablation.report.formats import printed
from ablation.report.literature import published
from ablation.report.source import Source
from ablation.report.summary import summary
from ablation.report.tables import to_json

__all__ = ["FILES", "Source", "printed", "published", "summary", "to_json", "write_report"]
