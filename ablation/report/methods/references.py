"""The sources a methods paragraph cites: of references.bib, or of a test that brings its own."""

from __future__ import annotations

import re
from importlib.resources import files

from ablation.statistics.paired_tests import TESTS

CITED = re.compile(r"@([a-z]+\d{4})")
ENTRY = re.compile(r"^@\w+\{(\w+),\n.*?^\}\n", re.MULTILINE | re.DOTALL)


def bibliography(text: str) -> str:
    """Return the BibTeX entries of the keys cited in a text, in the order of first mention.

    >>> print(bibliography("adjusted by Holm [@holm1979]").splitlines()[0])
    @article{holm1979,
    """
    stored = files("ablation.report.methods").joinpath("references.bib").read_text("utf-8")
    stored += "".join(test.bibtex for test in TESTS.values())
    entries = {found[1]: found[0] for found in ENTRY.finditer(stored)}
    return "\n".join(entries[key] for key in dict.fromkeys(CITED.findall(text)))
