"""Devices that this machine does not have, as TensorFlow would show them."""

from __future__ import annotations

import pytest
import tensorflow as tf

from ablation.config import Config
from ablation.training import devices
from ablation.training.devices import memory_named, refuse_unseen_gpu, share_gpus, use_threads
from ablation.training.errors import GpuUnseen, OutOfMemory
from ablation.training.trainer import Trainer


def seen(monkeypatch: pytest.MonkeyPatch, *gpus: str) -> None:
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(gpus))


def test_a_gpu_that_tensorflow_does_not_see_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    seen(monkeypatch)
    monkeypatch.setattr(devices, "gpu_present", lambda: True)
    with pytest.raises(GpuUnseen, match="lists a GPU, but TensorFlow sees none") as caught:
        refuse_unseen_gpu()
    assert "ablate[gpu]" in caught.value.hint
    assert "CUDA_VISIBLE_DEVICES=-1" in caught.value.hint


def test_nothing_is_built_on_the_wrong_device(monkeypatch: pytest.MonkeyPatch) -> None:
    seen(monkeypatch)
    monkeypatch.setattr(devices, "gpu_present", lambda: True)
    with pytest.raises(GpuUnseen):
        Trainer(Config(), (256, 256, 1))


@pytest.mark.parametrize(("present", "gpus"), [(True, ["GPU:0"]), (False, [])])
def test_a_gpu_that_is_seen_or_absent_is_fine(
    monkeypatch: pytest.MonkeyPatch, present: bool, gpus: list[str]
) -> None:
    seen(monkeypatch, *gpus)
    asked: list[bool] = []
    monkeypatch.setattr(devices, "gpu_present", lambda: asked.append(present) or present)
    refuse_unseen_gpu()
    assert asked == [present]


def test_every_gpu_gives_memory_as_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen(monkeypatch, "GPU:0", "GPU:1")
    grown: dict[str, bool] = {}
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", grown.__setitem__)
    share_gpus()
    assert grown == {"GPU:0": True, "GPU:1": True}


@pytest.mark.parametrize(
    "fault",
    [
        tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"),
        tf.errors.InternalError(None, None, "CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
        tf.errors.UnknownError(None, None, "CUDNN_STATUS_ALLOC_FAILED"),
        MemoryError(),
    ],
)
def test_every_lack_of_memory_has_one_name(fault: Exception) -> None:
    with (
        pytest.raises(OutOfMemory, match="unet with batches of 16 at") as caught,
        memory_named(Config()),
    ):
        raise fault
    assert caught.value.reason == "out of memory"
    for way in ("training.batch_size", "data.image_size", "mixed_float16"):
        assert way in caught.value.hint


def test_another_fault_keeps_its_name() -> None:
    with pytest.raises(tf.errors.InternalError), memory_named(Config()):
        raise tf.errors.InternalError(None, None, "something else")


def test_a_process_computes_with_one_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    tf.zeros(1)  # TensorFlow has started, with a thread for each core
    monkeypatch.setattr(devices, "usable_cores", lambda: 5)
    assert use_threads(None)
    assert use_threads(5) == (tf.config.threading.get_intra_op_parallelism_threads() in (0, 5))
    assert not use_threads(77)
