"""What a dataset.json near masks says of their labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ablation.data.readers.dataset_json import read_description
from ablation.data.readers.label_meaning import named
from ablation.errors import DataError


def brats_labels_of(path: Path) -> Mapping[int, int] | None:
    """Return the number in 2013 of each label of a brain tumour.

    None where there is no such file, or its labels are not those of a brain tumour.
    """
    if not path.is_file():
        return None
    try:
        meaning = named(read_description(path).labels, path.name)
    except DataError:
        return None
    is_brats = meaning.table is not None and {*meaning.targets} == {"WT", "TC", "ET"}
    return meaning.table if is_brats else None
