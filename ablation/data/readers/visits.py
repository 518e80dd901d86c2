"""Whose examination a name means: what is certain by the words in it, and what is only likely."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

SEPARATOR = r"[_\-. ]+"
VISIT = re.compile(
    rf"(?P<person>.*\d.*?){SEPARATOR}"
    r"(?:visit|ses|session|timepoint|tp|baseline|followup|follow-up|fu|week|month|day|preop|postop|v"
    r"|slice|sl|frame)"
    r"(?:[_\-. ]*\d+)?",
    re.IGNORECASE,
)
"""A person's name with a number in it, then a word for an examination or a slice and its number."""
NUMBERED_VISIT = re.compile(
    r"(?P<person>.*?(?:patient|pat|pt|subject|subj|sub)[_-]?\d+)[_\-.]\d{1,4}", re.IGNORECASE
)
"""A numbered patient, then the number of the examination: brats_tcia_pat153_0002 of 2015."""
BRATS_2017 = re.compile(r"(?P<person>Brats1[789]_[^_]+_[^_]+)_\d+", re.IGNORECASE)
"""Institution, patient, examination: Brats18_TCIA01_131_1."""
PATTERNS = (VISIT, NUMBERED_VISIT, BRATS_2017)
SINGLE = re.compile(
    r"BraTS(20\d\d)?(_Training|_Validation)?_\d+|TCGA[-_]\w{2}[-_]\w{4}", re.IGNORECASE
)
"""Names whose last number is that of the patient."""
LAST_NUMBER = re.compile(rf"(?P<stem>.*\d.*?){SEPARATOR}\d+")
FEW = 12
"""Examinations that a person may have; more names of one stem are a numbering of patients."""


def person_by_words(name: str) -> str:
    """Return what the names of all examinations of one person share, where words make it certain.

    >>> person_by_words("brats_tcia_pat153_0002"), person_by_words("sub-01_ses-02")
    ('brats_tcia_pat153', 'sub-01')
    >>> person_by_words("P007_visit2"), person_by_words("P007_21"), person_by_words("BRATS_001")
    ('P007', 'P007_21', 'BRATS_001')
    """
    for pattern in PATTERNS:
        match = pattern.fullmatch(name)
        if match is not None:
            return person_by_words(match["person"])
    return name


def doubtful(persons: Iterable[str], *, flat: bool = False) -> list[list[str]]:
    """Return the groups of persons whose names differ only in a last number.

    They may be examinations of one person each. Where all names share one stem, the number is that
    of the patient.

    Args:
        persons: Names.
        flat: Whether they are of images of one slice, of which a person may have any number.

    >>> doubtful(["P1_11", "P1_21", "P2_11"]), doubtful(["case1_001", "case1_002"])
    ([['P1_11', 'P1_21']], [])
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(persons)):
        match = LAST_NUMBER.fullmatch(name)
        groups[name if match is None or SINGLE.fullmatch(name) else match["stem"]].append(name)
    several = [names for names in groups.values() if len(names) > 1]
    if len(groups) == 1 or not several:
        return []
    sizes = sorted(len(names) for names in several)
    return several if flat or sizes[len(sizes) // 2] <= FEW else []
