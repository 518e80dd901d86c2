"""Summaries of nnU-Net version 1 whose labels were given as names: each name is a target."""

from __future__ import annotations

import json

import pytest

from ablation.errors import DataError, UsageError
from ablation.scores.nnunet import read_nnunet


def summary(tmp_path, *names):
    scores = [{name: {"Dice": 0.8 + 0.05 * case} for name in names} for case in range(2)]
    cases = [
        {**own, "reference": f"/truth/c{case}.nii.gz", "test": f"/pred/c{case}.nii.gz"}
        for case, own in enumerate(scores)
    ]
    path = tmp_path / "summary.json"
    path.write_text(json.dumps({"results": {"all": cases, "mean": {}}}))
    return path


@pytest.mark.parametrize(
    "names",
    [
        ("edema", "non-enhancing", "enhancing"),
        ("whole tumor", "tumor core (1, 3)"),
        ("T2 lesion", "grade 2 tumour"),
        ("Tumor 1", "cyst"),
        ("label 1", "label 2", "label 12"),
        ("2", "cyst"),
    ],
)
def test_every_name_is_a_target(tmp_path, names):
    frame = read_nnunet(summary(tmp_path, *names)).frame
    assert list(dict.fromkeys(frame["target"])) == list(names)
    assert len(frame) == 2 * len(names)


@pytest.mark.parametrize("background", ["background", "Background", "0"])
def test_the_background_is_left_out_and_said(tmp_path, background):
    said = []
    frame = read_nnunet(summary(tmp_path, background, "cyst"), say=said.append).frame
    assert set(frame["target"]) == {"cyst"}
    assert f"the background is left out ({background})" in [str(remark) for remark in said]


def test_what_labels_leave_out_is_said(tmp_path):
    said = []
    path = summary(tmp_path, "1", "2", "cyst")
    frame = read_nnunet(path, labels={"core": (2,)}, say=said.append).frame
    assert set(frame["target"]) == {"core"}
    assert "regions left out, not in --labels: 1, cyst" in [str(remark) for remark in said]
    with pytest.raises(UsageError, match="ET of --labels is not scored there; scored are: 1; 2; c"):
        read_nnunet(path, labels={"ET": (4,)})


def test_nothing_but_background(tmp_path):
    with pytest.raises(DataError, match="scores no case"):
        read_nnunet(summary(tmp_path, "background"))
