"""How many cores this process may use, without asking TensorFlow, which takes seconds to start."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Return the cores this process may use: what taskset, SLURM or a container leave it.

    TensorFlow starts as many threads when it is not told a number.

    >>> usable_cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
