"""What the doctor says about GPUs, for each pair of answers of driver and TensorFlow."""

from __future__ import annotations

import pytest

from ablation.cli import doctor
from ablation.config import gpu

CPU = '{"devices": ["/physical_device:CPU:0"]}'
BOTH = '{"devices": ["/physical_device:CPU:0", "/physical_device:GPU:0"]}'


@pytest.mark.parametrize(
    ("listed", "visible", "tensorflow", "said"),
    [
        (False, None, CPU, "no"),
        (True, None, BOTH, "yes"),
        (True, None, CPU, f"yes, BUT UNUSED: {gpu.UNSEEN}. {gpu.UNSEEN_HINT}"),
        (True, "-1", CPU, "yes, hidden by CUDA_VISIBLE_DEVICES: training runs on the CPU"),
    ],
)
def test_a_gpu_that_is_not_used_is_said(
    monkeypatch: pytest.MonkeyPatch, listed: bool, visible: str | None, tensorflow: str, said: str
) -> None:
    monkeypatch.setattr(gpu, "driver_lists_gpu", lambda: listed)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert doctor._gpu(tensorflow) == said
