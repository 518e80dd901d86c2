"""Ids of one case that tables write in different ways, brought to one name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from ablation.scores.pairing import case_of
from ablation.scores.patient_ids import without_zeros

Rule = Callable[[str], str]
ENDING = re.compile(r"\.(?:nii|nii\.gz|mha|mhd|nrrd|tiff?|png|jpe?g|npy|npz|h5|dcm)$", re.I)
SHOWN = 3  # ids of each table that shares none


def without_ending(name: str) -> str:
    """Return an id without folder, file ending and words such as seg.

    >>> without_ending("masks/P01_seg.nii.gz"), without_ending("P01.mha"), without_ending("P01")
    ('P01', 'P01', 'P01')
    """
    file = name.replace("\\", "/").rpartition("/")[2]
    return case_of(Path(ENDING.sub("", file))) or name


RULES: Mapping[str, Rule] = {
    "file endings and words such as seg": without_ending,
    "upper and lower case": str.casefold,
    "leading zeros": without_zeros,
    "hyphens and underscores": lambda name: re.sub(r"[-_ .]+", "-", name),
}
"""In what the ids of one case may differ, by what a remark calls it."""


def with_same_ids(
    tables: Sequence[pd.DataFrame],
) -> tuple[list[pd.DataFrame], str]:
    """Return the tables with one name for each case and patient, and what was passed over.

    A difference is passed over where more cases are shared without it, and no two ids of one table
    become the same. The names are those of the first table that has the case.

    Args:
        tables: With columns case and patient; the tables of all designs.
    """
    found: list[str] = []
    named = list(tables)
    for column in ("case", "patient"):
        ids = [list(dict.fromkeys(frame[column].astype(str))) for frame in named]
        words, rule = _rule(ids)
        if not words:
            continue
        found += [one for one in words if one not in found]
        names: dict[str, str] = {}
        for own in ids:
            for name in own:
                names.setdefault(rule(name), name)
        named = [
            frame.assign(**{column: [names[rule(str(name))] for name in frame[column]]})
            for frame in named
        ]
    return named, " and ".join(found)


def shares_none(tables: Mapping[str, pd.DataFrame]) -> str:
    """Say that no case is in all tables, with some of each; "" where one is.

    Args:
        tables: By the name of their design.
    """
    ids = {name: list(dict.fromkeys(frame["case"].astype(str))) for name, frame in tables.items()}
    if not ids or set.intersection(*map(set, ids.values())):
        return ""
    shown = "; ".join(f"{name} has {', '.join(own[:SHOWN])}" for name, own in ids.items())
    return f"no case id is in all of these tables: {shown}"


def _rule(tables: Sequence[Sequence[str]]) -> tuple[list[str], Rule]:
    """Return the fewest differences to pass over, and the name of an id without them."""
    chosen: tuple[list[str], Rule] = ([], str)
    best = _shared(tables, str)
    if all(set(own) == set(tables[0]) for own in tables):
        return chosen
    together: list[str] = []
    for words in RULES:
        together.append(words)
        for tried in dict.fromkeys([(words,), tuple(together)]):
            rule = _joined(tried)
            if any(len({rule(name) for name in own}) < len(own) for own in tables):
                continue
            if (shared := _shared(tables, rule)) > best:
                best, chosen = shared, (list(tried), rule)
    return chosen


def _joined(words: Sequence[str]) -> Rule:
    def rule(name: str) -> str:
        for one in words:
            name = RULES[one](name)
        return name

    return rule


def _shared(tables: Sequence[Sequence[str]], rule: Rule) -> int:
    return len(set.intersection(*({rule(name) for name in own} for own in tables)))
