"""The schema version of run.json: what this version writes, and how earlier ones are read.

* 1 (ablate 0.1): no field `schema`; means over the per-case table are named "test/dice"
* 2: fields `schema` and `version`; the same means are named "cases/test/dice", because
  "validation/dice" is the curve of epochs

Within a schema version fields may be added: a missing one has its default, an unknown one is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from tracking.errors import LaterVersionError
from tracking.names import of_cases
from tracking.sealed import is_sound

SCHEMA = 2
DISTRIBUTIONS = ("ablate", "ablate-light")
"""What this code is installed as; the second has fewer dependencies."""


@cache
def own_version() -> str:
    """Return the version of ablate that runs; "" in a copy that was never installed."""
    for distribution in DISTRIBUTIONS:
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(distribution)
    return ""


def upgraded(values: object, file: Path) -> dict[str, Any]:
    """Return the fields of a run.json of any schema up to ours in today's form.

    Raises:
        LaterVersionError: A later version of ablate wrote the file.
        TypeError: They are no fields, or the schema is no number.
    """
    if not isinstance(values, dict):
        raise TypeError("it holds no fields")
    schema = values.get("schema", 1)
    if not isinstance(schema, int):
        raise TypeError(f"schema is {schema!r}")
    version = str(values.get("version", ""))
    if schema > SCHEMA and (is_sound(values) or version != own_version()):
        raise LaterVersionError(str(file), version)
    fields: dict[str, Any] = dict(values)
    metrics = fields.get("metrics")
    if schema < 2 and isinstance(metrics, Mapping):
        means = {key for key in metrics if key.startswith(("validation/", "test/"))}
        means.discard("validation/objective")
        renamed = (of_cases({k: v}) if k in means else {k: v} for k, v in metrics.items())
        fields["metrics"] = {key: value for one in renamed for key, value in one.items()}
    return fields
