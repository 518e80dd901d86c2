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
from typing import Any, get_args

from tracking import fields, names
from tracking.atomic import replacing, to_disk
from tracking.digests import digests_of, sha256_of
from tracking.errors import DamagedError, TrackingError
from tracking.locks import locked
from tracking.names import Kind, Status
from tracking.owner import Owner, this_process
from tracking.schema import SCHEMA, own_version, upgraded
from tracking.sealed import CHECKSUM, parsed, sealed, unsealed

REQUIRED = ("kind", "experiment", "model", "name", "run_key")
"""Fields without which a record belongs to no run."""
WORDS = {"kind": get_args(Kind), "status": get_args(Status)}
"""What these fields may say."""
RESTORE = (
    "Bring it back from a backup or from the run's artifacts on the tracking server. "
    "A sweep trains no finished trial again."
)


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
    files: Mapping[str, str] = field(default_factory=dict)
    """Of a run that has ended: relative path of each file and its sha256; empty: not recorded."""
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
        to_disk(text)
        file = folder.path / names.RUN
        try:
            _name_too(text, file)  # fails when there is one, unlike a rename
        except FileExistsError as error:
            if not file.exists():
                raise DamagedError(
                    file, "it is a link to a file that is not there", hint=RESTORE
                ) from error
            raise TrackingError(
                f"run {folder.path} exists already", hint="Take the next attempt number."
            ) from error
        finally:
            text.unlink()
        for place in (folder.path, folder.path.parent):
            to_disk(place)
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

    def checked(self, name: str, record: RunRecord | None = None) -> Path:
        """Return the path of a file whose bytes are those that the run was finished with.

        A file that run.json does not record (an earlier version's, or of a run that goes on) is
        not checked.

        Args:
            name: Its path in the folder.
            record: What run.json says, where the caller has read it.

        Raises:
            DamagedError: The file was changed, or is gone.
        """
        known = (record or self.record).files.get(name)
        path = self.path / name
        if known is None:
            return path
        try:
            same = sha256_of(path) == known
        except FileNotFoundError:
            raise DamagedError(path, "it is gone", hint=_again(self.path, name)) from None
        except OSError as error:
            raise DamagedError(path, str(error.strerror), hint=_again(self.path, name)) from error
        if not same:
            raise DamagedError(
                path,
                f"its sha256 is not the one in {names.RUN}, so it was changed after the run ended",
                hint=_again(self.path, name),
            )
        return path

    def record_again(self, name: str) -> None:
        """Record the sha256 of a file that was made again on purpose after the run had ended."""
        digest = sha256_of(self.path / name)
        _change(
            self, lambda record: dataclasses.replace(record, files={**record.files, name: digest})
        )

    def log_epoch(self, step: int, metrics: Mapping[str, float]) -> None:
        """Append the metrics of an epoch (from 1) with the time of now."""
        line = EpochLine(step, now_ms(), metrics)
        with (self.path / names.METRICS).open("ab+") as stream:
            _cut_torn_line(stream.fileno())
            stream.write(_line(line))
            stream.flush()
            os.fsync(stream.fileno())

    def epochs(self, offset: int = 0) -> tuple[tuple[EpochLine, ...], int]:
        """Return the complete lines of metrics.jsonl from byte `offset`, and where they end.

        Raises:
            DamagedError: A line holds no metrics of an epoch.
        """
        file = self.path / names.METRICS
        try:
            with file.open("rb") as stream:
                stream.seek(offset)
                text = stream.read()
        except FileNotFoundError:
            return (), 0
        except OSError as error:
            raise DamagedError(file, str(error.strerror), hint=RESTORE) from error
        whole = text[: text.rfind(b"\n") + 1]
        lines = [_parse(line, file) for line in whole.split(b"\n")[:-1]]
        return tuple(lines), offset + len(whole)

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
                _with(record, tags, metrics),
                status=status,
                reason=reason,
                end_ms=now_ms(),
                files=digests_of(self.path),
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
                record, status="RUNNING", reason="", end_ms=None, owner=this_process(), files={}
            ),
        )

    def renew_key(self) -> None:
        """Make this a run of its own: a copy that differs from the run it was copied from."""
        _change(self, lambda record: dataclasses.replace(record, run_key=uuid.uuid4().hex))

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
        DamagedError: The file is damaged.
        TrackingError: There is no such file.
    """
    file = path / names.RUN
    try:
        read = parsed(file)
        current = upgraded(read, file)  # first of all it refuses a later version's
        unsealed(read)
        return _from_fields(current)
    except FileNotFoundError as error:
        raise TrackingError(
            f"{path} is not a run folder: it has no {names.RUN}", hint=RESTORE
        ) from error
    except OSError as error:
        raise DamagedError(file, str(error.strerror), hint=RESTORE) from error
    except (ValueError, TypeError) as error:
        raise DamagedError(file, str(error), hint=RESTORE) from error


def _from_fields(read: dict[str, Any]) -> RunRecord:
    """Return the record; what an earlier version did not record has a default that says so.

    Raises:
        ValueError: A field that names the run is missing, or one has an unusable value.
        TrackingError: A name cannot be that of a folder.
    """
    for key in REQUIRED:
        if not read.get(key):
            raise ValueError(f"{key} is missing")
        if not names.is_part(str(read[key])):  # they become folders, here and at the server
            raise ValueError(f"{key} is {names.shortened(str(read[key]))}")
    if (study := read.get("study")) and not names.is_study(study):
        raise ValueError(f"study is {study!r:.60}")
    known = {one.name for one in dataclasses.fields(RunRecord)} - {"unknown"}
    values: dict[str, Any] = {"schema": 1, "version": "", "start_ms": 0, "owner": None}
    values |= {key: _value(key, value) for key, value in read.items() if key in known}
    unknown = {key: value for key, value in read.items() if key not in known | {CHECKSUM}}
    return RunRecord(**values, unknown=unknown)


def _value(key: str, value: Any) -> Any:
    """Return the value of a field in the type of the record."""
    if key in ("params", "tags", "files"):
        return fields.texts(key, value)
    if key == "metrics":
        numbers = fields.mapping(key, value)
        return {name: fields.number(f"{key} {name}", one) for name, one in numbers.items()}
    if key == "provenance":
        return fields.mapping(key, value)
    if key in ("start_ms", "schema"):
        return fields.whole(key, value)
    if key == "end_ms":
        return None if value is None else fields.whole(key, value)
    if key == "owner":
        return fields.owner(value)
    return fields.text(key, value, WORDS.get(key, ()))


def _again(folder: Path, name: str) -> str:
    """Return what to do about a damaged file of a run that has ended."""
    if name != names.PER_CASE:
        return RESTORE
    return f"{RESTORE} Or remove it and make it again from the weights: ablate evaluate {folder}"


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
    plain = dataclasses.asdict(record)
    unknown = plain.pop("unknown")
    now = {"schema": SCHEMA, "version": own_version(), "metrics": _plain(record.metrics)}
    return json.dumps(sealed(plain | now | unknown), indent=1, allow_nan=False) + "\n"


def _plain(metrics: Mapping[str, float]) -> dict[str, float | str]:
    """Return the metrics with "nan", "inf" and "-inf" as texts, which JSON lacks as numbers."""
    finite = (float("-inf"), float("inf"))
    numbers = {key: float(value) for key, value in metrics.items()}
    return {k: v if finite[0] < v < finite[1] else repr(v) for k, v in numbers.items()}


def _line(line: EpochLine) -> bytes:
    values = {"step": line.step, "time_ms": line.time_ms, "metrics": _plain(line.metrics)}
    return json.dumps(values, allow_nan=False).encode() + b"\n"


def _parse(line: bytes, file: Path) -> EpochLine:
    try:
        values = json.loads(line)
        metrics = fields.mapping("metrics", values["metrics"]).items()
        return EpochLine(
            fields.whole("step", values["step"]),
            fields.whole("time_ms", values["time_ms"]),
            {key: fields.number(key, value) for key, value in metrics},
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        shown = line[:40].decode("utf-8", "replace")
        raise DamagedError(
            file, f"the line {shown!r} holds no metrics of an epoch", hint=RESTORE
        ) from error


def _cut_torn_line(descriptor: int) -> None:
    """Drop the rest of a line whose writing was interrupted, so that the next one stands alone."""
    size = os.fstat(descriptor).st_size
    if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n":
        return
    text = os.pread(descriptor, size, 0)
    os.ftruncate(descriptor, text.rfind(b"\n") + 1)
