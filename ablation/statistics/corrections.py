"""How p-values of several comparisons can be adjusted: each by its name, with every label it has.

The functions are those of multiplicity.py, loaded when p-values are adjusted: help texts list the
names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablation.plugins import Registry

if TYPE_CHECKING:
    from ablation.statistics.multiplicity import PValues


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """An adjustment of the p-values of a family."""

    name: str
    """As written in the configuration and behind --correction."""
    label: str
    """As in "Holm"."""
    p_label: str
    """What an adjusted p is called, as in "Holm p"."""
    sentence: str
    """In the methods text, with its source as [@key]."""
    adjust: Callable[[PValues], tuple[float, ...]]
    """p-values, shape (comparisons,) -> adjusted ones in the same order."""
    adjusts: bool = True
    """False where p-values stay as they are."""
    multiplies_smallest: bool = False
    """Whether the smallest p of a family is always multiplied by the number of comparisons."""


def _holm(p: PValues) -> tuple[float, ...]:
    from ablation.statistics.multiplicity import holm

    return holm(p)


def _benjamini_hochberg(p: PValues) -> tuple[float, ...]:
    from ablation.statistics.multiplicity import benjamini_hochberg

    return benjamini_hochberg(p)


def _unadjusted(p: PValues) -> tuple[float, ...]:
    from ablation.statistics.multiplicity import unadjusted

    return unadjusted(p)


CORRECTIONS: Registry[Correction] = Registry(
    "correction",
    [
        Correction(
            name="holm",
            label="Holm",
            p_label="Holm p",
            sentence="adjusted by Holm [@holm1979]",
            adjust=_holm,
            multiplies_smallest=True,
        ),
        Correction(
            name="bh",
            label="Benjamini-Hochberg",
            p_label="Benjamini-Hochberg p",
            sentence="adjusted by Benjamini and Hochberg [@benjamini1995]",
            adjust=_benjamini_hochberg,
        ),
        Correction(
            name="none",
            label="unadjusted",
            p_label="p",
            sentence="unadjusted",
            adjust=_unadjusted,
            adjusts=False,
        ),
    ],
)
