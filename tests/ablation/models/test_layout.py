"""What a network is made of: blocks by name, and what of them is trained."""

from __future__ import annotations

import pytest

from ablation import models
from ablation.models.layout import block_name, to_csv


@pytest.mark.parametrize(
    ("layer", "block"),
    [
        ("encoder0_conv1", "encoder0"),
        ("decoder0_1_up", "decoder0_1"),
        ("logits", "logits"),
        ("logits_1", "logits_1"),
        ("conv2_block1_1_conv", "conv2"),
        ("block_13_expand_relu", "block_13"),
        ("bn_Conv1", "Conv1"),
        ("block2a_expand_activation", "block2a"),
    ],
)
def test_a_layer_s_name_says_its_block(layer: str, block: str) -> None:
    assert block_name(layer) == block


def test_a_frozen_encoder_is_told_from_the_decoder() -> None:
    keys = models.settings("vgg16_unet", decoder_width=0.05, encoder_trainable="last_stage")
    found = {one.name: one for one in models.blocks(keys, (32, 32, 1))}
    assert [found[f"block{n}"].trainable for n in range(1, 5)] == [0] * 4
    last = found["block5"]
    assert last.parameters == last.trainable == 3 * (9 * 512 * 512 + 512)
    assert found["block1"].frozen == found["block1"].parameters == 38_720
    assert found["decoder0"].shape == (32, 32, 8)
    assert sum(one.parameters for one in found.values()) == models.count_parameters(
        keys, (32, 32, 1)
    )
    assert "block5,2x2x512,7079424,7079424" in to_csv(tuple(found.values()))
