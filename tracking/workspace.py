"""The run folders of a workspace: where they lie, how one is found.

* <workspace>/<experiment>/<model>/study: the study (run.json, trials.csv)
* <workspace>/<experiment>/<model>/<number>.<attempt>: one trial
* <workspace>/<experiment>/<model>/final-<seed>.<attempt>: a retraining of the best setting
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tracking import names
from tracking.errors import TrackingError
from tracking.record import RunFolder, folder_name


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


def attempts(design: Path, stem: str) -> tuple[RunFolder, ...]:
    """Return the attempts of a trial ("12") or final ("final-101"), oldest first."""
    found = {
        int(path.parent.name.rpartition(".")[2]): RunFolder(path.parent)
        for path in design.glob(f"{stem}.*/{names.RUN}")
        if path.parent.name.rpartition(".")[2].isdecimal()
    }
    return tuple(found[number] for number in sorted(found))


def next_attempt(earlier: Sequence[RunFolder]) -> int:
    """Return the number of the attempt after these, 0 for the first."""
    return 1 + max((int(run.path.name.rpartition(".")[2]) for run in earlier), default=-1)


def find_runs(workspace: Path) -> tuple[RunFolder, ...]:
    """Return every run folder of a workspace: studies first, then in natural order."""
    paths = [file.parent for file in workspace.glob(f"*/*/*/{names.RUN}")]
    return tuple(RunFolder(path) for path in sorted(paths, key=_order))


def resolve_run(workspace: Path, run: str) -> Path:
    """Return the folder of a run named by path, `<experiment>/<model>/<number>` or MLflow run id.

    A number without attempt means its newest attempt.

    Raises:
        TrackingError: No run goes by this name.
    """
    for path in (Path(run), workspace / run):
        if (path / names.RUN).is_file():
            return path
    named = workspace / run
    if tries := attempts(named.parent, named.name):
        return tries[-1].path
    for folder in find_runs(workspace):
        if any(entry["run_id"] == run for entry in published(folder).values()):
            return folder.path
    raise TrackingError(
        f"no run {run} in {workspace}",
        hint="A run is a folder, EXPERIMENT/MODEL/NUMBER or an MLflow run id; see: ablate runs list",
    )


def close_abandoned(workspace: Path) -> tuple[RunFolder, ...]:
    """Write KILLED into every run that says RUNNING but whose process is gone; return these."""
    return tuple(folder for folder in find_runs(workspace) if folder.close_if_abandoned())


def published(folder: RunFolder) -> dict[str, dict[str, Any]]:
    """Return what was published of a run: per tracking address, run id and progress."""
    try:
        text = (folder.path / names.PUBLISHED_FILE).read_text(encoding="utf-8")
        entries: dict[str, dict[str, Any]] = json.loads(text)
    except (FileNotFoundError, ValueError):
        return {}  # without it, a run is found on the server by its key
    return entries


def _order(path: Path) -> tuple[str, str, bool, str, float, str]:
    stem, _, rest = path.name.partition(".")
    word, _, number = stem.rpartition("-")
    trial, attempt = (int(text) if text.isdecimal() else 0 for text in (number, rest))
    is_run = path.name != names.STUDY_FOLDER
    return (path.parts[-3], path.parts[-2], is_run, word, trial + attempt / 1e6, path.name)
