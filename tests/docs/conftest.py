"""What the examples of help and guide read: masks and tables of other tools, other scans."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from ablation.data import write_phantom
from ablation.data.readers.reader import silent


@pytest.fixture
def files_of_others(tmp_path: Path) -> Path:
    """Write what examples call masks, truths, scores.csv, summary.json, nnUNet_results, elsewhere."""
    labels = np.zeros((6, 6, 6), np.uint8)
    labels[1:5, 1:5, 1:5], labels[2:4, 2:4, 2:4], labels[3, 3, 3] = 2, 1, 4
    for folder in ("masks", "truths"):
        (tmp_path / folder).mkdir()
        for case in ("P1", "P2"):
            image = nibabel.Nifti1Image(labels, np.eye(4))
            nibabel.save(image, tmp_path / folder / f"{case}.nii.gz")
    (tmp_path / "scores.csv").write_text("case,dice\nP1_1,0.7\nP2_1,0.8\n")
    scored = {"(1, 2, 3)": {"Dice": 0.8}, "3": {"Dice": 0.6}}
    case = {"metrics": scored, "prediction_file": "P1.nii.gz", "reference_file": "P1.nii.gz"}
    (tmp_path / "summary.json").write_text(json.dumps({"metric_per_case": [case]}))
    for dataset in ("Dataset005_Prostate", "Dataset007_Pancreas"):
        for plans, dice in (("nnUNetPlans", 0.7), ("ResPlans", 0.8)):
            for fold in range(5):
                design = f"nnUNet_results/{dataset}/nnUNetTrainer__{plans}__3d_fullres"
                path = tmp_path / design / f"fold_{fold}/validation/summary.json"
                path.parent.mkdir(parents=True)
                file = f"P{fold}.nii.gz"
                one = {"metrics": {"1": {"Dice": dice + 0.01 * fold}}, "reference_file": file}
                path.write_text(json.dumps({"metric_per_case": [one]}))
    write_phantom(tmp_path / "elsewhere", 14, 1, silent)
    return tmp_path
