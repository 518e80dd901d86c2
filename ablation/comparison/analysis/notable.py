"""Which patients of a comparison are worth a look: where designs fail, succeed, and disagree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ablation.comparison.analysis.contrasts import Analysis


@dataclass(frozen=True, slots=True)
class Seen:
    """The worst slice without tumour of a patient under a design."""

    design: str
    patient: str
    pred_voxels: int


@dataclass(frozen=True, slots=True)
class Notable:
    """A patient, and why."""

    patient: str
    kind: Literal["tumour", "false_alarm"]
    why: str


def notable(
    analysis: Analysis, patients: Collection[str], false_alarms: Sequence[Seen]
) -> tuple[Notable, ...]:
    """Return the patients worth a look by a metric, the most telling first.

    Args:
        analysis: Its scores decide; of equals the first patient.
        patients: Of whom there is something to show.
        false_alarms: The worst slices without tumour; one is chosen.
    """
    reasons: dict[str, list[str]] = {}
    for patient, why in _tumours(analysis, patients):
        reasons.setdefault(patient, []).append(why)
    found = [Notable(patient, "tumour", "; ".join(why)) for patient, why in reasons.items()]
    if false_alarms:
        worst = min(false_alarms, key=lambda one: (-one.pred_voxels, one.patient, one.design))
        why = f"largest false alarm on a slice without tumour ({worst.design})"
        found.insert(min(2, len(found)), Notable(worst.patient, "false_alarm", why))
    return tuple(found)


def _tumours(analysis: Analysis, patients: Collection[str]) -> Iterable[tuple[str, str]]:
    kept = [i for i, patient in enumerate(analysis.patients) if patient in patients]
    if not kept:
        return
    names = [analysis.patients[i] for i in kept]
    designs = list(analysis.scores)
    label, sign = analysis.metric.label, analysis.metric.sign
    scores = sign * np.array([[analysis.scores[name][i] for i in kept] for name in designs])
    mean = scores.mean(axis=0)
    average = "mean " if len(designs) > 1 else ""
    yield names[int(mean.argmin())], f"worst {average}{label}"
    yield from _disagreements(scores, designs, names, label)
    if len(names) > 1:
        yield names[int(mean.argmax())], f"best {average}{label}"


def _disagreements(
    scores: NDArray[np.float64], designs: Sequence[str], names: Sequence[str], label: str
) -> Iterable[tuple[str, str]]:
    if len(designs) == 2:
        ahead = scores[0] - scores[1]
        for design, lead in zip(designs, (ahead, -ahead), strict=True):
            if lead.max() > 0:
                yield names[int(lead.argmax())], f"largest lead of {design} in {label}"
    elif len(designs) > 2:
        spread = scores.max(axis=0) - scores.min(axis=0)
        if spread.max() > 0:
            yield names[int(spread.argmax())], f"designs differ most in {label}"
