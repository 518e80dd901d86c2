"""What a plug-in lets its user set: frozen pydantic models, their usual types, their search space.

class MyKeys(Section):
    width: Count = Field(16, description="filters of the first level")
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
NoneIsText = BeforeValidator(lambda value: "none" if value is None else value)
"""For keys with a value called none, which `--set` reads as nothing."""

Searched = Mapping[str, Mapping[str, object]]
"""A search space as it stands in [space]: key -> {low, high[, log]} or {choices}."""


class Section(BaseModel):
    """A frozen group of keys; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def changed(self) -> dict[str, Any]:
        """Return the keys whose value is not the default, with that value.

        >>> class Keys(Section):
        ...     width: int = 16
        ...     depth: int = 4
        >>> Keys(depth=3).changed()
        {'depth': 3}
        """
        fields = type(self).model_fields
        values = {key: getattr(self, key) for key in fields}
        return {
            key: value
            for key, value in values.items()
            if fields[key].is_required()
            or value != fields[key].get_default(call_default_factory=True)
        }


def names(value: object) -> object:
    """Read "flair,t1ce"; a list is taken as it is, and half a list is no name."""
    if not isinstance(value, str) or set(value) & set("()[]'\""):
        return value
    return [name.strip() for name in value.split(",") if name.strip()]


Names = Annotated[tuple[str, ...], BeforeValidator(names)]
Weights = Annotated[tuple[Positive, ...], BeforeValidator(names)]
"""Positive numbers, written 1,1,2,4."""


def descriptions(owners: Mapping[str, type[Section]]) -> dict[str, str]:
    """Return each key of several declarations with its description and who has it.

    Args:
        owners: Name of a design or loss -> its keys.

    >>> class Keys(Section):
    ...     gate: str = Field("same", description="grid of the gates")
    >>> descriptions({"unet": Section, "attention_unet": Keys})
    {'gate': 'grid of the gates (attention_unet)'}
    """
    texts: dict[str, str] = {}
    having: dict[str, list[str]] = {}
    for owner, keys in owners.items():
        for key, field in keys.model_fields.items():
            texts.setdefault(key, field.description or "")
            having.setdefault(key, []).append(owner)
    everyone = {key for key, who in having.items() if len(who) == len(owners)}
    return {
        key: text if key in everyone else f"{text} ({', '.join(having[key])})"
        for key, text in texts.items()
    }
