"""Ready configurations. A preset only sets keys; everything it sets can be overridden."""

from __future__ import annotations

from ablation.config.gpu import gpu_present

PRESETS: dict[str, dict[str, object]] = {
    # About a minute a trial on two cores: small images, small networks, short trainings.
    "cpu-demo": {
        "data.image_size": 64,
        "data.patch_slices": 8,
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
    # The development journal's last design; it names no epochs, patience or image size.
    "journal": {
        "data.augmentation": "journal",
        "data.empty_slices": 0.0,
        "model.name": "attention_resunet_se",
        "model.base": 32,
        "model.dropout": 0.1,
        "loss.name": "edge_combo",
        "loss.edge_weight": 3.0,
        "training.batch_size": 16,
        "training.learning_rate": 1e-4,
        "inference.tta": "seed8",
        "inference.morphology": "adaptive",
        "inference.min_size": 500,
    },
    # The student report's networks. It reads three sequences of LGG (data.modalities=pre,flair,post),
    # and it splits slices at random, which this program does not do.
    "student-report": {
        "data.image_size": 128,
        "data.normalise": "div255",
        "data.augmentation": "none",
        "model.base": 64,
        "model.batch_norm": True,
        "model.dropout": 0.0,
        "model.variant": "report",
        "loss.name": "bce",
        "training.epochs": 50,
        "training.batch_size": 16,
        "training.learning_rate": 1e-3,
        "training.l2": 0.0,
        "training.stop_patience": None,
        "training.plateau_patience": None,
    },
    # The book's chapters 7 and 8: its code has 20 epochs and batches of 8, its text 50 and 16.
    "book-small": {
        "data.image_size": 128,
        "data.normalise": "div255",
        "data.augmentation": "none",
        "model.base": 64,
        "model.depth": 2,
        "model.dropout": 0.0,
        "loss.name": "dice",
        "loss.smooth": 1.0,
        "loss.reduction": "batch",
        "training.epochs": 20,
        "training.batch_size": 8,
        "training.learning_rate": 1e-3,
        "training.l2": 0.0,
        "training.stop_patience": None,
        "training.plateau_patience": None,
    },
    # The book's chapters 4 and 5.
    "book-large": {
        "data.image_size": 256,
        "data.normalise": "div255",
        "data.augmentation": "book",
        "model.base": 64,
        "model.depth": 4,
        "model.dropout": 0.0,
        "loss.name": "combo",
        "loss.dice_weight": 1.0,
        "loss.bce_weight": 1.0,
        "loss.smooth": 1e-6,
        "loss.reduction": "batch",
        "training.epochs": 50,
        "training.batch_size": 16,
        "training.learning_rate": 1e-4,
        "training.l2": 0.0,
        "training.stop_patience": 5,
        "training.plateau_patience": 3,
        "training.plateau_factor": 0.5,
    },
}


def default_preset(data_path: str | None) -> tuple[str, str]:
    """Return the preset for a command that names none, and the reason in words."""
    if data_path is None:
        return "cpu-demo", "no --data, so the generated phantom"
    if gpu_present():
        return "standard", "a GPU is present"
    return "laptop", "no GPU is present"
