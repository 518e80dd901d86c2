"""What every metric keeps: its formula's empty cells, direction and bounds, and its place in tables,
comparisons and reports, which all follow from its entry."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from ablation.comparison import Comparison, Design, compare
from ablation.comparison.analysis.empties import scores_under
from ablation.comparison.tables.missing import with_worst
from ablation.config import Config, with_values
from ablation.config.sections import ComparisonConfig
from ablation.errors import UsageError
from ablation.experiments.experiment import check_names
from ablation.fairness import FairnessFacts
from ablation.metrics.cases import COUNTS, columns, score_case, summarise
from ablation.metrics.empty import penalty_of
from ablation.metrics.metric import DIAGONAL, ROW_UNIT, Metric
from ablation.metrics.pair import STATUSES, MaskPair, Status
from ablation.metrics.registry import METRICS
from ablation.metrics.table import read_cases, write_cases
from ablation.report import Source, write_report
from ablation.report.methods import methods
from ablation.scores.bare import read_bare
from ablation.scores.bare_designs import our_name

SPACING = (3.0, 1.0, 1.0)
SHAPE = (6, 16, 18)


def discovery(pair: MaskPair) -> float:
    counts = pair.voxels
    return counts.fp / (counts.tp + counts.fp) if counts.tp + counts.fp else math.nan


FDR = Metric(
    name="fdr",
    label="false discovery rate",
    kind="ratio",
    higher_is_better=False,
    digits=3,
    function=discovery,
    meaning="FP / (TP + FP)",
    bounds=(0.0, 1.0),
    undefined=("missed", "both_empty"),
    penalty=1.0,
    summary=("mean",),
    other_names=("false_discovery_rate",),
    definition="the share of predicted voxels that are false [@maierhein2024]",
)

SIZE_ERROR = Metric(
    name="size_error",
    label="size error",
    kind="loss",
    higher_is_better=False,
    digits=1,
    function=lambda pair: abs(pair.voxels.fp - pair.voxels.fn),
    meaning="| predicted - true voxels |",
    unit="voxels",
    bounds=(0.0, math.inf),
    summary=("median",),
)

ADDED = (FDR, SIZE_ERROR)


@pytest.fixture(params=[*METRICS, *(one.name for one in ADDED)])
def metric(request: pytest.FixtureRequest) -> Iterator[Metric]:
    with METRICS.having(*ADDED):
        yield METRICS[request.param]


def empty() -> np.ndarray:
    return np.zeros(SHAPE, bool)


def lesion() -> np.ndarray:
    mask = empty()
    mask[1:4, 4:10, 5:12] = True
    return mask


def voxel(*place: int) -> np.ndarray:
    mask = empty()
    mask[place] = True
    return mask


def good() -> np.ndarray:
    mask = lesion()
    mask[1, 4] = False
    return mask


def poor() -> np.ndarray:
    mask = lesion()
    mask[1:3] = False
    mask[:, 12:] = True
    return mask


PAIRS: dict[Status, tuple[np.ndarray, np.ndarray]] = {
    "scored": (lesion(), good()),
    "missed": (lesion(), empty()),
    "false_alarm": (empty(), lesion()),
    "both_empty": (empty(), empty()),
}


def value(metric: Metric, truth: np.ndarray, prediction: np.ndarray) -> float:
    """The score of a mask cut from sure probabilities."""
    assert metric.function is not None
    probability = np.where(prediction, 0.9, 0.1).astype(np.float32)
    return float(metric.function(MaskPair(truth, prediction, probability, SPACING)))


def row(patient: str, truth: np.ndarray, prediction: np.ndarray) -> dict[str, object]:
    probability = np.where(prediction, 0.9, 0.1).astype(np.float32)
    return score_case(
        patient, patient, "test", "WT", truth, prediction, probability, SPACING, f"h{patient}"
    )


def rows_of(design: int) -> list[dict[str, object]]:
    """Eight patients, the later ones with a worse mask, the second design's worse than the first's."""
    made = []
    for number in range(8):
        mask = lesion()
        mask[1, : 5 + (number + design) // 2] = False
        mask[5, 9 : 10 + (number + 1) // 2 + 2 * design, 5:] = True
        made.append(row(f"P{number}", lesion(), mask))
    return made


def designs() -> list[Design]:
    return [
        Design(name, (pd.DataFrame(rows_of(i)),), FairnessFacts()) for i, name in enumerate("ab")
    ]


def compared(metric: Metric) -> Comparison:
    return compare(designs(), ComparisonConfig(metric=metric.name, secondary=()))


class TestFormula:
    def test_a_perfect_mask_has_the_best_value(self, metric: Metric) -> None:
        assert metric.function is not None
        sure = lesion().astype(np.float32)
        perfect = metric.function(MaskPair(lesion(), lesion(), sure, SPACING))
        assert perfect == pytest.approx(metric.best, abs=1e-6)

    @pytest.mark.parametrize("status", STATUSES)
    def test_undefined_is_what_the_entry_declares(self, metric: Metric, status: Status) -> None:
        truth, prediction = PAIRS[status]
        assert MaskPair(truth, prediction).status == status
        assert math.isnan(value(metric, truth, prediction)) == (status in metric.undefined)

    def test_one_voxel(self, metric: Metric) -> None:
        here, far = voxel(2, 3, 4), voxel(2, 15, 17)
        hit, lost = value(metric, here, here), value(metric, here, far)
        low, high = metric.bounds
        assert low <= hit <= high
        assert low <= lost <= high
        if metric.name != "size_error":  # both masks have one voxel
            assert metric.sign * (hit - lost) > 0

    def test_a_better_mask_scores_better(self, metric: Metric) -> None:
        better, worse = value(metric, lesion(), good()), value(metric, lesion(), poor())
        assert metric.sign * (better - worse) > 0

    def test_values_stay_within_the_bounds(self, metric: Metric) -> None:
        rng = np.random.default_rng(3)
        low, high = metric.bounds
        for share in (0.01, 0.3, 0.9):
            truth, prediction = (
                ndimage.binary_opening(rng.random(SHAPE) < share) | voxel(3, 8, 8) for _ in range(2)
            )
            assert low <= value(metric, truth, prediction) <= high

    def test_the_penalty_is_the_worst_value(self, metric: Metric) -> None:
        if isinstance(metric.penalty, float):
            low, high = metric.bounds
            assert metric.penalty == (low if metric.higher_is_better else high)
        assert metric.penalty is None or metric.kind in ("ratio", "distance")


class TestTable:
    def test_the_column_is_written_and_read_back(self, metric: Metric, tmp_path: Path) -> None:
        rows = [row(status, *pair) for status, pair in PAIRS.items()]
        path = tmp_path / "per_case.csv"
        write_cases(rows, path)
        header = path.read_text().splitlines()[0].split(",")
        assert header == list(columns())
        assert header.index("status") < header.index(metric.name) < header.index(COUNTS[0])
        read = read_cases(path)[metric.name]
        np.testing.assert_array_equal(read, [one[metric.name] for one in rows])

    def test_a_table_without_it_is_read(self, metric: Metric, tmp_path: Path) -> None:
        path = tmp_path / "per_case.csv"
        write_cases(rows_of(0), path)
        cells = pd.read_csv(path, dtype=str, keep_default_na=False)
        cells.drop(columns=metric.name).to_csv(path, index=False)
        frame = read_cases(path)
        assert frame[metric.name].isna().all()
        assert f"test/{metric.name}" not in summarise(frame)
        other = "nsd" if metric.name == "dice" else "dice"
        settings = ComparisonConfig(metric=other, secondary=(metric.name,))
        done = compare(
            [Design("a", (frame,), FairnessFacts()), Design("b", (frame,), FairnessFacts())],
            settings,
        )
        assert [one.metric.name for one in done.analyses] == [other]
        assert any(note.startswith(f"{metric.label} is not compared") for note in done.notes)

    def test_the_summary_counts_a_missed_tumour_as_the_entry_says(self, metric: Metric) -> None:
        missed = row("P2", *PAIRS["missed"])
        summary = summarise([row("P1", *PAIRS["scored"]), missed])
        scored = value(metric, *PAIRS["scored"])
        known = {"mean": f"test/{metric.name}", "median": f"test/{metric.name}_median"}
        assert {way for way, key in known.items() if key in summary} == set(metric.summary)
        counted = expected(metric, missed)
        for way in metric.summary:
            assert summary[known[way]] == pytest.approx((scored + counted) / 2)

    def test_other_tools_names_are_understood(self, metric: Metric, tmp_path: Path) -> None:
        for name in (metric.name, *metric.other_names):
            path = tmp_path / f"{name}.csv"
            path.write_text(f"case,{name.upper()}\nP1,0.25\nP2,\n")
            read = read_bare(path)[""][metric.name].tolist()
            assert read == pytest.approx([0.25, math.nan], nan_ok=True)
            assert our_name(name.upper(), METRICS) == metric.name

    def test_the_entry_says_what_the_reference_needs(self, metric: Metric) -> None:
        assert metric.meaning
        assert metric.label
        assert metric.digits >= 0


def expected(metric: Metric, missed: dict[str, object]) -> float:
    """What a missed tumour counts: the formula's value, where there is none the penalty."""
    if "missed" not in metric.undefined:
        return float(str(missed[metric.name]))
    if metric.penalty == DIAGONAL:
        return penalty_of(*(str(missed[name]) for name in ("shape", "spacing", "distance_unit")))
    return math.nan if metric.penalty is None else float(metric.penalty)


class TestComparison:
    def test_it_decides_or_is_refused(self, metric: Metric) -> None:
        config = with_values(Config(), {"comparison.metric": metric.name})
        if metric.kind == "background":
            with pytest.raises(UsageError, match="grows with the healthy tissue"):
                compared(metric)
            with pytest.raises(UsageError, match="grows with the healthy tissue"):
                check_names(config, ("unet",))
            return
        check_names(config, ("unet",))
        primary = compared(metric).primary
        unit = "mm" if metric.unit == ROW_UNIT else metric.unit
        assert primary.metric == metric
        assert primary.label == (f"{metric.label} ({unit})" if unit else metric.label)
        assert metric.sign * primary.contrasts[0].t.interval.mean > 0  # a is better
        rows = {one["patient"]: one[metric.name] for one in rows_of(0)}
        assert dict(zip(primary.patients, primary.scores["a"], strict=True)) == rows

    def test_rules_for_empty_masks(self, metric: Metric) -> None:
        rows = pd.DataFrame([row(status, *pair) for status, pair in PAIRS.items()])
        own = dict(zip(rows["patient"], rows[metric.name], strict=True))
        scores = scores_under(rows, metric, "penalty")
        assert list(rows.loc[scores.index, "patient"]) == ["scored", "missed"]
        missed = expected(metric, rows.iloc[1].to_dict())
        assert scores.tolist() == pytest.approx([own["scored"], missed], nan_ok=True)
        every = scores_under(rows, metric, "brats")
        if metric.kind in ("ratio", "distance"):
            assert every[3] == metric.best
        assert every.tolist()[:2] == pytest.approx(scores.tolist(), nan_ok=True)

    def test_a_case_that_a_design_lacks_counts_the_penalty(self, metric: Metric) -> None:
        whole, short = (pd.DataFrame(rows_of(i)) for i in range(2))
        filled = with_worst({("a", 0): whole, ("b", 0): short.drop(index=3)})["b", 0]
        score = scores_under(filled, metric, "penalty")[filled["patient"] == "P3"].item()
        if metric.penalty == DIAGONAL:
            assert score == pytest.approx(math.dist((0, 0, 0), np.multiply(SHAPE, SPACING)))
        else:
            assert score == metric.penalty or (metric.penalty is None and math.isnan(score))

    def test_report_and_methods_name_it(self, metric: Metric, tmp_path: Path) -> None:
        if metric.kind == "background":
            settings = ComparisonConfig(metric="dice", secondary=(metric.name,))
            done = compare(designs(), settings)
        else:
            done = compared(metric)
        paths = {path.name: path for path in write_report(done, Source("demo"), tmp_path)}
        label = done.analyses[-1].label
        for name in ("index.html", "comparison.csv", "comparison.md", "methods.txt"):
            assert label in paths[name].read_text(encoding="utf-8"), name
        assert f'"name": "{metric.name}"' in paths["comparison.json"].read_text(encoding="utf-8")
        role = "secondary" if metric.kind == "background" else "primary metric was"
        assert f"{role} {label}" in methods(done, Source("demo"))
        if metric.definition:
            assert f"{metric.label} is {metric.definition}" in methods(done, Source("demo"))


def test_an_added_metric_leaves_the_rest_of_the_table_alone(tmp_path: Path) -> None:
    rows = [row(status, *pair) for status, pair in PAIRS.items()]
    write_cases(rows, tmp_path / "before.csv")
    with METRICS.having(*ADDED):
        rows = [row(status, *pair) for status, pair in PAIRS.items()]
        write_cases(rows, tmp_path / "after.csv")
    with (tmp_path / "after.csv").open(newline="") as file:
        lines = list(csv.reader(file))
    first = lines[0].index("fdr")
    assert lines[0][first - 1 : first + 3] == ["nsd", "fdr", "size_error", "tp"]
    kept = "".join(",".join([*line[:first], *line[first + 2 :]]) + "\n" for line in lines)
    assert kept.encode() == (tmp_path / "before.csv").read_bytes()


def test_a_table_with_a_metric_that_is_not_registered_is_read(tmp_path: Path) -> None:
    with METRICS.having(*ADDED):
        rows = rows_of(0)
        write_cases(rows, tmp_path / "table.csv")
    read = read_cases(tmp_path / "table.csv")
    assert list(read)[-2:] == ["fdr", "size_error"]
    np.testing.assert_array_equal(read["fdr"], [one["fdr"] for one in rows])


def test_an_unknown_planned_metric_is_refused_before_anything_is_trained() -> None:
    config = with_values(Config(), {"comparison.metric": "dicee"})
    with pytest.raises(UsageError, match="unknown metric 'dicee'") as raised:
        check_names(config, ("unet",))
    assert "dice" in raised.value.hint


def test_surface_distances_are_measured_once_for_all_metrics(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ablation.metrics import pair

    calls = []
    measure = pair.surface_distances

    def counting(*masks: object) -> object:
        calls.append(masks)
        return measure(*masks)  # type: ignore[arg-type]

    monkeypatch.setattr(pair, "surface_distances", counting)
    row("P1", lesion(), good())
    assert len(calls) == 1


def test_an_own_metric_goes_the_whole_way(whole_path, identities, every_own_entry) -> None:
    """Table, run, report, methods text and reference know it; identities stay."""
    assert whole_path.cases["fdr"].notna().any()
    assert "cases/test/fdr" in whole_path.run["metrics"]
    assert whole_path.comparison.primary.metric.name == "fdr"
    assert "false discovery rate" in whole_path.files
    assert "false discovery rate" in whole_path.page
    assert "The primary metric was false discovery rate" in whole_path.methods
    assert "`fdr`" in whole_path.reference
    before = identities()
    with every_own_entry():
        assert identities() == before
