"""Names that come from files and servers, checked before they become paths.

Whoever wrote a run folder or fills a server chooses the names in it. A name is taken for a file
only where it stays inside its folder: plain parts, no way up, no symbolic link.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from tracking import names
from tracking.errors import TrackingError


def is_plain(name: str) -> bool:
    """Tell whether a text can only be the name of something directly in a folder.

    >>> is_plain("tumour-P 1.png"), is_plain("../x"), is_plain(".."), is_plain("a/b")
    (True, False, False, False)
    """
    separators = any(mark in name for mark in "/\\")
    return name.isprintable() and not separators and name not in ("", ".", "..")


def inside(folder: Path, name: str) -> Path:
    """Return the path of a file below a folder, from its name with / between the parts.

    Raises:
        TrackingError: The name leads out of the folder, or over a symbolic link.

    >>> inside(Path("run"), "figures/a.png")
    PosixPath('run/figures/a.png')
    """
    parts = name.split("/")
    path = folder.joinpath(*PurePosixPath(name).parts)
    steps = [folder.joinpath(*parts[: n + 1]) for n in range(len(parts))]
    if not all(is_plain(part) for part in parts) or any(step.is_symlink() for step in steps):
        raise TrackingError(
            f"{folder.name}: {names.shortened(name)} is not the name of a file in it",
            hint="Names hold no way out of their folder and are no symbolic links.",
        )
    return path


def links_below(folder: Path) -> tuple[str, ...]:
    """Return the symbolic links below a folder, by their relative paths."""
    return tuple(
        sorted(
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.is_symlink() and not path.name.startswith(".")
        )
    )
