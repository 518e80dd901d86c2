"""The sha256 of the files of a run that has ended, as run.json records them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tracking import names

UNRECORDED = frozenset(
    {names.RUN, names.LOG, names.PUBLISHED_FILE, names.PUBLISH_LOCK, names.RECOMPUTED, "worker.log"}
)
"""run.json has its own checksum; the others hold no result or may still change."""


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal digits.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digests_of(folder: Path) -> dict[str, str]:
    """Return relative path and sha256 of every result in a run folder.

    Hidden files and the state to go on from are left out: they move or go.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in Path(name).parts)
        kept = hidden or name in UNRECORDED or name.startswith(names.RESUME)
        if not kept and path.is_file() and not path.is_symlink():
            found[name] = sha256_of(path)
    return found
