"""How workers are started: one file and one line here for each way."""

from __future__ import annotations

from sweeps.errors import SweepError
from sweeps.launchers.launcher import Job, Launcher, Worker
from sweeps.launchers.local import LOCAL

LAUNCHERS: dict[str, Launcher] = {one.name: one for one in (LOCAL,)}


def launcher_named(name: str) -> Launcher:
    """Return the launcher of a name.

    Raises:
        SweepError: There is none; those there are are named.
    """
    if name not in LAUNCHERS:
        raise SweepError(f"no launcher {name}", hint=f"Known: {', '.join(sorted(LAUNCHERS))}.")
    return LAUNCHERS[name]


__all__ = ["LAUNCHERS", "Job", "Launcher", "Worker", "launcher_named"]
