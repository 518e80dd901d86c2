"""Which regions of the truth are segmented: one, or all that the data set has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from ablation.errors import UsageError, nearest

Labels = Sequence[int]
REGIONS = "regions"
"""Value of `data.target` for: every target that the scans have, together."""


def chosen(asked: str, known: Mapping[str, Labels]) -> dict[str, Labels]:
    """Return the targets of `data.target` with their labels, in the order of `known`.

    Raises:
        UsageError: The scans have no such target.

    >>> chosen("regions", {"WT": (1, 2, 3), "ET": (3,)})
    {'WT': (1, 2, 3), 'ET': (3,)}
    >>> chosen("ET", {"WT": (1, 2, 3), "ET": (3,)})
    {'ET': (3,)}
    """
    if asked in known:
        return {asked: known[asked]}
    if asked == REGIONS:
        return dict(known)
    raise UsageError(
        f"data.target: the truth has no {asked}", hint=nearest(asked, (*known, REGIONS))
    )


def exclude_each_other(targets: Iterable[Labels]) -> bool:
    """Tell whether several targets share no label, so that a voxel belongs to one at most.

    >>> exclude_each_other([(1,), (2,), (3,)]), exclude_each_other([(1, 2), (2,)])
    (True, False)
    """
    sets = [{*labels} for labels in targets]
    return len(sets) > 1 and not any(one & other for one, other in combinations(sets, 2))
