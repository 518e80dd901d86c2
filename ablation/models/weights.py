"""Weights an encoder starts from: where their file lies and whether it is the right one.

Files are only ever read: Keras's own way would download what is missing, and delete a file whose
hash it does not expect. Loads no TensorFlow, so a wrong file is known before anything starts.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import h5py

from ablation.config.sections import ModelConfig
from ablation.errors import DataError
from ablation.models import family

NONE, IMAGENET = "none", "imagenet"
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Encoder:
    """A ready-made encoder whose ImageNet weights are published."""

    file: str
    """Name of Keras's file of the weights without classifier."""
    md5: str
    url: str
    shapes: Callable[[], Iterator[Shape]]
    """Shapes of all its arrays, for images of three channels."""


def resnet50_shapes() -> Iterator[Shape]:
    """Yield the shape of every array of Keras's ResNet50 without classifier."""

    def convolution(size: int, before: int, after: int) -> Iterator[Shape]:
        yield size, size, before, after
        yield from [(after,)] * 5  # bias, and the four of batch normalisation

    yield from convolution(7, 3, 64)
    before = 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        yield from convolution(1, before, 4 * width)  # the shortcut of the first block
        for _ in range(blocks):
            yield from convolution(1, before, width)
            yield from convolution(3, width, width)
            yield from convolution(1, width, 4 * width)
            before = 4 * width


_RESNET50 = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"

ENCODERS: dict[str, Encoder] = {
    "ResNet50": Encoder(
        file=_RESNET50,
        md5="4d473c1dd8becc155b73f8504c6f6626",
        url=f"https://storage.googleapis.com/tensorflow/keras-applications/resnet/{_RESNET50}",
        shapes=resnet50_shapes,
    ),
}


def path_of(model: ModelConfig) -> Path | None:
    """Return the file a network's encoder starts from; None: from random weights."""
    encoder = family(model.name).encoder
    if encoder is None or model.pretrained == NONE:
        return None
    if model.pretrained == IMAGENET:
        return imagenet_path(encoder)
    return Path(model.pretrained).expanduser()


def imagenet_path(encoder: str) -> Path:
    """Return where an encoder's ImageNet file lies or should lie: Keras's own folder."""
    if home := os.environ.get("KERAS_HOME"):
        folder = Path(home).expanduser()
    else:
        # Keras turns to /tmp where the home folder cannot be written, as in many containers.
        parent = Path.home() if os.access(Path.home(), os.W_OK) else Path("/tmp")  # noqa: S108
        folder = parent / ".keras"
    return folder / "models" / ENCODERS[encoder].file


def check(model: ModelConfig) -> None:
    """Refuse weights that cannot be what the configuration says.

    Raises:
        DataError: No file, another hash than ImageNet's, or arrays of another architecture.
    """
    path = path_of(model)
    if path is None:
        return
    name = str(family(model.name).encoder)
    encoder = ENCODERS[name]
    if not path.is_file():
        raise _refusal(model, path, "is not there", name)
    if model.pretrained == IMAGENET and (found := digests(path)[0]) != encoder.md5:
        raise _refusal(model, path, f"is another file: its md5 is {found}", name)
    if fault := _architecture_fault(path, encoder):
        raise _refusal(model, path, fault, name)


def digests(path: Path) -> tuple[str, str]:
    """Return md5 and sha256 of a file, as hexadecimal digits."""
    state = path.stat()
    return _digests(path, state.st_size, state.st_mtime_ns)


def fingerprint(model: ModelConfig) -> str:
    """Return what identifies the weights a network starts from: "none" or "sha256:<digits>"."""
    path = path_of(model)
    return NONE if path is None else f"sha256:{digests(path)[1]}"


def label(model: ModelConfig) -> str:
    """Return none, imagenet, or a file's name and hash: what a record may show of `pretrained`."""
    path = path_of(model)
    if path is None or model.pretrained == IMAGENET:
        return NONE if path is None else IMAGENET
    return f"{path.name} ({fingerprint(model)[:19]})"


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


def _refusal(model: ModelConfig, path: Path, fault: str, name: str) -> DataError:
    if model.pretrained == IMAGENET:
        encoder = ENCODERS[name]
        wanted = f"Put {encoder.url} (md5 {encoder.md5}) there"
    else:
        wanted = f"Name imagenet or an .h5 file of Keras's {name} without classifier"
    return DataError(
        f"weights of model.pretrained={model.pretrained}: {path} {fault}",
        hint=f"{wanted}, or write --set model.pretrained=none.",
    )
