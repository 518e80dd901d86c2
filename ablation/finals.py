"""The finals of an experiment as designs to compare: their tables, ledger facts and settings."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable

from ablation.comparison import PLANNED, Design
from ablation.config import Config, with_values
from ablation.config.sections import ComparisonConfig
from ablation.errors import UsageError, nearest
from ablation.metrics.table import read_cases
from tracking import names
from tracking.finals import Finals, PulledRun

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
    """Read the tables and facts of every design."""
    designs = []
    for name, runs in chosen.items():
        tables = tuple(read_cases(run.folder / names.PER_CASE) for run in runs)
        facts = _facts(runs)
        designs.append(Design(name, tables, facts, _band(facts)))
    return designs


def _facts(runs: list[PulledRun]) -> dict[str, object]:
    """Return the ledger of a design: what its finals state, numbers averaged where they differ."""
    stated: dict[str, list[object]] = {}
    for run in runs:
        for tag, text in run.tags.items():
            if tag.startswith(names.LEDGER):
                stated.setdefault(tag.removeprefix(names.LEDGER), []).append(json.loads(text))
    facts = {fact: _joined(values) for fact, values in stated.items()}
    facts["seeds"] = len(runs)
    plan = planned_settings(runs)
    for key in _planned(runs[0]):
        name = key.removeprefix(COMPARISON)
        facts[f"{PLANNED}{name}"] = getattr(plan, name)
    return facts


def _joined(values: list[object]) -> object:
    if all(value == values[0] for value in values):
        return values[0]
    numbers = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) == len(values):
        return sum(numbers) / len(numbers)
    return ", ".join(dict.fromkeys(str(value) for value in values))


def _band(facts: dict[str, object]) -> tuple[str, ...]:
    generated = ("generated data",) if facts.get("generated") else ()
    demo = ("demo settings",) if facts.get("preset") == DEMO else ()
    return generated + demo


def planned_settings(runs: Iterable[PulledRun]) -> ComparisonConfig:
    """Return the comparison planned with these finals; of plans that differ, the first."""
    for run in runs:
        return with_values(Config(), _planned(run)).comparison
    return ComparisonConfig()


def _planned(run: PulledRun) -> dict[str, object]:
    """What a run's record says of the comparison; it keeps every value as a text."""
    values: dict[str, object] = {}
    for key in ComparisonConfig.model_fields:
        text = run.params.get(f"{COMPARISON}{key}")
        if text is not None:
            values[f"{COMPARISON}{key}"] = _value(text)
    if values.get(f"{COMPARISON}reference") == "none":
        values[f"{COMPARISON}reference"] = None
    return values


def _value(text: str) -> object:
    """A tuple, list or mapping as it was printed; any other text stays one."""
    if text[:1] not in CONTAINERS:
        return text
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value
