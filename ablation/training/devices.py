"""What TensorFlow computes on: an unseen GPU is refused, a seen one shared, lack of memory named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from ablation.config import Config
from ablation.config.cores import usable_cores
from ablation.config.gpu import UNSEEN, UNSEEN_HINT, gpu_present
from ablation.training.errors import GpuUnseen, OutOfMemory

FULL = ("out of memory", "OUT_OF_MEMORY", "ALLOC_FAILED")
"""What CUDA's libraries say where TensorFlow has no error class of its own for a full GPU."""


def share_gpus() -> None:
    """Let this process take GPU memory as it needs it; call before TensorFlow's first operation.

    By default the first process takes nearly all of it and a second worker finds none.
    """
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)


def use_threads(threads: int | None) -> bool:
    """Compute with this many threads on the CPU, however many cores there are.

    How sums are divided among threads decides their last bits; the number of cores does not.

    Args:
        threads: As stored with the study; None: a study of an earlier version, every core.

    Returns:
        Whether they are used: False where this process computes with another number already.
    """
    if threads is None:
        return True
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    except RuntimeError:  # TensorFlow has started
        now = tf.config.threading.get_intra_op_parallelism_threads()
        return now == threads or (now == 0 and threads == usable_cores())
    return True


def refuse_unseen_gpu() -> None:
    """Refuse to train on the CPU where there is a GPU, unless it is hidden on purpose.

    Raises:
        GpuUnseen: The driver lists a GPU and TensorFlow does not.
    """
    if gpu_present() and not tf.config.list_physical_devices("GPU"):
        raise GpuUnseen(UNSEEN, hint=UNSEEN_HINT)


@contextmanager
def memory_named(config: Config) -> Iterator[None]:
    """Turn every way of running out of memory into one error.

    Raises:
        OutOfMemory: In place of what TensorFlow, CUDA or NumPy raised.
    """
    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError) as fault:
        raise _out_of_memory(config) from fault
    except (tf.errors.InternalError, tf.errors.UnknownError) as fault:
        if not any(words in str(fault) for words in FULL):
            raise
        raise _out_of_memory(config) from fault


def _out_of_memory(config: Config) -> OutOfMemory:
    return OutOfMemory(
        f"{config.model.name} with batches of {config.training.batch_size} at "
        f"{config.data.image_size}x{config.data.image_size} does not fit into memory",
        hint="Lower training.batch_size, data.image_size or the width of the network; on a GPU "
        "training.precision=mixed_float16 needs about half.",
    )
