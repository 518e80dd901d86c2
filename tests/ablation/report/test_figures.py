"""Every figure of the page: what it shows, on how few patients, and that plotly knows its parts."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig
from ablation.report import Source
from ablation.report.figures.drawing import PALETTE, colours, names_axis
from ablation.report.figures.forest import forest_plot
from ablation.report.figures.matrix import pairwise_matrix
from ablation.report.figures.pairs import shown
from ablation.report.figures.rainclouds import density, lanes, raincloud
from ablation.report.figures.ranks import critical_difference, rank_heat_map
from ablation.report.figures.scales import difference_scale, scale
from ablation.report.page import page, sections
from ablation.report.sections.matrix import matrix
from ablation.report.sections.ranks import ranks
from ablation.report.sections.sensitivity import sensitivity
from ablation.report.sections.sizes import sizes

SOURCE = Source("demo")


@pytest.fixture
def many(design, table):
    """Designs on the same patients, their tumours of known size, the first missing one tumour."""

    def make(k: int, n: int, *, missed: bool = False, **settings: object):
        rng = np.random.default_rng(n)
        hard = rng.uniform(0.3, 0.8, n)
        lesions = {"lesions_truth": 2, "lesions_found": 1, "lesions_false": 0}
        made = []
        for j in range(k):
            dice = np.clip(hard + 0.03 * j + rng.normal(0, 0.04, n), 0, 1)
            status = {0: "missed"} if missed and j == 0 else {}
            dice[list(status)] = 0.0
            frame = table(dice.tolist(), status, truth_voxels=[1000 * 2**i for i in range(n)])
            frame = frame.assign(shape="10x20x20", spacing="2x1x1", **lesions)
            made.append(design(f"design_{j}", frame))
        return compare(made, ComparisonConfig(**settings))

    return make


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("metric", ["dice", "hd95"])
def test_every_figure_names_the_better_side_in_words(many, k, metric):
    comparison = many(k, 12, metric=metric, secondary=())
    for figure in (f for section in sections(comparison, SOURCE) for f in section.figures):
        drawn = figure.layout
        seen = [drawn[one]["title"]["text"] for one in ("xaxis", "yaxis") if "title" in drawn[one]]
        assert re.search(r"\b(better|best)\b", " ".join([*seen, figure.caption])), figure.id
        if "is better" in " ".join(seen):
            assert ("higher" if metric == "dice" else "lower") in " ".join(seen)


def test_above_0_in_the_plot_over_sizes_is_who_is_better_there(many):
    for metric, name in (("dice", "design_0"), ("hd95", "design_1")):
        section = sizes(many(2, 12, metric=metric, secondary=()), SOURCE)
        label = "Dice" if metric == "dice" else "HD95 (mm)"
        assert section.figures[0].layout["yaxis"]["title"]["text"] == f"{label}: {name} better →"


@pytest.mark.parametrize("k", [1, 2, 3, 8])
@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_every_figure_is_valid_and_told_in_words(many, k, n):
    comparison = many(k, n, missed=n > 2, margin={"dice": 0.02} if k == 2 else {})
    figures = [f for section in sections(comparison, SOURCE) for f in section.figures]
    assert len({figure.id for figure in figures}) == len(figures)
    for figure in figures:
        drawn = go.Figure(list(figure.data), figure.layout)  # refuses what plotly does not know
        assert figure.alternative
        assert figure.height == drawn.layout.height
        assert any(trace.meta for trace in drawn.data), "no data to save"
    text = page(comparison, SOURCE)
    for figure in figures:
        assert f'data-figure="{figure.id}"' in text
    assert not re.search(r"\b1 patients", text)


def test_the_forest_is_sorted_and_holds_both_intervals_and_the_margin(many):
    comparison = many(4, 12, margin={"dice": 0.025})
    analysis = comparison.primary
    figure = forest_plot(analysis, comparison.level, "forest")
    means = [c.t.interval.mean for c in analysis.contrasts]
    thick = [t for t in figure.data if t["error_x"]["thickness"] > 2]
    thin = [t for t in figure.data if t["error_x"]["thickness"] < 2]
    assert [t["x"][0] for t in thick] == sorted(means)
    assert len(thin) == len(thick) == 6
    by_mean = {c.t.interval.mean: c for c in analysis.contrasts}
    for trace in thick:
        interval = by_mean[trace["x"][0]].t.interval
        assert trace["customdata"] == [[interval.mean, interval.low, interval.high]]
        assert trace["x"][0] + trace["error_x"]["array"][0] == pytest.approx(interval.high)
    (shape,) = figure.layout["shapes"]
    assert (shape["x0"], shape["x1"]) == (-0.025, 0.025)
    texts = " ".join(note["text"] for note in figure.layout["annotations"])
    assert "*" not in texts
    assert texts.count(" p ") == 6


def test_without_a_margin_nothing_is_shaded(many):
    assert forest_plot(many(2, 12).primary, 0.95, "forest").layout["shapes"] == []


@pytest.mark.parametrize("n", [1, 4, 5, 60])
def test_the_rain_shows_every_patient_and_the_cloud_keeps_to_the_bounds(many, n):
    analysis = many(2, n, secondary=()).primary
    figure = raincloud(analysis, "rain")
    rain = [t for t in figure.data if t.get("text")]
    assert [t["x"] for t in rain] == [list(v) for v in reversed(analysis.scores.values())]
    clouds = [t for t in figure.data if t.get("fill")]
    assert bool(clouds) == (n >= 5)
    for cloud in clouds:
        assert min(cloud["x"]) >= 0
        assert max(cloud["x"]) <= 1


def test_a_density_is_one_hump_of_height_one():
    places, heights = density([0.4, 0.45, 0.5, 0.55, 0.6], 0, 1)
    assert heights.max() == 1
    assert places[heights.argmax()] == pytest.approx(0.5, abs=0.01)
    assert density([0.5] * 9, 0, 1) is None


def test_lanes_are_the_same_every_time_and_apart():
    assert list(lanes(50)) == list(lanes(50))
    assert len(set(lanes(500))) == 500
    assert all(abs(a - b) > 0.3 for a, b in zip(lanes(50), list(lanes(51))[1:], strict=False))


def test_the_matrix_is_antisymmetric_and_says_p(many):
    comparison = many(3, 12)
    figure = pairwise_matrix(comparison.primary, comparison.designs, "matrix")
    z = figure.data[0]["z"]
    for i in range(3):
        assert z[i][i] is None
        assert all(z[i][j] == -z[j][i] for j in range(3) if i != j)
    for c in comparison.primary.contrasts:  # colour only where a design is called better
        i, j = comparison.designs.index(c.candidate), comparison.designs.index(c.reference)
        assert z[i][j] == (c.shift.estimate if c.called_better else 0)
    assert figure.data[0]["text"][0][1].count("p ") == 1
    assert len(figure.layout["annotations"]) == 9


def test_fewer_than_three_designs_have_no_matrix_and_no_ranks(many):
    for section in (matrix, ranks):
        assert section(many(2, 12), SOURCE) is None


def test_a_matrix_with_a_reference_holds_the_planned_pairs_alone(many):
    comparison = many(4, 12, reference="design_0")
    z = pairwise_matrix(comparison.primary, comparison.designs, "matrix").data[0]["z"]
    filled = {(i, j) for i, row in enumerate(z) for j, value in enumerate(row) if value is not None}
    assert filled == {(0, j) for j in (1, 2, 3)} | {(j, 0) for j in (1, 2, 3)}


def test_the_critical_difference_diagram(many):
    comparison = many(5, 12)
    analysis = comparison.primary
    figure = critical_difference(comparison, analysis, analysis.ranking, "cd")
    ranks_of = dict(
        zip(analysis.ranking.designs, analysis.ranking.friedman.mean_ranks, strict=True)
    )
    leaders = {t["name"]: t for t in figure.data if t["name"] in ranks_of}
    assert {name: t["x"][0] for name, t in leaders.items()} == ranks_of
    bars = [t["customdata"] for t in figure.data if t["name"] == "not separated"]
    expected = [[ranks_of[n] for n in bar] for bar in analysis.ranking.groups.bars]
    assert bars == [[min(bar), max(bar)] for bar in expected]
    assert "none is called better than another" in figure.caption
    assert "p by Wilcoxon exact, Holm over 10 comparisons, 12 patients" in figure.caption
    levels = {t["y"][1] for t in leaders.values()}
    assert max(levels) < min([0, *(t["y"][0] for t in figure.data if t["name"] == "not separated")])


def test_every_row_of_the_rank_heat_map_sums_to_one(many):
    comparison = many(4, 12)
    figure = rank_heat_map(comparison, comparison.primary, comparison.primary.ranking, "heat")
    assert [sum(row) for row in figure.data[0]["z"]] == pytest.approx([1] * 4)


def test_the_ranking_in_words(html, many):
    body = unescape(html(ranks(many(3, 12), SOURCE)))
    for words in ("Iman-Davenport F(2, 22)", "Kendall's W", "wins - losses", "% of resamples"):
        assert words in body
    assert "Leaving out any one of the 12 patients" in body or "Without one of" in body


def test_many_comparisons_are_drawn_for_one_design_alone_and_said(many):
    analysis = many(8, 5).primary
    kept, words = shown(analysis, 6)
    best = max(analysis.summaries, key=lambda s: s.interval.mean).design
    assert len(kept) == 7
    assert all(best in (c.candidate, c.reference) for c in kept)
    assert words.startswith(f"7 of 28 comparisons, those with {best}")
    assert shown(many(3, 5).primary, 3)[1] == ""


def test_a_distance_is_drawn_by_its_root_with_the_penalty_marked(many):
    analysis = many(2, 12, missed=True).analyses[1]
    on = scale(analysis)
    diagonal = math.sqrt((10 * 2) ** 2 + 20**2 + 20**2)
    assert on.penalties == pytest.approx((diagonal, diagonal))
    assert on.at(9.0) == 3.0
    shapes, notes = on.penalty("y")
    assert shapes[0]["y0"] == pytest.approx(math.sqrt(diagonal))
    assert notes[0]["text"] == f"missed: {diagonal:.4g}"
    assert "root scale" in on.axis()["title"]["text"]
    assert difference_scale(analysis, [-4.0, 1.0]).at(-4.0) == -2.0


def test_without_a_missed_tumour_differences_stay_as_they_are(many):
    analysis = many(2, 12).analyses[1]
    assert scale(analysis).penalty("y") == ([], [])
    assert difference_scale(analysis, [-4.0]).at(-4.0) == -4.0


def test_names_that_would_touch_are_slanted():
    assert names_axis(["unet", "resupnet"])["tickangle"] == 0
    assert names_axis([f"resupnet_attention_{i}" for i in range(8)])["tickangle"] != 0


def test_eight_designs_have_eight_colours():
    assert len(set(colours(tuple("abcdefgh")).values())) == 8 == len(PALETTE)


def test_sensitivity_draws_every_choice(html, many):
    comparison = many(2, 12)
    section = sensitivity(comparison, SOURCE)
    (figure,) = section.figures
    assert len(figure.data) == len(comparison.checks)
    assert "favour" in figure.caption
    assert "without one patient" in html(section)


def test_size_and_lesions(html, many):
    comparison = many(2, 12)
    section = sizes(comparison, SOURCE)
    (figure,) = section.figures
    points = next(t for t in figure.data if t.get("text"))
    assert points["x"][0] == 2.0  # 1000 voxels of 2 mm³, in ml
    assert figure.layout["xaxis"]["type"] == "log"
    assert "per tenfold volume" in figure.alternative
    assert not [t for t in figure.data if t.get("name", "").startswith("third")]
    assert "<td>24</td><td>12</td><td>12</td><td>0</td>" in html(section)


def test_two_patients_have_no_section_of_sizes(design, table):
    frame = table([0.5, 0.6]).assign(truth_voxels=[10, 20])
    pair = [design(name, frame) for name in "ab"]
    assert sizes(compare(pair, ComparisonConfig()), SOURCE) is None


def test_thirds_are_drawn_with_intervals_from_thirty_patients(many):
    figure = sizes(many(2, 30), SOURCE).figures[0]
    thirds = [t for t in figure.data if t.get("name", "").startswith("third")]
    assert len(thirds) == 3
    assert all("error_y" in t for t in thirds)


def test_tables_without_volumes_have_no_section_of_sizes(design):
    plain = compare([design("a", [0.5, 0.6]), design("b", [0.4, 0.7])], ComparisonConfig())
    assert sizes(plain, SOURCE) is None


def test_several_targets_are_named(html, design, table):
    rng = np.random.default_rng(0)
    designs = []
    for name in "abc":
        frames = [table(rng.uniform(0.4, 0.8, 6).tolist()).assign(target=t) for t in ("TC", "WT")]
        designs.append(design(name, pd.concat(frames, ignore_index=True)))
    comparison = compare(designs, ComparisonConfig())
    made = sections(comparison, SOURCE)
    titles = [f.title for section in made for f in section.figures]
    for title in titles:
        assert sum(name in title for name in ("TC", "WT", "mean over targets")) == 1
    body = "".join(map(html, made))
    assert "WT: Dice" in body
    assert "a vs b, TC" in body


def test_the_caption_counts_what_is_compared(many):
    comparison = many(2, 1)
    figure = forest_plot(comparison.primary, 0.95, "f")
    assert figure.caption.startswith("1 patient;")
    assert replace(figure, caption="").alternative
