"""What was fixed before the results were seen, by the designs' own record, and what came after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ablation.comparison.tables.align import Design
from ablation.comparison.wording.margin_words import When
from ablation.config.sections import ComparisonConfig

WORDS = {
    "metric": "primary metric",
    "primary_target": "primary target",
    "margin": "margin",
    "alternative": "direction",
    "reference": "reference",
    "primary_test": "test",
    "correction": "correction",
    "unit": "unit",
    "missing": "rule for missing cases",
    "empty": "rule for empty masks",
}
"""Settings whose change after the results were seen changes what can be claimed."""

SAID_LATE = ("primary_target", "primary_test", "correction", "unit", "empty")


def planned_before(designs: Sequence[Design], settings: ComparisonConfig) -> frozenset[str]:
    """Return the settings that every design fixed as they are used, or says nothing of."""
    fixed = {
        key
        for key in WORDS
        if all(value == getattr(settings, key) for value in _stated(designs, key).values())
    }
    if "reference" not in fixed:
        fixed.discard("alternative")  # a direction needs the design it points away from
    return frozenset(fixed)


def chosen_late(designs: Sequence[Design], settings: ComparisonConfig) -> tuple[str, ...]:
    """Say which settings were chosen after the results were seen, the margin apart."""
    fixed = planned_before(designs, settings)
    said = []
    if "metric" not in fixed:
        planned = ", ".join(sorted(set(map(str, _stated(designs, "metric").values()))))
        said.append(
            f"The metric {settings.metric} was chosen after the results were seen (planned: {planned})."
        )
    if settings.alternative != "two-sided" and "alternative" not in fixed:
        said.append("The one-sided direction was chosen after the results were seen.")
    said += [
        f"The {WORDS[key]} {_text(getattr(settings, key))} was chosen after the results were seen."
        for key in SAID_LATE
        if key not in fixed
    ]
    return tuple(said)


def late_words(designs: Sequence[Design], settings: ComparisonConfig) -> tuple[str, ...]:
    """Say all that was chosen after the results were seen, the margin last."""
    said = chosen_late(designs, settings)
    if not settings.margin or "margin" in planned_before(designs, settings):
        return said
    sizes = ", ".join(f"{name} {size:g}" for name, size in settings.margin.items())
    return (*said, f"The margin ({sizes}) was chosen after the results were seen.")


def margin_set(designs: Sequence[Design], settings: ComparisonConfig) -> When:
    """Return whether the margin was fixed before the results; unknown where no design says."""
    if "margin" not in planned_before(designs, settings):
        return "after"
    return "before" if _stated(designs, "margin") else "unknown"


def differing_plans(designs: Sequence[Design]) -> Iterator[str]:
    """Say where the designs were planned to be compared in different ways."""
    for key, word in WORDS.items():
        stated = {name: _text(value) for name, value in _stated(designs, key).items()}
        if len(set(stated.values())) > 1:
            values = ", ".join(f"{name} {value}" for name, value in stated.items())
            yield f"The designs were planned with another {word} each: {values}."


def _stated(designs: Sequence[Design], key: str) -> dict[str, object]:
    """What each design was planned with; designs that say nothing are left out."""
    return {design.name: design.planned[key] for design in designs if key in design.planned}


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{key}={item:g}" for key, item in value.items()) or "none"
    return "none" if value is None else str(value)
