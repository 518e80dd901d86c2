"""The networks: parameter counts, shapes, switches, refusals, precision, dropout."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from ablation import models
from ablation.errors import UsageError
from ablation.inference.predict import Predictor
from ablation.models.hyperparameters import DropoutState, Hyperparameters, VariableDropout

COUNTS = Path(__file__).parents[2] / "vectors/model_counts.json"

UNETS = {
    "unet": ({}, 1),
    "unet[batch_norm]": ({"batch_norm": True}, 1),
    "unet:book-small": ({"depth": 2}, 1),
    "unet:report": ({"batch_norm": True}, 3),
    "unet[base16]": ({"base": 16}, 1),
}
ATTENTION_UNETS = {
    "attention_unet": {},
    "attention_unet[gate=coarse]": {"gate": "coarse"},
    "attention_unet[batch_norm]": {"batch_norm": True},
}
OTHERS: dict[str, tuple[str, dict[str, object], int]] = {
    "attention_resunet_se": ("attention_resunet_se", {}, 1),
    "attention_resunet_se[bridge=512]": ("attention_resunet_se", {"bridge": 512}, 1),
    "attention_resunet_se[bridge=320]": ("attention_resunet_se", {"bridge": 320}, 1),
    "attention_resunet_se[levels=3,bridge=512]": (
        "attention_resunet_se",
        {"depth": 3, "bridge": 512},
        1,
    ),
    "attention_resunet_se[levels=3,bridge=256]": ("attention_resunet_se", {"depth": 3}, 1),
    "residual_unet": ("residual_unet", {}, 1),
    "dense_unet": ("dense_unet", {}, 1),
    "unetpp": ("unetpp", {}, 1),
    "unetpp[deep_supervision]": ("unetpp", {"deep_supervision": True}, 1),
    "unetpp[base64]": ("unetpp", {"base": 64}, 1),
    "unetpp[batch_norm=false]": ("unetpp", {"batch_norm": False}, 1),
    "unetpp_report": ("unetpp_report", {}, 3),
}
"""Row of the vectors -> design, keys, channels of the image."""
RESUPNETS = {
    "resupnet": {},
    "resupnet[attention=false]": {"attention": False},
    "resupnet[skips=false]": {"skips": False},
    "resupnet:residual": {"residual_decoder": True},
    "resupnet:residual[attention=false]": {"residual_decoder": True, "attention": False},
    "resupnet:residual[skips=false]": {"residual_decoder": True, "skips": False},
}


UNET3DS: dict[str, tuple[dict[str, object], int]] = {
    "unet3d": ({}, 1),
    "unet3d[base=32,in=3,out=3]": ({"base": 32}, 3),
}
"""Row of the vectors -> keys, channels of the image and of the output."""


def build(model: models.ModelKeys, side: int = 32, channels: int = 1, precision: str = "float32"):
    return models.build(model, (side, side, channels), Hyperparameters(), precision)


def counted(network) -> tuple[int, int]:
    trainable = sum(int(np.prod(v.shape)) for v in network.trainable_variables)
    return network.count_params(), trainable


def expected(name: str) -> tuple[int, int]:
    row = json.loads(COUNTS.read_text())[name]
    return row["total"], row["trainable"]


# Counts do not depend on the size of the image, so small ones are built.
@pytest.mark.parametrize("name", UNETS)
def test_unet_counts(name: str) -> None:
    switches, channels = UNETS[name]
    network = build(models.settings(name="unet", **switches), channels=channels)
    assert counted(network) == expected(name)


@pytest.mark.parametrize("name", ATTENTION_UNETS)
def test_attention_unet_counts(name: str) -> None:
    network = build(models.settings(name="attention_unet", **ATTENTION_UNETS[name]))
    assert counted(network) == expected(name)


@pytest.mark.parametrize("name", OTHERS)
def test_counts_of_the_other_designs(name: str) -> None:
    design, keys, channels = OTHERS[name]
    assert counted(build(models.settings(design, **keys), channels=channels)) == expected(name)


TRANSUNETS = {
    "transunet": ("hybrid", 256, 1),
    "transunet:compact": ("compact", 256, 1),
    "transunet:report": ("report", 224, 3),
}
"""Row of the vectors -> variant, side and channels of the image: positions are counted too."""


@pytest.mark.parametrize(
    "name", ["transunet:compact", *(pytest.param(n, marks=pytest.mark.slow) for n in TRANSUNETS)]
)
def test_transunet_counts(name: str) -> None:
    variant, side, channels = TRANSUNETS[name]
    network = build(models.settings("transunet", variant=variant), side, channels)
    assert counted(network) == expected(name)


def test_only_the_hybrid_transunet_starts_from_weights() -> None:
    with pytest.raises(UsageError, match="variant compact of transunet has no ready-made encoder"):
        models.settings("transunet", variant="compact", pretrained="imagenet")


def test_attention_mixes_the_values_of_all_tokens() -> None:
    from ablation.models.tokens import DotProductAttention

    rng = np.random.default_rng(0)
    query, key, value = rng.normal(size=(3, 2, 5, 8)).astype(np.float32)
    found = np.asarray(DotProductAttention(2, "attention")(query, key, value))
    for head in (slice(0, 4), slice(4, 8)):
        fit = query[..., head] @ key[..., head].transpose(0, 2, 1) / 2
        weights = np.exp(fit) / np.exp(fit).sum(-1, keepdims=True)
        np.testing.assert_allclose(found[..., head], weights @ value[..., head], rtol=1e-5)


def test_squeeze_and_excitation_stands_where_the_key_says() -> None:
    for where, blocks in (
        ("bridge", {"bottleneck"}),
        ("all", {"encoder0", "bottleneck", "decoder0"}),
    ):
        keys = models.settings("attention_resunet_se", base=2, depth=1, bridge=4, se_where=where)
        found = {layer.name for layer in build(keys).layers if layer.name.endswith("_se_multiply")}
        assert found == {f"{block}_se_multiply" for block in blocks}


def test_whole_channels_are_dropped_after_every_block_of_attention_resunet_se() -> None:
    state = DropoutState()
    state.set_rate(0.5)
    layer = VariableDropout(state, "decoder0_dropout", whole_channels=True)
    dropped = np.asarray(layer(np.ones((4, 8, 8, 16), np.float32), training=True))
    per_channel = dropped.reshape(4, 64, 16)
    assert (per_channel == per_channel[:, :1]).all()
    assert set(np.unique(dropped)) == {0.0, 2.0}


@pytest.mark.parametrize("name", UNET3DS)
def test_the_3d_unet_has_the_counts_of_the_vectors(name: str) -> None:
    keys, channels = UNET3DS[name]
    network = models.build(
        models.settings("unet3d", **keys),
        (8, 16, 16, channels),
        Hyperparameters(),
        "float32",
        channels,
    )
    assert counted(network) == expected(name)
    assert network.output_shape == (None, 8, 16, 16, channels)


def test_a_nested_block_reads_its_whole_level() -> None:
    network = build(models.settings("unetpp", base=2, depth=3))
    last = network.get_layer("decoder0_3_concat")
    assert [tensor.shape[-1] for tensor in last.input] == [2, 2, 2, 2]


DEEP = {"base": 2, "depth": 2, "deep_supervision": True}


def test_every_nested_u_net_has_a_head_and_their_mean_probability_predicts() -> None:
    network = build(models.settings("unetpp", **DEEP))
    assert network.output_names == ["logits_1", "logits"]
    images = np.random.default_rng(0).random((3, 32, 32, 1), np.float32)
    each = [1 / (1 + np.exp(-np.asarray(head))) for head in network(images)]
    predicted = Predictor(models.predicting(network, models.settings("unetpp", **DEEP)))
    np.testing.assert_allclose(predicted(images, (32, 32)), np.mean(each, 0), rtol=1e-5)
    for head in (1, 2):
        keys = models.settings("unetpp", **DEEP, ds_head=head)
        pruned = models.predicting(network, keys)
        np.testing.assert_allclose(Predictor(pruned)(images, (32, 32)), each[head - 1], rtol=1e-5)
    shallow = models.predicting(network, models.settings("unetpp", **DEEP, ds_head=1))
    assert "decoder0_2_conv1" not in [layer.name for layer in shallow.layers]


def test_heads_share_the_initial_weights_of_the_network_without_deep_supervision() -> None:
    one, several = (
        {
            v.path
            for v in build(models.settings("unetpp", **DEEP | {"deep_supervision": on})).variables
        }
        for on in (False, True)
    )
    assert several - one == {"logits_1/kernel", "logits_1/bias"}
    assert one < several


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"ds_head": 3}, "ds_head=3: unetpp with model.depth=2 has 2 heads"),
        ({"ds_weights": "1,2,3"}, "ds_weights has 3 weights"),
    ],
)
def test_heads_that_do_not_exist_are_refused(keys: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        models.settings("unetpp", **DEEP, **keys)


def test_weights_of_heads_are_shares_that_need_no_new_network() -> None:
    design, keys = models.DESIGNS["unetpp"], models.settings("unetpp", **DEEP)
    assert design.weights_of_heads(keys) == (0.5, 0.5)
    weighted = models.settings("unetpp", **DEEP, ds_weights="1,3")
    assert design.weights_of_heads(weighted) == (0.25, 0.75)
    assert models.structure(weighted) == models.structure(keys)


def test_only_the_unit_that_reads_the_image_is_not_normalised_first() -> None:
    network = build(models.settings("residual_unet", base=2, depth=2))
    before = {layer.name for layer in network.layers if layer.name.endswith("_bn1")}
    assert before == {"encoder1_bn1", "bottleneck_bn1", "decoder1_bn1", "decoder0_bn1"}


@pytest.mark.parametrize(
    "name", ["resnet_fcn", "vgg16_unet", "mobilenet_unet", "efficientnet_unet"]
)
def test_counts_of_designs_with_an_encoder(name: str) -> None:
    network = build(models.settings(name))
    assert counted(network) == expected(name)
    decoder = [layer for layer in network.layers if layer.name.startswith(("decoder", "logits"))]
    row = json.loads(COUNTS.read_text())[name]
    assert sum(layer.count_params() for layer in decoder) == row["decoder"]
    assert network.count_params() - row["decoder"] == row["encoder"]


@pytest.mark.slow
@pytest.mark.parametrize("name", RESUPNETS)
def test_resupnet_counts(name: str) -> None:
    assert counted(build(models.settings(name="resupnet", **RESUPNETS[name]))) == expected(name)


def test_resupnet_gives_logits_of_the_images_size_and_narrows_its_decoder() -> None:
    network = build(models.settings(name="resupnet", decoder_width=0.25, bn_momentum=0.9), 64)
    assert network.output_shape == (None, 64, 64, 1)
    assert network.layers[-1].name == "logits"
    widths = [network.get_layer(f"decoder{level}_up").filters for level in (4, 3, 2, 1, 0)]
    assert widths == [128, 64, 32, 16, 8]
    momenta = {
        layer.momentum
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    }
    assert momenta == {0.9}


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("decoder", {"decoder0_dropout", "decoder1_dropout"}),
        ("bottleneck", {"bottleneck_dropout"}),
        (
            "all",
            {
                "encoder0_dropout",
                "encoder1_dropout",
                "bottleneck_dropout",
                "decoder0_dropout",
                "decoder1_dropout",
            },
        ),
    ],
)
def test_unet_dropout_scope(scope: str, names: set[str]) -> None:
    network = build(models.settings(base=2, depth=2, dropout_scope=scope))
    found = {layer.name for layer in network.layers if isinstance(layer, VariableDropout)}
    assert found == names


def test_dropout_site_decides_what_follows_the_dropout() -> None:
    for site, after in (("between", "decoder0_conv2"), ("after", "logits")):
        network = build(models.settings(base=2, depth=1, dropout_site=site))
        order = [layer.name for layer in network.layers]
        assert order[order.index("decoder0_dropout") + 1] == after


@pytest.mark.parametrize(
    ("model", "side", "words"),
    [
        (models.settings(depth=4), 40, "multiples of 16, not 40x40"),
        (models.settings(name="resupnet"), 48, "multiples of 32, not 48x48"),
        (models.settings(name="resnet_fcn"), 48, "multiples of 32, not 48x48"),
    ],
)
def test_refusals_name_the_fault(model: models.ModelKeys, side: int, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        build(model, side)
    assert caught.value.hint


def test_an_unknown_design_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="'resunpet'") as caught:
        models.settings("resunpet")
    assert "resupnet" in caught.value.hint


@pytest.mark.parametrize(("stem", "channels"), [("replicate", 4), ("sum", 3)])
def test_other_channel_counts_need_a_projecting_stem(stem: str, channels: int) -> None:
    with pytest.raises(UsageError, match=f"has {channels}") as caught:
        build(models.settings(name="resnet_fcn", stem=stem), channels=channels)
    assert "model.stem=project" in caught.value.hint


@pytest.mark.parametrize("gate", ["same", "coarse"])
def test_gates_weigh_each_skip_by_a_number_between_0_and_1(gate: str) -> None:
    network = build(models.settings(name="attention_unet", base=2, depth=2, gate=gate))
    weight = "sigmoid" if gate == "same" else "up"
    looked_at = [f"decoder{level}_attention_{weight}" for level in (1, 0)]
    look = keras.Model(network.input, [network.get_layer(name).output for name in looked_at])
    weights = look(np.random.default_rng(0).random((1, 32, 32, 1), np.float32))
    assert [tuple(w.shape) for w in weights] == [(1, 16, 16, 1), (1, 32, 32, 1)]
    for w in weights:
        assert 0 < float(np.min(w)) <= float(np.max(w)) < 1


def test_a_coarse_gate_is_asked_below_the_skip() -> None:
    coarse = build(models.settings(name="attention_unet", base=2, depth=1, gate="coarse"))
    gate, skip = (coarse.get_layer(f"decoder0_attention_{name}") for name in ("gate", "skip"))
    assert gate.input is coarse.get_layer("bottleneck_relu2").output
    assert (skip.kernel_size, skip.strides, skip.use_bias) == ((2, 2), (2, 2), False)
    fine = build(models.settings(name="attention_unet", base=2, depth=1))
    gate = fine.get_layer("decoder0_attention_gate")
    assert gate.input is fine.get_layer("decoder0_up").output


def test_attention_leaves_the_other_layers_as_they_are() -> None:
    plain, gated = (
        {
            v.path: tuple(v.shape)
            for v in build(models.settings(name=name, base=2, depth=2)).trainable_variables
        }
        for name in ("unet", "attention_unet")
    )
    assert plain.items() <= gated.items()
    assert all("attention" in path for path in gated.keys() - plain.keys())


def test_resnet_fcn_has_no_skips_and_five_stages() -> None:
    network = build(models.settings(name="resnet_fcn", decoder_width=0.25), 64)
    assert network.output_shape == (None, 64, 64, 1)
    assert not [layer for layer in network.layers if "concat" in layer.name]
    widths = [network.get_layer(f"decoder{level}_conv1").filters for level in (4, 3, 2, 1, 0)]
    assert widths == [128, 64, 32, 16, 8]
    dropouts = [layer.name for layer in network.layers if isinstance(layer, VariableDropout)]
    assert dropouts == [f"decoder{level}_dropout" for level in (4, 3, 2, 1, 0)]


def test_structure_leaves_out_strengths_and_switches_without_effect() -> None:
    same = [
        models.settings("resupnet", dropout=rate, skips=False, attention=gate)
        for rate in (0.1, 0.5)
        for gate in (True, False)
    ]
    assert len({tuple(models.structure(model).items()) for model in same}) == 1
    assert "bn_momentum" not in models.structure(models.settings(batch_norm=False))
    gated = models.settings(name="attention_unet")
    assert "bn_momentum" not in models.structure(gated)
    coarse = gated.model_copy(update={"gate": "coarse"})
    assert models.structure(coarse)["bn_momentum"] == 0.99
    assert "gate" not in models.structure(models.settings(name="unet"))
    without = models.settings(name="resupnet", skips=False)
    assert "attention" not in models.structure(without)
    assert models.structure(models.settings(base=8)) != models.structure(models.settings(base=16))


def test_every_key_a_design_names_exists() -> None:
    for design in models.DESIGNS.values():
        keys = set(design.keys.model_fields)
        assert {*design.needs, *design.hyperparameters, *design.space} <= keys
        assert design.encoder is None or "pretrained" in keys


def test_mixed_precision_concerns_one_network() -> None:
    for precision, computed in (("mixed_float16", "float16"), ("bfloat16", "bfloat16")):
        half = build(models.settings(base=2, depth=1), precision=precision)
        assert half.get_layer("encoder0_conv1").compute_dtype == computed
        assert half.get_layer("encoder0_conv1").kernel.dtype == "float32"
        assert half.get_layer("logits").compute_dtype == "float32"
    full = build(models.settings(base=2, depth=1))
    assert full.get_layer("encoder0_conv1").compute_dtype == "float32"


def test_dropout_keeps_the_mean_and_depends_on_moment_and_name_only() -> None:
    state = DropoutState()
    first, second = VariableDropout(state, "first"), VariableDropout(state, "second")
    state.set_rate(0.3)
    state.moment.assign([7, 1])
    ones = np.ones((4, 50, 50, 2), np.float32)
    dropped = first(ones, training=True).numpy()
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(1 / 0.7)}
    assert (dropped == 0).mean() == pytest.approx(0.3, abs=0.02)
    np.testing.assert_array_equal(first(ones, training=True), dropped)
    assert (second(ones, training=True).numpy() != dropped).any()
    state.moment.assign([7, 2])
    assert (first(ones, training=True).numpy() != dropped).any()
    np.testing.assert_array_equal(first(ones, training=False), ones)


def test_dropout_rate_zero_changes_nothing() -> None:
    x = np.random.default_rng(0).normal(size=(2, 9, 9, 3)).astype(np.float32)
    np.testing.assert_array_equal(VariableDropout(DropoutState(), "d")(x, training=True), x)


def test_names_are_known_without_tensorflow() -> None:
    code = (
        "import sys, ablation.models, ablation.losses\n"
        "print({'tensorflow', 'keras'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"
