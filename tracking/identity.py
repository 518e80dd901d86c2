"""The identity of a workspace towards a shared server: a moved one keeps it, a copy gets its own.

It lies in a hidden file of the workspace, with the place where the workspace was last used. Where
another place is found, and a workspace with the same identity still lies at the noted one, this is
a copy of it.
"""

from __future__ import annotations

import json
import os
import uuid
from contextlib import suppress
from pathlib import Path

from tracking.atomic import replacing
from tracking.locks import locked

FILE = ".workspace.json"
LOCK = ".workspace.lock"


def identity_of(workspace: Path) -> str:
    """Return the identity of a workspace, made at the first call.

    Of a workspace that cannot be written the one on record, "" where there is none.
    """
    here = os.path.realpath(workspace)
    identity, place = _read(workspace)
    if identity and place == here:
        return identity
    with suppress(OSError), locked(workspace / LOCK):
        identity, place = _read(workspace)  # another process may have been quicker
        if not identity or (place != here and _is_copy(workspace, identity, Path(place))):
            identity = uuid.uuid4().hex
        if (identity, here) != _read(workspace):
            _write(workspace, identity, here)
    return identity


def _is_copy(workspace: Path, identity: str, original: Path) -> bool:
    """Tell whether the workspace with this identity still lies at its noted place."""
    try:
        return _read(original)[0] == identity and not original.samefile(workspace)
    except OSError:
        return False


def _read(workspace: Path) -> tuple[str, str]:
    """Return identity and noted place; empty texts where the file is absent or damaged."""
    try:
        noted = json.loads((workspace / FILE).read_text(encoding="utf-8"))
        return str(noted["identity"]), str(noted["place"])
    except (OSError, ValueError, TypeError, KeyError):
        return "", ""


def _write(workspace: Path, identity: str, place: str) -> None:
    with replacing(workspace / FILE) as path:
        path.write_text(json.dumps({"identity": identity, "place": place}) + "\n", encoding="utf-8")
