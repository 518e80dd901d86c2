"""Weights and resume states on disk, as NumPy archives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ablation.errors import DataError
from ablation.files.atomic import whole_file
from ablation.training.schedule import Epoch, Schedule
from ablation.training.start import weights_of

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class ResumeState:
    """All a training needs to go on as if it had never stopped; it holds no generator state."""

    weights: Mapping[str, npt.NDArray[Any]]
    optimizer: Mapping[str, npt.NDArray[Any]]
    best_weights: Mapping[str, npt.NDArray[Any]]
    schedule: Schedule
    epochs: tuple[Epoch, ...]


def host_weights(model: Any) -> Arrays:
    """Return a copy of every weight, "layer/variable" -> array."""
    return {
        f"{layer.name}/{variable.name}": variable.numpy() for layer, variable in weights_of(model)
    }


def put_weights(model: Any, weights: Mapping[str, npt.NDArray[Any]], source: str) -> None:
    """Assign weights by name; raise `DataError` naming what does not fit."""
    variables = {f"{layer.name}/{variable.name}": variable for layer, variable in weights_of(model)}
    faults = [f"{name} is missing" for name in variables.keys() - weights.keys()]
    faults += [f"{name} is unknown" for name in weights.keys() - variables.keys()]
    faults += [
        f"{name} has shape {weights[name].shape}, not {tuple(variable.shape)}"
        for name, variable in variables.items()
        if name in weights and weights[name].shape != tuple(variable.shape)
    ]
    if faults:
        raise DataError(
            f"{source} does not fit {model.name}: {'; '.join(sorted(faults)[:5])}",
            hint="Use the configuration these weights were trained with.",
        )
    for name, variable in variables.items():
        variable.assign(weights[name])


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write a .npz archive: complete, or not there."""
    with whole_file(path) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # the stub reads any name as allow_pickle


def read_arrays(path: Path) -> Arrays:
    """Read a .npz archive; raise `DataError` when it is missing or damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as fault:  # damaged bytes of an archive raise nearly everything
        raise DataError(
            f"{path}: cannot be read as weights ({fault})",
            hint="Bring it back from a backup or from the run's artifacts on the tracking server.",
        ) from fault


def write_resume(state: ResumeState, path: Path) -> None:
    """Write a resume state to one file: complete, or not there."""
    progress = {"schedule": asdict(state.schedule), "epochs": [asdict(e) for e in state.epochs]}
    arrays: Arrays = {"progress": np.array(json.dumps(progress))}
    for part in ("weights", "optimizer", "best_weights"):
        arrays |= {f"{part}:{name}": array for name, array in getattr(state, part).items()}
    write_arrays(path, arrays)


def read_resume(path: Path) -> ResumeState:
    """Read a resume state; raise `DataError` when it is missing or damaged."""
    arrays = read_arrays(path)
    if "progress" not in arrays:
        raise DataError(f"{path}: holds weights, not the state of a training")
    parts: dict[str, Arrays] = {"weights": {}, "optimizer": {}, "best_weights": {}}
    try:
        progress = json.loads(arrays.pop("progress").item())
        for key, array in arrays.items():
            part, _, name = key.partition(":")
            parts[part][name] = array
        return ResumeState(
            **parts,
            schedule=Schedule(**progress["schedule"]),
            epochs=tuple(Epoch(**epoch) for epoch in progress["epochs"]),
        )
    except (LookupError, TypeError, ValueError) as fault:
        raise DataError(f"{path}: holds no state of a training ({fault!r})") from fault
