"""Scores on different scales: of one design in 0..1, of another in per cent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from ablation.errors import ComparisonError
from ablation.metrics.registry import METRICS

FAR = 2.0
"""A median above it is no ratio in 0..1."""


def check_scales(
    designs: Mapping[str, Sequence[pd.DataFrame]], scores: Collection[str], higher: Collection[str]
) -> None:
    """Refuse scores that lie in 0..1 under one design and far above 1 under another.

    Args:
        designs: The tables of each design.
        scores: Columns to look at: ratios, and scores that only their user knows.
        higher: Scores of these that are declared as better when higher.

    Raises:
        ComparisonError: naming the designs.
    """
    for name in scores:
        if METRICS[name].bounds[1] != 1 if name in METRICS else name not in higher:
            continue
        values = {
            design: pd.concat([frame[name] for frame in frames if name in frame]).dropna()
            for design, frames in designs.items()
            if any(name in frame for frame in frames)
        }
        small = [d for d, own in values.items() if len(own) and own.max() <= 1 and own.min() >= 0]
        large = [d for d, own in values.items() if len(own) and own.median() > FAR]
        if small and large:
            raise ComparisonError(
                f"{name} is on different scales: between 0 and 1 in {', '.join(small)}, up to "
                f"{values[large[0]].max():g} in {', '.join(large)}",
                hint="Write all tables on one scale: divide per cent by 100.",
            )
