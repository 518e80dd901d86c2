"""Weights an encoder starts from: where their file lies and whether it is the right one.

Files are only ever read: Keras's own way would download what is missing, and delete a file whose
hash it does not expect. Loads no TensorFlow, so a wrong file is known before anything starts.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from functools import lru_cache
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from ablation.errors import DataError
from ablation.models.design import ModelKeys
from ablation.models.encoders import ENCODERS, Encoder
from ablation.models.encoders.encoder import Shape
from ablation.models.encoders.start import (
    IMAGENET,
    NONE,
    RUN_WEIGHTS,
    RunOfEncoder,
    run_of,
    scaling_of,
)
from ablation.models.registry import DESIGNS
from tracking.errors import TrackingError

__all__ = ["IMAGENET", "NONE", "check", "digests", "fingerprint", "imagenet_path", "label"]


def path_of(model: ModelKeys) -> Path | None:
    """Return the file a network's encoder starts from; None: from random weights."""
    encoder, chosen = DESIGNS.find(model.name).encoder_of(model), start_of(model)
    if encoder is None or chosen == NONE:
        return None
    if chosen == IMAGENET:
        return imagenet_path(encoder)
    run = run_of(chosen)
    return Path(chosen).expanduser() if run is None else run.folder.path / RUN_WEIGHTS


def start_of(model: ModelKeys) -> str:
    """Return none, imagenet or a path, also of a run's folder; none for a design without encoder."""
    return str(getattr(model, "pretrained", NONE))


def imagenet_path(encoder: str) -> Path:
    """Return where an encoder's ImageNet file lies or should lie: Keras's own folder."""
    if home := os.environ.get("KERAS_HOME"):
        folder = Path(home).expanduser()
    else:
        # Keras turns to /tmp where the home folder cannot be written, as in many containers.
        parent = Path.home() if os.access(Path.home(), os.W_OK) else Path("/tmp")  # noqa: S108
        folder = parent / ".keras"
    return folder / "models" / ENCODERS[encoder].file


def check(model: ModelKeys) -> None:
    """Refuse weights that cannot be what the configuration says.

    Raises:
        DataError: No file, another hash than ImageNet's, arrays of another architecture, or a run
            whose encoder is another one.
    """
    try:
        run = run_of(start_of(model))
    except TrackingError as error:
        raise DataError(
            f"weights of model.pretrained={start_of(model)}: {error.message}", hint=error.hint
        ) from error
    if run is not None:
        _check_run(model, run)
        return
    path = path_of(model)
    if path is None:
        return
    name = str(DESIGNS.find(model.name).encoder_of(model))
    encoder = ENCODERS[name]
    if not path.is_file():
        raise _refusal(model, path, "is not there", name)
    published = encoder.md5 if start_of(model) == IMAGENET else None
    if published is not None and (found := digests(path)[0]) != published:
        raise _refusal(model, path, f"is another file: its md5 is {found}", name)
    if fault := _architecture_fault(path, encoder):
        raise _refusal(model, path, fault, name)


def digests(path: Path) -> tuple[str, str]:
    """Return md5 and sha256 of a file, as hexadecimal digits."""
    state = path.stat()
    return _digests(path, state.st_size, state.st_mtime_ns)


def fingerprint(model: ModelKeys) -> str:
    """Return what identifies the weights a network starts from: "none" or "sha256:<digits>"."""
    path = path_of(model)
    return NONE if path is None else f"sha256:{digests(path)[1]}"


def label(model: ModelKeys) -> str:
    """Return none, imagenet, or a file's name and hash: what a record may show of `pretrained`."""
    path = path_of(model)
    if path is None or start_of(model) == IMAGENET:
        return NONE if path is None else IMAGENET
    run = run_of(start_of(model))
    named = path.name if run is None else f"run {run.design}/{run.folder.path.name}"
    return f"{named} ({fingerprint(model)[:19]})"


def of_run(path: Path, encoder: Encoder) -> dict[str, npt.NDArray[np.float32]]:
    """Return the encoder's part of a run's weights, "layer/variable" -> array."""
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files if encoder.owns(name)}


def scaling(model: ModelKeys) -> str | None:
    """Return how images enter a network's encoder, published or none; None: it has no such key."""
    return scaling_of(model) if hasattr(model, "encoder_scaling") else None


def _check_run(model: ModelKeys, run: RunOfEncoder) -> None:
    """Refuse a run whose encoder is not the one of these keys, or whose weights are not whole."""
    wanted = DESIGNS.find(model.name).encoder_of(model)
    theirs = run.encoder or (DESIGNS[run.design].encoder if run.design in DESIGNS else None)
    fault = ""
    if run.status != "FINISHED":
        fault = f"is {run.status.lower()}, not finished"
    elif theirs != wanted:
        fault = f"has the encoder {theirs or 'of another kind'}, {model.name} has {wanted}"
    elif (run.stem == "sum") != (getattr(model, "stem", "") == "sum"):
        fault = f"has model.stem={run.stem}, whose first kernel has another shape"
    elif not (run.folder.path / RUN_WEIGHTS).is_file():
        fault = f"has no {RUN_WEIGHTS}: its weights were not kept"
    elif run.design != model.name:
        fault = _missing_in_run(run, ENCODERS[str(wanted)])
    if fault:
        raise DataError(
            f"weights of model.pretrained={start_of(model)}: the run {fault}",
            hint="Name a finished run with the same model.encoder and model.stem, "
            "or write --set model.pretrained=none.",
        )
    try:
        run.folder.checked(RUN_WEIGHTS)
    except TrackingError as error:
        raise DataError(error.message, hint=error.hint) from error


def _missing_in_run(run: RunOfEncoder, encoder: Encoder) -> str:
    """Return which array of an encoder a run of another design lacks; empty where it has all.

    Transunet's encoder ends a stage earlier than others; of a summed stem one kernel is narrower.
    """
    found = Counter(
        array.shape for array in of_run(run.folder.path / RUN_WEIGHTS, encoder).values()
    )
    missing = Counter(encoder.shapes()) - found
    if missing.total() <= (1 if run.stem == "sum" else 0):
        return ""
    return f"of {run.design} has {found.total()} of {encoder.name}'s {found.total() + missing.total()} arrays"


@lru_cache
def _digests(path: Path, size: int, modified: int) -> tuple[str, str]:
    """Size and time are part of the key, so that a changed file is read again."""
    del size, modified
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            md5.update(block)
            sha256.update(block)
    return md5.hexdigest(), sha256.hexdigest()


def _architecture_fault(path: Path, encoder: Encoder) -> str:
    """Return why the arrays of a file are not the encoder's; empty when they are."""
    try:
        with h5py.File(path, "r") as file:
            legacy = "layer_names" in file.attrs or "model_weights" in file
            top = "model_weights" if legacy else "layers"
            found = _array_shapes(file.get(top, file))
    except OSError as error:
        return f"cannot be read as an HDF5 file ({str(error).splitlines()[0]})"
    expected = Counter(encoder.shapes())
    if found != expected:
        extra = next(iter(found - expected), None)
        missing = next(iter(expected - found), None)
        strange = f"one of shape {extra} too many" if extra else f"none of shape {missing}"
        return f"holds {found.total()} arrays, {strange}; the encoder has {expected.total()}"
    # Keras tells its two formats apart by the file's name.
    ending = ".h5" if legacy else ".weights.h5"
    if not path.name.endswith(ending) or (legacy and path.name.endswith(".weights.h5")):
        return f"is in the format that Keras reads from names ending in {ending} only"
    return ""


def _array_shapes(group: h5py.Group) -> Counter[Shape]:
    shapes: Counter[Shape] = Counter()

    def count(_: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            shapes[tuple(item.shape)] += 1

    group.visititems(count)
    return shapes


def _refusal(model: ModelKeys, path: Path, fault: str, name: str) -> DataError:
    if start_of(model) == IMAGENET:
        encoder = ENCODERS[name]
        wanted = f"Put {encoder.source} there"
    else:
        wanted = (
            f"Name imagenet, an .h5 file of Keras's {name} without classifier, or a run's folder"
        )
    return DataError(
        f"weights of model.pretrained={start_of(model)}: {path} {fault}",
        hint=f"{wanted}, or write --set model.pretrained=none.",
    )
