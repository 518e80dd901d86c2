"""What earlier versions wrote: their configurations, study definitions and identities, read today.

Schema 1 (0.1.0) gave every design and loss the keys of all; it hashed every key into the
identity. Schema 2 keeps the keys of the chosen design and loss, and only what differs from the
defaults. A key that is missing has its default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ablation.config.build import build_config, changed, flatten
from ablation.config.identity import DATA_OF_IDENTITY, identity
from ablation.config.sections import Config, DataConfig
from ablation.errors import AblateError
from ablation.losses import strengths

SCHEMA = 2
"""Of configurations and study definitions as they are written now."""

_UNET_1 = ("base", "depth", "batch_norm", "bn_momentum", "dropout_site", "dropout_scope")
_ENCODER_1 = ("stem", "pretrained", "encoder_trainable", "bn_momentum")
MODELS_1: Mapping[str, tuple[str, ...]] = {
    "unet": _UNET_1,
    "attention_unet": (*_UNET_1, "gate"),
    "resupnet": (
        *("attention", "skips", "residual_decoder", "decoder_width"),
        *_ENCODER_1,
        *("dropout_site", "dropout_scope"),
    ),
    "resnet_fcn": ("decoder_width", *_ENCODER_1, "dropout_scope"),
}
"""Structural keys of each design in schema 1."""
LOSSES_1: Mapping[str, tuple[str, ...]] = {
    "bce": ("reduction",),
    "focal": ("reduction",),
    "edge_bce": ("reduction", "edge_norm"),
    "dice": ("reduction",),
    "tversky": ("reduction",),
    "focal_tversky": ("reduction",),
    "combo": ("reduction",),
    "hybrid": ("reduction",),
    "edge_combo": ("reduction", "edge_norm"),
}
"""Structural keys of each loss in schema 1; some of them changed nothing."""
STRENGTHS_1: Mapping[str, tuple[str, ...]] = {
    "bce": ("pos_weight",),
    "focal": ("gamma", "pos_weight", "neg_weight"),
    "edge_bce": ("edge_weight",),
    "dice": ("smooth",),
    "tversky": ("fn_weight", "smooth"),
    "focal_tversky": ("fn_weight", "exponent", "smooth"),
    "combo": ("dice_weight", "bce_weight", "fn_weight", "smooth", "pos_weight"),
    "hybrid": ("dice_weight", "focal_weight", "gamma", "smooth", "pos_weight", "neg_weight"),
    "edge_combo": ("dice_weight", "bce_weight", "edge_weight", "smooth"),
}
TRAINING_1 = (
    *("epochs", "batch_size", "max_batches", "learning_rate", "l2", "l2_scope", "precision"),
    *("stop_patience", "plateau_patience", "plateau_factor", "min_learning_rate", "seed"),
)
INFERENCE_1 = ("search", "threshold", "tta", "morphology", "min_size", "element")
DATA_1 = (
    *("target", "modalities", "image_size", "normalise", "augmentation"),
    *("min_tumor_px", "empty_slices", "split_seed"),
)


def read_config(stored: Mapping[str, Any], schema: int, written_by: str = "") -> Config:
    """Return a stored configuration.

    Args:
        stored: Section -> key -> value, as `Config.model_dump` gives it.
        schema: The version it was written in.
        written_by: Version of the program, for the message.

    Raises:
        AblateError: It is of a later version than this program's.
        UsageError: A value that does not fit.
    """
    refuse_later(schema, "this configuration", written_by)
    flat: dict[str, object] = {}
    for section, values in stored.items():
        if section != "space" and isinstance(values, Mapping):
            flat |= {f"{section}.{key}": value for key, value in values.items()}
        else:
            flat[section] = values
    if schema == 1 and flat.get("loss.fn_weight", 0.0) is None:
        del flat["loss.fn_weight"]  # the loss's own default, which is now the default of its key
    return build_config(flat)


def refuse_later(schema: int, what: str, written_by: str) -> None:
    """Refuse what a later version of the program has written."""
    if schema > SCHEMA:
        version = f"ablate {written_by}" if written_by else "a later version of ablate"
        raise AblateError(
            f"{what} was written by {version}",
            hint=f"Upgrade ablate{f' to {written_by} or later' if written_by else ''}.",
        )


def definition_of(config: Config) -> dict[str, str]:
    """Return every key that is not at its default, its value as JSON text."""
    return {key: json.dumps(value, default=str) for key, value in changed(config).items()}


def read_definition(stored: Mapping[str, str], schema: int) -> dict[str, str]:
    """Return a stored study definition as `definition_of` writes it today.

    Args:
        stored: Key -> JSON text; facts that are no keys, such as "data fingerprint", stay.
        schema: The version it was written in.
    """
    if schema > 1:
        return dict(stored)
    name = json.loads(stored["model.name"])
    loss = json.loads(stored["loss.name"])
    default = {
        key: json.dumps(value, default=str)
        for key, value in flatten(build_config({"model.name": name, "loss.name": loss})).items()
    }
    names = {"model.name", "loss.name"}
    kept = {}
    for key, text in stored.items():
        of_config = key.partition(".")[0] in Config.model_fields and "." in key
        if of_config and key not in names:
            if key not in default or text == default[key]:
                continue  # another design's key, or what is not said any more
            if key == "loss.fn_weight" and text == "null":
                continue  # schema 1 wrote nothing for the loss's own default
        kept[key] = text
    return kept


def identity_1(config: Config, pretrained: str, fingerprints: Mapping[str, str]) -> str:
    """Return the identity that schema 1 gave a run, or "" if it could not have made such a run.

    Args:
        config: Its configuration.
        pretrained: Fingerprint of the encoder's weights.
        fingerprints: "data fingerprint" and "split fingerprint".
    """
    model, loss = config.model, config.loss
    if model.name not in MODELS_1 or loss.name not in STRENGTHS_1 or _knows_more(config):
        return ""
    structure = [key for key in MODELS_1[model.name] if _read_1(model, key)]
    parts: dict[str, object] = {key: getattr(model, key) for key in structure}
    parts |= {"name": model.name, "dropout": getattr(model, "dropout", 0.0)}
    if "pretrained" in parts:
        parts["pretrained"] = pretrained
    numbers = strengths(loss)
    switches = {key: getattr(loss, key, "per_image") for key in LOSSES_1[loss.name]}
    return identity(
        {
            "model": parts,
            "loss": {
                "name": loss.name,
                **switches,
                **{key: numbers[key] for key in STRENGTHS_1[loss.name]},
            },
            "training": {key: getattr(config.training, key) for key in TRAINING_1},
            "inference": {key: getattr(config.inference, key) for key in INFERENCE_1},
            "data": {key: getattr(config.data, key) for key in DATA_1},
            **fingerprints,
        }
    )


def _read_1(model: object, key: str) -> bool:
    """Tell whether schema 1 counted this key, given the others."""
    name = getattr(model, "name", "")
    if key == "bn_momentum" and name == "unet":
        return bool(getattr(model, "batch_norm", False))
    if key == "bn_momentum" and name == "attention_unet":
        return bool(getattr(model, "batch_norm", False)) or getattr(model, "gate", "") == "coarse"
    return key != "attention" or bool(getattr(model, "skips", False))


def _knows_more(config: Config) -> bool:
    """Tell whether a key that schema 1 had not is set to another value than its default."""
    known = {
        "model": (*MODELS_1[config.model.name], "name", "dropout"),
        "loss": (*LOSSES_1[config.loss.name], *STRENGTHS_1[config.loss.name], "name"),
        "training": TRAINING_1,
        "inference": INFERENCE_1,
        "data": {*DataConfig.model_fields} - {*DATA_OF_IDENTITY} | {*DATA_1},
    }
    return any(
        key not in keys
        for section, keys in known.items()
        for key in getattr(config, section).changed()
    )
