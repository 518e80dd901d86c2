"""The names of cases and patients: as they are compared, and whose case it is."""

from __future__ import annotations

import re
import unicodedata

HIDDEN = ("Cf", "Cc")
"""Unicode categories of characters without a shape: joiners, marks of direction, controls."""


def visible(text: str) -> str:
    """Return a name as it is compared: composed (NFC), without invisible characters.

    macOS decomposes letters in file names; spreadsheets leave zero-width and non-breaking spaces.

    >>> visible("Mu\u0308ller-01\u200b"), visible(" P\u00a01 ")
    ('Müller-01', 'P 1')
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    seen = (c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) not in HIDDEN)
    return " ".join("".join(seen).split())


def without_zeros(name: str) -> str:
    """Return an id without zeros before its numbers, nor behind one that is a decimal.

    >>> without_zeros("P007_010"), without_zeros("12.0"), without_zeros("0")
    ('P7_10', '12', '0')
    """
    whole = re.sub(r"^(\d+)\.0$", r"\1", name)
    return re.sub(r"(?<!\d)0+(?=\d)", "", whole)
