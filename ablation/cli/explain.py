"""How an error reaches its reader: one line what is wrong, one line what to do."""

from __future__ import annotations

import errno
import os
import traceback

from ablation.cli.options import say
from tracking.redaction import without_secrets

_WRITABLE = "Name a folder you may write to with --out, --workspace or --cache."
_TAKEN = (
    "A file stands where a folder should be; name another one with --out, --workspace or --cache."
)
REMEDIES = {
    errno.ENOSPC: "Free some space, or name another disk with --workspace and --cache; nothing finished is lost.",
    errno.EDQUOT: "Your quota is used up; name another disk with --workspace and --cache.",
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.ENOTDIR: _TAKEN,
    errno.EEXIST: _TAKEN,
    errno.ENOENT: "Name a folder that can be made with --out, --workspace or --cache.",
    errno.EROFS: "The disk is read-only; name another folder with --out, --workspace or --cache.",
    errno.EISDIR: "A folder stands where a file should be; name a file.",
    errno.ENAMETOOLONG: "Shorten the name: most disks allow 255 bytes for a name, 4096 for a path.",
    errno.ELOOP: "Links lead in a circle there; name the place they should lead to.",
    errno.EMFILE: "Too many files are open; raise the limit with: ulimit -n 4096",
    errno.EIO: "The disk does not answer; check it, or name another one with --workspace and --cache.",
    errno.ESTALE: "The network drive was reconnected; run the command again.",
}
"""Faults of the disk and what to do about each."""
LEFT_OUT = ("cryptography", "h5py", "keras", "mlflow", "optuna", "sqlalchemy", "tensorflow")
"""What the light install leaves out; its extra `full` has it."""
ADD = "pip install 'ablate-light[full]'"
LONGEST_SHOWN = 100
"""Letters of a path in a message; of a longer one the middle is left out."""


def _shortened(name: str) -> str:
    """Return a name that fits a line.

    >>> _shortened("a.csv"), len(_shortened("n" * 300))
    ('a.csv', 100)
    """
    if len(name) <= LONGEST_SHOWN:
        return name
    half = (LONGEST_SHOWN - 3) // 2
    return f"{name[: LONGEST_SHOWN - 3 - half]}...{name[-half:]}"


def explain(error: Exception) -> int:
    """Print an error as `error:` and `hint:` for its reader; return the exit code.

    Raises:
        Exception: The error itself, where only a developer can correct it.
    """
    if os.environ.get("ABLATE_DEBUG"):
        say(without_secrets("".join(traceback.format_exception(error))))
    if hasattr(error, "hint") and hasattr(error, "message"):
        message, hint = str(error.message), str(error.hint)
    elif isinstance(error, ModuleNotFoundError) and str(error.name).partition(".")[0] in LEFT_OUT:
        message = f"this command needs {error.name}, which is not installed"
        hint = "The light install has no training and no tracking; add them: " + ADD
    elif isinstance(error, OSError) and error.errno in REMEDIES:
        place = _shortened(str(error.filename or "workspace or cache"))
        message, hint = f"{place}: {os.strerror(error.errno)}", REMEDIES[error.errno]
    else:
        raise error
    say(without_secrets(f"error: {message}"))
    if hint:
        say(without_secrets(f"hint: {hint}"))
    return int(getattr(error, "exit_code", 1))
