"""How long a study still takes: as estimated before the start, corrected by what was measured since."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import replace

from ablation.experiments.cost import Cost, Rates
from sweeps import Phase, Running, StudyProgress, Took

RECENT = 5
"""So many of the last measured values decide: a machine may become busier or quieter."""


def seconds_left(now: StudyProgress, cost: Cost) -> float:
    """Return how long a study still takes, every phase of its trials and final runs counted.

    Args:
        now: The state of the study.
        cost: As estimated before the start.
    """
    if now.is_finished:
        return 0.0
    rates, epochs = corrected(cost.rates, now), _epochs(now, cost.epochs)
    running = list(now.running)
    trials = now.total - now.done - sum(one.seed is None for one in running)
    finals = now.finals_total - now.finals_done - sum(one.seed is not None for one in running)
    seconds = max(0, trials) * (epochs * rates.epoch_s + rates.after_trial_s)
    seconds += max(0, finals) * (epochs * rates.epoch_s + rates.after_final_s)
    seconds += sum(_rest(one, rates, epochs) for one in running)
    begin = 0.0 if running else rates.start_s
    return begin + seconds / max(1, now.workers)


def corrected(rates: Rates, now: StudyProgress) -> Rates:
    """Return the estimated rates with those in their place that were measured, also a moment ago.

    Of an epoch under way its finished steps count.
    """
    under_way = [(one.seed is not None, one.phase) for one in now.running if one.phase is not None]
    known: list[tuple[bool, Took | Phase]] = [(one.is_final, one) for one in now.took]
    known += under_way
    return replace(
        rates,
        train_s=_recent((part.train_s for _, part in known), rates.train_s),
        validate_s=_recent((part.validate_s for _, part in known), rates.validate_s),
        after_trial_s=_recent(
            (part.after_s for is_final, part in known if not is_final), rates.after_trial_s
        ),
        after_final_s=_recent(
            (part.after_s for is_final, part in known if is_final), rates.after_final_s
        ),
    )


def _recent(measured: Iterable[float | None], estimated: float) -> float:
    known = [value for value in measured if value is not None]
    return statistics.median(known[-RECENT:]) if known else estimated


def _epochs(now: StudyProgress, planned: int) -> float:
    """Return how many epochs a training takes: some stop early."""
    finished = [one.epochs for one in now.took if one.epochs]
    return statistics.fmean(finished) if finished else planned


def _rest(running: Running, rates: Rates, epochs: float) -> float:
    """Return how long the trial or final that is being worked on still takes."""
    phase = running.phase or Phase("starting", epoch=running.epoch + 1)
    after = rates.after_trial_s if running.seed is None else rates.after_final_s
    if not phase.is_training:
        return (1 - phase.share) * after
    finished = max(0, phase.epoch - 1)
    later = max(0.0, epochs - finished - 1)
    validating = phase.name == "validating"
    epoch = (1 - phase.share) * (rates.validate_s if validating else rates.train_s)
    epoch += 0.0 if validating else rates.validate_s
    if phase.epoch > epochs and phase.share == 0:
        epoch = 0.0  # the last one has ended
    return epoch + later * rates.epoch_s + after
