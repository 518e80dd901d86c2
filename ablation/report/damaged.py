"""Finals and studies whose files cannot be read: found before a report reads them, and left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from ablation.errors import AblateError
from ablation.fairness import from_tags
from ablation.metrics.table import read_cases
from ablation.report.tracked import (
    best_trial_of,
    listed,
    network_of,
    study_of,
    thresholds_of,
)
from tracking import fields, names
from tracking.errors import TrackingError
from tracking.finals import Finals, PulledRun, PulledStudy
from tracking.names import Fold
from tracking.record import RunFolder

UNREADABLE = (AblateError, TrackingError, OSError, LookupError, ValueError, TypeError)
"""What reading a file raises that is not as ablate writes it."""

MOST_WORDS = 60
"""Of a reason: a table with many faults names its first few lines."""

Check = Callable[[], object]


def without_damaged(finals: Finals) -> Finals:
    """Return the finals whose tables can be read; what cannot be read is named in `damaged`.

    A file beside a table (thresholds, overlays, trials, importance) is left out alone: its pulled
    copy is removed, so that a report shows it as not on record.
    """
    damaged = list(finals.damaged)
    runs, studies = [], []
    for run in finals.runs:
        if fault := _fault(partial(_read_scores, run)):
            damaged.append((run.name, f"left out: {fault}"))
            continue
        damaged += _without_files(run.name, run.folder, _files_of_run(run))
        runs.append(run)
    for study in finals.studies:
        damaged += _without_files(f"study {study.name}", study.folder, _files_of_study(study))
        studies.append(study)
    return replace(finals, runs=tuple(runs), studies=tuple(studies), damaged=tuple(damaged))


def _read_scores(run: PulledRun) -> None:
    """Read what a comparison needs of a final."""
    if names.FOLD in run.tags:
        Fold.parse(run.tags[names.FOLD])
    if not run.tags.get(names.MODEL):
        raise ValueError(f"it has no tag {names.MODEL}")
    from_tags(run.tags)
    read_cases(run.folder / names.PER_CASE, f"{names.PER_CASE} of run {run.name}")


def _without_files(owner: str, folder: Path, checks: Mapping[str, Check]) -> list[tuple[str, str]]:
    """Remove the pulled files that cannot be read; return which, and why."""
    found = []
    for name, check in checks.items():
        if (folder / name).exists() and (fault := _fault(check)):
            (folder / name).unlink()
            found.append((owner, f"{name} is damaged and left out: {fault}"))
    return found


def _files_of_run(run: PulledRun) -> dict[str, Check]:
    return {
        names.RUN: lambda: RunFolder(run.folder).record,
        names.METRICS: lambda: RunFolder(run.folder).epochs(),
        names.THRESHOLDS: lambda: thresholds_of("", run),
        names.OVERLAYS: lambda: _read_overlays(run),
        names.NETWORK: lambda: network_of(run),
    }


def _files_of_study(study: PulledStudy) -> dict[str, Check]:
    return {
        names.RUN: lambda: RunFolder(study.folder).record,
        names.IMPORTANCE: lambda: _read_importance(study),
        names.SPLIT_FILE: lambda: _read_split(study.folder / names.SPLIT_FILE),
        names.TRIALS: lambda: study_of("", study),
    }


def _read_overlays(run: PulledRun) -> None:
    for row in listed(run):
        for name in ("patient", "kind", "file"):
            fields.text(name, row[name])
        for name in ("slice", "truth_voxels", "pred_voxels"):
            int(row[name])
        float(row["dice"])


def _read_importance(study: PulledStudy) -> None:
    file = study.folder / names.IMPORTANCE
    tuned = fields.mapping("its content", json.loads(file.read_text(encoding="utf-8")))
    fields.text("reason", tuned.get("reason", ""))
    for method, shares in fields.mapping("shares", tuned.get("shares", {})).items():
        for name, share in fields.mapping(method, shares).items():
            fields.number(name, share)
    for name, dimension in fields.mapping("space", tuned.get("space", {})).items():
        fields.mapping(name, dimension)
    for _, metrics in best_trial_of(study)[1]:
        for name, value in metrics.items():
            fields.number(name, value)


def _read_split(file: Path) -> None:
    parts = fields.mapping("its content", json.loads(file.read_text(encoding="utf-8")))
    for part in {"train", "validation", "test"} & parts.keys():
        fields.listed(part, parts[part])


def _fault(check: Check) -> str:
    """Return why something cannot be read; "" where it can."""
    try:
        check()
    except UNREADABLE as error:
        message = getattr(error, "message", "") or f"{type(error).__name__}: {error}"
        return " ".join(str(message).split()[:MOST_WORDS]) or type(error).__name__
    return ""
