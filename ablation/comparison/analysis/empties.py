"""What a missed or an absent tumour counts; decided by the truth, never by one design's output.

If a pair left the analysis because one design predicted nothing, the other would lose its win.
The rules are applied when runs are compared; per-case tables keep what the formulas give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ablation.metrics.empty import ONE_EMPTY, has_lesion, with_penalties
from ablation.metrics.metric import Metric
from ablation.statistics.effects import clopper_pearson
from ablation.statistics.permutation import sign_test

Policy = Literal["penalty", "brats", "exclude"]


@dataclass(frozen=True, slots=True)
class EmptyRule:
    """What missed and absent tumours count, in words."""

    label: str
    sentence: str
    """In the methods text; {worst} is what a ratio counts, {distance} and {dropped} concern distances."""


EMPTY_RULES: dict[Policy, EmptyRule] = {
    "penalty": EmptyRule(
        "cases with a tumour; a missed one scores 0 or the diagonal",
        "Cases whose truth holds a tumour were analysed; a missed tumour scored {worst}{distance}.",
    ),
    "brats": EmptyRule(
        "all cases; a false alarm scores 0 or the diagonal, rightly finding nothing is perfect",
        "All cases were analysed; a missed tumour and a false alarm scored {worst}{distance}, finding "
        "nothing where there is nothing the best value.",
    ),
    "exclude": EmptyRule(
        "cases with a tumour; a missed one leaves the distances of every design",
        "Cases whose truth holds a tumour were analysed; a missed tumour scored {worst}{dropped}.",
    ),
}


@dataclass(frozen=True, slots=True)
class Missed:
    """Tumours that a design missed, over all trainings."""

    count: int
    of: int

    @property
    def share(self) -> float:
        """Missed of those that there are."""
        return self.count / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Detection:
    """How often a design missed a tumour or saw one where there is none, over all trainings."""

    design: str
    missed: int
    with_tumour: int
    false_alarms: int
    without_tumour: int
    missed_interval: tuple[float, float] | None
    """Clopper-Pearson limits of the share missed; None with several trainings of one patient."""


@dataclass(frozen=True, slots=True)
class DetectionContrast:
    """Which of two designs finds tumours that the other misses."""

    candidate: str
    reference: str
    only_candidate: int
    """Tumours that the candidate alone found."""
    only_reference: int
    p: float | None
    """Exact McNemar; None where a patient has several tumours or a design several trainings."""


def scores_under(rows: pd.DataFrame, metric: Metric, policy: Policy = "penalty") -> pd.Series:
    """Return the score of every row that enters, indexed as the rows; NaN where none exists.

    Where the size of the scan is unknown, a missed case has no diagonal: its distance then ranks
    behind all others (`last_place`).

    Args:
        rows: Aligned rows with columns status, shape, spacing, distance_unit and the metric.
        metric: The score.
        policy: The rule, one of EMPTY_RULES.
    """
    entering = rows if policy == "brats" else rows[has_lesion(rows)]
    scores = with_penalties(entering)[metric.name].astype(float)
    if metric.kind == "distance":
        if policy == "exclude":
            return scores.mask(entering["status"] == "missed")
        one_empty = entering["status"].isin(ONE_EMPTY)
        last = last_place(scores[one_empty], scores[~one_empty])
        scores = scores.mask(without_size(entering, metric), last)
    if metric.kind in ("ratio", "distance"):
        return scores.mask(entering["status"] == "both_empty", metric.best)
    return scores


def without_size(rows: pd.DataFrame, metric: Metric) -> pd.Series:
    """Tell which rows have one empty mask in a scan of unknown size, so that no diagonal is known."""
    penalised = rows["status"].isin(ONE_EMPTY) & (metric.kind == "distance")
    return penalised & with_penalties(rows)[metric.name].isna()


def last_place(penalties: pd.Series, measured: pd.Series) -> float:
    """Return the distance of a missed case in a scan of unknown size; NaN where nothing is known.

    It is the largest penalty that another case has. Without any it is twice the largest distance
    measured: then no difference between two measured distances exceeds one to a missed case.

    >>> last_place(pd.Series([373.13, None]), pd.Series([8.0, 12.0]))
    373.13
    >>> last_place(pd.Series([None], dtype=float), pd.Series([8.0, 12.0]))
    24.0
    """
    known = penalties.dropna()
    return float(known.max()) if len(known) else 2 * float(measured.max())


def penalties(
    rows: pd.DataFrame, metric: Metric, policy: Policy = "penalty"
) -> tuple[float, float] | None:
    """Return the smallest and largest distance that an empty mask was given; None for none."""
    one_empty = rows["status"].isin(ONE_EMPTY)
    if metric.kind != "distance" or not one_empty.any():
        return None
    scores = scores_under(rows, metric, policy)
    given = scores[one_empty[scores.index]].dropna()
    return (float(given.min()), float(given.max())) if len(given) else None


def missed_by(rows: pd.DataFrame) -> dict[str, Missed]:
    """Count the tumours that each design missed; a case it was not scored on is none of them."""
    scored = rows[~rows["filled"].astype(bool)] if "filled" in rows else rows
    tumours = scored[has_lesion(scored)]
    missed = (tumours["status"] == "missed").groupby(tumours["design"]).agg(["sum", "size"])
    return {
        str(name): Missed(*map(int, missed.loc[name])) if name in missed.index else Missed(0, 0)
        for name in rows["design"].unique()
    }


def missed_by_one(rows: pd.DataFrame, pair: tuple[str, str]) -> int:
    """Count the tumours that one of two designs missed and the other found, in any training."""
    missed = rows[rows["status"] == "missed"]
    first, second = (
        set(
            missed.loc[missed["design"] == name, ["patient", "case", "target"]].itertuples(
                index=False, name=None
            )
        )
        for name in pair
    )
    return len(first ^ second)


def detections(rows: pd.DataFrame, designs: Sequence[str], level: float) -> tuple[Detection, ...]:
    """Count missed tumours and false alarms of each design."""
    found = []
    for name in designs:
        own = rows[rows["design"] == name]
        counts = own["status"].value_counts()
        missed = int(counts.get("missed", 0))
        with_tumour = missed + int(counts.get("scored", 0))
        once = own["training"].nunique() == 1 and with_tumour > 0
        found.append(
            Detection(
                design=name,
                missed=missed,
                with_tumour=with_tumour,
                false_alarms=int(counts.get("false_alarm", 0)),
                without_tumour=len(own) - with_tumour,
                missed_interval=clopper_pearson(missed, with_tumour, level) if once else None,
            )
        )
    return tuple(found)


def detection_contrasts(
    rows: pd.DataFrame, pairs: Sequence[tuple[str, str]]
) -> tuple[DetectionContrast, ...]:
    """Compare which tumours the designs find, case by case; nothing where none is missed."""
    tumours = rows[has_lesion(rows)]
    if (tumours["status"] == "scored").all():
        return ()
    found = (tumours["status"] == "scored").groupby(
        [tumours["patient"], tumours["case"], tumours["target"], tumours["design"]]
    )
    table = found.mean().unstack("design").dropna()
    independent = table.index.get_level_values("patient").is_unique and bool(
        tumours["training"].nunique() == 1
    )
    contrasts = []
    for candidate, reference in pairs:
        d = (table[candidate] - table[reference]).to_numpy()
        test = sign_test(d) if independent and d.size else None
        contrasts.append(
            DetectionContrast(
                candidate,
                reference,
                only_candidate=int((d > 0).sum()),
                only_reference=int((d < 0).sum()),
                p=test.p_two_sided if test else None,
            )
        )
    return tuple(contrasts)
