"""Several tables of one design: trainings (seeds) of the same cases, or folds of other ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

KEY = ["patient", "case", "target"]


@dataclass(slots=True)
class _Training:
    seed: str
    """As its table says; "" where it does not."""
    tables: list[pd.DataFrame] = field(default_factory=list)

    def tests_others(self, table: pd.DataFrame) -> bool:
        """Tell whether a table has none of the cases that are here."""
        own = set().union(*(_keys(one) for one in self.tables))
        return own.isdisjoint(_keys(table))

    @property
    def whole(self) -> pd.DataFrame:
        """All rows, those of several tables told apart in a column `fold`."""
        if len(self.tables) == 1:
            return self.tables[0]
        return pd.concat(
            [
                one if "fold" in one else one.assign(fold=str(number))
                for number, one in enumerate(self.tables, start=1)
            ],
            ignore_index=True,
        )


def trainings_of(tables: Sequence[pd.DataFrame]) -> tuple[pd.DataFrame, ...]:
    """Return one table for each training of a design.

    Rows of one table with other seeds are other trainings. Tables with the same cases are, too;
    tables without a common case are folds of one training.

    >>> a, b = (pd.DataFrame({"patient": [p], "case": [p], "target": ""}) for p in ("x", "y"))
    >>> [len(one) for one in trainings_of([a, a])], [len(one) for one in trainings_of([a, b])]
    ([1, 1], [2])
    """
    found: list[_Training] = []
    for table in tables:
        for seed, own in _by_seed(table):
            fits = [one for one in found if one.seed == seed and one.tests_others(own)]
            if not fits:
                found.append(_Training(seed))
            (fits or found[-1:])[0].tables.append(own)
    return tuple(one.whole for one in found)


def _by_seed(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    if "seed" not in table:
        return [("", table)]
    groups = table.groupby("seed", sort=False)
    return [(str(seed), own.drop(columns="seed").reset_index(drop=True)) for seed, own in groups]


def _keys(table: pd.DataFrame) -> set[tuple[str, ...]]:
    return set(table[KEY].itertuples(index=False, name=None))
