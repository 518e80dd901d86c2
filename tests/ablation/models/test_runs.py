"""An encoder started from a finished run: its part of the weights, its scaling, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ablation import models
from ablation.errors import DataError
from ablation.models import weights
from ablation.models.encoders.start import scaling_of
from ablation.models.hyperparameters import Hyperparameters
from tracking.record import RunFolder, RunRecord

ARRAYS = {
    "block1_conv1/kernel": np.full((3, 3, 3, 64), 0.5, np.float32),
    "block1_conv1/bias": np.arange(64, dtype=np.float32),
    "decoder3_conv1/kernel": np.ones((3, 3, 4, 4), np.float32),
    "logits/kernel": np.ones((1, 1, 4, 1), np.float32),
}


def run(place: Path, name: str = "0.0", status: str = "FINISHED", **params: str) -> str:
    """Write a run of vgg16_unet with these parameters; return its folder."""
    record = RunRecord(
        "final", "brats", "vgg16_unet", name, params={"model.name": "vgg16_unet", **params}
    )
    folder = RunFolder.create(place, record)
    with folder.writing("checkpoint/weights.npz") as path, path.open("wb") as file:
        np.savez(file, **ARRAYS)
    folder.finish(status)
    return str(folder.path)


def keys(pretrained: str, name: str = "vgg16_unet", **values: object) -> models.ModelKeys:
    return models.settings(name, **{"pretrained": pretrained, "decoder_width": 0.05, **values})


def test_only_the_encoder_s_part_is_read(tmp_path: Path) -> None:
    settings = keys(run(tmp_path))
    weights.check(settings)
    found = models.encoder_weights(settings)
    assert found.keys() == {"block1_conv1/kernel", "block1_conv1/bias"}
    np.testing.assert_array_equal(found["block1_conv1/bias"], ARRAYS["block1_conv1/bias"])


def test_a_run_is_named_by_design_number_and_hash(tmp_path: Path) -> None:
    settings = keys(run(tmp_path))
    digest = weights.fingerprint(settings)
    assert digest == f"sha256:{weights.digests(weights.path_of(settings))[1]}"
    assert weights.label(settings) == f"run vgg16_unet/0.0 ({digest[:19]})"


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        ({}, "none"),
        ({"model.pretrained": "none"}, "none"),
        ({"model.pretrained": "imagenet"}, "published"),
        # Of a run that was itself started from a run on intensities of 0 to 1.
        ({"model.pretrained": "run unet/0.0 (sha256:0)", "model.encoder_scaling": "none"}, "none"),
    ],
)
def test_images_enter_as_they_did_in_the_run(
    tmp_path: Path, recorded: dict[str, str], expected: str
) -> None:
    settings = keys(run(tmp_path, **recorded))
    assert weights.scaling(settings) == expected
    network = models.build(settings, (32, 32, 1), Hyperparameters(), "float32")
    scaled = "encoder_scaling" in [layer.name for layer in network.layers]
    assert scaled == (expected == "published")
    asked = keys(settings.pretrained, encoder_scaling="published")
    assert scaling_of(asked) == "published"


def test_a_run_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    for number, (settings, words) in enumerate(
        [
            (keys(run(tmp_path, "1.0", "FAILED")), "is failed, not finished"),
            (keys(run(tmp_path, "2.0"), "mobilenet_unet"), "has the encoder VGG16, mobilenet_unet"),
            (keys(run(tmp_path, "3.0"), stem="sum"), "whose first kernel has another shape"),
            (
                keys(run(tmp_path, "4.0"), "resupnet", encoder="VGG16"),
                "of vgg16_unet has 2 of VGG16's 26 arrays",
            ),
        ]
    ):
        with pytest.raises(DataError, match=words) as caught:
            weights.check(settings)
        assert "--set model.pretrained=none" in caught.value.hint, number


def test_changed_weights_of_a_run_are_refused(tmp_path: Path) -> None:
    folder = run(tmp_path)
    with (Path(folder) / "checkpoint/weights.npz").open("ab") as file:
        file.write(b"x")
    with pytest.raises(DataError, match="its sha256 is not the one"):
        weights.check(keys(folder))


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"weights of model\.pretrained"):
        weights.check(keys(str(tmp_path)))


@pytest.mark.parametrize("design", ["resupnet", "resnet_fcn"])
@pytest.mark.parametrize(
    "encoder",
    [
        "VGG16",
        *(pytest.param(e, marks=pytest.mark.slow) for e in ("MobileNetV2", "EfficientNetB0")),
    ],
)
def test_any_encoder_meets_the_decoder(design: str, encoder: str) -> None:
    settings = models.settings(design, encoder=encoder, decoder_width=0.05)
    stride = models.DESIGNS[design].multiple_of(settings)
    network = models.build(settings, (2 * stride, 2 * stride, 1), Hyperparameters(), "float32")
    assert network.output_shape == (None, 2 * stride, 2 * stride, 1)
    ups = [layer.name for layer in network.layers if layer.name.endswith("_up")]
    levels = range(stride.bit_length() - 1)
    assert ups == [f"decoder{level}_up" for level in reversed(levels)]
    concats = [layer.name for layer in network.layers if layer.name.endswith("_concat")]
    with_stage = [level for level in levels if encoder == "VGG16" or level > 0]
    wanted = [f"decoder{n}_concat" for n in reversed(with_stage)] if design == "resupnet" else []
    assert [name for name in concats if name.startswith("decoder")] == wanted
    assert encoder in models.DESIGNS[design].described(settings)


def test_an_unknown_encoder_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'ResNet50', 'VGG16'"):
        models.settings("resupnet", encoder="ResNet")
