"""Masks of new scans from a trained network, in the geometry of the scans' own files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablation.config import DataConfig
from ablation.data import Patient, scan_alone
from ablation.data.dataset import reader_of
from ablation.data.facts import facts_of_all
from ablation.data.findings import Finding, errors_of, refuse
from ablation.data.readers import READERS
from ablation.data.readers.images import images_reader
from ablation.data.readers.reader import Progress, Reader, paced, silent
from ablation.data.readers.written import form_of, write_volume
from ablation.deploy.network import Network, network_of
from ablation.errors import DataError, UsageError
from ablation.errors.words import counted
from ablation.files.atomic import write_whole
from ablation.files.csv_rows import csv_text
from ablation.files.places import DEFAULT_WORKSPACE, cache_folder
from ablation.inference.maps import Maps
from tracking.workspace import resolve_run

TABLE = "predictions.csv"
COLUMNS = (
    *("case", "target", "voxels", "volume_ml", "mask", "probability"),
    *("threshold", "tta", "morphology", "run"),
)
"""Of the table of masks."""


class Predicted(NamedTuple):
    """The mask of a case."""

    case: str
    target: str
    voxels: int
    """Inside the mask."""
    volume_ml: float | None
    """None: the files do not say how large a voxel is."""
    masks: tuple[Path, ...]
    """One file, or one for each slice."""
    probabilities: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Predictions:
    """Masks that a network has made, and where they are."""

    run: str
    """The run of the network, as in "brats/unet/final-101.0"."""
    out: Path
    cases: tuple[Predicted, ...]
    """One for each case and target."""
    left_out: tuple[str, ...] = ()
    """Faults of scans that were left out."""

    def table(self) -> pd.DataFrame:
        """Return a row for each case and target; the columns are those of predictions.csv."""
        return pd.read_csv(self.out / TABLE)


def predict(
    run: Path | str,
    images: Path | str,
    out: Path | str,
    *,
    probabilities: bool = False,
    skip_bad: bool = False,
    overwrite: bool = False,
    workspace: Path | str = DEFAULT_WORKSPACE,
    cache: Path | str | None = None,
    progress: Progress = silent,
) -> Predictions:
    """Write the masks of scans, labelled or not, as a trained network segments them.

    Test-time augmentation, threshold and post-processing are those of the run's record. The masks
    are the ones `evaluate` scores. Each has shape, affine and orientation of the scan.

    Args:
        run: Run folder, EXPERIMENT/DESIGN/NUMBER or MLflow run id.
        images: A folder of scans in a known layout, a folder of images, or one image.
        out: Folder for the masks and predictions.csv; made where it is missing.
        probabilities: Write the probability maps, too, as float32.
        skip_bad: Leave unusable scans out instead of refusing.
        overwrite: Replace results that are in `out` already.
        workspace: Folder of the runs.
        cache: Folder in which facts of the scans are remembered; None: the user's cache folder.
        progress: Told in lines what is done, assumed or left out.

    Raises:
        AblateError: A run without weights; results that would be replaced.
        DataError: Scans that cannot be used, each with its fault.
        UsageError: Scans without the network's modalities.

    Example:
        >>> import ablation
        >>> made = ablation.predict("brats/unet/final-101", "new", "masks")  # doctest: +SKIP
        >>> made.table()[["case", "target", "volume_ml"]]                    # doctest: +SKIP
    """
    place, folder = cache_folder(cache), Path(out)
    _refuse_full(folder, overwrite=overwrite)
    network = network_of(resolve_run(Path(workspace), str(run)), place)
    scans = open_scans(network, Path(images), place, progress)
    if not skip_bad:
        refuse(str(images), scans.findings, counted(len(scans.places), "scan"))
    if not scans.usable:
        faults = "".join(f"\n  {finding}" for finding in errors_of(scans.findings))
        raise DataError(
            f"{images}: none of {counted(len(scans.places), 'scan')} can be used{faults}",
            hint="Repair or fetch these files again.",
        )
    predictor = network.trainer(progress).predictor
    done: list[Predicted] = []
    for number, name in enumerate(scans.usable, 1):
        progress(f"segmenting scan {number} of {len(scans.usable)}: {name}")
        patient = scans.read(name)
        maps = Maps(predictor, scan_alone(patient, scans.data, network.targets), (network.tta,))
        for target, point in network.points.items():
            probability = maps(patient.id, point.tta, target)
            results: dict[str, NDArray[Any]] = {"": point.mask(probability)}
            if probabilities:
                results["_probability"] = probability
            suffix = "" if len(network.points) == 1 else f"_{target}"
            written = {
                kind: scans.write(folder, patient, name, suffix + kind, values)
                for kind, values in results.items()
            }
            done.append(_predicted(name, target, results[""], patient, written))
    record = network.run.record
    key = f"{record.study}/{record.name}"
    rows = [_row(one, network, key, folder) for one in done]
    write_whole(folder / TABLE, csv_text(COLUMNS, rows))
    left_out = tuple(str(finding) for finding in errors_of(scans.findings))
    return Predictions(key, folder, tuple(done), left_out)


@dataclass(frozen=True, slots=True)
class Scans:
    """Scans that were found at a path and looked at."""

    reader: Reader
    data: DataConfig
    """The network's settings, with the modalities as these scans call them."""
    places: Mapping[str, Path]
    usable: tuple[str, ...]
    findings: tuple[Finding, ...]

    def read(self, name: str) -> Patient:
        """Return a scan, with its truth where there is one."""
        patient = self.reader.read(self.places[name]).patient
        if patient is None:
            raise DataError(
                f"{name}: its files changed since they were checked", hint="Run the command again."
            )
        return patient

    def write(
        self, folder: Path, patient: Patient, name: str, suffix: str, values: NDArray[Any]
    ) -> tuple[Path, ...]:
        """Write a mask or a map of a scan, and return its files."""
        files = self.reader.files(self.places[name])
        names = form_of(patient, files, fractions=values.dtype != bool).names(name, suffix)
        for one in names:
            if (folder / one).resolve() in {file.resolve() for file in files}:
                raise UsageError(
                    f"{folder / one} is a file of the scan {name}; results never replace scans",
                    hint="Name another folder with --out.",
                )
        write_volume(folder, names, values, patient, files)
        return tuple(folder / one for one in names)


def open_scans(network: Network, images: Path | None, cache: Path, progress: Progress) -> Scans:
    """Find scans and look at every file of each; of None, the scans of the training."""
    if images is not None and not images.exists():
        raise DataError(f"{images}: there is no such file or folder", hint="Check the path.")
    reader, data = _reader_of(network.config.data, images, cache, progress)
    for line in reader.said:
        progress(line)
    located = reader.locate(data, cache, paced(progress))
    facts, found = facts_of_all(reader, located, cache, paced(progress))
    lacking = tuple(
        Finding("error", name, f"has no {', '.join(absent)}, which the network needs", name)
        for name, fact in facts.items()
        if (absent := [one for one in data.modalities if one not in fact.modalities])
    )
    findings = (*located.findings, *found, *lacking)
    for finding in findings:
        if finding.severity == "warning" and finding.sequence in (None, *data.modalities):
            progress(f"warning: {finding}")
    out = {finding.patient for finding in errors_of(findings)}
    usable = tuple(sorted(name for name in facts if name not in out))
    return Scans(reader, data, located.places, usable, findings)


def _reader_of(
    trained: DataConfig, images: Path | None, cache: Path, progress: Progress
) -> tuple[Reader, DataConfig]:
    """Return what reads the scans, and the network's settings for them."""
    if images is None:
        return reader_of(trained, cache, progress), trained
    elsewhere: dict[str, object] = {
        "path": str(images),
        "source": "auto",
        "split": None,
    }
    data = trained.model_copy(update=elsewhere)
    if images.is_dir() and any(reader.detect(images) for reader in READERS.values()):
        try:
            reader = reader_of(data, cache, progress)
        except UsageError:  # labels of the training that these masks do not have
            data = data.model_copy(update={"targets": {}})
            reader = reader_of(data, cache, progress)
    else:
        reader = images_reader(images, data.modalities)
    if len(data.modalities) == len(reader.modalities) == 1:
        data = data.model_copy(update={"modalities": reader.modalities})
    if reader.read_unlabelled is not None:
        key = f"{reader.key} unlabelled"
        reader = replace(reader, read=reader.read_unlabelled, key=key)
    return reader, data


def _refuse_full(folder: Path, *, overwrite: bool) -> None:
    """Refuse to write among files that are there already."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, results go into a folder", hint="Name a folder.")
    if not overwrite and folder.is_dir() and any(folder.iterdir()):
        raise UsageError(
            f"{folder} is not empty",
            hint="Name another folder, or replace results in it with --overwrite.",
        )


def _predicted(
    name: str,
    target: str,
    mask: NDArray[np.bool_],
    patient: Patient,
    files: Mapping[str, tuple[Path, ...]],
) -> Predicted:
    voxels = int(np.count_nonzero(mask))
    spacing = patient.spacing_mm
    volume = None if spacing is None else round(voxels * float(np.prod(spacing)) / 1000, 3)
    return Predicted(name, target, voxels, volume, files[""], files.get("_probability", ()))


def _row(one: Predicted, network: Network, run: str, folder: Path) -> tuple[object, ...]:
    point = network.points[one.target]
    mask, probability = (
        "" if not paths else paths[0].relative_to(folder).as_posix()
        for paths in (one.masks, one.probabilities)
    )
    volume = "" if one.volume_ml is None else one.volume_ml
    operating = (point.threshold, point.tta, point.morphology.kind)
    return (one.case, one.target, one.voxels, volume, mask, probability, *operating, run)
