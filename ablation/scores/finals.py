"""Finals and imports of an experiment as designs to compare: tables, ledger facts, settings."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ablation.comparison import Design, protocol
from ablation.config import Config, with_values
from ablation.config.sections import ComparisonConfig
from ablation.errors import ComparisonError, UsageError, nearest
from ablation.fairness import FairnessFacts, from_tags, merged
from ablation.metrics.table import read_cases
from ablation.scores.same_ids import with_same_ids
from tracking import names
from tracking.finals import Finals, PulledRun
from tracking.names import Fold

DEMO = "cpu-demo"
COMPARISON = "comparison."
CONTAINERS = ("(", "[", "{")


def chosen(finals: Finals, compare: str) -> dict[str, list[PulledRun]]:
    """Group the finals by design, those asked for, in the order asked for."""
    by_design: dict[str, list[PulledRun]] = {}
    for run in sorted(finals.runs, key=lambda run: (run.tags[names.MODEL], run.name, run.run_id)):
        by_design.setdefault(run.tags[names.MODEL], []).append(run)
    if compare == "all":
        return by_design
    wanted = list(dict.fromkeys(name.strip() for name in compare.split(",") if name.strip()))
    unknown = [name for name in wanted if name not in by_design]
    if unknown or not wanted:
        raise UsageError(
            f"no finals of {', '.join(unknown) or 'no design'} in experiment {finals.experiment}",
            hint=nearest(unknown[0], by_design) if unknown else "Write --compare all.",
        )
    return {name: by_design[name] for name in wanted}


def designs_of(chosen: dict[str, list[PulledRun]]) -> list[Design]:
    """Read the tables and facts of every design.

    Raises:
        ComparisonError: Cross-validation of which a fold lacks a final: patients would be missing.
    """
    missing = [text for name, runs in chosen.items() for text in _folds_missing(name, runs)]
    if missing:
        raise ComparisonError(
            "cross-validation is not finished: " + "; ".join(missing),
            hint="The same ablate sweep goes on where it stopped; then report again.",
        )
    designs = []
    for name, runs in chosen.items():
        tables = trainings(
            (run.tags, run.folder, f"{names.PER_CASE} of run {run.name}") for run in runs
        )
        facts = facts_of(runs)
        if not facts.imported:
            facts = replace(facts, seeds=len(tables))
        designs.append(Design(name, tables, facts, _band(facts), planned_of(runs)))
    if any(design.facts.imported for design in designs):
        named = _with_same_ids(_on_shared_targets(designs))
        designs = [_with_training_data(design) for design in named]
    return designs


def _with_same_ids(designs: list[Design]) -> list[Design]:
    """Give each case the name that it has in our runs, where imports write it in another way."""
    ours_first = sorted(designs, key=lambda design: bool(design.facts.imported))
    frames, _ = with_same_ids([frame for design in ours_first for frame in design.cases])
    named = iter(frames)
    cases = {one.name: tuple(next(named) for _ in one.cases) for one in ours_first}
    return [replace(one, cases=cases[one.name]) for one in designs]


def on_shared_cases(settings: ComparisonConfig, designs: list[Design]) -> ComparisonConfig:
    """Return the settings that imports need: they have no split, so the cases all share count."""
    imported = any(design.facts.imported for design in designs)
    if not imported or settings.missing != "error":
        return settings
    return settings.model_copy(update={"missing": "intersection"})


def _on_shared_targets(designs: list[Design]) -> list[Design]:
    """Leave out targets that not every design was scored on, and let the ledger name them."""
    own = [
        {str(t) for frame in one.cases for t in frame.loc[frame["split"] == "test", "target"]}
        for one in designs
    ]
    shared = set.intersection(*own)
    if not shared or all(targets == shared for targets in own):
        return designs
    return [
        replace(
            one,
            cases=tuple(frame[frame["target"].isin(shared)] for frame in one.cases),
            facts=replace(
                one.facts, targets_left_out=", ".join(sorted(targets - shared)) or "none"
            ),
        )
        for one, targets in zip(designs, own, strict=True)
    ]


def _with_training_data(design: Design) -> Design:
    """Let the ledger show whose training data are known; an import states nothing."""
    if design.facts.imported:
        return design
    return replace(design, facts=replace(design.facts, training_data="other patients"))


def folds_of(tags: Mapping[str, str]) -> int:
    """Return how many outer folds a run's cross-validation has; 0 where there is one split."""
    return Fold.parse(tags[names.FOLD]).of if names.FOLD in tags else 0


def trainings(
    finals: Iterable[tuple[Mapping[str, str], Path, str | None]],
) -> tuple[pd.DataFrame, ...]:
    """Read the per-case table of each training (seed), the outer folds of one below each other.

    Args:
        finals: Of each final of a design its tags, its folder and, where this is a temporary one,
            what messages call its table.
    """
    tables: dict[str, list[pd.DataFrame]] = {}
    for tags, folder, shown in finals:
        table = read_cases(folder / names.PER_CASE, shown)
        if names.FOLD in tags:
            table = table.assign(fold=tags[names.FOLD])
        tables.setdefault(tags.get(names.SEED, str(folder)), []).append(table)
    return tuple(pd.concat(folds, ignore_index=True) for folds in tables.values())


def _folds_missing(design: str, runs: list[PulledRun]) -> list[str]:
    """Name the folds without a final of a seed that another fold has."""
    of = folds_of(runs[0].tags)
    if not of:
        return []
    done: dict[str, set[str]] = {}
    for run in runs:
        done.setdefault(run.tags[names.FOLD], set()).add(run.tags[names.SEED])
    seeds = set().union(*done.values())
    found = []
    for number in range(1, of + 1):
        lacking = sorted(seeds - done.get(str(Fold(number, of)), set()), key=int)
        if lacking:
            which = f" with seed {', '.join(lacking)}" if len(lacking) < len(seeds) else ""
            found.append(f"{design} has no final of fold {number} of {of}{which}")
    return found


def facts_of(runs: Sequence[PulledRun]) -> FairnessFacts:
    """Return what a design was given: what its finals state, numbers averaged where they differ."""
    facts = merged([from_tags(run.tags) for run in runs])
    if spent := _seconds_of_folds(runs):
        facts = replace(facts, study_seconds=sum(spent.values()))
    if names.EXTERNAL in runs[0].tags:
        return replace(facts, protocol="external test set")
    if names.SPLIT in runs[0].tags:  # an import says nothing of its training
        return replace(facts, protocol=protocol(folds_of(runs[0].tags)))
    return facts


def planned_of(runs: Sequence[PulledRun]) -> dict[str, object]:
    """Return the settings that a design's finals fixed before their results, by their key."""
    plan = planned_settings(runs)
    keys = (key.removeprefix(COMPARISON) for key in _planned(runs[0]))
    return {key: getattr(plan, key) for key in keys}


def _seconds_of_folds(runs: Sequence[PulledRun]) -> dict[str, float]:
    """Return what the study of each outer fold took; finals of a fold state the same."""
    told = [(run.tags[names.FOLD], from_tags(run.tags)) for run in runs if names.FOLD in run.tags]
    return {
        fold: float(facts.study_seconds) for fold, facts in told if facts.study_seconds is not None
    }


def _band(facts: FairnessFacts) -> tuple[str, ...]:
    generated = ("generated data",) if facts.generated else ()
    demo = ("demo settings",) if facts.preset == DEMO else ()
    return generated + demo


def planned_settings(runs: Iterable[PulledRun]) -> ComparisonConfig:
    """Return the comparison planned with these finals; of plans that differ, the first."""
    plans = (_planned(run) for run in runs)
    plan = next((plan for plan in plans if plan), {})  # an import plans nothing
    return with_values(Config(), plan).comparison


def _planned(run: PulledRun) -> dict[str, object]:
    """What a run's record says of the comparison; it keeps every value as a text."""
    values: dict[str, object] = {}
    for key in ComparisonConfig.model_fields:
        text = run.params.get(f"{COMPARISON}{key}")
        if text is not None:
            values[f"{COMPARISON}{key}"] = value_of(text)
    for key, field in ComparisonConfig.model_fields.items():
        if field.default is None and values.get(f"{COMPARISON}{key}") == "none":
            values[f"{COMPARISON}{key}"] = None
    return values


def value_of(text: str) -> object:
    """Return a tuple, list or mapping of a record as a value; any other text stays one.

    >>> value_of("('flair',)"), value_of("0.1")
    (('flair',), '0.1')
    """
    if text[:1] not in CONTAINERS:
        return text
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value
