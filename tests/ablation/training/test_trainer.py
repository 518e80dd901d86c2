"""The warm trainer: equal to a fresh process, to Keras, and to itself after an interruption."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from ablation import losses, models
from ablation.config import with_values
from ablation.config.sections import Config
from ablation.errors import DataError
from ablation.models.hyperparameters import Hyperparameters
from ablation.training import trainer as trainer_module
from ablation.training.augmentations import AUGMENTATIONS, Augmentation
from ablation.training.checkpoint import host_weights, read_resume, write_resume
from ablation.training.errors import OutOfMemory, TrainingDiverged
from ablation.training.schedule import epoch_batches, input_warning
from ablation.training.step import TrainStep, _coarser
from ablation.training.trainer import Trainer, shape_of

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@pytest.fixture(scope="module")
def tiny() -> Iterator:
    sys.path.insert(0, str(HERE))
    import tiny

    yield tiny
    sys.path.remove(str(HERE))


@pytest.fixture(scope="module")
def warm(tiny) -> Trainer:
    """One trainer for most tests: what earlier tests did to it must not matter."""
    return tiny.trainer(tiny.config())


def fresh_process(settings: Config, folder: Path) -> str:
    command = [sys.executable, str(HERE / "tiny.py"), settings.model_dump_json(), str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def assert_equal_to_a_fresh_process(tiny, first: Config, second: Config, folder: Path) -> None:
    warm = tiny.trainer(first)
    tiny.fit(warm, first)
    result = tiny.fit(warm, second)
    assert f"{tiny.outcome(result)} {tiny.digest(warm, folder)}" == fresh_process(second, folder)
    assert warm.traces == 1
    assert warm.predictor.traces == 1


def test_a_later_trial_equals_a_fresh_process_bit_for_bit(tiny, tmp_path: Path) -> None:
    shared = {"data__augmentation": "td", "model__batch_norm": True, "model__depth": 1}
    first = tiny.config(**shared)
    second = tiny.config(
        **{**shared, "data__augmentation": "book"},
        model__dropout=0.1,
        loss__fn_weight=0.7,
        loss__dice_weight=0.8,
        training__l2=1e-3,
        training__learning_rate=1e-3,
        training__seed=6,
    )
    assert_equal_to_a_fresh_process(tiny, first, second, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("gate", ["same", "coarse"])
def test_attention_unet_equals_a_fresh_process_bit_for_bit(tiny, tmp_path, gate: str) -> None:
    shared = {"model__name": "attention_unet", "model__gate": gate, "loss__name": "edge_combo"}
    second = tiny.config(**shared, model__dropout=0.1, loss__edge_weight=2.0, training__seed=6)
    assert_equal_to_a_fresh_process(tiny, tiny.config(**shared), second, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("design", "keys"),
    [
        ("attention_resunet_se", {"base": 4, "depth": 2, "bridge": 16, "se_where": "all"}),
        ("residual_unet", {"base": 4, "depth": 2}),
        ("dense_unet", {"base": 4, "depth": 2}),
        ("unetpp", {"base": 4, "depth": 2}),
        ("unetpp", {"base": 4, "depth": 2, "deep_supervision": True}),
        ("unetpp_report", {"base": 2}),
        ("vgg16_unet", {"decoder_width": 0.1}),
        ("mobilenet_unet", {"decoder_width": 0.25}),
        ("efficientnet_unet", {"decoder_width": 0.25}),
        ("transunet", {"variant": "compact"}),
    ],
)
def test_other_designs_equal_a_fresh_process_bit_for_bit(
    tiny, tmp_path: Path, design: str, keys: dict[str, object]
) -> None:
    shared = {"model__name": design} | {f"model__{key}": value for key, value in keys.items()}
    second = tiny.config(**shared, model__dropout=0.2, training__seed=6, training__l2=1e-3)
    assert_equal_to_a_fresh_process(tiny, tiny.config(**shared), second, tmp_path)


@pytest.mark.slow
def test_resupnet_equals_a_fresh_process_bit_for_bit(tiny, tmp_path: Path) -> None:
    shared = {"model__name": "resupnet", "model__decoder_width": 0.25, "training__epochs": 2}
    second = tiny.config(**shared, model__dropout=0.1, training__seed=6, training__l2=1e-3)
    assert_equal_to_a_fresh_process(tiny, tiny.config(**shared), second, tmp_path)


@pytest.mark.slow
def test_a_pretrained_encoder_equals_a_fresh_process_bit_for_bit(tiny, tmp_path: Path) -> None:
    path = tmp_path / "encoder.weights.h5"
    tiny.write_encoder(path)
    shared = {
        "model__name": "resnet_fcn",
        "model__decoder_width": 0.25,
        "model__pretrained": str(path),
        "training__epochs": 2,
    }
    second = tiny.config(**shared, model__dropout=0.1, training__seed=6)
    assert_equal_to_a_fresh_process(tiny, tiny.config(**shared), second, tmp_path)


@pytest.mark.slow
def test_pretrained_values_come_back_in_every_trial_and_nothing_else_changes(
    tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "encoder.weights.h5"
    expected = tiny.write_encoder(path)
    shared = {"model__name": "resnet_fcn", "model__decoder_width": 0.25}
    settings = tiny.config(**shared, model__pretrained=str(path))
    read = []
    original = trainer_module.models.encoder_weights
    monkeypatch.setattr(
        trainer_module.models,
        "encoder_weights",
        lambda model: read.append(model.name) or original(model),
    )
    warm, plain = tiny.trainer(settings), tiny.trainer(tiny.config(**shared))
    plain._begin(tiny.config(**shared), None)
    drawn = host_weights(plain._model)
    for _ in range(2):
        warm._begin(settings, None)
        started = host_weights(warm._model)
        assert started.keys() == drawn.keys()
        for name, value in started.items():
            np.testing.assert_array_equal(value, expected.get(name, drawn[name]), err_msg=name)
        for variable in warm._model.variables:  # what a trial leaves behind
            variable.assign(variable + 1)
    assert read == ["resnet_fcn", "resnet_fcn"]  # once a trainer


@pytest.mark.parametrize(
    ("part", "frozen"), [("none", {"conv1", "conv2", "conv5"}), ("last_stage", {"conv1", "conv2"})]
)
@pytest.mark.slow
def test_frozen_stages_stay_as_they_began(tiny, part: str, frozen: set[str]) -> None:
    settings = tiny.config(
        model__name="resnet_fcn",
        model__decoder_width=0.25,
        model__encoder_trainable=part,
        training__epochs=1,
        training__l2_scope="all_conv_kernels",
    )
    warm = tiny.trainer(settings)
    warm._begin(settings, None)
    before = host_weights(warm._model)
    tiny.fit(warm, settings)
    after = host_weights(warm._model)
    changed = {name.split("_")[0] for name in before if (before[name] != after[name]).any()}
    assert changed.isdisjoint(frozen)
    assert "decoder4" in changed
    assert ("conv5" in changed) == (part == "last_stage")


def test_equals_keras_with_the_strengths_written_into_the_network(tiny, warm) -> None:
    settings = tiny.config(model__dropout=0.0, loss__fn_weight=0.7, training__l2=1e-3)
    one_epoch = settings.model_copy(
        update={"training": settings.training.model_copy(update={"epochs": 1})}
    )
    # The first epoch with a step size of nothing gives the weights a training starts from.
    still = one_epoch.training.model_copy(update={"learning_rate": 1e-30, "l2": 0.0})
    tiny.fit(warm, one_epoch.model_copy(update={"training": still}))
    starts = [v.numpy() for v in warm._model.variables]
    tiny.fit(warm, one_epoch)

    network = keras.models.clone_model(warm._model, clone_function=_without_strengths)
    network.set_weights(starts)
    strengths = losses.strengths(settings.loss)
    combo = losses.LOSSES["combo"].function
    network.compile(
        keras.optimizers.Adam(settings.training.learning_rate),
        loss=lambda y, z: combo(y, z, reduction="per_image", **strengths),
        jit_compile=False,
    )
    order = epoch_batches(tiny.TRAIN, 1, settings.training).ravel()
    network.fit(tiny.IMAGES[order], tiny.MASKS[order], batch_size=8, shuffle=False, verbose=0)
    for ours, theirs in zip(warm._model.variables, network.variables, strict=False):
        # Not bit by bit: Keras adds gradients in another order.
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-5, err_msg=ours.path)


def _without_strengths(layer):
    if type(layer).__name__ == "VariableDropout":
        return keras.layers.Identity(name=layer.name)
    config = layer.get_config()
    if layer.name.startswith("decoder") and layer.name[-5:] in ("conv1", "conv2"):
        config["kernel_regularizer"] = keras.regularizers.L2(1e-3)
    return type(layer).from_config(config)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model__dropout", 0.5),
        ("training__l2", 1e-2),
        ("training__learning_rate", 1e-3),
        ("training__seed", 6),
        ("loss__dice_weight", 0.9),
        ("loss__bce_weight", 0.9),
        ("loss__fn_weight", 0.9),
        ("loss__smooth", 9.0),
        ("loss__pos_weight", 3.0),
    ],
)
def test_every_strength_is_read_by_the_traced_step(tiny, warm, key: str, value: float) -> None:
    base = tiny.outcome(tiny.fit(warm, tiny.config(training__epochs=1)))
    other = tiny.outcome(tiny.fit(warm, tiny.config(training__epochs=1, **{key: value})))
    assert other != base
    assert warm.traces == 1


@pytest.mark.parametrize(
    ("loss", "keys"),
    [
        ("hybrid", {"gamma": 0.5, "focal_weight": 0.9, "pos_weight": 3.0, "neg_weight": 0.5}),
        ("edge_combo", {"edge_weight": 6.0, "dice_weight": 0.9, "smooth": 9.0}),
    ],
)
def test_strengths_of_other_losses_are_read_by_the_traced_step(tiny, loss: str, keys) -> None:
    shared = {"loss__name": loss, "training__epochs": 1, "model__base": 2, "model__depth": 1}
    warm = tiny.trainer(tiny.config(**shared))
    base = tiny.outcome(tiny.fit(warm, tiny.config(**shared)))
    for key, value in keys.items():
        settings = tiny.config(**shared, **{f"loss__{key}": value})
        assert tiny.outcome(tiny.fit(warm, settings)) != base, key
    assert warm.traces == 1


def test_the_losses_of_several_heads_are_weighted(tiny) -> None:
    deep = {"model__name": "unetpp", "model__base": 2, "model__deep_supervision": True}
    settings = tiny.config(**deep)
    keys, hyperparameters = settings.model, Hyperparameters()
    network = models.build(keys, (tiny.SIDE, tiny.SIDE, 1), hyperparameters, "float32")
    step = TrainStep(network, hyperparameters, settings)
    masks, heads = tiny.MASKS[:4], network(tiny.IMAGES[:4])

    def loss_with(weights: str | None) -> float:
        step.start(with_values(settings, {"model.ds_weights": weights}))
        return float(step._loss_of(masks, heads))

    judge, strengths = losses.LOSSES["combo"].function, losses.strengths(settings.loss)
    each = [float(judge(masks, head, reduction="per_image", **strengths)) for head in heads]
    assert each[0] != each[1]
    assert loss_with(None) == pytest.approx((each[0] + each[1]) / 2, rel=1e-6)
    assert loss_with("1,3") == pytest.approx(0.25 * each[0] + 0.75 * each[1], rel=1e-6)
    assert loss_with("1e-9,1") == pytest.approx(each[1], rel=1e-6)


def test_a_coarser_head_is_judged_on_a_coarser_mask() -> None:
    masks = np.arange(2 * 4 * 4).reshape(2, 4, 4, 1)
    np.testing.assert_array_equal(_coarser(masks, 2), masks[:, ::2, ::2])
    volume = np.arange(4**3).reshape(1, 4, 4, 4, 1)
    np.testing.assert_array_equal(_coarser(volume, 2), volume[:, ::2, ::2, ::2])
    assert _coarser(masks, 1) is masks


def test_augmentation_is_read_by_the_traced_step(tiny) -> None:
    book = tiny.config(data__augmentation="book", training__epochs=1)
    journal = tiny.config(data__augmentation="journal", training__epochs=1)
    warm = tiny.trainer(book)
    assert tiny.outcome(tiny.fit(warm, book)) != tiny.outcome(tiny.fit(warm, journal))
    assert warm.traces == 1


def test_an_augmentation_of_one_s_own_is_traced_with_a_shape_of_its_own(tiny) -> None:
    def mirrored(images, masks, rows, seed):
        return images[:, :, ::-1], masks[:, :, ::-1]

    def as_it_is(images, masks, rows, seed):
        return images, masks

    one = Augmentation("mirrored", "always mirrored", transform=mirrored)
    other = Augmentation("as_it_is", "no change", transform=as_it_is)
    with AUGMENTATIONS.having(one, other):
        settings = [
            tiny.config(data__augmentation=name, training__epochs=1)
            for name in ("none", "mirrored", "as_it_is", "td")
        ]
        assert len({shape_of(each, (32, 32, 1)) for each in settings}) == 4
        outcomes = [tiny.outcome(tiny.fit(tiny.trainer(each), each)) for each in settings[:3]]
    assert outcomes[0] == outcomes[2]
    assert outcomes[0] != outcomes[1]


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"model__name": "attention_unet", "loss__name": "edge_combo"},
        {"model__name": "attention_unet", "model__gate": "coarse", "loss__name": "hybrid"},
    ],
)
def test_no_sum_depends_on_which_of_its_parts_is_ready_first(tiny, keys: dict) -> None:
    settings = tiny.config(training__epochs=1, model__depth=1, **keys)
    warm = tiny.trainer(settings)
    tiny.fit(warm, settings)
    graph = warm._step._traced.get_concrete_function().graph
    sums = [
        len(op.inputs) for op in graph.get_operations() if op.type.startswith(("AddN", "Accum"))
    ]
    assert sums
    assert max(sums) == 2
    # The pass that would gather pairs into longer sums again.
    assert tf.config.optimizer.get_experimental_options()["arithmetic_optimization"] is False


def test_trials_with_other_strengths_share_a_shape(tiny) -> None:
    image = (32, 32, 1)
    shape = shape_of(tiny.config(), image)
    alike = tiny.config(
        model__dropout=0.1,
        training__l2=0,
        loss__fn_weight=0.1,
        training__seed=9,
        training__epochs=7,
    )
    assert shape_of(alike, image) == shape
    for other in (
        tiny.config(model__base=8),
        tiny.config(loss__name="dice"),
        tiny.config(loss__reduction="batch"),
        tiny.config(loss__name="edge_combo"),
        tiny.config(model__name="attention_unet"),
        tiny.config(training__batch_size=4),
        tiny.config(training__l2_scope="all_conv_kernels"),
        tiny.config(data__augmentation="td"),
    ):
        assert shape_of(other, image) != shape
    assert len({shape_of(tiny.config(data__augmentation=a), image) for a in ("td", "book")}) == 1
    for key, values in {
        "model__gate": ("same", "coarse"),
        "loss__edge_norm": (True, False),
    }.items():
        keys = {"model__name": "attention_unet", "loss__name": "edge_bce"}
        assert len({shape_of(tiny.config(**keys, **{key: v}), image) for v in values}) == 2
    encoders = [
        tiny.config(model__name="resnet_fcn", **{f"model__{key}": value})
        for key, value in (
            ("pretrained", "none"),
            ("pretrained", "imagenet"),
            ("stem", "sum"),
            ("encoder_trainable", "none"),
        )
    ]
    assert len({shape_of(settings, image) for settings in encoders}) == 4


def test_a_configuration_of_another_shape_is_refused(tiny, warm) -> None:
    with pytest.raises(ValueError, match="was built for"):
        tiny.fit(warm, tiny.config(model__base=8))


def test_training_learns_and_leaves_the_best_epoch_loaded(tiny, warm) -> None:
    settings = tiny.config(
        training__epochs=40,
        training__stop_patience=None,
        training__plateau_patience=None,
        model__dropout=0.0,
    )
    result = tiny.fit(warm, settings)
    scores = [epoch.validation_dice for epoch in result.epochs]
    assert max(scores) > 0.5
    assert result.best_epoch == 1 + int(np.argmax(scores))
    assert result.validation_dice == max(scores)
    assert tiny.validate(warm.predictor)[0] == max(scores)
    assert result.ended == "all epochs"
    assert result.train_steps == 40 * 2
    assert result.step_seconds > 0


def test_the_share_of_time_that_steps_wait_for_slices(tiny, warm) -> None:
    class OnASlowDisk:
        def __getitem__(self, rows: np.ndarray) -> np.ndarray:
            time.sleep(1.0)
            return tiny.IMAGES[rows]

    settings = tiny.config(training__epochs=1)
    quick = tiny.fit(warm, settings)
    slow = warm.fit(
        settings, OnASlowDisk(), tiny.MASKS, tiny.TRAIN,
        validate=tiny.validate, on_epoch=tiny.never,
    )  # fmt: skip
    assert slow.input_share > 0.5 > quick.input_share >= 0
    assert "% of the training time went into reading slices" in input_warning(slow.input_share)
    assert input_warning(0.01) == input_warning(math.nan) == ""


def test_the_schedule_is_obeyed(tiny, warm) -> None:
    scores = iter([0.5, 0.4, 0.3, 0.2, 0.1])
    settings = tiny.config(
        training__epochs=9, training__stop_patience=4, training__plateau_patience=2
    )
    result = tiny.fit(warm, settings, validate=lambda _: (next(scores), 0.25))
    assert result.ended == "early stop"
    assert (result.best_epoch, result.threshold) == (1, 0.25)
    rates = [epoch.learning_rate for epoch in result.epochs]
    assert rates == [3e-3, 3e-3, 3e-3, 1.5e-3, 1.5e-3]
    assert float(warm._step._adam.learning_rate) == pytest.approx(1.5e-3)


@pytest.mark.parametrize("stop_after", [1, 3])
def test_resumed_equals_uninterrupted_bit_for_bit(tiny, warm, tmp_path, stop_after: int) -> None:
    settings = tiny.config(
        training__epochs=5, training__plateau_patience=1, training__stop_patience=None
    )
    whole = tiny.fit(warm, settings)
    weights = tiny.digest(warm, tmp_path)

    file = tmp_path / "resume.npz"
    stopped = tiny.fit(
        warm,
        settings,
        on_epoch=lambda epoch: epoch.number == stop_after,
        save=lambda state: write_resume(state, file),
    )
    assert stopped.ended == "stopped"
    tiny.fit(warm, tiny.config(training__seed=99))  # another trial comes between
    seen = []
    resumed = tiny.fit(
        warm,
        settings,
        resume=read_resume(file),
        on_epoch=lambda epoch: bool(seen.append(epoch.number)),
    )
    assert seen == list(range(stop_after + 1, 6))
    assert tiny.outcome(resumed) == tiny.outcome(whole)
    assert resumed.train_steps == whole.train_steps
    assert resumed.best_epoch == whole.best_epoch
    assert tiny.digest(warm, tmp_path) == weights


def test_a_finished_training_is_not_trained_again(tiny, warm, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(trainer_module, "SAVE_AFTER_S", 0.0)
    settings = tiny.config(training__epochs=1)
    states = []
    whole = tiny.fit(warm, settings, save=states.append)
    weights = tiny.digest(warm, tmp_path)
    again = tiny.fit(warm, settings, resume=states[-1], validate=None)
    assert tiny.outcome(again) == tiny.outcome(whole)
    assert tiny.digest(warm, tmp_path) == weights


def test_a_long_epoch_is_given_up_at_a_step_and_no_finished_epoch_is_lost(
    tiny, warm, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(trainer_module, "LONG_EPOCH_S", 0.0)
    monkeypatch.setattr(trainer_module, "COPY_AFTER_S", 0.0)
    monkeypatch.setattr(trainer_module, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(trainer_module, "SAVE_AFTER_S", math.inf)  # no state is due
    settings = tiny.config(training__epochs=4, training__batch_size=4)
    one = tiny.trainer(settings)
    whole = tiny.fit(one, settings)
    weights = tiny.digest(one, tmp_path)

    states, seen = [], []

    def on_step(steps) -> bool:
        seen.append((steps.epoch, steps.done, steps.total))
        assert math.isfinite(steps.loss)
        assert steps.step_seconds > 0
        return steps.epoch == 3 and steps.done == 2

    stopped = tiny.fit(one, settings, on_step=on_step, save=states.append)
    assert stopped.ended == "stopped"
    assert len(stopped.epochs) == 2
    assert seen == [*((e, s, 5) for e in (1, 2) for s in range(1, 6)), (3, 1, 5), (3, 2, 5)]
    assert [len(state.epochs) for state in states] == [2]

    resumed = tiny.fit(one, settings, resume=states[-1])
    assert tiny.outcome(resumed) == tiny.outcome(whole)
    assert tiny.digest(one, tmp_path) == weights


def test_the_first_epoch_can_be_given_up(tiny, warm, monkeypatch) -> None:
    monkeypatch.setattr(trainer_module, "LONG_EPOCH_S", 0.0)
    states = []
    stopped = tiny.fit(warm, tiny.config(), on_step=lambda _: True, save=states.append)
    assert (stopped.ended, stopped.best_epoch, stopped.epochs, states) == ("stopped", 0, (), [])


def test_a_short_epoch_is_ended_and_so_is_one_whose_start_is_not_kept(
    tiny, warm, monkeypatch
) -> None:
    looked = []

    def on_step(steps) -> bool:
        looked.append(steps.can_stop)
        return True

    whole = tiny.fit(warm, tiny.config(), on_step=on_step, save=lambda _: None)
    assert len(whole.epochs) == 3
    monkeypatch.setattr(trainer_module, "LONG_EPOCH_S", 0.0)  # but no copy after short epochs
    second = iter([False, True, True])
    slow = tiny.fit(warm, tiny.config(), on_step=lambda steps: next(second), save=lambda _: None)
    assert len(slow.epochs) == 3
    assert not any(looked)


def test_states_are_saved_first_and_then_as_often_as_they_are_cheap(
    tiny, warm, monkeypatch
) -> None:
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(trainer_module.time, "perf_counter", lambda: next(clock))
    saved = []
    settings = tiny.config(training__epochs=30, training__stop_patience=None)
    tiny.fit(
        warm,
        settings,
        save=lambda state: saved.append(len(state.epochs)),
        validate=lambda _: (0.1, 0.5),
        rows=tiny.TRAIN[:8],
    )
    # Each call of the clock takes 10 s, so a write takes 10 s and an epoch 100 s: due after 200 s.
    gaps = np.diff(saved)
    assert saved[0] == 1
    assert saved[-1] == 30  # the scoring that follows can be stopped
    assert len(saved) > 3
    assert (gaps[:-1] * 100 > 200).all()
    assert (gaps * 100 <= 300).all()


def test_seconds_of_work_are_not_worth_a_file(tiny, warm) -> None:
    saved = []
    tiny.fit(warm, tiny.config(training__epochs=1), save=saved.append)
    assert saved == []


def test_few_rows_fill_a_batch(tiny, warm) -> None:
    result = tiny.fit(warm, tiny.config(training__epochs=1), rows=np.array([2, 3]))
    assert result.train_steps == 1
    assert warm.traces == 1


def test_no_rows_are_refused(tiny, warm) -> None:
    with pytest.raises(DataError, match="no training slice"):
        tiny.fit(warm, tiny.config(), rows=np.array([], int))


def test_a_loss_that_is_no_number_ends_the_training(tiny, warm) -> None:
    with pytest.raises(TrainingDiverged, match="the loss of epoch 1 is") as caught:
        tiny.fit(warm, tiny.config(training__learning_rate=1e30))
    assert "learning_rate" in caught.value.hint
    # The next trial is as if nothing had happened.
    assert np.isfinite(tiny.fit(warm, tiny.config()).epochs[-1].loss)


@pytest.mark.parametrize(
    "fault", [tf.errors.ResourceExhaustedError(None, None, "full"), MemoryError()]
)
def test_lack_of_memory_is_named(tiny, warm, fault: Exception) -> None:
    def full(predictor):
        raise fault

    with pytest.raises(OutOfMemory, match="unet with batches of 8") as caught:
        tiny.fit(warm, tiny.config(), validate=full)
    assert "training.batch_size" in caught.value.hint


def test_weights_go_to_disk_and_back(tiny, warm, tmp_path) -> None:
    tiny.fit(warm, tiny.config(training__epochs=1))
    maps = warm.predictor(tiny.IMAGES[:4], (32, 32))
    warm.save_weights(tmp_path / "weights.npz")
    tiny.fit(warm, tiny.config(training__epochs=1, training__seed=8))
    assert (warm.predictor(tiny.IMAGES[:4], (32, 32)) != maps).any()
    warm.load(tmp_path / "weights.npz")
    np.testing.assert_array_equal(warm.predictor(tiny.IMAGES[:4], (32, 32)), maps)
    assert [path.name for path in tmp_path.iterdir()] == ["weights.npz"]


def test_weights_of_another_network_are_refused(tiny, warm, tmp_path) -> None:
    other = tiny.trainer(tiny.config(model__base=8))
    other.save_weights(tmp_path / "other.npz")
    with pytest.raises(DataError, match=r"other\.npz does not fit unet: bottleneck_conv1/bias"):
        warm.load(tmp_path / "other.npz")


def test_parameters_are_counted(tiny, warm) -> None:
    assert warm.parameters == sum(v.numpy().size for v in warm._model.variables)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_float16", "bfloat16"])
@pytest.mark.parametrize(
    "design", [{}, {"model__name": "attention_unet"}, {"model__name": "transunet"}]
)
def test_half_precision_trains(tiny, precision: str, design: dict[str, str]) -> None:
    size = {"model__variant": "compact"} if design.get("model__name") == "transunet" else {}
    settings = tiny.config(training__precision=precision, training__epochs=2, **design, **size)
    warm = tiny.trainer(settings)
    first = tiny.fit(warm, settings)
    assert np.isfinite(first.epochs[-1].loss)
    assert tiny.outcome(tiny.fit(warm, settings)) == tiny.outcome(first)
    assert keras.config.dtype_policy().name == "float32"


def test_shared_layers_of_two_designs_start_alike(tiny) -> None:
    still = {"training__epochs": 1, "training__learning_rate": 1e-30, "training__l2": 0.0}
    plain, normed = (tiny.config(**still, model__batch_norm=flag) for flag in (False, True))
    kernels = []
    for settings in (plain, normed):
        warm = tiny.trainer(settings)
        tiny.fit(warm, settings)
        kernels.append(warm._model.get_layer("decoder0_conv2").kernel.numpy())
    np.testing.assert_allclose(kernels[0], kernels[1], atol=1e-12)
