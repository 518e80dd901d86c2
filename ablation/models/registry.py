"""The designs by name; loads no TensorFlow. A new design is one file and one line here."""

from __future__ import annotations

from ablation.models.design import Design
from ablation.models.families import (
    attention_resunet_se,
    attention_unet,
    dense_unet,
    efficientnet_unet,
    mobilenet_unet,
    residual_unet,
    resnet_fcn,
    resupnet,
    transunet,
    unet,
    unet3d,
    unetpp,
    unetpp_report,
    vgg16_unet,
)
from ablation.plugins import Registry

DESIGNS: Registry[Design] = Registry(
    "model",
    (
        unet.DESIGN,
        resupnet.DESIGN,
        attention_unet.DESIGN,
        resnet_fcn.DESIGN,
        attention_resunet_se.DESIGN,
        residual_unet.DESIGN,
        dense_unet.DESIGN,
        unetpp.DESIGN,
        unetpp_report.DESIGN,
        vgg16_unet.DESIGN,
        mobilenet_unet.DESIGN,
        efficientnet_unet.DESIGN,
        transunet.DESIGN,
        unet3d.DESIGN,
    ),
)
