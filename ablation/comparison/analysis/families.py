"""Comparisons that are adjusted together: p, conclusion, ranks and groups of one family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ablation.comparison.analysis.contrasts import (
    FEWEST_RESAMPLED,
    Analysis,
    Contrast,
    draws_of,
)
from ablation.comparison.analysis.decision import Form, decide
from ablation.comparison.analysis.planned import fewest_patients
from ablation.comparison.analysis.ranks import Ranking, rank_designs
from ablation.comparison.analysis.relevance import adjusted_together
from ablation.config.sections import ComparisonConfig
from ablation.statistics.corrections import CORRECTIONS
from ablation.statistics.paired import MeanInterval, cut_at, mean_interval
from ablation.statistics.resampling import stream
from ablation.statistics.simulation import Rule, detectable

FEWEST_RANKED = 3  # designs
MOST_WITH_POWER = 5  # comparisons of a family: each takes a simulation


def in_families(
    analyses: Sequence[Analysis], settings: ComparisonConfig, *, ranked: bool = True
) -> tuple[Analysis, ...]:
    """Adjust the comparisons of every family together and decide each.

    All targets of a metric are one family, those of the primary metric that decide the
    confirmatory one: a target more is a chance more to find a difference that is none.

    Args:
        analyses: Of one or several targets and metrics, as `analyse` returns them.
        settings: Correction, level and test are read.
        ranked: Whether designs are ranked, too.
    """
    families: dict[tuple[str, str], list[Contrast]] = {}
    for one in analyses:
        families.setdefault((one.role, one.metric.name), []).extend(one.contrasts)
    bounds = {one.metric.name: one.metric.difference_bounds for one in analyses}
    decided = {
        key: iter(_decided(family, bounds[key[1]], settings)) for key, family in families.items()
    }
    made = []
    for one in analyses:
        own = decided[one.role, one.metric.name]
        whole = replace(one, contrasts=tuple(next(own) for _ in one.contrasts))
        if ranked:
            whole = replace(
                whole,
                ranking=_ranking(whole, settings),
                contrasts=tuple(_with_power(one, c, settings) for c in whole.contrasts),
            )
        made.append(whole)
    return tuple(made)


def _decided(
    family: Sequence[Contrast], bounds: tuple[float, float], settings: ComparisonConfig
) -> list[Contrast]:
    if not family or any(c.p is None for c in family):
        return list(family)
    if any(c.weights for c in family):
        fixed = _decided([c.of_weights for c in family], bounds, settings)
        family = [_with_weights(c, own) for c, own in zip(family, fixed, strict=True)]
    adjust = CORRECTIONS[settings.correction].adjust
    alpha = round(1 - settings.level, 12)
    p = np.array([c.p for c in family], np.float64)
    adjusted = adjust(p)
    against = adjusted_together([c.relevance for c in family], CORRECTIONS[settings.correction])
    best = [adjust(_with(p, i, c.smallest_p))[i] for i, c in enumerate(family)]
    together = 1 - (1 - settings.level) / len(family)
    return [
        replace(
            c,
            p_adjusted=adjusted[i],
            family=len(family),
            fewest_patients=fewest_patients(settings, len(family), alpha),
            simultaneous=_at_once(c, together, bounds),
            relevance=against[i],
            decision=decide(
                (c.candidate, c.reference),
                c.ahead,
                adjusted[i],
                best[i],
                (c.mean.low, c.mean.high),
                alpha,
            ),
        )
        for i, c in enumerate(family)
    ]


def _with_weights(contrast: Contrast, fixed: Contrast) -> Contrast:
    """Note what the planned test of these weights says beside the recipes."""
    w = contrast.weights
    if w is None:
        return contrast
    decided = replace(w, p_adjusted=fixed.p_adjusted, decision=fixed.decision)
    return replace(contrast, weights=decided)


def _at_once(contrast: Contrast, level: float, bounds: tuple[float, float]) -> MeanInterval:
    d = np.array(contrast.d)
    if contrast.recipe is not None:
        return contrast.recipe.interval(d, level, bounds)
    return cut_at(mean_interval(d, level), bounds)


def _with(p: np.ndarray, place: int, value: float) -> np.ndarray:
    changed = p.copy()
    changed[place] = value
    return changed


def _with_power(analysis: Analysis, contrast: Contrast, settings: ComparisonConfig) -> Contrast:
    """Add what the rule could have found, where it found nothing and a sentence says so.

    Not where the simulation is off: for trainings that were not seen, and where missed tumours make
    the difference, which better designs would not move in every patient.
    """
    decision, m = contrast.decision, contrast.family
    open_ = decision is not None and decision.form is Form.INCONCLUSIVE and any(contrast.d)
    off = m > MOST_WITH_POWER or contrast.recipe or contrast.missed_by_one
    if analysis.role != "primary" or not open_ or off:
        return contrast
    multiplied = CORRECTIONS[settings.correction].multiplies_smallest
    alpha = (1 - settings.level) / (m if multiplied else 1)
    label = " ".join(["power", analysis.target, contrast.candidate, contrast.reference])
    rule = Rule(contrast.used.name, contrast.used.alternative, alpha)
    oriented = analysis.metric.sign * np.array(contrast.d)
    return replace(contrast, detectable=detectable(oriented, rule, stream(settings.seed, label)))


def _ranking(analysis: Analysis, settings: ComparisonConfig) -> Ranking | None:
    """No ranks for two designs, few patients, or where a missed tumour could not be penalised."""
    unfair = analysis.metric.kind == "distance" and analysis.unscored + analysis.unsized > 0
    few = len(analysis.patients) < FEWEST_RESAMPLED or len(analysis.scores) < FEWEST_RANKED
    if few or unfair or any(c.decision is None for c in analysis.contrasts):
        return None
    return rank_designs(
        {name: np.array(values) for name, values in analysis.scores.items()},
        analysis.metric,
        draws_of(analysis.patients, settings.seed),
        settings,
        analysis.patients,
        [(c.candidate, c.reference, c.called_better) for c in analysis.contrasts],
    )
