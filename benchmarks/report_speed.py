"""What a full report costs beside a plain loop of the same tests, and beside autorank.

    uv run python benchmarks/report_speed.py
    uv run --with autorank python benchmarks/report_speed.py

8 designs, 3 metrics, 500 patients: comparison with 10,000 shared draws of patients, page with all
figures, every file. CPU seconds without imports; a peer that cannot be imported is left out by
name. The loop makes the same p-values only: Wilcoxon, t, Holm and Friedman, no interval but t.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from ablation.comparison import Comparison, Design, compare
from ablation.config.sections import ComparisonConfig
from ablation.report import Source, write_report

DESIGNS, PATIENTS, SEED = 8, 500, 20260101
METRICS = ("dice", "hd95", "nsd")
MOST_SECONDS, MOST_BYTES = 30.0, 8_000_000
SETTINGS = ComparisonConfig(metric=METRICS[0], secondary=METRICS[1:])


def designs() -> list[Design]:
    """Scores that differ little between designs and much between patients, as real ones do."""
    rng = np.random.default_rng(SEED)
    difficulty = rng.normal(1.4, 0.8, PATIENTS)
    volumes = rng.lognormal(9.0, 1.0, PATIENTS).astype(int)
    return [
        Design(f"design{j}", (cases(difficulty + 0.05 * j, volumes, rng),)) for j in range(DESIGNS)
    ]


def cases(difficulty: np.ndarray, volumes: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    n = len(difficulty)
    ids = [f"P{i:03d}" for i in range(n)]
    dice = 1 / (1 + np.exp(-difficulty - rng.normal(0, 0.4, n)))
    lesions = rng.integers(1, 4, n)
    scores = {
        "dice": dice,
        "hd95": 40 * (1 - dice) + rng.gamma(2, 1, n),
        "nsd": np.clip(dice + rng.normal(0, 0.05, n), 0, 1),
    }
    counts = {
        "truth_voxels": volumes,
        "lesions_truth": lesions,
        "lesions_found": rng.binomial(lesions, 0.9),
        "lesions_false": rng.poisson(0.3, n),
    }
    return pd.DataFrame({"patient": ids, "case": ids, **scores, **counts}).assign(
        target="WT", split="test", status="scored", shape="155x240x240", spacing="1x1x1",
        distance_unit="mm", truth_hash=ids,
    )  # fmt: skip


def plain_loop(tables: Mapping[str, pd.DataFrame]) -> None:
    """The same tests with scipy and statsmodels, as a script for a paper has them."""
    adjust = importlib.import_module("statsmodels.stats.multitest").multipletests
    for table in tables.values():
        stats.friedmanchisquare(*(table[name] for name in table))
        p = []
        for a, b in combinations(table.columns, 2):
            p.append(stats.wilcoxon(table[a], table[b], zero_method="pratt").pvalue)
            test = stats.ttest_rel(table[a], table[b])
            test.confidence_interval()
        adjust(p, method="holm")


def autorank_of(tables: Mapping[str, pd.DataFrame]) -> None:
    autorank = importlib.import_module("autorank").autorank
    for name, table in tables.items():
        order = "ascending" if name == "hd95" else "descending"
        autorank(table, alpha=0.05, order=order, verbose=False)


def cpu_seconds(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def peer(name: str, package: str, work: Callable[[], object]) -> None:
    try:
        importlib.import_module(package)
    except ImportError:
        print(f"{name}: left out, {package} is not installed")
        return
    with contextlib.redirect_stdout(io.StringIO()):  # autorank prints its tables
        seconds = cpu_seconds(work)
    print(f"{name}: {seconds:.2f} CPU s")


def main() -> None:
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")
    print(f"{DESIGNS} designs, {len(METRICS)} metrics, {PATIENTS} patients")
    scored = designs()
    results: list[Comparison] = []
    comparing = cpu_seconds(lambda: results.append(compare(scored, SETTINGS)))
    with tempfile.TemporaryDirectory() as folder:
        source, place = Source("benchmark"), Path(folder)
        writing = cpu_seconds(lambda: write_report(results[0], source, place))
        size = (place / "index.html").stat().st_size
    total = comparing + writing
    print(f"full report: {total:.1f} CPU s (comparison {comparing:.1f}, files {writing:.1f})")
    print(f"index.html: {size / 1e6:.2f} MB")
    tables = {
        metric: pd.DataFrame({d.name: d.cases[0].set_index("case")[metric] for d in scored})
        for metric in METRICS
    }
    peer("plain loop, p-values alone", "statsmodels", lambda: plain_loop(tables))
    peer("autorank", "autorank", lambda: autorank_of(tables))
    assert total < MOST_SECONDS, f"a report takes {total:.1f} CPU s"
    assert size < MOST_BYTES, f"the page has {size} bytes"


if __name__ == "__main__":
    main()
