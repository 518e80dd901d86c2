"""The run folders of a workspace: where they lie, how one is found.

* <workspace>/<experiment>/<design>/study: the study (run.json, trials.csv)
* <workspace>/<experiment>/<design>/<number>.<attempt>: one trial
* <workspace>/<experiment>/<design>/final-<seed>.<attempt>: a retraining of the best setting
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from tracking import names
from tracking.address import ARTIFACTS, DATABASE
from tracking.errors import LaterVersionError, TrackingError
from tracking.names import RunName
from tracking.record import RunFolder, folder_name
from tracking.sealed import read_sound

LONGEST_PART = 255
"""Characters that file systems take between two slashes."""
LAST = 99
"""Where folders sort that are not named like runs."""
HOW_A_RUN_IS_NAMED = (
    "A run is a folder, EXPERIMENT/DESIGN/NUMBER or an MLflow run id; see: ablate runs list"
)


def design_folder(workspace: Path, experiment: str, design: str) -> Path:
    """Return the folder of a design's runs.

    Raises:
        TrackingError: A name has characters that cannot be in a folder's name, or is taken.
    """
    if design == names.STUDY_FOLDER:
        raise TrackingError(
            f"no design can be called {design!r}: the folder of every study is",
            hint="Choose another name with --study.",
        )
    return workspace / folder_name(experiment) / folder_name(design)


def workspace_of(folder: RunFolder) -> Path:
    """Return the workspace that a run folder lies in."""
    return folder.path.absolute().parents[2]


def attempts(design: Path, run: RunName) -> tuple[RunFolder, ...]:
    """Return the attempts of a trial, final or import, oldest first; its own attempt is ignored.

    One that has lost its run.json counts, so that nothing is written into its folder.
    """
    found = {}
    for path in design.glob(f"{run.stem}.*"):
        with suppress(TrackingError):  # a folder somebody else made
            attempt = RunName.parse(path.name).attempt
            if _holds_run(path):
                found[attempt] = RunFolder(path)
    return tuple(found[number] for number in sorted(found))


def next_attempt(earlier: Sequence[RunFolder], run: RunName) -> RunName:
    """Return the name of the attempt after these, with attempt 0 for the first.

    >>> str(next_attempt((), RunName("final", 101)))
    'final-101.0'
    """
    numbers = (RunName.parse(folder.path.name).attempt for folder in earlier)
    return replace(run, attempt=1 + max(numbers, default=-1))


def readable(folders: Sequence[RunFolder]) -> tuple[RunFolder, ...]:
    """Return those whose run.json can be read: not damaged, not written by a later version."""
    found = []
    for folder in folders:
        with suppress(TrackingError):
            _ = folder.record
            found.append(folder)
    return tuple(found)


def is_read_only(workspace: Path) -> bool:
    """Tell whether a workspace is there and this user cannot write to it, or to a part of it."""
    parts = (workspace / DATABASE, workspace / ARTIFACTS, *_places(workspace)[0][-1])
    shared = [workspace, *(part for part in parts if part.exists())]
    return workspace.is_dir() and not all(os.access(part, os.W_OK) for part in shared)


def copy_scored(workspace: Path, copy: Path) -> None:
    """Copy what a report needs of a workspace that cannot be written: studies, finals, imports.

    With its tracking database, so that every run keeps its id.
    """
    if (workspace / DATABASE).is_file():
        copy.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(workspace / DATABASE, copy / DATABASE)
    for folder in find_runs(workspace):
        with suppress(TrackingError):  # a folder somebody else made
            if RunName.parse(folder.path.name).kind != "trial":
                target = copy / folder.path.relative_to(workspace)
                shutil.copytree(folder.path, target, symlinks=True, copy_function=shutil.copyfile)
    for place in (copy, *copy.rglob("*")):
        if place.is_dir() and not place.is_symlink():
            place.chmod(0o700)


def own_keys(workspace: Path) -> set[str]:
    """Return the keys of all runs whose run.json can be read."""
    return {folder.run_key for folder in readable(find_runs(workspace))}


def refuse_later(workspace: Path) -> None:
    """Refuse a workspace with a run of a later version: a result without it would not be whole.

    Raises:
        LaterVersionError: The first such run.
    """
    for folder in find_runs(workspace):
        try:
            _ = folder.record
        except LaterVersionError:
            raise
        except TrackingError:
            continue  # damaged: named where it is asked for


def find_runs(workspace: Path) -> tuple[RunFolder, ...]:
    """Return every run folder of a workspace: studies first, then in natural order.

    One that has lost its run.json is among them: reading its record says so.

    Raises:
        TrackingError: The workspace's path is too long, or a loop of links.
    """
    with _usable(workspace):
        folders, _ = _places(workspace)
        paths = [path for path in folders[-1] if _holds_run(path)]
    return tuple(RunFolder(path) for path in sorted(paths, key=_order))


def linked_runs(workspace: Path) -> tuple[Path, ...]:
    """Return the symbolic links at the places of experiments, designs and runs: they are no runs.

    What they point to lies outside the workspace, or is a second name of what is in it.
    """
    with _usable(workspace):
        return tuple(sorted(_places(workspace)[1]))


def _places(workspace: Path) -> tuple[list[list[Path]], list[Path]]:
    """Return the folders of experiments, designs and runs, and the links to folders among them."""
    levels, links = [[workspace]], []
    for _ in range(3):
        below: list[Path] = []
        for folder in levels[-1]:
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                for entry in os.scandir(folder):
                    if entry.is_dir(follow_symlinks=False):
                        below.append(folder / entry.name)
                    elif entry.is_symlink() and entry.is_dir():
                        links.append(folder / entry.name)
        levels.append(below)
    return levels, links


def _holds_run(path: Path) -> bool:
    """Tell whether a folder has a run.json, or is named like a run and holds files of one."""
    if path.is_symlink():
        return False  # named by `linked_runs`
    if (path / names.RUN).is_file():
        return True
    try:
        RunName.parse(path.name)
        return any(file.name in names.RESULTS for file in path.iterdir())
    except (TrackingError, OSError):
        return False


def resolve_run(workspace: Path, run: str) -> Path:
    """Return the folder of a run named by path, `<experiment>/<model>/<number>` or MLflow run id.

    A number without attempt means its newest attempt.

    Raises:
        TrackingError: No run goes by this name.
    """
    if any(len(part) > LONGEST_PART for part in Path(run).parts):
        raise TrackingError(
            f"no run {names.shortened(run)}: the name is too long", hint=HOW_A_RUN_IS_NAMED
        )
    for path in (Path(run), workspace / run):
        if _is_run(path):
            return path
    named = workspace / run
    with suppress(TrackingError, OSError):  # not the number of a run, or no place for one
        first = RunName.parse(f"{named.name}.0")
        if tries := attempts(named.parent, first):
            return tries[-1].path
    for folder in find_runs(workspace):
        if any(entry.get("run_id") == run for entry in published(folder).values()):
            return folder.path
    raise TrackingError(f"no run {run} in {workspace}", hint=HOW_A_RUN_IS_NAMED)


def _is_run(path: Path) -> bool:
    try:
        return (path / names.RUN).is_file()
    except OSError:  # a part of the path is too long for the file system
        return False


@contextmanager
def _usable(workspace: Path) -> Iterator[None]:
    """Say in one line why a workspace's path cannot be used; one that is not there yet can be."""
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            workspace.stat()
        yield
    except OSError as error:
        raise TrackingError(
            f"workspace {names.shortened(str(workspace))}: {error.strerror}",
            hint="Name another folder with --workspace.",
        ) from error


def published(folder: RunFolder) -> dict[str, dict[str, Any]]:
    """Return what was published of a run: per tracking address, run id and progress."""
    try:
        entries = read_sound(folder.path / names.PUBLISHED_FILE)
    except (OSError, TypeError, ValueError):
        return {}  # without it, a run is found on the server by its key
    return {uri: entry for uri, entry in entries.items() if isinstance(entry, dict)}


def _order(path: Path) -> tuple[str, str, tuple[int, int, int], str]:
    """Return what sorts run folders: studies first, then their trials and finals by number."""
    try:
        order = RunName.parse(path.name).order
    except TrackingError:
        order = (LAST, 0, 0)  # not named by ablate
    return path.parts[-3], path.parts[-2], order, path.name
