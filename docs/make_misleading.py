"""Write docs/misleading.md: five ways in which a comparison misleads, with numbers from the phantom.

    uv run python docs/make_misleading.py

The designs need no training (threshold_designs.py). A test fails while the page differs.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threshold_designs import LEAST_VOXELS, designs, slices

from ablation.comparison import Comparison, compare
from ablation.config.sections import ComparisonConfig
from ablation.metrics.empty import with_penalties
from ablation.statistics.paired import signed_rank

PAGE = Path(__file__).with_name("misleading.md")
ALPHA = 0.05

INTRODUCTION = """# Five ways to be misled

Each of these is common in papers on segmentation, and each can turn a result around. The numbers are
made by `uv run python docs/make_misleading.py` on the generated phantom: {patients} test patients,
{slices} slices, two rules without training. `sensitive` keeps everything above a threshold;
`strict` also drops parts of fewer than {least} voxels, so it misses small tumours and is quieter where
there is none. `ablate` computes the lines in bold; the others are what is often printed instead.

- [Empty slices](#1-empty-slices-counted-as-perfect-or-dropped)
- [Slices as patients](#2-slices-taken-as-independent)
- [One-sided tests](#3-one-sided-tests-in-the-winning-direction)
- [Percentiles as intervals](#4-percentiles-called-a-confidence-interval)
- [Missed tumours at distance 0](#5-a-missed-tumour-with-distance-0)
"""

EMPTY = """## 1. Empty slices counted as perfect, or dropped

Most slices hold no tumour. Where neither truth nor prediction has one, Dice is 0/0. Many programs call it 1;
then a design earns its score by being quiet. Others drop every slice without a tumour, and with it all that
a design finds where there is nothing. Both also replace the patient by the slice.

{table}
{empty} of {slices} slices hold no tumour. Counting them as perfect moves `strict` from {patient_strict} to
{one_strict}; dropping them gives {kept_strict}. `ablate` adds up the voxels of a patient's volume, quiet slices and
false alarms included, and judges patients; what was found where there is no tumour has a table of its own.
"""

INDEPENDENT = """## 2. Slices taken as independent

Slices of one patient share the tumour, the scanner and the person who drew the truth. A test that takes
{n_slices} slices for {n_slices} witnesses finds a much smaller p than {n_patients} patients give:

{table}
In these data slices of a patient are so alike (intraclass correlation {icc}) that {n_slices} of them tell as much as
{effective} independent ones. How often such a test finds a difference where there is none:
`benchmarks/calibration.py`, up to 58 % instead of 5 %.
"""

ONE_SIDED = """## 3. One-sided tests in the winning direction

Look which design is ahead, then test in that direction: p is halved, and false finds become nearly twice
as frequent. For the Dice of these designs, where p < 0.05 would be called significant:

{table}
Flip the signs of these {n} differences in all {flips:,} ways, so that neither design is better: the one-sided test
towards whoever is ahead then falls below 0.05 in {false_one} of them, the two-sided one in {false_two}.
`ablate` tests two-sided; `--alternative greater` needs a reference, and says so when it was not planned.
"""

PERCENTILES = """## 4. Percentiles called a confidence interval

The 2.5th and 97.5th percentile of the patients' scores say how different patients are. They do not say how
well the mean is known, do not shrink with more patients, and two designs almost always overlap:

{table}
Nor do the intervals of two means say whether the designs differ, since they are scored on the same patients;
the interval of the difference within patients does.
"""

DISTANCE = """## 5. A missed tumour with distance 0

Without a prediction there is no surface and HD95 is undefined. Some programs return 0, the best value there
is, others drop the case for the design that missed; either way missing pays:

{table}
`strict` misses {missed} of {n} tumours. `ablate` gives a missed tumour the diagonal of its scan (here up to {penalty} mm),
shows medians first because that penalty drives the mean, and prints the other rules beside it. The common
0 makes `strict` better by {naive} mm on average; with its misses counted it is {right}.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")


def page() -> str:
    """Return the whole page."""
    comparison = compare(designs(), ComparisonConfig())
    by_name = {design.name: slices(design.name) for design in designs()}
    first = INTRODUCTION.format(
        patients=len(comparison.primary.patients),
        slices=len(by_name["strict"]),
        least=LEAST_VOXELS,
    )
    parts = [
        empty_slices(comparison, by_name),
        independent_slices(comparison),
        one_sided(comparison),
        percentiles(comparison),
        distance_zero(),
    ]
    return "\n".join([first, *parts])


def empty_slices(comparison: Comparison, by_name: dict[str, pd.DataFrame]) -> str:
    """Return the first section: Dice by slice under two habits, and by patient."""
    one = {name: rows["dice"].fillna(1.0).mean() for name, rows in by_name.items()}
    kept = {name: rows.loc[has_tumour(rows), "dice"].mean() for name, rows in by_name.items()}
    patient = {s.design: s.interval.mean for s in comparison.primary.summaries}
    lines = [
        ("mean Dice of all slices, empty ones 1", one),
        ("mean Dice of slices with a tumour", kept),
        ("**mean Dice of patients**", patient),
    ]
    rows = by_name["strict"]
    return EMPTY.format(
        table=table([(words, *_both(values, 3)) for words, values in lines]),
        empty=int((~has_tumour(rows)).sum()),
        slices=len(rows),
        one_strict=f"{one['strict']:.3f}",
        kept_strict=f"{kept['strict']:.3f}",
        patient_strict=f"{patient['strict']:.3f}",
    )


def has_tumour(rows: pd.DataFrame) -> pd.Series:
    """Tell which slices hold a part of the tumour."""
    return rows["truth_voxels"] > 0


def independent_slices(comparison: Comparison) -> str:
    """Return the second section: the same test on slices and on patients."""
    tumour = [slices(design.name)[lambda rows: has_tumour(rows)] for design in designs()]
    sensitive, strict = tumour
    naive = signed_rank(strict["dice"].to_numpy() - sensitive["dice"].to_numpy())
    contrast = comparison.primary.contrasts[0]
    as_cases = compare(
        [replace(design, cases=(rows,)) for design, rows in zip(designs(), tumour, strict=True)],
        ComparisonConfig(unit="case", secondary=()),
    )
    alike = as_cases.primary.contrasts[0].clustering
    assert alike is not None
    lines = [
        ("slices with a tumour", str(naive.n), _p(naive.p_two_sided)),
        ("**patients**", str(contrast.n), _p(contrast.rank.p_two_sided)),
    ]
    return INDEPENDENT.format(
        table=table(lines, ("unit of the signed-rank test", "n", "p")),
        n_slices=naive.n,
        n_patients=contrast.n,
        icc=f"{alike.icc:.2f}",
        effective=f"{alike.n_effective:.0f}",
    )


def one_sided(comparison: Comparison) -> str:
    """Return the third section: the p-value of Dice, and how often each test would be wrong."""
    contrast = comparison.primary.contrasts[0]
    rank = contrast.rank
    winning = min(rank.p_greater, rank.p_less)
    rows = [
        ("one-sided, towards the design that is ahead", _p(winning)),
        ("**two-sided**", _p(rank.p_two_sided)),
    ]
    false_one, false_two = false_finds(np.array(contrast.d))
    return ONE_SIDED.format(
        table=table(rows, ("signed-rank test of Dice", "p")),
        n=contrast.n,
        flips=2**contrast.n,
        false_one=f"{100 * false_one:.1f} %",
        false_two=f"{100 * false_two:.1f} %",
    )


def false_finds(d: NDArray[np.float64]) -> tuple[float, float]:
    """Return how often the tests reject over all flips of the signs: in the winning direction, two-sided."""
    # A flip and its mirror image give the same answers: half of them are enough.
    half = product((1.0,), *[(-1.0, 1.0)] * (d.size - 1))
    found = [signed_rank(d * np.array(signs)) for signs in half]
    one = [min(rank.p_greater, rank.p_less) < ALPHA for rank in found]
    two = [rank.p_two_sided < ALPHA for rank in found]
    return float(np.mean(one)), float(np.mean(two))


def percentiles(comparison: Comparison) -> str:
    """Return the fourth section: the spread of patients beside the interval of their mean."""
    rows = []
    for summary in comparison.primary.summaries:
        low, high = np.quantile(comparison.primary.scores[summary.design], [0.025, 0.975])
        interval = summary.interval
        assert interval.low is not None
        rows.append(
            (
                f"`{summary.design}`",
                f"{interval.mean:.3f}",
                f"{low:.3f} to {high:.3f}",
                f"{interval.low:.3f} to {interval.high:.3f}",
            )
        )
    contrast = comparison.primary.contrasts[0]
    i = contrast.t.interval
    assert i.low is not None
    name = f"`{contrast.reference}` minus `{contrast.candidate}`"
    rows.append((name, f"{-i.mean:+.3f}", "", f"{-i.high:+.3f} to {-i.low:+.3f}"))
    heads = (
        "Dice",
        "mean",
        "2.5th to 97.5th percentile",
        "**95 % confidence interval of the mean**",
    )
    return PERCENTILES.format(table=table(rows, heads))


def distance_zero() -> str:
    """Return the fifth section: HD95 of a missed tumour as 0, dropped, and as the diagonal."""
    test = {d.name: d.cases[0][d.cases[0]["split"] == "test"] for d in designs()}
    zero = {name: rows["hd95"].fillna(0.0) for name, rows in test.items()}
    drop = {name: rows["hd95"].dropna() for name, rows in test.items()}
    full = {name: with_penalties(rows)["hd95"] for name, rows in test.items()}
    lines = []
    for words, values in (("0", zero), ("left out", drop), ("**the diagonal of the scan**", full)):
        means = _both({name: one.mean() for name, one in values.items()}, 1)
        medians = _both({name: one.median() for name, one in values.items()}, 1)
        lines.append((words, *means, *medians))
    missed = test["strict"]["status"] == "missed"
    right = float(full["strict"].mean() - full["sensitive"].mean())
    words = f"worse by {right:.1f} mm" if right > 0 else f"better by {-right:.1f} mm"
    heads = (
        "a missed tumour counts",
        "mean `sensitive`",
        "mean `strict`",
        "median `sensitive`",
        "median `strict`",
    )
    return DISTANCE.format(
        table=table(lines, heads),
        missed=int(missed.sum()),
        n=len(missed),
        penalty=f"{full['strict'][missed].max():.0f}",
        naive=f"{zero['sensitive'].mean() - zero['strict'].mean():.1f}",
        right=words,
    )


def table(
    rows: list[tuple[str, ...]], heads: tuple[str, ...] = ("", "`sensitive`", "`strict`")
) -> str:
    """Return a Markdown table."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _both(values: dict[str, float], digits: int) -> tuple[str, str]:
    return f"{values['sensitive']:.{digits}f}", f"{values['strict']:.{digits}f}"


def _p(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"{p:.3g}"


if __name__ == "__main__":
    main()
