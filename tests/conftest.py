"""How the tests are run: the whole default suite in two processes, anything less in one."""

from __future__ import annotations

import os

import pytest

DEFAULT_MARKS = "not slow and not kills and not browser"
"""The marks of `addopts` in pyproject.toml."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many processes `-n auto` means.

    Starting one takes as long as a file of tests, so named files, `-k` and the marked tests run in
    one; the marked ones also send signals and start sweeps of their own, which need the machine.
    """
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    marks = config.getoption("markexpr") == DEFAULT_MARKS and not config.getoption("keyword")
    return min(os.cpu_count() or 1, 2) if whole and marks else 0
