"""Scans: find and check them, split them by patient, and prepare slices for training."""

from ablation.data.cache import Slices, prepare, training_rows
from ablation.data.check import Finding
from ablation.data.dataset import SOURCES, Dataset, PatientFacts, open_dataset, survey
from ablation.data.patients import Patient
from ablation.data.split import Split, read_split, split_patients, write_split

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
    "split_patients",
    "survey",
    "training_rows",
    "write_split",
]
