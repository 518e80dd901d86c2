"""What of a run folder is published: its files with their digests, and how far that has come."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from tracking import fields, names
from tracking.address import kept_name
from tracking.digests import sha256_of
from tracking.errors import DamagedError
from tracking.record import RESTORE, RunFolder, RunRecord
from tracking.sealed import read_sound, sealed
from tracking.workspace import published, workspace_of

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")  # patient 007 and 1_2 are names
KEPT_HERE = frozenset({names.PUBLISHED_FILE, names.PUBLISH_LOCK, "worker.log", names.RECOMPUTED})
"""Notes of this machine: progress, paths, and a second table beside the published one."""
SEND_AGAIN = "Delete the run at the server, then: ablate sync --again"
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
    """Return the progress at a server; none yet, or a damaged note: a Progress without run id."""
    entry = published(folder).get(kept_name(uri, workspace_of(folder)), {})
    try:
        return Progress(
            run_id=fields.text("run_id", entry.get("run_id", "")),
            offset=fields.whole("offset", entry.get("offset", 0)),
            summary={
                key: fields.number(key, value)
                for key, value in fields.mapping("summary", entry.get("summary", {})).items()
            },
            infinite=fields.listed("infinite", entry.get("infinite", [])),
            files={
                name: _file_state(state)
                for name, state in fields.mapping("files", entry.get("files", {})).items()
            },
            digest=fields.text("digest", entry.get("digest", "")),
        )
    except (KeyError, TypeError, ValueError):
        return Progress(run_id="")  # damaged: what has arrived is found out again


def _file_state(state: Any) -> FileState:
    return FileState(
        size=fields.whole("size", state["size"]),
        mtime_ns=fields.whole("mtime_ns", state["mtime_ns"]),
        sha256=fields.text("sha256", state["sha256"]),
    )


def write_progress(folder: RunFolder, uri: str, progress: Progress) -> None:
    """Keep the progress at a server."""
    name = kept_name(uri, workspace_of(folder))
    entries = published(folder) | {name: dataclasses.asdict(progress)}
    folder.write_text(names.PUBLISHED_FILE, json.dumps(sealed(entries), indent=1) + "\n")


def files_of(folder: RunFolder, known: Mapping[str, FileState]) -> dict[str, FileState]:
    """Return the publishable files by relative path; a digest in `known` is not taken again.

    Symbolic links are none of them: they would publish what lies elsewhere.
    """
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
                state = FileState(status.st_size, status.st_mtime_ns, sha256_of(path))
            files[name] = state
    return files


def refuse_damaged(folder: RunFolder, record: RunRecord, files: Mapping[str, FileState]) -> None:
    """Refuse a run whose files are not those that it ended with; weights may have been deleted.

    Raises:
        DamagedError: The first file that was changed, is gone, or is no table.
    """
    for name, known in record.files.items():
        is_gone = name not in files and not name.startswith(names.CHECKPOINT)
        if is_gone or (name in files and files[name].sha256 != known):
            folder.checked(name, record)
    if record.kind in names.SCORED and names.PER_CASE in files:
        read_table(folder.path / names.PER_CASE)


def refuse_changed(pulled: Path, files: Iterable[str]) -> None:
    """Refuse files from a server that are not those that the run.json beside them records.

    Raises:
        DamagedError: One of them is not, or run.json itself is damaged.
    """
    try:
        known = fields.texts("files", read_sound(pulled / names.RUN).get("files", {}))
    except (OSError, TypeError, ValueError) as error:
        raise DamagedError(f"its {names.RUN} at the server", str(error), hint=SEND_AGAIN) from error
    for name in files:
        if name in known and sha256_of(pulled / name) != known[name]:
            raise DamagedError(
                f"its {name} at the server",
                f"its sha256 is not the one in {names.RUN}",
                hint=SEND_AGAIN,
            )


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


def read_table(path: Path) -> str:
    """Return a CSV file as `as_table` does.

    Raises:
        DamagedError: It is not CSV in UTF-8, or its rows and its header do not fit.
    """
    try:
        return as_table(path.read_text(encoding="utf-8"))
    except (ValueError, csv.Error, OSError) as error:
        raise DamagedError(path, "it is no table in CSV and UTF-8", hint=RESTORE) from error


def as_table(text: str) -> str:
    r"""Return a CSV text as the JSON of MLflow's tables; numbers as numbers, empty cells as null.

    After the first column come those with numbers: the page compares runs by the second one.

    Raises:
        ValueError: There is no header, or a row does not fit it.

    >>> as_table("patient,split,dice\nP1,test,0.5\nP2,test,\n")
    '{"columns": ["patient", "dice", "split"], "data": [["P1", 0.5, "test"], ["P2", null, "test"]]}'
    """
    header, *lines = csv.reader(StringIO(text))
    if len(set(header)) != len(header) or any(len(line) != len(header) for line in lines):
        raise ValueError("rows and header do not fit")
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


def without_host(text: str) -> str:
    """Return the text of a run.json without the process that wrote it: it names the machine."""
    fields = {key: value for key, value in json.loads(text).items() if key != "owner"}
    return json.dumps(sealed(fields), indent=1) + "\n"


def _is_publishable(path: Path, name: str) -> bool:
    hidden = any(part.startswith(".") for part in Path(name).parts)
    kept = hidden or name in KEPT_HERE or name.startswith(names.RESUME)
    return not kept and path.is_file() and not path.is_symlink()
