"""The layout of a table: a CSV with a row for each case and the paths of its files.

    patient,image,mask              or a column for each channel instead of image: flair,t1ce
    P1,scans/p1.nii.gz,masks/p1.nii.gz

Optional columns: case, and spacing_x, spacing_y, spacing_z in mm for files that do not say. Relative
paths are read from the table's folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ablation.data.readers.endings import TABLES
from ablation.data.readers.own_scans import own_layout, reader_for
from ablation.data.readers.reader import Progress, Reader

if TYPE_CHECKING:
    from ablation.config.sections import DataConfig


def detect(path: Path) -> bool:
    """Return whether the path is a table."""
    return path.suffix.lower() in TABLES and path.is_file()


def bind(data: DataConfig, cache: Path, progress: Progress) -> Reader:
    """Return the reader of the cases in a table.

    Raises:
        DataError: Every fault of the table, by line.
        UsageError: Labels in `data.targets` that no mask has.
    """
    from ablation.data.readers.found_labels import meaning_of  # in here: start-up need not wait
    from ablation.data.readers.table_rows import cases_of

    found = cases_of(Path(str(data.path)), data)
    return reader_for(READER, found, meaning_of(found, data, cache, progress))


READER = own_layout(
    name="table",
    layout="table: a CSV with the columns patient, image (or one for each channel) and mask",
    tree=(
        "scans.csv    patient,image,mask",
        "             P1,images/p1.nii.gz,masks/p1.nii.gz",
    ),
    detect=detect,
    bind=bind,
)
"""Read the files that a table lists."""
