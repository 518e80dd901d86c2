"""The sources a methods paragraph cites; references.bib has every one."""

from __future__ import annotations

import re
from importlib.resources import files

CITED = re.compile(r"@([a-z]+\d{4})")
ENTRY = re.compile(r"^@\w+\{(\w+),\n.*?^\}\n", re.MULTILINE | re.DOTALL)


def bibliography(text: str) -> str:
    """Return the BibTeX entries of the keys cited in a text, in the order of first mention.

    >>> print(bibliography("adjusted by Holm [@holm1979]").splitlines()[0])
    @article{holm1979,
    """
    stored = files("ablation.report.methods").joinpath("references.bib").read_text("utf-8")
    entries = {found[1]: found[0] for found in ENTRY.finditer(stored)}
    return "\n".join(entries[key] for key in dict.fromkeys(CITED.findall(text)))
