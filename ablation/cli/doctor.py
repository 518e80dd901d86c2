"""`ablate doctor`: the machine, the packages, the disk and the server, as ablate sees them."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import typer

from ablation.cli.options import (
    AsJson,
    Cache,
    Workspace,
    print_json,
)
from ablation.files.places import DEFAULT_WORKSPACE, cache_folder

EXAMPLES = "Examples:\n\nablate doctor\n\nablate doctor --json"
PACKAGES = ("tensorflow", "keras", "mlflow", "optuna", "numpy", "scipy", "pandas", "plotly")
ASK_TENSORFLOW = (
    "import json, tensorflow as tf; print(json.dumps({"
    "'devices': [d.name for d in tf.config.list_physical_devices()], "
    "'threads': tf.config.threading.get_intra_op_parallelism_threads() or 'all cores'}))"
)


def doctor(
    workspace: Workspace = DEFAULT_WORKSPACE, cache: Cache = None, as_json: AsJson = False
) -> None:
    """Show versions, devices, folders, free disk, and whether storage and server are reachable."""
    from tracking.schema import own_version

    devices = _tensorflow()
    facts = {
        "ablate": own_version(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        **{name: _version(name) for name in PACKAGES},
        "tensorflow devices": devices,
        "NVIDIA driver sees a GPU": _gpu(devices),
        "workspace": _folder(workspace),
        "cache": _folder(cache_folder(cache)),
        "trial database": _storage(workspace),
        "tracking": _tracking(workspace),
    }
    if as_json:
        print_json(facts)
        return
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        typer.echo(f"{name.ljust(width)}  {value}")


def _version(package: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing: pip install ablate"


def _tensorflow() -> str:
    """Ask in a process of its own: a broken TensorFlow must not break the doctor."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", ASK_TENSORFLOW],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return lines[-1] if lines else f"does not start (exit {done.returncode})"


def _gpu(devices: str) -> str:
    from ablation.config.gpu import UNSEEN, UNSEEN_HINT, driver_lists_gpu, gpus_hidden

    if not driver_lists_gpu():
        return "no"
    if gpus_hidden():
        return "yes, hidden by CUDA_VISIBLE_DEVICES: training runs on the CPU"
    return "yes" if "GPU" in devices else f"yes, BUT UNUSED: {UNSEEN}. {UNSEEN_HINT}"


def _folder(folder: Path) -> str:
    place = folder.absolute()
    existing = next(parent for parent in (place, *place.parents) if parent.exists())
    free = shutil.disk_usage(existing).free / 1e9
    writable = "writable" if os.access(existing, os.W_OK) else "NOT WRITABLE"
    return f"{place} ({writable}, {free:.1f} GB free)"


def _storage(workspace: Path) -> str:
    from ablation.experiments.study import storage_url
    from sweeps import SweepError, list_studies

    if not (workspace / "optuna.db").exists():
        return "none yet; ablate sweep makes it"
    try:
        return f"{len(list_studies(storage_url(workspace)))} studies"
    except SweepError as error:
        return error.message


def _tracking(workspace: Path) -> str:
    from ablation.config.asked import tracking_address
    from tracking.address import shown
    from tracking.errors import TrackingError
    from tracking.mlflow.connection import check

    uri = tracking_address(workspace)
    if uri.startswith("sqlite:") and not workspace.exists():
        return f"{shown(uri)} (none yet)"
    try:
        check(uri)
    except TrackingError as error:
        return error.message
    return f"{shown(uri)} (reachable)"
