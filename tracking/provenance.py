"""Where a run comes from: code, packages, machine and command line, without secrets or home paths."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

from tracking.redaction import names_a_secret, without_secrets

PACKAGES = ("ablate", "keras", "mlflow", "numpy", "optuna", "pandas", "scipy", "tensorflow")

CPU_FEATURES = ("fma", "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd", "sve")
"""Which arithmetic a CPU has; libraries choose by these, and the last bits follow."""

PATH = "PATH"
_QUOTED = re.compile(r"""(["'])(?:~|\.{0,2})/(?:[^/"'\n]+/)*([^/"'\n]*)\1""")  # may hold spaces
_FOLDERS = re.compile(r"(?<![\w.~:/-])/(?:[^\s/'\"]+/)+")


def collect() -> dict[str, object]:
    """Return packages, Python, machine, commit and command line of this process, for run.json.

    Example:
        >>> sorted(collect())
        ['command', 'commit', 'cores', 'cpu', 'cpu_features', 'packages', 'platform', 'python']
    """
    return {
        "command": recorded_command(sys.argv),
        "commit": _commit(Path(__file__).resolve().parents[1]),
        "packages": _versions(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": _cpu("model name"),
        "cpu_features": " ".join(
            word for word in CPU_FEATURES if word in _cpu("(?:flags|Features)").split()
        ),
        "cores": os.cpu_count(),
    }


def command_line(words: Sequence[str]) -> str:
    """Return a command line with secrets as *** and the home folder as ~.

    >>> command_line(["/usr/bin/ablate", "sweep", "--tracking-uri=http://me:pw@lab:5500"])
    'ablate sweep --tracking-uri=http://***@lab:5500'
    >>> command_line(["ablate", "ui", "--token", "abc", "--set", "x.password=abc"])
    'ablate ui --token *** --set x.password=***'
    """
    clean: list[str] = [Path(word).name for word in words[:1]]
    hide_next = False
    for word in words[1:]:
        key, equals, _ = word.partition("=")
        is_secret = names_a_secret(key) and (word.startswith("-") or bool(equals))
        clean.append("***" if hide_next else f"{key}=***" if is_secret and equals else word)
        hide_next = is_secret and not equals
    text = without_secrets(" ".join(clean))
    return text.replace(str(Path.home()), "~")


def recorded_command(words: Sequence[str]) -> str:
    """Return a command line for a record that others read: without secrets, each path as PATH.

    A path is what holds a separator, or names a file or folder that is there: relative ones and
    those with spaces name people as well as absolute ones do.

    >>> recorded_command(["ablate", "sweep", "--data", "Doe, Jane/scans", "--trials", "2"])
    'ablate sweep --data PATH --trials 2'
    >>> recorded_command(["ablate", "sweep", "--set", "data.path=/data/Jane Doe", "--seeds=3"])
    'ablate sweep --set data.path=PATH --seeds=3'
    """
    return without_paths(command_line([*words[:1], *map(_without_path, words[1:])]))


def _without_path(word: str) -> str:
    key, equals, value = word.rpartition("=")
    return f"{key}{equals}{PATH}" if _is_path(value) or _is_path(word) else word


def _is_path(text: str) -> bool:
    if "://" in text or text.startswith("-"):
        return False
    try:
        is_there = bool(text) and Path(text).expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        is_there = True  # too long, or no name of a file: rather hidden than shown
    return is_there or any(mark in text for mark in "/\\")


def without_paths(text: str) -> str:
    """Return a text without secrets and the folders of absolute paths: they name people and places.

    >>> without_paths("ablate sweep --data /data/hospital/scans --tracking-uri http://lab:5500/x")
    'ablate sweep --data scans --tracking-uri http://lab:5500/x'
    """
    clean = without_secrets(text).replace(str(Path.home()), "~")
    return _FOLDERS.sub("", _QUOTED.sub(r"\1\2\1", clean))


@cache
def _versions() -> dict[str, str]:
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


@cache
def _commit(folder: Path) -> str:
    """Return the commit of the code, with "+" when it was changed since; "" outside a checkout."""
    if not (folder / ".git").exists():
        return ""
    git = ("git", "-C", str(folder))
    try:
        commit = subprocess.check_output(
            (*git, "rev-parse", "HEAD"), text=True, stderr=subprocess.DEVNULL
        )
        changes = subprocess.check_output(
            (*git, "status", "--porcelain"), text=True, stderr=subprocess.DEVNULL
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return commit.strip() + ("+" if changes else "")


@cache
def _cpu(line: str) -> str:
    """Return a line of what the kernel says of the CPU; "" where it says nothing."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        text = ""
    found = re.search(rf"^{line}\s*:\s*(.+)$", text, re.MULTILINE)
    if found is None:
        return platform.processor() if line == "model name" else ""
    return found.group(1)
