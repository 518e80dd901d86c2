"""Ratios that follow from the voxel counts of their row."""

from __future__ import annotations

import math
from collections.abc import Collection

import pandas as pd

from ablation.metrics.overlap import VoxelCounts
from ablation.metrics.table import BACKGROUND, FOREGROUND
from ablation.scores.remarks import Tell, note


def with_ratios(frame: pd.DataFrame, free: Collection[str], say: Tell) -> pd.DataFrame:
    """Return the table with each ratio computed from the counts, in the rows that have them.

    Counts are exact, written ratios are rounded. A ratio that the table does not have is added
    where all rows have the counts.

    Args:
        frame: Scores and counts by our names, nan where undefined.
        free: Scores with a scale of their own, which stay as they are.
        say: Told which ratios were added.
    """
    whole = frame.copy()
    added = []
    for names, needed in ((FOREGROUND, ["tp", "fp", "fn"]), (BACKGROUND, ["tp", "fp", "fn", "tn"])):
        if not set(needed) <= set(frame.columns):
            continue
        known = frame[needed].notna().all(axis=1)
        cells = frame.loc[known, needed].to_dict("records")
        counts = [VoxelCounts(**{"tn": 0, **{str(k): int(v) for k, v in c.items()}}) for c in cells]
        for name in names:
            if name in free or (name not in frame and not known.all()):
                continue
            added += [name] if name not in frame else []
            whole[name] = whole[name] if name in frame else math.nan
            whole.loc[known, name] = [getattr(one, name) for one in counts]
    if added:
        say(note(f"computed from the voxel counts: {', '.join(added)}"))
    return whole
