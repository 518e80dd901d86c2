"""Write a trained network as a file for other programs, and check that it gives the same masks."""

from __future__ import annotations

import json
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ablation.data import scan_alone
from ablation.data.readers.reader import Progress, silent
from ablation.deploy.network import Network, network_of
from ablation.deploy.predict import open_scans
from ablation.errors import AblateError, DataError, UsageError
from ablation.errors.words import counted
from ablation.files.atomic import write_whole
from ablation.files.places import DEFAULT_WORKSPACE, cache_folder
from ablation.inference.maps import Maps
from ablation.models import predicting
from tracking.workspace import resolve_run

Format = Literal["keras", "onnx"]
FORMATS: tuple[Format, ...] = ("keras", "onnx")
SCANS = 3
"""So many scans the masks of file and network are compared on."""
PACKAGES = ("tf2onnx", "onnx", "onnxruntime")
"""Of the extra `onnx`."""
TIE = 1e-5
"""Probabilities this close to the threshold fall on either side of it by rounding alone."""
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that holds a network."""

    file: Path
    about: Path
    """JSON beside it: what its input is, and how its output becomes masks."""
    scans: tuple[str, ...]
    """On these it gave the masks of the run's own network, voxel for voxel."""
    largest_difference: float
    """Of its probabilities from those of the run's network."""
    ties: int = 0
    """Voxels on the other side of the threshold by rounding alone, which were accepted."""


def export(
    run: Path | str,
    out: Path | str,
    *,
    format: str = "keras",  # noqa: A002 - the flag's name
    images: Path | str | None = None,
    accept_rounding: bool = False,
    overwrite: bool = False,
    workspace: Path | str = DEFAULT_WORKSPACE,
    cache: Path | str | None = None,
    progress: Progress = silent,
) -> Exported:
    """Write the network of a run as a file that other programs load.

    The file takes prepared slices and gives probabilities on the network's own grid; the JSON file
    beside it says how scans are prepared and how probabilities become masks. The file is kept only
    if its masks of some scans are those of the run's network, voxel for voxel.

    Args:
        run: Run folder, EXPERIMENT/DESIGN/NUMBER or MLflow run id.
        out: The file, ending in .keras or .onnx.
        format: "keras" or "onnx"; onnx needs `pip install 'ablate[onnx]'`.
        images: Scans that the masks are compared on; None: those the run was trained on.
        accept_rounding: Accept voxels whose two probabilities lie on either side of the threshold and
            within 1e-5 of it: ONNX runtimes add in another order than TensorFlow.
        overwrite: Replace the file where it exists.
        workspace: Folder of the runs.
        cache: Folder in which facts of the scans are remembered; None: the user's cache folder.
        progress: Told in lines what is done.

    Raises:
        AblateError: A run without weights, a network with layers of its own, other masks.
        DataError: No scans to compare masks on.
        UsageError: An unknown format, a missing package, a file that exists.
    """
    file = Path(out)
    _check(file, format, overwrite=overwrite)
    place = cache_folder(cache)
    network = network_of(resolve_run(Path(workspace), str(run)), place)
    trainer = network.trainer(progress)
    from ablation.deploy.plain import plain_model

    model = plain_model(
        predicting(trainer.model, network.config.model), exclusive=network.outputs.exclusive
    )
    with tempfile.TemporaryDirectory(prefix="ablate-") as folder:
        made = Path(folder) / f"network.{format}"
        with warnings.catch_warnings():
            # Keras and tf2onnx use what NumPy 2 deprecates (__array__ without copy, np.object).
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            _WRITERS[format](model, made)
        found = _LOADERS[format](made)
        checked = _compare(network, trainer.predictor, found, images, place, progress)
        _refuse_others(checked, accept_rounding=accept_rounding)
        write_whole(file, made.read_bytes())
    about = file.with_name(f"{file.name}.json")
    write_whole(about, json.dumps(_about(network, checked), indent=2) + "\n")
    return Exported(file, about, checked.scans, checked.largest, checked.voxels)


def _check(file: Path, asked: str, *, overwrite: bool) -> None:
    if asked not in FORMATS:
        raise UsageError(f"unknown format {asked!r}", hint=f"Formats: {', '.join(FORMATS)}.")
    if file.suffix != f".{asked}":
        raise UsageError(
            f"{file} does not end in .{asked}, as its format says", hint=f"Name it NAME.{asked}."
        )
    if file.exists() and not overwrite:
        raise UsageError(f"{file} exists", hint="Name another file, or give --overwrite.")
    absent = [name for name in PACKAGES if asked == "onnx" and find_spec(name) is None]
    if absent:
        raise UsageError(
            f"--format onnx needs {', '.join(absent)}, which is not installed",
            hint="pip install 'ablate[onnx]'",
        )


def _write_keras(model: Any, file: Path) -> None:
    model.save(file)
    with zipfile.ZipFile(file) as archive:
        config = archive.read("config.json").decode()
    if '"ablation' in config:  # a layer that Keras could not load by itself
        raise AblateError("the network names classes of ablate", hint="Use ablate predict.")


def _write_onnx(model: Any, file: Path) -> None:
    model(np.zeros((1, *model.input_shape[1:]), np.float32))  # Keras exports what was called
    model.export(str(file), format="onnx", verbose=False)


def _load_keras(file: Path) -> Callable[[Floats], Floats]:
    import keras

    model = keras.saving.load_model(file, compile=False)
    return lambda images: np.asarray(model.predict_on_batch(images), np.float32)


def _load_onnx(file: Path) -> Callable[[Floats], Floats]:
    onnxruntime: Any = import_module("onnxruntime")

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    (name,) = [one.name for one in session.get_inputs()]
    return lambda images: np.asarray(session.run(None, {name: images})[0], np.float32)


_WRITERS: Mapping[str, Callable[[Any, Path], None]] = {"keras": _write_keras, "onnx": _write_onnx}
_LOADERS: Mapping[str, Callable[[Path], Callable[[Floats], Floats]]] = {
    "keras": _load_keras,
    "onnx": _load_onnx,
}


@dataclass(frozen=True, slots=True)
class _Compared:
    """The masks of the file beside those of the run's network."""

    scans: tuple[str, ...]
    largest: float
    """Difference of two probabilities."""
    voxels: int
    """Voxels whose masks differ."""
    are_ties: bool
    """Whether all of them come from probabilities within `TIE` of the threshold."""


def _compare(
    network: Network,
    predictor: Any,
    found: Callable[[Floats], Floats],
    images: Path | str | None,
    cache: Path,
    progress: Progress,
) -> _Compared:
    """Compare masks of scans.

    Raises:
        DataError: There is no scan.
    """
    from ablation.inference.predict import BATCH

    class Loaded:
        """The file in the place of the run's network."""

        to_native = staticmethod(predictor.to_native)

        def on_grid(self, slices: Floats) -> Floats:
            parts = [
                found(np.ascontiguousarray(slices[at : at + BATCH], np.float32))
                for at in range(0, len(slices), BATCH)
            ]
            return np.concatenate(parts)

    scans = open_scans(network, None if images is None else Path(images), cache, progress)
    if not scans.usable:
        raise DataError("no scan to compare masks on", hint="Name scans with --images PATH.")
    largest, voxels, ties, names = 0.0, 0, True, scans.usable[:SCANS]
    for name in names:
        progress(f"comparing masks of {name}")
        slices = scan_alone(scans.read(name), scans.data, network.targets)
        networks: tuple[Any, Any] = predictor, Loaded()
        own, other = (Maps(one, slices, (network.tta,)) for one in networks)
        for target, point in network.points.items():
            (case,) = slices.rows
            here, there = own(case, point.tta, target), other(case, point.tta, target)
            largest = max(largest, float(np.abs(here - there).max()))
            voxels += int(np.count_nonzero(point.mask(here) != point.mask(there)))
            crossed = (here >= point.threshold) != (there >= point.threshold)
            ties &= bool((np.abs(here[crossed] - point.threshold) < TIE).all())
    return _Compared(names, largest, voxels, ties and largest < TIE)


def _refuse_others(found: _Compared, *, accept_rounding: bool) -> None:
    """Refuse a file that gives other masks."""
    if not found.voxels or (accept_rounding and found.are_ties):
        return
    hint = "Use ablate predict, or try the other --format."
    if found.are_ties:
        hint = (
            f"Both probabilities lie within {TIE:g} of the threshold, on either side: rounding. "
            "Accept it with --accept-rounding, or compare on other scans with --images."
        )
    raise AblateError(
        f"the exported network gives other masks: {counted(found.voxels, 'voxel')} of "
        f"{counted(len(found.scans), 'scan')} differ; nothing was written",
        hint=hint,
    )


def _about(network: Network, checked: _Compared) -> dict[str, object]:
    data, record = network.config.data, network.run.record
    points = {
        target: {
            "threshold": point.threshold,
            "morphology": point.morphology.kind,
            "min_size": point.morphology.size,
        }
        for target, point in network.points.items()
    }
    return {
        "run": f"{record.study}/{record.name}",
        "input": {
            "shape": ["batch", data.image_size, data.image_size, "channels"],
            "modalities": list(data.modalities),
            "neighbours": data.neighbours,
            "plane": data.plane,
            "normalise": data.normalise,
        },
        "output": {"shape": ["batch", data.image_size, data.image_size, "targets"]},
        "test_time_augmentation": network.tta,
        "targets": points,
        "compared_on_scans": len(checked.scans),
        "voxels_that_differ_by_rounding": checked.voxels,
        "largest_difference_of_probabilities": checked.largest,
    }
