"""The layout of Kaggle's "LGG MRI Segmentation": a folder per patient, two TIFF files per slice.

    TCGA_CS_4942_19970222/TCGA_CS_4942_19970222_1.tif        rows x columns x (pre, flair, post)
    TCGA_CS_4942_19970222/TCGA_CS_4942_19970222_1_mask.tif   rows x columns, 0 and 255

The files carry no voxel size, so distances are in pixels. Source: Buda et al. 2019.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ablation.data.findings import Finding
from ablation.data.readers.folders import folders_in, refuse_one_patient
from ablation.data.readers.lgg_names import MODALITIES, SLICE, files_of, person_of
from ablation.data.readers.reader import Located, Progress, Reader, Reading
from ablation.errors import DataError

if TYPE_CHECKING:
    from ablation.config.sections import DataConfig

KAGGLE = (Path("kaggle_3m"), Path("lgg-mri-segmentation/kaggle_3m"))
"""Where Kaggle's archive keeps its patients: all of them in both."""


def detect(path: Path) -> bool:
    """Return whether the folder, or Kaggle's folder in it, holds patients of this layout."""
    if not path.is_dir():
        return False
    return (path / KAGGLE[0]).is_dir() or bool(_patient_folders(path)) or _is_patient(path)


def locate(data: DataConfig, cache: Path, progress: Progress) -> Located:
    """Find the patient folders below `data.path`."""
    del cache, progress
    root = find_root(Path(str(data.path)))
    patients = _patient_folders(root)
    ignored = tuple(
        Finding("warning", folder.name, "holds no slices of a patient of this name; ignored")
        for folder in folders_in(root)
        if folder not in patients and folder.name != KAGGLE[1].parts[0]
    )
    return Located(root, {folder.name: folder for folder in patients}, ignored)


def find_root(path: Path) -> Path:
    """Return the folder whose folders are the patients: the path itself or Kaggle's below it.

    Raises:
        DataError: There are no patients, or Kaggle's archive holds them twice.
    """
    inside = [path / place for place in KAGGLE if _patient_folders(path / place)]
    if len(inside) > 1:
        raise DataError(
            f"{path}: Kaggle's archive holds every patient twice, in {KAGGLE[0]} and in {KAGGLE[1]}",
            hint=f"Name one of the two: {inside[0]}",
        )
    if _patient_folders(path):
        return path
    if inside:
        return inside[0]
    if _is_patient(path):
        refuse_one_patient(path)
    kaggle = path / KAGGLE[0]
    raise DataError(
        f"{kaggle if kaggle.is_dir() else path}: holds no patient folder",
        hint=f"Expected {READER.layout}.",
    )


def read(folder: Path) -> Reading:
    """Read a patient's slices in natural order; every fault of every file is reported at once."""
    from ablation.data.readers.lgg_slices import read_slices  # in here: start-up need not wait

    return read_slices(folder)


def read_unlabelled(folder: Path) -> Reading:
    """Read a patient as `read` does; one without any mask has no truth."""
    from ablation.data.readers.lgg_slices import read_slices  # in here: start-up need not wait

    return read_slices(folder, may_lack_masks=True)


def _patient_folders(root: Path) -> list[Path]:
    return [folder for folder in folders_in(root) if _is_patient(folder)]


def _is_patient(folder: Path) -> bool:
    name = folder.absolute().name
    matches = (SLICE.fullmatch(path.name) for path in folder.iterdir())
    return any(match is not None and match["patient"] == name for match in matches)


READER = Reader(
    name="lgg",
    layout="lgg: PATIENT/PATIENT_1.tif (pre, flair, post) beside PATIENT/PATIENT_1_mask.tif",
    tree=("scans/P1/P1_1.tif, P1_1_mask.tif, P1_2.tif, P1_2_mask.tif",),
    distance_unit="px",
    modalities=MODALITIES,
    targets={"WT": (1,)},
    detect=detect,
    locate=locate,
    files=files_of,
    read=read,
    person=person_of,
    read_unlabelled=read_unlabelled,
)
