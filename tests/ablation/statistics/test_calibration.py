"""The calibration benchmark holds on a small sample, and can fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "calibration.py"


@pytest.mark.slow
@pytest.mark.sample
def test_the_default_procedure_is_wrong_as_often_as_it_says():
    done = subprocess.run(
        [sys.executable, BENCHMARK, "--replicates", "500"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("+-") == 9
