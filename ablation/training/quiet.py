"""TensorFlow's start-up remarks, which no setting silences: absl writes them before it reads any."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_remarks() -> Iterator[None]:
    """Drop what the process writes to stderr, also from C++; a Python error still comes through.

    Example:
        with without_remarks():
            from ablation.training.trainer import Trainer
    """
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
