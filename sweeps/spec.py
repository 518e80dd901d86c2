"""What is stored of a study: its definition and budget, as text with a schema version.

* schema 1 (ablate 0.1): no field `schema`
* schema 2: fields `schema` and `version`

Within a schema version fields may be added: a missing one has its default, an unknown one is kept.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from importlib import metadata
from typing import Any, Literal

import optuna

from sweeps.errors import SweepError
from sweeps.space import Space, describe, from_json, to_json
from sweeps.storage import database_file, shown

SCHEMA = 2
OURS = ("schema", "version", "optuna", "crc")
"""Fields of the text that say who wrote it, and whether it is still what was written."""

Upgrade = Callable[[Mapping[str, str], int], Mapping[str, str]]
"""(stored definition, its schema) -> the same in the form the caller uses today."""


@dataclass(frozen=True, slots=True)
class StudySpec:
    """All a worker on any machine must know to take part in a study; kept in the storage."""

    name: str
    storage: str
    """database URL"""
    space: Space
    definition: Mapping[str, str]
    """everything else that makes two trials comparable: fingerprints, recipe, configuration"""
    trials: int
    """finished trials wanted: complete and pruned, over all workers"""
    sampler: Literal["tpe", "random"] = "tpe"
    seed: int = 0
    pruner: Literal["none", "median"] = "none"
    min_epochs: int = 5
    """epochs before a trial may be pruned"""
    final_seeds: tuple[int, ...] = ()
    """the best setting is run once more with each of these"""
    retries: int = 3
    """losses in a row, without a new epoch between them, after which a trial has failed"""
    max_consecutive_failures: int = 5

    @property
    def fixed(self) -> dict[str, str]:
        """What may not change once the study has started."""
        search = {"sampler": self.sampler, "seed": str(self.seed), "pruner": self.pruner}
        if self.pruner != "none":
            search["min_epochs"] = str(self.min_epochs)
        space = {f"space.{name}": text for name, text in describe(self.space)}
        return {**self.definition, **search, **space}


@dataclass(frozen=True, slots=True)
class StoredSpec:
    """A spec as it was read, and what this version does not know of it."""

    spec: StudySpec
    unknown: Mapping[str, object] = field(default_factory=dict)


def unchanged(definition: Mapping[str, str], _schema: int) -> Mapping[str, str]:
    """Return a definition as it is stored: for callers whose definitions have one form."""
    return definition


def differences(stored: Mapping[str, str], asked: Mapping[str, str]) -> tuple[str, ...]:
    """Return what differs between the stored definition and the asked one, in words.

    A key that one of them lacks has its default there.

    >>> differences({"epochs": "4", "data": "a1"}, {"data": "b2"})
    ('data: a1 -> b2', 'epochs: 4 -> not set')
    """
    return tuple(
        f"{key}: {stored.get(key, 'not set')} -> {asked.get(key, 'not set')}"
        for key in sorted(stored.keys() | asked.keys())
        if stored.get(key) != asked.get(key)
    )


def to_text(spec: StudySpec, unknown: Mapping[str, object]) -> str:
    """Return a spec as the text that is stored."""
    # asdict would unpack the dimensions; the URL is the reader's own way to the storage.
    plain = asdict(replace(spec, space={}, storage="")) | {"space": to_json(spec.space)}
    ours = {"schema": SCHEMA, "version": own_version(), "optuna": optuna.__version__}
    content = {**unknown, **plain, **ours}
    return json.dumps(content | {"crc": _crc(content)})


def _crc(content: Mapping[str, Any]) -> int:
    written = {key: value for key, value in content.items() if key != "crc"}
    return zlib.crc32(json.dumps(written, sort_keys=True).encode())


def from_text(text: str, storage: str, name: str, upgrade: Upgrade = unchanged) -> StoredSpec:
    """Return the spec of a stored text of this schema version or an earlier one.

    Raises:
        SweepError: A later version of ablate wrote it, or it is damaged.
    """
    try:
        stored: dict[str, Any] = json.loads(text)
        schema = int(stored.get("schema", 1))
        if schema <= SCHEMA:
            if stored.get("crc", _crc(stored)) != _crc(stored):
                raise ValueError("it was changed after it was stored")  # noqa: TRY301 - as below
            return _from_fields(stored, schema, storage, name, upgrade)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        place = shown(str(database_file(storage) or storage))
        raise SweepError(
            f"{place}: the definition of study {name} is damaged: {error!r}",
            hint="ablate studies repair rebuilds it from the run folders; or bring the study database "
            "back from a backup.",
        ) from error
    version = stored.get("version", "")
    raise SweepError(
        f"study {name} was written by " + (f"ablate {version}" if version else "a later ablate"),
        hint=f"Upgrade ablate to {version} or later." if version else "Upgrade ablate.",
    )


def _from_fields(
    stored: dict[str, Any], schema: int, storage: str, name: str, upgrade: Upgrade
) -> StoredSpec:
    known = {one.name for one in fields(StudySpec)}
    values = {key: value for key, value in stored.items() if key in known}
    values |= {
        "name": name,
        "storage": storage,
        "space": from_json(stored["space"]),
        "definition": upgrade(dict(stored.get("definition", {})), schema),
        "final_seeds": tuple(stored.get("final_seeds", ())),
    }
    unknown = {key: stored[key] for key in stored.keys() - known - set(OURS)}
    return StoredSpec(StudySpec(**values), unknown)


@cache
def own_version() -> str:
    """Return the version of ablate that runs; "" in a copy that was never installed."""
    try:
        return metadata.version("ablate")
    except metadata.PackageNotFoundError:
        return ""
