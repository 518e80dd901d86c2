"""Scans: find and check them, split them by patient, and prepare slices for training.

A name is imported when it is first used: the layouts are known without NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ablation.data.cache import Slices, prepare, scan_alone, scan_of, training_rows
    from ablation.data.dataset import Dataset, fitted, open_dataset, require_usable, survey
    from ablation.data.facts import PatientFacts
    from ablation.data.findings import Finding
    from ablation.data.readers import READERS
    from ablation.data.readers.patients import Patient
    from ablation.data.readers.phantom_patients import write_phantom
    from ablation.data.split import (
        Split,
        read_split,
        refuse_empty_target,
        split_patients,
        splits_of,
        write_splits,
    )

__all__ = [
    "READERS",
    "Dataset",
    "Finding",
    "Patient",
    "PatientFacts",
    "Slices",
    "Split",
    "fitted",
    "open_dataset",
    "prepare",
    "read_split",
    "refuse_empty_target",
    "require_usable",
    "scan_alone",
    "scan_of",
    "split_patients",
    "splits_of",
    "survey",
    "training_rows",
    "write_phantom",
    "write_splits",
]

HOMES = {
    "cache": ("Slices", "prepare", "scan_alone", "scan_of", "training_rows"),
    "dataset": ("Dataset", "fitted", "open_dataset", "require_usable", "survey"),
    "facts": ("PatientFacts",),
    "findings": ("Finding",),
    "readers": ("READERS",),
    "readers.patients": ("Patient",),
    "readers.phantom_patients": ("write_phantom",),
    "split": (
        *("Split", "read_split", "refuse_empty_target", "split_patients", "splits_of"),
        "write_splits",
    ),
}
"""The module of each name."""


def __getattr__(name: str) -> object:
    """Import a name from its module."""
    for home, names in HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
