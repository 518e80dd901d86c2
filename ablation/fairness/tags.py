"""Fairness facts as the tags of a run: a JSON scalar each, readable by any MLflow client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_type_hints

from ablation.errors import DataError
from ablation.fairness.facts import FairnessFacts
from tracking import names

TYPES = get_type_hints(FairnessFacts)


def to_tags(facts: FairnessFacts) -> dict[str, str]:
    """Return a tag for each fact that is stated.

    >>> to_tags(FairnessFacts(trials=20, preset="laptop"))
    {'ablate.ledger.trials': '20', 'ablate.ledger.preset': '"laptop"'}
    """
    return {f"{names.LEDGER}{name}": json.dumps(value) for name, value in facts.stated.items()}


def from_tags(tags: Mapping[str, str]) -> FairnessFacts:
    """Return the facts among the tags of a run; one that this version does not know is left out.

    >>> from_tags({"ablate.ledger.trials": "20", "ablate.ledger.of_tomorrow": "1"}).stated
    {'trials': 20}

    Raises:
        DataError: A fact whose value cannot be one.
    """
    stated = {
        name: _value(tag, text, TYPES[name])
        for tag, text in tags.items()
        if tag.startswith(names.LEDGER) and (name := tag.removeprefix(names.LEDGER)) in TYPES
    }
    return replace(FairnessFacts(), **stated)


def _value(tag: str, text: str, of: type) -> Any:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = ...
    if not isinstance(value, of):
        raise DataError(
            f"tag {tag} of a run is {text!r}, which is no value of this fact",
            hint="Restore the tag on the server, or leave the run's design out: --compare NAME,NAME",
        )
    return value
