"""What the NVIDIA driver says about GPUs, without asking TensorFlow, which takes seconds to start."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

FOLDERS = {Path("/proc/driver/nvidia/gpus"): "*", Path("/dev"): "nvidia[0-9]*"}
"""Where the driver's GPUs appear, and under what names."""
NO_GPU = ("", "-1", "NoDevFiles")
"""First entries of CUDA_VISIBLE_DEVICES that hide every GPU; the last is what SLURM writes."""
UNSEEN = "the NVIDIA driver lists a GPU, but TensorFlow sees none"
UNSEEN_HINT = (
    "Install the CUDA libraries with the extra ablate[gpu] (uv sync --extra gpu); to train on the "
    "CPU on purpose, set CUDA_VISIBLE_DEVICES=-1. ablate doctor shows what each of them sees."
)


def gpu_present() -> bool:
    """Return whether the driver lists a GPU that is not hidden from this process.

    CUDA_VISIBLE_DEVICES=-1, or empty, is CUDA's own way to say "on the CPU".
    """
    return not gpus_hidden() and driver_lists_gpu()


def gpus_hidden() -> bool:
    """Return whether CUDA_VISIBLE_DEVICES keeps every GPU from this process."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return visible is not None and visible.split(",")[0].strip() in NO_GPU


def driver_lists_gpu() -> bool:
    """Return whether the machine has an NVIDIA GPU with a driver."""
    if any(any(folder.glob(name)) for folder, name in FOLDERS.items()):
        return True
    # Under WSL2 the driver shows no files, only its own program knows.
    program = shutil.which("nvidia-smi")
    if program is None:
        return False
    listed = subprocess.run([program, "-L"], capture_output=True, text=True, check=False)
    return listed.returncode == 0 and listed.stdout.startswith("GPU ")
