"""The calibration benchmark holds on a small sample, and can fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.mark.slow
@pytest.mark.sample
def test_the_default_procedure_is_wrong_as_often_as_it_says():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "calibration.py", "--replicates", "500"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("+-") == 9


@pytest.mark.slow
@pytest.mark.sample
def test_the_verdict_is_wrong_as_seldom_as_it_says():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "verdict.py", "--data-sets", "200"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" power 0.") == 8
    assert done.stdout.count("no X is stated") == 7  # 12 patients, or misses make the difference
