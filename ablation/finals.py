"""Finals and imports of an experiment as designs to compare: tables, ledger facts, settings."""

from __future__ import annotations

import json
from dataclasses import replace

from ablation.comparison import Design
from ablation.config.sections import ComparisonConfig
from ablation.errors import UsageError, nearest
from ablation.metrics.table import read_cases
from tracking import names
from tracking.finals import Finals, PulledRun

DEMO = "cpu-demo"


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
    if any(design.facts.get("imported") for design in designs):
        designs = [_with_training_data(design) for design in designs]
    return designs


def on_shared_cases(settings: ComparisonConfig, designs: list[Design]) -> ComparisonConfig:
    """Return the settings that imports need: they have no split, so the cases all share count."""
    imported = any(design.facts.get("imported") for design in designs)
    if not imported or settings.missing != "error":
        return settings
    return settings.model_copy(update={"missing": "intersection"})


def _with_training_data(design: Design) -> Design:
    """Let the ledger show whose training data are known; an import states nothing."""
    if design.facts.get("imported"):
        return design
    return replace(design, facts={**design.facts, "training_data": "other patients"})


def _facts(runs: list[PulledRun]) -> dict[str, object]:
    """Return the ledger of a design: what its finals state, numbers averaged where they differ."""
    stated: dict[str, list[object]] = {}
    for run in runs:
        for tag, text in run.tags.items():
            if tag.startswith(names.LEDGER):
                stated.setdefault(tag.removeprefix(names.LEDGER), []).append(json.loads(text))
    facts = {fact: _joined(values) for fact, values in stated.items()}
    if not facts.get("imported"):
        facts["seeds"] = len(runs)
    facts["planned_metric"] = runs[0].params.get("comparison.metric")
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


def planned_settings(finals: Finals, reference: str | None, metric: str | None) -> ComparisonConfig:
    """Return what was planned with the finals, changed by what is asked for now."""
    plans = (run.params for run in finals.runs if "comparison.metric" in run.params)
    planned = next(plans, {})  # an import plans nothing
    values: dict[str, object] = {
        key: planned[f"comparison.{key}"]
        for key in ("metric", "reference", "level")
        if planned.get(f"comparison.{key}", "none") != "none"
    }
    asked = {"reference": reference, "metric": metric}
    values |= {key: value for key, value in asked.items() if value is not None}
    return ComparisonConfig.model_validate(values)
