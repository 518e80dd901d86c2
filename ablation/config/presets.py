"""Ready configurations. A preset only sets keys; everything it sets can be overridden."""

from __future__ import annotations

from ablation.config.gpu import gpu_present

PRESETS: dict[str, dict[str, object]] = {
    # About a minute a trial on two cores: small images, small networks, short trainings.
    "cpu-demo": {
        "data.image_size": 64,
        "data.empty_slices": 0.25,
        "data.augmentation": "none",
        "model.base": 16,
        "model.batch_norm": True,
        "model.bn_momentum": 0.9,
        "model.decoder_width": 0.25,
        "model.residual_decoder": True,
        "model.variant": "compact",
        "model.dropout": 0.0,
        "training.epochs": 12,
        "training.max_batches": 8,
        "training.learning_rate": 2e-3,
        "training.l2": 1e-5,
        "training.stop_patience": None,
        "training.plateau_patience": 4,
        "sweep.seeds": 1,
    },
    # Minutes a trial on a laptop.
    "laptop": {
        "data.image_size": 128,
        "data.empty_slices": 0.5,
        "model.base": 32,
        "model.batch_norm": True,
        "model.bn_momentum": 0.9,
        "model.decoder_width": 0.5,
        "model.variant": "compact",
        "training.epochs": 12,
        "training.learning_rate": 1e-3,
        "training.stop_patience": 5,
        "training.plateau_patience": 3,
    },
    # What a GPU is for. The defaults of the configuration are these values.
    "standard": {
        "data.image_size": 256,
        "training.epochs": 50,
        "training.batch_size": 16,
        "training.learning_rate": 1e-4,
        "sweep.pruner": "median",
    },
    # The ResUpNet technical documentation to the letter.
    "paper": {
        "data.image_size": 256,
        "data.augmentation": "td",
        "data.empty_slices": 0.0,
        "data.min_tumor_px": 101,
        "model.dropout": 0.3,
        "model.pretrained": "imagenet",
        "loss.name": "combo",
        "loss.dice_weight": 0.5,
        "loss.bce_weight": 0.5,
        "loss.smooth": 1e-6,
        "loss.reduction": "batch",
        "training.epochs": 50,
        "training.batch_size": 16,
        "training.learning_rate": 1e-4,
        "training.l2": 1e-4,
        "training.precision": "mixed_float16",
        "training.stop_patience": 15,
        "training.plateau_patience": 5,
    },
}


def default_preset(data_path: str | None) -> tuple[str, str]:
    """Return the preset for a command that names none, and the reason in words."""
    if data_path is None:
        return "cpu-demo", "no --data, so the generated phantom"
    if gpu_present():
        return "standard", "a GPU is present"
    return "laptop", "no GPU is present"
