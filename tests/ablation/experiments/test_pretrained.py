"""Encoder weights in an experiment: refused before data is read, named by hash, never by path."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from ablation.config import Config, resolve, with_values
from ablation.data import READERS, Split
from ablation.errors import AblateError, DataError, UsageError
from ablation.experiments import experiment as experiment_module
from ablation.experiments.experiment import Experiment, check_pretrained, open_experiment, params_of


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "ours.h5"
    path.write_bytes(b"the content does not matter here")
    return path


def configured(name: str = "resupnet", **values: object) -> Config:
    return with_values(
        Config(), {"model.name": name, **{f"model.{key}": value for key, value in values.items()}}
    )


def opened(config: Config) -> Experiment:
    dataset = SimpleNamespace(
        fingerprint="data", reader=READERS["phantom"]
    )  # all that identity and definition ask of it
    split = Split(("a",), ("b",), ("c",))
    return Experiment("phantom", config.model.name, config, "laptop", dataset, split)


def identity(config: Config) -> str:
    return opened(config).identity_of(config)


def no_data(*_: object, **__: object) -> None:
    raise AssertionError("data was read")


def test_unusable_weights_are_refused_before_data_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weights: Path
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(experiment_module, "open_dataset", no_data)
    before = weights.read_bytes()
    for pretrained in ("imagenet", str(weights), str(tmp_path / "nothing.h5")):
        config = configured(pretrained=pretrained)
        with pytest.raises(DataError, match=r"weights of model\.pretrained="):
            open_experiment(config, preset="laptop", cache=tmp_path)
    assert weights.read_bytes() == before
    with pytest.raises(AssertionError, match="data was read"):
        open_experiment(configured("unet", pretrained="imagenet"), preset="laptop", cache=tmp_path)


def test_a_search_over_weights_is_checked_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weights: Path
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    searched = with_values(
        configured(), {"space": {"model.pretrained": {"choices": ["none", "imagenet"]}}}
    )
    with pytest.raises(DataError, match="is not there"):
        check_pretrained(searched)
    paths = with_values(
        configured(), {"space": {"model.pretrained": {"choices": ["none", str(weights)]}}}
    )
    with pytest.raises(UsageError, match="cannot be searched"):
        check_pretrained(paths)


def test_every_design_is_checked_before_the_first_reads_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from ablation.experiments.sweep import designs_of

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(AblateError, match="is not there"):
        designs_of(resolve(assignments=["model.pretrained=imagenet"]), ("unet", "resupnet"), None)


def test_identity_follows_the_content_of_the_file_and_not_its_place(
    tmp_path: Path, weights: Path
) -> None:
    moved = tmp_path / "elsewhere" / "theirs.h5"
    moved.parent.mkdir()
    moved.write_bytes(weights.read_bytes())
    here, there = (identity(configured(pretrained=str(path))) for path in (weights, moved))
    assert here == there
    assert here != identity(configured())
    moved.write_bytes(b"other weights")
    assert identity(configured(pretrained=str(moved))) != here
    unread = configured("unet", pretrained=str(moved))
    assert identity(unread) == identity(configured("unet"))


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("attention_unet", "model.gate", "coarse"),
        ("resnet_fcn", "model.stem", "sum"),
        ("resnet_fcn", "model.encoder_trainable", "none"),
        ("resnet_fcn", "model.decoder_width", 0.5),
        ("unet", "loss.gamma", 1.0),
        ("unet", "loss.focal_weight", 0.9),
        ("unet", "loss.neg_weight", 0.9),
        ("unet", "data.neighbours", 1),
        ("unet", "data.plane", "coronal"),
    ],
)
def test_identity_knows_what_changes_the_result(name: str, key: str, value: object) -> None:
    base = with_values(configured(name), {"loss.name": "hybrid"})
    assert identity(with_values(base, {key: value})) != identity(base)


def test_identity_knows_only_what_differs_from_the_defaults() -> None:
    base = configured("unet")
    for key, value in {"model.base": 64, "loss.fn_weight": 0.5, "training.epochs": 50}.items():
        assert identity(with_values(base, {key: value})) == identity(base)


@pytest.mark.parametrize("key", ["loss.edge_norm", "loss.edge_weight"])
def test_identity_ignores_what_the_loss_does_not_read(key: str) -> None:
    other = {"loss.edge_norm": True, "loss.edge_weight": 9.0}[key]
    for loss, same in (("combo", True), ("edge_combo", False)):
        base = with_values(Config(), {"loss.name": loss})
        assert (identity(with_values(base, {key: other})) == identity(base)) is same


def test_no_path_of_weights_is_recorded(weights: Path) -> None:
    config = configured(pretrained=str(weights))
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    shown = params_of(config)["model.pretrained"]
    assert shown == f"ours.h5 (sha256:{digest[:12]})"
    definition = opened(config).definition()
    assert shown in definition["model.pretrained"]
    assert str(weights.parent) not in " ".join([*definition.values(), *params_of(config).values()])


def test_a_moved_file_does_not_make_another_study(tmp_path: Path, weights: Path) -> None:
    (tmp_path / "b").mkdir()
    moved = tmp_path / "b" / weights.name
    moved.write_bytes(weights.read_bytes())
    first, second = (opened(configured(pretrained=str(p))).definition() for p in (weights, moved))
    assert first == second


@pytest.mark.parametrize(
    ("loss", "keys"),
    [
        ("focal", {"loss.gamma"}),
        ("hybrid", {"loss.gamma", "loss.dice_weight"}),
        ("edge_bce", {"loss.edge_weight"}),
        ("edge_combo", {"loss.edge_weight", "loss.dice_weight"}),
    ],
)
def test_the_default_space_has_the_weights_of_the_loss(loss: str, keys: set[str]) -> None:
    space = opened(with_values(Config(), {"loss.name": loss})).space
    assert {key for key in space if key.startswith("loss.")} == keys
