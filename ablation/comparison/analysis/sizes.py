"""How large and how many the tumours are, by the truth alone, and whether that matters.

Strata are compared by the trend over all patients, never by "significant here, not there".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablation.comparison.analysis.contrasts import Analysis, Contrast
from ablation.metrics.empty import has_lesion, read_extent
from ablation.statistics.paired import MeanInterval, mean_interval
from ablation.statistics.trend import Trend, trend

Array = NDArray[np.float64]
LESIONS = ("lesions_truth", "lesions_found", "lesions_false")
UNITS = {(3, "mm"): "ml", (2, "mm"): "cm²", (3, "px"): "voxels", (2, "px"): "pixels"}
MM_PER_UNIT = {3: 1000.0, 2: 100.0}
STRATA = 3
FEWEST = 10  # patients in a stratum from which its mean carries an interval


@dataclass(frozen=True, slots=True)
class Stratum:
    """The patients of one third by truth volume."""

    smallest: float
    largest: float
    mean: MeanInterval
    """Of the differences; without limits below ten patients."""


@dataclass(frozen=True, slots=True)
class SizeEffect:
    """Whether a difference grows or shrinks with the tumour; exploratory, not adjusted."""

    candidate: str
    reference: str
    trend: Trend | None
    """Of the differences per tenfold volume."""
    strata: tuple[Stratum, ...]
    """Thirds by volume, smallest first; empty below three patients."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Truth volumes of the patients of a primary analysis."""

    target: str
    unit: str
    """ml, or cm², voxels, pixels where the table knows no more."""
    volumes: tuple[float, ...]
    """In the order of the analysis' patients; NaN for one without a tumour or a count of it."""
    effects: tuple[SizeEffect, ...]


@dataclass(frozen=True, slots=True)
class Lesions:
    """Connected parts of the tumours, summed over patients and trainings."""

    target: str
    design: str
    truth: int
    found: int
    false: int
    """Predicted parts that touch no tumour."""


def tumour_sizes(
    rows: pd.DataFrame, analyses: Sequence[Analysis], level: float
) -> tuple[Sizes, ...]:
    """Return the sizes behind every primary analysis of patients; none where none is known.

    Args:
        rows: Aligned rows; truth_voxels, shape and spacing are read.
        analyses: Their primary ones are taken, those over patients.
        level: Of intervals.
    """
    return tuple(
        found
        for analysis in analyses
        if analysis.role == "primary" and analysis.unit_of_analysis == "patient"
        if (found := _sizes(rows[rows["target"] == analysis.target], analysis, level))
    )


def _sizes(rows: pd.DataFrame, analysis: Analysis, level: float) -> Sizes | None:
    if "truth_voxels" not in rows:
        return None
    with_tumour = rows[has_lesion(rows) & rows["truth_voxels"].notna()]
    once = with_tumour.drop_duplicates(["patient", "case"])
    kinds = {_kind(row) for row in once[["shape", "spacing"]].itertuples(index=False)}
    if len(kinds) != 1 or not kinds <= set(UNITS):
        return None
    axes, unit = kinds.pop()
    size = once["truth_voxels"].astype(float) * once["spacing"].map(_voxel(axes, unit))
    by_patient = size.groupby(once["patient"].astype(str))
    # Slices of a patient add up; scans of one are as large as they are on average.
    volume = (by_patient.sum() if axes == 2 else by_patient.mean()).reindex(analysis.patients)
    volumes = np.asarray(volume.where(volume > 0), np.float64)
    effects = tuple(size_effect(c, volumes, level) for c in analysis.contrasts)
    return Sizes(analysis.target, UNITS[axes, unit], tuple(volumes.tolist()), effects)


def _kind(row: tuple[str, str]) -> tuple[int, str]:
    shape, spacing = ("" if cell == "nan" else cell for cell in map(str, row))
    stated = shape or spacing
    axes = stated.count("x") + 1 if stated else 3  # tables of other tools count voxels, no more
    return axes, "mm" if spacing else "px"


def _voxel(axes: int, unit: str) -> Callable[[str], float]:
    """The size of a voxel in the unit, from its cell in the table."""
    if unit == "px":
        return lambda _: 1.0
    return lambda spacing: math.prod(read_extent(spacing)) / MM_PER_UNIT[axes]


def size_effect(contrast: Contrast, volumes: Array, level: float) -> SizeEffect:
    """Return the trend of a contrast over log volume, and its mean in thirds of the patients."""
    known = np.isfinite(volumes)
    d, sizes = np.array(contrast.d)[known], volumes[known]
    return SizeEffect(
        candidate=contrast.candidate,
        reference=contrast.reference,
        trend=trend(np.log10(sizes), d, level) if d.size else None,
        strata=tuple(_strata(d, sizes, level)),
    )


def _strata(d: Array, volumes: Array, level: float) -> Iterator[Stratum]:
    if d.size < STRATA:
        return
    order = np.argsort(volumes, kind="stable")
    edges = [round(i * d.size / STRATA) for i in range(STRATA + 1)]
    for start, stop in pairwise(edges):
        own = order[start:stop]
        mean = mean_interval(d[own], level)
        if mean.n < FEWEST:
            mean = MeanInterval(mean.n, mean.mean, mean.sd, None, None)
        yield Stratum(float(volumes[own[0]]), float(volumes[own[-1]]), mean)


def lesion_counts(rows: pd.DataFrame, designs: Sequence[str]) -> tuple[Lesions, ...]:
    """Sum the lesion columns of each target and design; nothing where a table lacks them."""
    if not set(LESIONS) <= set(rows) or rows[list(LESIONS)].isna().any(axis=None):
        return ()
    sums = rows.groupby(["target", "design"])[list(LESIONS)].sum()
    return tuple(
        Lesions(target, name, *(int(n) for n in sums.loc[(target, name)]))
        for target in sorted(set(rows["target"]))
        for name in designs
    )
