"""The run folder: everything about one run, written as it happens; a server only gets copies.

* run.json: who, what, how it ended; replaced as a whole
* metrics.jsonl: a line per epoch, with its time; appended
* log.txt: free text; appended
* anything else (tables, curves, checkpoint/): replaced as a whole

A reader never meets a half-written file: every file but the two appended ones is written under
a hidden name and renamed.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracking import names
from tracking.atomic import replacing
from tracking.errors import TrackingError
from tracking.locks import locked
from tracking.names import Kind, Status
from tracking.owner import Owner, this_process
from tracking.schema import SCHEMA, own_version, upgraded

REQUIRED = ("kind", "experiment", "model", "name", "run_key")
"""Fields without which a record belongs to no run."""


def now_ms() -> int:
    """Return the time in milliseconds since 1970, as MLflow counts it."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What run.json says."""

    kind: Kind
    experiment: str
    model: str
    name: str
    """The folder's name, as `str(RunName)`: "12.0", "final-101.0" or "study"."""
    study: str = ""
    identity: str = ""
    """Hash of everything that changes the scores; equal identity, equal experiment."""
    params: Mapping[str, str] = field(default_factory=dict)
    """The flat configuration."""
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    """The summary, known at the end; curves are in metrics.jsonl."""
    provenance: Mapping[str, object] = field(default_factory=dict)
    parent_key: str = ""
    """run_key of the study."""
    retry_of: str = ""
    """run_key of the attempt before."""
    status: Status = "RUNNING"
    reason: str = ""
    start_ms: int = field(default_factory=now_ms)
    end_ms: int | None = None
    run_key: str = field(default_factory=lambda: uuid.uuid4().hex)
    owner: Owner | None = field(default_factory=this_process)
    """The writing process."""
    schema: int = SCHEMA
    """Of the file that was read; what is written has this version's."""
    version: str = field(default_factory=own_version)
    """The ablate that wrote the file; "" where that is not recorded."""
    unknown: Mapping[str, object] = field(default_factory=dict)
    """Fields this version does not know; they are written back as they are."""


@dataclass(frozen=True, slots=True)
class EpochLine:
    """One line of metrics.jsonl."""

    step: int
    time_ms: int
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run; make it with `create`, or name an existing one by its path.

    Example:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp())
        >>> run = RunFolder.create(place, RunRecord("trial", "phantom", "unet", "0.0"))
        >>> run.log_epoch(1, {"loss": 0.5})
        >>> run.finish("FINISHED", metrics={"validation/dice": 0.8})
        >>> run.record.status, run.record.metrics["validation/dice"]
        ('FINISHED', 0.8)
    """

    path: Path

    @classmethod
    def create(cls, design: Path, record: RunRecord) -> RunFolder:
        """Make the folder `design/record.name`; exactly one process can make it.

        Raises:
            TrackingError: The run exists, or its name cannot be a folder.
        """
        folder = cls(design / folder_name(record.name))
        folder.path.mkdir(parents=True, exist_ok=True)
        text = folder.path / f".{names.RUN}-{record.run_key}"
        text.write_text(_to_json(record), encoding="utf-8")
        try:
            _name_too(text, folder.path / names.RUN)  # fails when there is one, unlike a rename
        except FileExistsError as error:
            raise TrackingError(
                f"run {folder.path} exists already", hint="Take the next attempt number."
            ) from error
        finally:
            text.unlink()
        return folder

    @property
    def record(self) -> RunRecord:
        """What run.json says now.

        Raises:
            TrackingError: The file is absent or damaged.
        """
        return read_record(self.path)

    @property
    def run_key(self) -> str:
        """The key a run is found by, here and on a server."""
        return self.record.run_key

    def log_epoch(self, step: int, metrics: Mapping[str, float]) -> None:
        """Append the metrics of an epoch (from 1) with the time of now."""
        line = EpochLine(step, now_ms(), metrics)
        with (self.path / names.METRICS).open("ab+") as stream:
            _cut_torn_line(stream.fileno())
            stream.write(_line(line))

    def epochs(self, offset: int = 0) -> tuple[tuple[EpochLine, ...], int]:
        """Return the complete lines of metrics.jsonl from byte `offset`, and where they end."""
        try:
            with (self.path / names.METRICS).open("rb") as stream:
                stream.seek(offset)
                text = stream.read()
        except FileNotFoundError:
            return (), 0
        whole = text[: text.rfind(b"\n") + 1]
        return tuple(_parse(line) for line in whole.splitlines()), offset + len(whole)

    def log(self, text: str) -> None:
        """Append a line to log.txt."""
        with (self.path / names.LOG).open("a", encoding="utf-8") as stream:
            stream.write(text.rstrip("\n") + "\n")

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Yield a hidden path with the ending of `name`; it becomes `name` when the block succeeds.

        Example:
            with run.writing("checkpoint/weights.npz") as path:
                trainer.save_weights(path)
        """
        with replacing(self.path / name) as path:
            yield path

    def write_text(self, name: str, text: str) -> None:
        """Write a whole text file."""
        with self.writing(name) as path:
            path.write_text(text, encoding="utf-8", newline="")

    def update(
        self, *, tags: Mapping[str, str] | None = None, metrics: Mapping[str, float] | None = None
    ) -> None:
        """Add tags and summary metrics to run.json."""
        _change(self, lambda record: _with(record, tags, metrics))

    def finish(
        self,
        status: Status,
        *,
        reason: str = "",
        metrics: Mapping[str, float] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Say how the run ended: FINISHED, FAILED (it went wrong) or KILLED (it was interrupted).

        The resume state goes, unless the run was KILLED and may go on in a next attempt.
        """
        _change(
            self,
            lambda record: dataclasses.replace(
                _with(record, tags, metrics), status=status, reason=reason, end_ms=now_ms()
            ),
        )
        if status != "KILLED":
            for state in self.resume_files():
                state.unlink(missing_ok=True)

    def reopen(self) -> None:
        """Say that an ended study goes on, in this process."""
        _change(
            self,
            lambda record: dataclasses.replace(
                record, status="RUNNING", reason="", end_ms=None, owner=this_process()
            ),
        )

    def resume_files(self) -> tuple[Path, ...]:
        """Return the files of the state to go on from (checkpoint/resume*); empty: there is none."""
        return tuple(sorted(self.path.glob(names.RESUME + "*")))

    def continue_from(self, previous: RunFolder, step: int) -> None:
        """Take over an earlier attempt: its epochs up to `step` and its resume state.

        The epochs keep their recorded times. The state is moved, last: killed in between, the
        earlier attempt is still the one to go on from.
        """
        lines = [line for line in previous.epochs()[0] if line.step <= step]
        with self.writing(names.METRICS) as path:
            path.write_bytes(b"".join(_line(line) for line in lines))
        (self.path / names.CHECKPOINT).mkdir(exist_ok=True)
        for state in previous.resume_files():
            state.replace(self.path / names.CHECKPOINT / state.name)

    def share(self, name: str, other: RunFolder) -> None:
        """Give this run a file of another one, which is only ever replaced as a whole."""
        with self.writing(name) as path:
            _name_too(other.path / name, path)

    def close_if_abandoned(self) -> bool:
        """Write KILLED when the run says RUNNING but its process is gone; tell whether so."""
        closed = False

        def kill(record: RunRecord) -> RunRecord:
            nonlocal closed
            closed = record.status == "RUNNING" and record.owner is not None and record.owner.gone
            if not closed:
                return record
            reason = "its process vanished"
            return dataclasses.replace(
                record, status="KILLED", reason=reason, end_ms=self._last_sign_ms()
            )

        _change(self, kill)
        return closed

    def _last_sign_ms(self) -> int:
        signs = (self.path / name for name in (names.RUN, names.METRICS))
        return max(sign.stat().st_mtime_ns for sign in signs if sign.exists()) // 1_000_000


def read_record(path: Path) -> RunRecord:
    """Read the run.json of a run folder, of this schema version or an earlier one.

    Raises:
        LaterVersionError: A later version of ablate wrote it.
        TrackingError: The file is absent or damaged.
    """
    file = path / names.RUN
    try:
        return _from_fields(upgraded(json.loads(file.read_text(encoding="utf-8")), file))
    except FileNotFoundError as error:
        raise TrackingError(
            f"{path} is not a run folder", hint=f"It has no {names.RUN}."
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise TrackingError(
            f"{file} is damaged: {error}",
            hint=f"Bring {names.RUN} back from a backup or from the run's artifacts on the "
            "tracking server. A sweep trains no finished trial again.",
        ) from error


def _from_fields(fields: dict[str, Any]) -> RunRecord:
    """Return the record; what an earlier version did not record has a default that says so."""
    for key in REQUIRED:
        if not isinstance(fields.get(key), str):
            raise KeyError(key)
    for key in ("params", "tags", "metrics", "provenance"):
        if not isinstance(fields.setdefault(key, {}), dict):
            raise TypeError(f"{key} is not a mapping")
    owner = fields.pop("owner", None)
    known = {one.name for one in dataclasses.fields(RunRecord)} - {"unknown"}
    values: dict[str, Any] = {"schema": 1, "version": "", "start_ms": 0}
    values |= {key: value for key, value in fields.items() if key in known}
    values["metrics"] = {key: float(value) for key, value in fields["metrics"].items()}
    return RunRecord(
        **values,
        owner=Owner(owner["host"], owner["pid"], owner["started"]) if owner else None,
        unknown={key: value for key, value in fields.items() if key not in known},
    )


def folder_name(text: str) -> str:
    """Return the text when it can be the name of a folder.

    Raises:
        TrackingError: It cannot.
    """
    if len(text) > names.LONGEST_NAME:
        raise TrackingError(
            f"{names.shortened(text)} is too long for the name of a folder",
            hint=f"Use at most {names.LONGEST_NAME} characters.",
        )
    if not names.is_part(text):
        raise TrackingError(
            f"{text!r} cannot be the name of a folder", hint="Use letters, digits, _ . and -"
        )
    return text


def _name_too(file: Path, new: Path) -> None:
    """Give a file a second name; a copy where the disk has no hard links (exFAT, some FUSE).

    Raises:
        FileExistsError: The name is taken.
    """
    try:
        os.link(file, new)
    except FileExistsError:
        raise
    except OSError:
        with file.open("rb") as content, new.open("xb") as copy:
            shutil.copyfileobj(content, copy)


def _change(folder: RunFolder, change: Callable[[RunRecord], RunRecord]) -> None:
    with locked(folder.path / ".run.lock"):
        before = folder.record
        after = change(before)
        if after != before:
            folder.write_text(names.RUN, _to_json(after))


def _with(
    record: RunRecord, tags: Mapping[str, str] | None, metrics: Mapping[str, float] | None
) -> RunRecord:
    return dataclasses.replace(
        record,
        tags={**record.tags, **(tags or {})},
        metrics={**record.metrics, **{k: float(v) for k, v in (metrics or {}).items()}},
    )


def _to_json(record: RunRecord) -> str:
    fields = dataclasses.asdict(record)
    unknown = fields.pop("unknown")
    now = {"schema": SCHEMA, "version": own_version(), "metrics": _plain(record.metrics)}
    return json.dumps(fields | now | unknown, indent=1, allow_nan=False) + "\n"


def _plain(metrics: Mapping[str, float]) -> dict[str, float | str]:
    """Return the metrics with "nan", "inf" and "-inf" as texts, which JSON lacks as numbers."""
    finite = (float("-inf"), float("inf"))
    numbers = {key: float(value) for key, value in metrics.items()}
    return {k: v if finite[0] < v < finite[1] else repr(v) for k, v in numbers.items()}


def _line(line: EpochLine) -> bytes:
    values = {"step": line.step, "time_ms": line.time_ms, "metrics": _plain(line.metrics)}
    return json.dumps(values, allow_nan=False).encode() + b"\n"


def _parse(line: bytes) -> EpochLine:
    values = json.loads(line)
    metrics = {key: float(value) for key, value in values["metrics"].items()}
    return EpochLine(int(values["step"]), int(values["time_ms"]), metrics)


def _cut_torn_line(descriptor: int) -> None:
    """Drop the rest of a line whose writing was interrupted, so that the next one stands alone."""
    size = os.fstat(descriptor).st_size
    if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n":
        return
    text = os.pread(descriptor, size, 0)
    os.ftruncate(descriptor, text.rfind(b"\n") + 1)
