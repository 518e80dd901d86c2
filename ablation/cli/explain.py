"""How an error reaches its reader: one line what is wrong, one line what to do."""

from __future__ import annotations

import errno
import os
import traceback

from ablation.cli.options import say

UNWRITABLE = {
    errno.ENOSPC: "Free some space, or name another disk with --workspace and --cache; nothing finished is lost.",
    errno.EDQUOT: "Your quota is used up; name another disk with --workspace and --cache.",
    errno.EACCES: "Name a folder you may write to with --out, --workspace or --cache.",
    errno.EPERM: "Name a folder you may write to with --out, --workspace or --cache.",
    errno.ENOTDIR: "A file stands where a folder should be; name another one with --out, --workspace or --cache.",
    errno.EEXIST: "A file stands where a folder should be; name another one with --out, --workspace or --cache.",
    errno.ENOENT: "Name a folder that can be made with --out, --workspace or --cache.",
    errno.EROFS: "The disk is read-only; name another folder with --out, --workspace or --cache.",
}
"""Faults of the disk and what to do about each."""


def explain(error: Exception) -> int:
    """Print an error as `error:` and `hint:` for its reader; return the exit code.

    Raises:
        Exception: The error itself, where nobody but a developer can put it right.
    """
    if os.environ.get("ABLATE_DEBUG"):
        traceback.print_exception(error)
    if hasattr(error, "hint") and hasattr(error, "message"):
        message, hint = str(error.message), str(error.hint)
    elif isinstance(error, OSError) and error.errno in UNWRITABLE:
        message = f"{error.filename or 'workspace or cache'}: {os.strerror(error.errno)}"
        hint = UNWRITABLE[error.errno]
    else:
        raise error
    say(f"error: {message}")
    if hint:
        say(f"hint: {hint}")
    return int(getattr(error, "exit_code", 1))
