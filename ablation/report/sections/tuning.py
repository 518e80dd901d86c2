"""How the designs were tuned: trials, what more of them would bring, which parameters mattered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ablation.comparison import Comparison
from ablation.config import known_keys
from ablation.report.figures.curves import dice_curves_of_epochs, loss_curves
from ablation.report.figures.drawing import colours
from ablation.report.figures.expected_best import expected_best
from ablation.report.figures.history import history
from ablation.report.figures.importance import importances
from ablation.report.figures.parallel import parallel
from ablation.report.material import Curve, Study
from ablation.report.sections.blocks import Block, Section, Table, notes, table
from ablation.report.source import Source
from ablation.statistics.fitting import RULE, judge_fit

HINT = (
    "Everything here is about validation patients: it explains how the settings were found and is "
    "no evidence for one design over another."
)
STEADY = 50
"""Trials from which the best tenth holds the five that its authors ask for."""


def tuning(comparison: Comparison, source: Source) -> Section | None:
    """Return the studies behind the designs; nothing for tables given by hand."""
    studies = source.material.studies
    curves = source.material.curves
    if not (studies or curves):
        return None
    colour = colours(comparison.designs)
    by_design = _by_design(studies)
    drawn = [dice_curves_of_epochs(curves, colour), loss_curves(curves, colour)]
    if studies:
        drawn.append(expected_best(comparison, by_design, colour))
    for number, (design, own) in enumerate(by_design.items()):
        drawn.append(history(design, own, colour[design], f"history-{number}"))
        drawn += [
            figure
            for n, study in enumerate(own)
            if (figure := parallel(study, f"parallel-{number}-{n}")) is not None
        ]
    if studies:
        drawn.append(importances(studies, colour))
    return Section(
        "tuning",
        "Tuning",
        HINT,
        blocks=(*notes(_remarks(studies)), *_fitted(curves), *_searched(studies)),
        figures=tuple(figure for figure in drawn if figure is not None),
    )


def _remarks(studies: Sequence[Study]) -> list[str]:
    """What is not shown, and how far to trust what is."""
    said = [
        f"No tuning importance of {study.name}: {study.reason}."
        for study in studies
        if not study.importance
    ]
    said += [
        f"{study.name}: with {len(study.complete)} complete trials the importances vary from sweep to sweep; "
        f"the best tenth needs {STEADY} trials or more."
        for study in studies
        if study.importance and len(study.complete) < STEADY
    ]
    return said


def _fitted(curves: Sequence[Curve]) -> Iterator[Block]:
    """Each training in words: over- or underfitting, by the rule that stands below."""
    columns = ("training", "over- or underfitting")
    told = [
        (one.run, judged.words)
        for one in curves
        if (judged := judge_fit(one.train_dice, one.validation_dice, one.validation_loss)).words
    ]
    if told:
        yield table(columns, told, columns)
        yield from notes([RULE])


def _searched(studies: Sequence[Study]) -> Iterator[Table]:
    """The searched parameters in words."""
    words = known_keys()
    names = sorted({parameter.name for study in studies for parameter in study.parameters})
    if names:
        columns = ("searched", "meaning")
        yield table(columns, [(name, words.get(name, "")) for name in names], columns)


def _by_design(studies: Sequence[Study]) -> dict[str, list[Study]]:
    found: dict[str, list[Study]] = {}
    for study in studies:
        found.setdefault(study.design, []).append(study)
    return found
