"""Files for other programs: kept only where they give the masks of the run's own network."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from ablation.deploy import export as exporting
from ablation.deploy.export import Exported, export
from ablation.errors import AblateError, UsageError
from ablation.models import predicting


def exported(trained, name: str, form: str = "keras", **options: object) -> Exported:
    places = {"workspace": trained.root / "runs", "cache": trained.root / "cache"}
    return export(trained.run.path, trained.root / name, format=form, **places, **options)


PLAIN = """
import sys, keras, numpy
model = keras.saving.load_model(sys.argv[1])
numpy.save(sys.argv[3], model.predict(numpy.load(sys.argv[2]), batch_size=16, verbose=0))
assert not any(name.startswith("ablation") for name in sys.modules)
"""


def test_the_keras_file_gives_the_same_masks(trained) -> None:
    made = exported(trained, "network.keras")
    assert len(made.scans) == 3
    assert made.largest_difference < 1e-5
    about = json.loads(made.about.read_text())
    (point,) = trained.network.points.values()
    assert about["targets"]["WT"]["threshold"] == point.threshold
    assert about["input"]["modalities"] == ["flair"]


@pytest.mark.slow
def test_the_keras_file_loads_in_plain_keras(trained, tmp_path: Path) -> None:
    made = exported(trained, "plain.keras")
    images = np.random.default_rng(0).random((16, 32, 32, 1), np.float32)
    np.save(tmp_path / "images.npy", images)
    words = [str(made.file), str(tmp_path / "images.npy"), str(tmp_path / "maps.npy")]
    subprocess.run([sys.executable, "-c", PLAIN, *words], check=True, cwd=tmp_path)
    ours = trained.network.trainer().predictor.on_grid(images)
    np.testing.assert_allclose(np.load(tmp_path / "maps.npy"), ours, atol=1e-5)


@pytest.mark.skipif(find_spec("tf2onnx") is None, reason="needs the extra onnx")
@pytest.mark.slow
def test_the_onnx_file_gives_the_same_masks(trained) -> None:
    made = exported(trained, "network.onnx", "onnx", accept_rounding=True)
    assert made.ties <= 3
    assert len(made.scans) == 3
    assert made.largest_difference < 1e-4


def test_a_file_with_other_masks_is_not_written(trained, monkeypatch: pytest.MonkeyPatch) -> None:
    other = {**exporting._LOADERS, "keras": lambda _: lambda images: np.ones_like(images)}
    monkeypatch.setattr(exporting, "_LOADERS", other)
    with pytest.raises(AblateError, match=r"gives other masks: [\d,]+ voxels of 3 scans differ"):
        exported(trained, "other.keras")
    assert not (trained.root / "other.keras").exists()


@pytest.mark.parametrize(
    ("name", "form", "fault"),
    [
        ("network.txt", "keras", r"does not end in \.keras"),
        ("network.torch", "torch", "unknown format 'torch'"),
        ("runs", "keras", "does not end"),
    ],
)
def test_what_cannot_be_written(trained, name: str, form: str, fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        exported(trained, name, form)


def test_a_file_is_not_replaced_in_silence(trained) -> None:
    (trained.root / "mine.keras").write_text("mine")
    with pytest.raises(UsageError, match=r"mine\.keras exists"):
        exported(trained, "mine.keras")
    assert (trained.root / "mine.keras").read_text() == "mine"


def test_a_missing_extra_is_named(trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="needs tf2onnx, onnx, onnxruntime") as refused:
        exported(trained, "absent.onnx", "onnx")
    assert refused.value.hint == "pip install 'ablate[onnx]'"


def test_the_network_of_the_file_is_the_one_that_predicts(trained) -> None:
    trainer = trained.network.trainer()
    part = predicting(trainer.model, trained.network.config.model)
    assert part.output_shape == (None, 32, 32, 1)
