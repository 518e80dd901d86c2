"""Which of two labels is the oedema: the one that lies at the rim of the tumour all round."""

from __future__ import annotations

from collections.abc import Sequence

from ablation.data.readers.mask_census import Count

CLEARLY = 3.0
"""One label has at least so many times the rim of the other."""
MAJORITY = 0.75
"""Share of the masks that must agree."""


def oedema_of(counts: Sequence[Count]) -> int | None:
    """Return which of the labels 1 and 2 is oedema, None where the masks do not tell.

    Oedema surrounds necrosis and enhancing tumour, so that nearly all faces between tumour and
    background are its own.

    >>> oedema_of([Count({1: 10, 2: 90}, {1: 2, 2: 60})])
    2
    """
    both = [one for one in counts if one.voxels.get(1) and one.voxels.get(2)]
    first, second = (sum(one.rim[label] for one in both) for label in (1, 2))
    votes = [1 if one.rim[1] > one.rim[2] else 2 for one in both]
    for label, own, other in ((1, first, second), (2, second, first)):
        if own > CLEARLY * other and votes.count(label) >= MAJORITY * len(votes):
            return label
    return None
