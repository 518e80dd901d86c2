"""The sections made of runs: tuning, thresholds, cases."""

from __future__ import annotations

import json
import math

import numpy as np
import plotly.graph_objects as go
import pytest

from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig
from ablation.inference.overlays import picture
from ablation.report import Source, write_report
from ablation.report.figures.history import history
from ablation.report.figures.importance import importances
from ablation.report.figures.parallel import parallel
from ablation.report.figures.thresholds import plateau, precision_recall
from ablation.report.material import (
    Case,
    Curve,
    Cut,
    Material,
    Parameter,
    Picture,
    Study,
    Thresholds,
    Trial,
)
from ablation.report.sections.cases import cases
from ablation.report.sections.operating import operating
from ablation.report.sections.tuning import tuning
from ablation.statistics.tuning import best_of_trials

RATE, LOSS = Parameter("training.learning_rate", log=True), Parameter("loss.name")


def trial(number: int, value: float | None, state: str = "complete", rate: float = 0.01) -> Trial:
    loss = ("combo", "dice", "focal")[number % 3]
    return Trial(number, state, value, {RATE.name: rate, LOSS.name: loss})


def study(design: str, values: list[float], name: str = "", **more: object) -> Study:
    trials = tuple(trial(n, value, rate=10.0 ** -(1 + n % 4)) for n, value in enumerate(values))
    reason = "" if "importance" in more else "3 complete trials are too few (at least 20)"
    made = {"importance": {}, "reason": reason} | more
    return Study(design, name or design, trials, (RATE, LOSS), **made)  # type: ignore[arg-type]


def searched(design: str, heights: list[float], chosen: int) -> Thresholds:
    cuts = tuple(
        Cut((n + 1) / 10, height, (90 - 8 * n, 40 - 4 * n, 10 + 8 * n))
        for n, height in enumerate(heights)
    )
    return Thresholds(design, f"{design} final-101.0", cuts, cuts[chosen], "none", "")


def drawn(design: str, kind: str = "tumour") -> Picture:
    grey = np.random.default_rng(0).uniform(0, 1, (64, 64)).astype(np.float32)
    disc = np.hypot(*np.indices((64, 64)) - 30) < 9
    png = picture(grey, disc & (kind == "tumour"), np.roll(disc, 3))
    return Picture(design, "p<1>", kind, 7, 250 * (kind == "tumour"), 251, 0.75, png)


def material(*designs: str) -> Material:
    rng = np.random.default_rng(5)
    shares = {
        "PED-ANOVA": {RATE.name: 0.875, LOSS.name: 0.125},
        "fANOVA": {RATE.name: 0.75, LOSS.name: 0.25},
    }
    return Material(
        studies=tuple(
            study(name, rng.uniform(0.3, 0.8, 24).tolist(), importance=shares) for name in designs
        ),
        thresholds=tuple(searched(n, [0.5, 0.7, 0.71, 0.705, 0.6], 2) for n in designs),
        cases=(
            Case("worst mean Dice", "p<1>", "tumour", tuple(map(drawn, designs))),
            Case("false alarm", "p<1>", "false_alarm", (drawn(designs[0], "false_alarm"),)),
        ),
    )


@pytest.fixture
def comparison(design):
    rng = np.random.default_rng(0)
    return compare(
        [design(name, rng.uniform(0.2, 0.9, 8)) for name in ("unet", "resupnet")],
        ComparisonConfig(),
    )


def source(found: Material) -> Source:
    return Source("demo", (("unet", "run1"), ("resupnet", "run2")), material=found)


def plain(figure):
    return go.Figure(list(figure.data), figure.layout)


def test_the_history_has_every_ended_trial_and_the_best_so_far():
    mixed = Study(
        "unet",
        "unet",
        (trial(0, 0.4), trial(1, 0.9, "pruned"), trial(2, None, "failed"), trial(3, 0.3), trial(4, 0.6)),
        (RATE, LOSS),
        {},
        "too few",
    )  # fmt: skip
    figure = history("unet", [mixed], "#0072B2", "h")
    complete, pruned, failed, best = plain(figure).data
    assert (complete.x, complete.y) == ((0, 3, 4), (0.4, 0.3, 0.6))
    assert (pruned.x, pruned.y) == ((1,), (0.9,))
    assert failed.x == (2,)
    assert (best.x, best.y) == ((0, 3, 4), (0.4, 0.4, 0.6))  # a stopped trial is never the best
    assert (
        "3 complete, 1 stopped early, 1 failed, the best trial 4 with 0.600" in figure.alternative
    )


def test_the_curve_is_the_expected_best_of_the_observed_trials(comparison):
    values = [0.4, 0.8, 0.6]
    made = tuning(comparison, source(Material(studies=(study("unet", values),))))
    (curve,) = [figure for figure in made.figures if figure.id == "tuning-curves"]
    (line,) = plain(curve).data  # three trials are too few for a band
    assert line.x == (1, 2, 3)
    assert line.y == pytest.approx(best_of_trials(values).tolist())
    assert "unet 0.600 after 1, 0.800 after 3" in curve.alternative
    assert "Band" not in curve.alternative


def test_folds_share_a_curve_and_keep_their_trials(comparison):
    folds = tuple(study("unet", [0.1 * n, 0.2 * n, 0.3 * n], f"unet-fold{n}") for n in (1, 2))
    made = tuning(comparison, source(Material(studies=folds)))
    ids = [figure.id for figure in made.figures]
    assert ids == ["tuning-curves", "history-0", "parallel-0-0", "parallel-0-1"]
    (line,) = plain(made.figures[0]).data
    assert line.y[-1] == pytest.approx((0.3 + 0.6) / 2)
    assert "unet-fold1: 3 complete" in made.figures[1].alternative
    assert "unet-fold2: 3 complete" in made.figures[1].alternative


def test_a_single_trial_draws_no_curve(html, comparison):
    made = tuning(comparison, source(Material(studies=(study("unet", [0.5]),))))
    assert [figure.id for figure in made.figures] == ["history-0"]
    assert "No tuning importance of unet: 3 complete trials are too few" in html(made)


def test_the_validation_curve_of_every_final(comparison):
    curves = (
        Curve("unet", "unet final-101.0", (1, 2, 3), (0.2, 0.5, 0.4)),
        Curve("resupnet", "resupnet final-101.0", (1,), (0.3,)),
    )
    found = Source("demo", material=Material(curves=curves))
    (figure,) = tuning(comparison, found).figures
    (line,) = plain(figure).data
    assert (list(line.x), list(line.y)) == ([1, 2, 3], [0.2, 0.5, 0.4])
    assert "unet final-101.0: best 0.500 in epoch 2 of 3." in figure.alternative
    assert tuning(comparison, Source("demo", material=Material(curves=curves[1:]))).figures == ()


def test_parallel_lines_stand_where_the_settings_are():
    made = Study(
        "unet", "unet", (trial(0, 0.5, rate=1e-4), trial(1, 0.7, rate=1e-2), trial(2, 0.6, rate=1e-3),
        trial(3, None, "failed")), (RATE, LOSS), {},
    )  # fmt: skip
    figure = parallel(made, "p")
    *lines, ends = plain(figure).data
    points = [list(line.y[at : at + 3]) for line in lines for at in range(0, len(line.y), 4)]
    # Rate on its log scale, losses by name, value from worst to best.
    assert points[0] == pytest.approx([0.0, 0.0, 0.0])
    assert points[1] == pytest.approx([0.5, 1.0, 0.5])
    assert points[2] == pytest.approx([1.0, 0.5, 1.0])
    assert list(ends.text) == ["0.0001", "combo", "0.500", "0.01", "focal", "0.700"]
    assert "training.learning_rate 0.01, loss.name dice" in figure.alternative
    assert parallel(study("unet", [0.5]), "p") is None


def test_settings_that_never_differ_stand_in_the_middle():
    made = Study("u", "u", (trial(0, 0.5), trial(3, 0.5)), (RATE, LOSS), {})
    *lines, _ = plain(parallel(made, "p")).data
    assert set(lines[-1].y) == {0.5, None}
    assert not any(math.isnan(y) for line in lines for y in line.y if y is not None)


def test_importance_names_keys_methods_and_what_it_is_not(html, comparison):
    found = material("unet", "resupnet")
    figure = importances(found.studies, {"unet": "#000", "resupnet": "#111"})
    shown = plain(figure)
    assert len(shown.data) == 4
    assert shown.data[0].x == (0.875, 0.125)
    assert "learning rate of Adam" in shown.data[0].text[0]
    assert shown.layout.xaxis.title.text == "exploratory tuning importance"
    assert "no contribution of a component" in figure.alternative
    assert "PED-ANOVA puts training.learning_rate first (88%)" in figure.alternative
    made = tuning(comparison, source(found))
    assert "with 24 complete trials the importances vary from sweep to sweep" in html(made)
    assert "learning rate of Adam" in html(made)


def test_every_figure_has_data_to_save(comparison):
    found = source(material("unet", "resupnet"))
    figures = [*tuning(comparison, found).figures, *operating(comparison, found).figures]
    assert len(figures) == 6 + 2
    for figure in figures:
        kept = [trace for trace in figure.data if "meta" in trace]
        assert kept
        for trace in kept:
            table = trace.get("customdata")
            for key, column in trace["meta"].items():
                assert key in trace
                if not isinstance(column, str):
                    assert {len(row) for row in table} == {len(column)}


def cuts(*heights: float | None) -> list[Cut]:
    return [Cut((n + 1) / 10, height, None) for n, height in enumerate(heights)]


@pytest.mark.parametrize(
    ("heights", "around"),
    [
        ((0.5, 0.6, 0.7, 0.6), (0.3, 0.3)),
        ((0.5, 0.695, 0.7, 0.691, 0.68), (0.2, 0.4)),
        ((0.7, 0.7, 0.7), (0.1, 0.3)),
        ((0.7, 0.5, 0.695), (0.1, 0.1)),  # another hill does not belong to this one
        ((None, None), None),
    ],
)
def test_plateau(heights, around):
    assert plateau(cuts(*heights)) == around


def test_precision_and_recall_by_hand():
    assert precision_recall(Cut(0.5, 0.5, (6, 2, 4))) == (0.75, 0.6)
    assert precision_recall(Cut(0.5, 0.5, (0, 0, 4))) is None
    assert precision_recall(Cut(0.5, None, (0, 3, 0))) is None
    assert precision_recall(Cut(0.5, 0.5, None)) is None


def test_threshold_curves(html, comparison):
    found = [
        searched("unet", [0.5, 0.7, 0.71, 0.705, 0.6], 2),
        searched("resupnet", [0.3, 0.4, 0.5, 0.6, 0.8], 4),
    ]
    made = operating(comparison, source(Material(thresholds=tuple(found))))
    dice, precise = (plain(figure) for figure in made.figures)
    assert dice.data[0].y == (0.5, 0.7, 0.71, 0.705, 0.6)
    assert (dice.data[1].x, dice.data[1].y) == ((0.3,), (0.71,))
    assert (precise.data[1].x, precise.data[1].y) == ((0.74,), (74 / 106,))
    assert "unet final-101.0 0.3 (flat); resupnet final-101.0 0.5 (at the edge)" in (
        made.figures[0].alternative
    )
    assert "validation patients" in made.figures[1].alternative
    assert "<td>0.2 to 0.4</td>" in html(made)


def test_many_finals_are_named_in_the_table_alone(comparison):
    found = Material(thresholds=tuple(searched("unet", [0.5, 0.7], 1) for _ in range(5)))
    for figure in operating(comparison, source(found)).figures:
        assert "final-101" in figure.alternative
        assert "final-101" not in figure.caption
        assert "Diamonds: chosen." in figure.caption


def test_thresholds_of_older_runs_have_no_precision(comparison):
    bare = Thresholds("unet", "unet final-1", tuple(cuts(0.5, 0.7)), cuts(0.5, 0.7)[1], "none", "")
    made = operating(comparison, source(Material(thresholds=(bare,))))
    assert [figure.id for figure in made.figures] == ["thresholds-dice"]
    fixed = Thresholds("unet", "unet final-1", (cuts(0.5)[0],), cuts(0.5)[0], "none", "")
    assert operating(comparison, source(Material(thresholds=(fixed,)))) is None


def test_cases_stand_side_by_side_with_words(html, comparison):
    body = html(cases(comparison, source(material("unet", "resupnet"))))
    assert body.count('<img src="data:image/png;base64,') == 3
    assert 'alt="unet, slice 7: 250 tumour pixels, 251 predicted, Dice of the slice 0.750"' in body
    assert "Worst mean Dice: patient p&lt;1&gt;" in body
    assert "resupnet: no false alarm on a slice without tumour of this patient" in body


def test_tables_given_by_hand_have_none_of_it(comparison, tmp_path):
    text = write_report(comparison, Source("tables"), tmp_path)[0].read_text()
    for id_ in ("tuning", "thresholds", "cases"):
        assert f'<section id="{id_}">' not in text
    assert "on record" not in text
    older = write_report(comparison, source(Material(without_pictures=("unet",))), tmp_path)[0]
    assert "No overlays of test patients on record: unet." in older.read_text()
    assert "No trials on record: unet, resupnet." in older.read_text()


def test_the_page_repeats_and_the_json_has_no_pictures(comparison, tmp_path):
    found = source(material("unet", "resupnet"))
    first, again = (write_report(comparison, found, tmp_path / name) for name in "ab")
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert len(first[0].read_bytes()) < 8_000_000
    content = json.loads((tmp_path / "a/comparison.json").read_text())
    assert "material" not in content["source"]
