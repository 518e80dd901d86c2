"""Which labels the masks of a data set hold, and which of them lie at the rim: counted once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ablation.data.readers.pictures import read_labels
from ablation.data.readers.reader import Progress
from ablation.data.readers.rim import Count, count
from ablation.errors import DataError
from ablation.files.atomic import write_whole
from tracking.sealed import read_sound, sealed

VERSION = 1
_counted: dict[str, Count] = {}
"""What this process has counted, by the state of the file."""


def census(masks: Sequence[Path], cache: Path | None, progress: Progress) -> dict[Path, Count]:
    """Count the labels of all masks that can be read.

    Args:
        masks: The files; one that cannot be read is left out, and named when its case is read.
        cache: Folder in which counts are remembered by the state of each file; None: nowhere.
        progress: Called with a line per mask that is read.
    """
    states = {path: _state(path) for path in masks}
    memory = None if cache is None else cache / "labels" / f"v{VERSION}" / f"{_digest(states)}.json"
    if memory is not None and not {*states.values()} <= _counted.keys():
        _counted.update(_recall(memory))
    before = len(_counted)
    counts: dict[Path, Count] = {}
    for number, (path, state) in enumerate(states.items(), start=1):
        if state not in _counted:
            progress(f"counting labels of mask {number} of {len(masks)}: {path.name}")
            try:
                _counted[state] = count(read_labels(path)[0])
            except DataError:
                continue
        counts[path] = _counted[state]
    if memory is not None and len(_counted) > before:
        kept = {states[path]: [{**one.voxels}, {**one.rim}] for path, one in counts.items()}
        write_whole(memory, json.dumps(sealed({"counts": kept})))
    return counts


def _state(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return hashlib.sha256(str(path).encode()).hexdigest()
    seal = (str(path.absolute()), found.st_size, found.st_mtime_ns)
    return hashlib.sha256(repr(seal).encode()).hexdigest()


def _digest(states: Mapping[Path, str]) -> str:
    return hashlib.sha256("".join(states.values()).encode()).hexdigest()[:20]


def _recall(memory: Path) -> dict[str, Count]:
    try:
        stored: dict[str, Any] = read_sound(memory)["counts"]
        return {state: Count(*map(_numbered, pair)) for state, pair in stored.items()}
    except (OSError, LookupError, TypeError, ValueError):
        return {}  # never written, or damaged: everything is counted again


def _numbered(table: Mapping[str, int]) -> dict[int, int]:
    return {int(label): voxels for label, voxels in table.items()}
