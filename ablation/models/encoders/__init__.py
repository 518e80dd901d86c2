"""Ready-made encoders by name; loads no TensorFlow. A new one is one file and one line here."""

from __future__ import annotations

from ablation.models.encoders import efficientnet_b0, mobilenet_v2, resnet50, vgg16
from ablation.models.encoders.encoder import Encoder
from ablation.plugins import Registry

__all__ = ["ENCODERS", "Encoder"]

ENCODERS: Registry[Encoder] = Registry(
    "encoder", (resnet50.ENCODER, vgg16.ENCODER, mobilenet_v2.ENCODER, efficientnet_b0.ENCODER)
)
