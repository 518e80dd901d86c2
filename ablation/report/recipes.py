"""How the designs were trained, read from the records of their finals and of the studies behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ablation.config import Config, flatten, with_values
from ablation.errors import AblateError
from ablation.fairness import from_tags
from ablation.report.material import Recipe
from ablation.scores.finals import value_of
from tracking import names
from tracking.errors import TrackingError
from tracking.finals import PulledRun, PulledStudy
from tracking.names import StudyName
from tracking.record import read_record

SECTIONS = ("data", "model", "loss", "training", "inference", "sweep")
"""Sections of the configuration that decide what is trained."""
HERE = frozenset({"data.path", "data.split", "data.folds"})
"""Keys that a record does not hold, or that the patients of the parts stand for."""
SEED = "training.seed"


def recipes_of(
    design: str, finals: Sequence[PulledRun], studies: Sequence[PulledStudy]
) -> tuple[Recipe, ...]:
    """Return a recipe for each study that trained a design's finals; none for imported results."""
    folders = {study.name: study.folder for study in studies}
    by_study: dict[str, list[PulledRun]] = {}
    for run in finals:
        if SEED in run.params and names.STUDY in run.tags:
            by_study.setdefault(run.tags[names.STUDY], []).append(run)
    return tuple(
        _recipe(design, study, runs, folders.get(study)) for study, runs in by_study.items()
    )


def _recipe(design: str, study: str, runs: Sequence[PulledRun], folder: Path | None) -> Recipe:
    first = runs[0]
    provenance = _provenance(first.folder)
    return Recipe(
        design=design,
        name=StudyName.parse(study).label,
        settings=_settings(first.params),
        space=_space(folder),
        chosen=json.loads(first.tags.get(names.SETTING, "{}")),
        seeds=tuple(sorted({int(run.params[SEED]) for run in runs})),
        patients=_patients(folder),
        layout=from_tags(first.tags).layout or "",
        data=first.tags.get(names.DATA, ""),
        versions={**_texts(provenance.get("packages")), **_texts(provenance, "python", "commit")},
        machine=_texts(provenance, "platform", "cpu", "cores"),
    )


def _settings(params: Mapping[str, str]) -> dict[str, Any]:
    """Return the flat configuration, typed where this version knows every key."""
    texts = {
        key: None if text == "none" else value_of(text)
        for key, text in params.items()
        if key.split(".")[0] in SECTIONS and key not in HERE
    }
    typed = dict(texts)
    with suppress(AblateError):  # a design or loss of one's own that is not registered here
        known = flatten(with_values(Config(), texts))
        typed = {key: known[key] for key in texts if key in known}
    typed.pop(SEED, None)
    return typed


def _space(folder: Path | None) -> dict[str, dict[str, Any]]:
    """Return the dimensions as [space] writes them."""
    content = _json(folder, names.IMPORTANCE)
    return {key: _dimension(one) for key, one in content.get("space", {}).items()}


def _dimension(stored: Mapping[str, Any]) -> dict[str, Any]:
    kept = {
        key: stored[key]
        for key in ("low", "high", "choices", "step")
        if stored.get(key) is not None
    }
    return kept | ({"log": True} if stored.get("log") else {})


def _patients(folder: Path | None) -> dict[str, tuple[str, ...]]:
    content = _json(folder, names.SPLIT_FILE)
    return {
        part: tuple(content[part]) for part in ("train", "validation", "test") if part in content
    }


def _json(folder: Path | None, name: str) -> dict[str, Any]:
    file = None if folder is None else folder / name
    if file is None or not file.exists():
        return {}
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def _provenance(folder: Path) -> Mapping[str, Any]:
    try:
        return read_record(folder).provenance
    except TrackingError:  # damaged, or of a run published before records were
        return {}


def _texts(found: object, *keys: str) -> dict[str, str]:
    """Return the named values, or all, that are not empty."""
    values = found if isinstance(found, Mapping) else {}
    return {str(key): str(values[key]) for key in (keys or values) if values.get(key)}
