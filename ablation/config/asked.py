"""The configuration that a command or a function of the Python API was asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from ablation.config.presets import default_preset
from ablation.config.sources import Resolved, resolve


def resolve_asked(
    *,
    data: Path | str | None = None,
    preset: str | None = None,
    file: Path | None = None,
    assignments: Sequence[str] = (),
    flags: Mapping[str, object] | None = None,
) -> tuple[Resolved, str]:
    """Return a configuration and a line that says which preset it rests on.

    Args:
        data: Folder of scans; None: as configured, else the generated phantom.
        preset: Ready configuration; None: the one that fits data and machine.
        file: TOML file; None: `ablate.toml` of the working folder, if it is there.
        assignments: `section.key=value` texts of --set.
        flags: Values by key that win over all others.

    Raises:
        UsageError: Every unknown key and unusable value, in one message.
    """
    given = dict(flags or {})
    if data is not None:
        given["data.path"] = str(data)
    merged = partial(
        resolve, file=file, environment=os.environ, assignments=assignments, flags=given
    )
    if preset is not None:
        return merged(preset=preset), f"preset {preset}"
    name, reason = default_preset(merged().config.data.path)
    return merged(preset=name), f"preset {name} ({reason})"


def patients_by(regex: str | None, table: Path | str | None) -> dict[str, object]:
    """Return the keys of [data] that say whose examination a case is.

    >>> patients_by(None, "persons.csv")
    {'data.patient_map': 'persons.csv'}
    """
    given = {"data.patient_regex": regex, "data.patient_map": None if table is None else str(table)}
    return {key: value for key, value in given.items() if value is not None}


def tracking_address(workspace: Path, given: str | None = None) -> str:
    """Return where runs are published: as given, by the environment, [tracking] uri, or the workspace.

    Raises:
        TrackingError: No tracking address.
    """
    from tracking.address import VARIABLE, resolve_uri

    asked = given or os.environ.get(VARIABLE)
    return resolve_uri(workspace, asked or resolve(environment=os.environ).config.tracking.uri)
