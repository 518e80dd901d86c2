"""Where things lie when nothing else is said, and commands that say so."""

from __future__ import annotations

import shlex
from pathlib import Path

from ablation.errors import UsageError

DEFAULT_WORKSPACE = Path("runs")
"""Folder of the runs and databases."""


def cache_folder(given: Path | str | None = None) -> Path:
    """Return the folder of prepared slices: the given one, else below the user's cache folder."""
    if given is not None:
        return Path(given)
    from platformdirs import user_cache_path

    return user_cache_path("ablate", appauthor=False)


def command(words: str, workspace: Path) -> str:
    """Return a command to paste, with the workspace where it is not the usual one.

    >>> command("ui", Path("runs")), command("ui", Path("my runs"))
    ('ablate ui', "ablate ui --workspace 'my runs'")
    """
    place = "" if workspace == DEFAULT_WORKSPACE else f" --workspace {shlex.quote(str(workspace))}"
    return f"ablate {words}{place}"


def require_folder_name(flag: str, text: str) -> None:
    """Refuse a name that cannot be that of a folder.

    Raises:
        UsageError: One line with the flag and what is wrong; a long name is shortened.
    """
    from tracking.errors import TrackingError
    from tracking.record import folder_name  # help and errors answer without it

    try:
        folder_name(text)
    except TrackingError as error:
        raise UsageError(f"{flag} {error.message}", hint=error.hint) from error
