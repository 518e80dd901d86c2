"""What of a run folder is published: its files with their digests, and how far that has come."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from tracking import names
from tracking.address import shown
from tracking.record import RunFolder
from tracking.workspace import published

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")  # patient 007 and 1_2 are names
KEPT_HERE = frozenset({names.PUBLISHED_FILE, names.PUBLISH_LOCK, "worker.log", names.RECOMPUTED})
"""Notes of this machine: progress, paths, and a second table beside the published one."""
APPENDED = frozenset({names.RUN, names.METRICS, names.LOG})
"""Files that still change while the run goes on; they are published when it ended."""


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it was when its digest was taken."""

    size: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What one server already has of a run; kept in published.json, and safe to lose."""

    run_id: str
    offset: int = 0
    """Bytes of metrics.jsonl."""
    summary: Mapping[str, float] = field(default_factory=dict)
    infinite: tuple[str, ...] = ()
    """Metrics that had infinite values, which a server cannot hold."""
    files: Mapping[str, FileState] = field(default_factory=dict)
    digest: str = ""
    """Digest of the folder when all of it had arrived."""


def read_progress(folder: RunFolder, uri: str) -> Progress:
    """Return the progress at a server; none yet: a Progress without run id."""
    entry = published(folder).get(shown(uri), {})
    known = {one.name for one in dataclasses.fields(Progress)}
    values = {"run_id": ""} | {key: value for key, value in entry.items() if key in known}
    try:
        files = {name: FileState(**state) for name, state in values.pop("files", {}).items()}
        infinite = tuple(values.pop("infinite", ()))
        return Progress(**values, files=files, infinite=infinite)
    except (AttributeError, TypeError):
        return Progress(run_id="")  # damaged: what has arrived is found out again


def write_progress(folder: RunFolder, uri: str, progress: Progress) -> None:
    """Keep the progress at a server."""
    entries = published(folder) | {shown(uri): dataclasses.asdict(progress)}
    folder.write_text(names.PUBLISHED_FILE, json.dumps(entries, indent=1) + "\n")


def files_of(folder: RunFolder, known: Mapping[str, FileState]) -> dict[str, FileState]:
    """Return the publishable files by relative path; a digest in `known` is not taken again."""
    files = {}
    for path in sorted(folder.path.rglob("*")):
        name = path.relative_to(folder.path).as_posix()
        if _is_publishable(path, name):
            status = path.stat()
            state = known.get(name)
            if state is None or (state.size, state.mtime_ns) != (
                status.st_size,
                status.st_mtime_ns,
            ):
                state = FileState(status.st_size, status.st_mtime_ns, _sha256(path))
            files[name] = state
    return files


def digest(files: Mapping[str, FileState]) -> str:
    """Return one hash of all names and contents.

    >>> digest({}) == digest({})
    True
    """
    content = json.dumps([(name, files[name].sha256) for name in sorted(files)])
    return hashlib.sha256(content.encode()).hexdigest()


def sending_order(files: Mapping[str, FileState]) -> list[str]:
    """Return the names small first and weights last, so that a run is soon worth looking at."""
    return sorted(files, key=lambda n: (n.startswith(names.CHECKPOINT), files[n].size, n))


def as_table(text: str) -> str:
    r"""Return a CSV text as the JSON of MLflow's tables; numbers as numbers, empty cells as null.

    After the first column come those with numbers: the page compares runs by the second one.

    >>> as_table("patient,split,dice\nP1,test,0.5\nP2,test,\n")
    '{"columns": ["patient", "dice", "split"], "data": [["P1", 0.5, "test"], ["P2", null, "test"]]}'
    """
    header, *lines = csv.reader(StringIO(text))
    columns = {name: [_cell(line[n]) for line in lines] for n, name in enumerate(header)}
    is_number = {
        name: any(isinstance(cell, (int, float)) for cell in cells)
        for name, cells in columns.items()
    }
    order = sorted(header, key=lambda name: (name != header[0], not is_number[name]))
    rows = zip(*(columns[name] for name in order), strict=True)
    return json.dumps({"columns": order, "data": [list(row) for row in rows]})


def _cell(text: str) -> float | int | str | None:
    if not text:
        return None
    number: float | int | str = json.loads(text) if _NUMBER.fullmatch(text) else text
    return number


def _is_publishable(path: Path, name: str) -> bool:
    hidden = any(part.startswith(".") for part in Path(name).parts)
    kept = hidden or name in KEPT_HERE or name.startswith(names.RESUME)
    return not kept and path.is_file()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
