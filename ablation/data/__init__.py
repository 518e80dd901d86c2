"""Scans: find and check them, split them by patient, and prepare slices for training."""

from ablation.data.cache import Slices, prepare, training_rows
from ablation.data.check import Finding
from ablation.data.dataset import SOURCES, Dataset, open_dataset, require_usable, survey
from ablation.data.facts import PatientFacts
from ablation.data.readers.patients import Patient
from ablation.data.readers.phantom import write_phantom
from ablation.data.split import Split, read_split, split_patients, splits_of, write_splits

__all__ = [
    "SOURCES",
    "Dataset",
    "Finding",
    "Patient",
    "PatientFacts",
    "Slices",
    "Split",
    "open_dataset",
    "prepare",
    "read_split",
    "require_usable",
    "split_patients",
    "splits_of",
    "survey",
    "training_rows",
    "write_phantom",
    "write_splits",
]
