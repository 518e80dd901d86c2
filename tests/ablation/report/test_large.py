"""Eight designs, three metrics, 500 patients: how long it takes and how large the page is."""

from __future__ import annotations

import time

import numpy as np
import pytest

from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig
from ablation.report import Source, write_report

N, K = 500, 8


@pytest.mark.slow
@pytest.mark.sample
def test_a_large_comparison_stays_small_and_quick(design, table, tmp_path):
    rng = np.random.default_rng(0)
    hard, designs = rng.normal(1.2, 0.8, N), []
    voxels = (10 ** rng.uniform(3, 5, N)).astype(int)
    for j in range(K):
        dice = 1 / (1 + np.exp(-hard - 0.1 * j - rng.normal(0, 0.3, N)))
        frame = table(dice.tolist(), {0: "missed"} if j == 0 else {}, truth_voxels=voxels)
        designs.append(design(f"design_number_{j}", frame.assign(nsd=dice**0.5)))
    started = time.process_time()
    comparison = compare(designs, ComparisonConfig(secondary=("hd95", "nsd")))
    page = write_report(comparison, Source("large"), tmp_path)[0]
    assert time.process_time() - started < 30
    assert page.stat().st_size < 8_000_000
