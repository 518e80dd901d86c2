"""The rules of a comparison that a user gives, on top of those that were planned."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from pydantic import ValidationError

from ablation.config.sections import ComparisonConfig
from ablation.errors import UsageError, nearest
from ablation.errors.words import demanded


@dataclass(frozen=True, slots=True)
class Rules:
    """What was asked for, by the names of the flags; None: not asked, so what was planned holds."""

    reference: str | None = None
    metric: str | Sequence[str] | None = None
    """One score or several, in a text with commas between; the first decides."""
    primary_target: str | None = None
    alternative: str | None = None
    primary_test: str | None = None
    correction: str | None = None
    margin: str | Mapping[str, float] | None = None
    unit: str | None = None
    missing: str | None = None
    empty: str | None = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """The scores asked for."""
        return split_names(self.metric)

    @property
    def given(self) -> dict[str, object]:
        """The rules that were asked for, by key of [comparison]."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {key: value for key, value in values.items() if value is not None}


def split_names(names: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return names given as a list, or as a text with commas between.

    >>> split_names("unet, resupnet,"), split_names(["unet"]), split_names(None)
    (('unet', 'resupnet'), ('unet',), ())
    """
    listed = names.split(",") if isinstance(names, str) else names or ()
    return tuple(name.strip() for name in listed if name.strip())


def with_rules(planned: ComparisonConfig, rules: Rules) -> ComparisonConfig:
    """Return the settings of a comparison: what was planned, changed by the rules given.

    Raises:
        UsageError: Every unusable value, in one message, with the nearest that exists.
    """
    given = rules.given
    if rules.metric is not None:
        if not rules.metrics:
            raise UsageError(
                f"--metric {rules.metric!r} names no score", hint="For example --metric dice,hd95"
            )
        given |= {"metric": rules.metrics[0], "secondary": rules.metrics[1:]}
    try:
        return ComparisonConfig.model_validate(planned.model_dump() | given)
    except ValidationError as error:
        found = [_fault(dict(item)) for item in error.errors()]
    hints = dict.fromkeys(hint for _, hint in found)
    raise UsageError("; ".join(text for text, _ in found), hint=" ".join(hints))


def _fault(item: Mapping[str, object]) -> tuple[str, str]:
    """Return what is wrong with one rule, and what to write instead."""
    location = item["loc"]
    assert isinstance(location, tuple)
    flag = "--" + str(location[0]).replace("_", "-")
    within = "".join(f"{part}=" for part in location[1:])
    context = item.get("ctx")
    known = (
        re.findall(r"'([^']+)'", str(context.get("expected"))) if isinstance(context, dict) else []
    )
    if known:
        text = f"{flag} {item['input']!r} is none of {', '.join(known)}"
        return text, nearest(str(item["input"]), known)
    example = "For example --margin dice=0.02,hd95=2"
    if location[1:] and item["input"] == "":
        return f"{flag} {location[1]} is not of the form METRIC=NUMBER", example
    return f"{flag} {within}{item['input']}: {demanded(str(item['msg']))}", example
