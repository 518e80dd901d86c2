"""The search for the operating point, against one that makes every mask."""

from __future__ import annotations

import csv
import doctest
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from ablation.config import Config, InferenceConfig
from ablation.data import Slices
from ablation.errors import UsageError
from ablation.experiments.space import space_of
from ablation.inference import choose as choose_module
from ablation.inference import maps as maps_module
from ablation.inference.choose import (
    OperatingPoint,
    Search,
    options,
    search,
    search_csv,
    validation_choices,
)
from ablation.inference.maps import Maps
from ablation.inference.morphology import Morphology
from ablation.inference.thresholds import GRID, OTSU
from ablation.inference.tta import GROUPS, average

SIDE, SLICES = 32, 4
NATIVE = (40, 48)


@dataclass(frozen=True)
class Patients(Slices):
    """Slices whose truth lies in memory."""

    truth: Mapping[str, np.ndarray] = field(default_factory=dict)

    def native_truth(self, patient: str, target: str | None = None) -> np.ndarray:
        return self.truth[patient]


@dataclass(frozen=True)
class OneTarget:
    """Truths of cases that have one target."""

    truth: Mapping[str, np.ndarray]

    def __call__(self, patient: str, target: str) -> np.ndarray:
        return self.truth[patient]


class Filter:
    """A predictor with a random filter in the place of a network."""

    def __init__(self) -> None:
        self.calls = 0
        kernel = np.random.default_rng(8).normal(0, 0.15, size=(3, 3))
        self._kernel = kernel - kernel.mean() + 1 / 9

    def on_grid(self, images: np.ndarray) -> np.ndarray:
        self.calls += 1
        blurred = ndimage.convolve(images[..., 0].astype(np.float64), self._kernel[None])
        return (1 / (1 + np.exp(5.0 - 15 * blurred))).astype(np.float32)[..., None]

    def to_native(self, maps: np.ndarray, native: tuple[int, int]) -> np.ndarray:
        rows = np.arange(native[0]) * maps.shape[1] // native[0]
        columns = np.arange(native[1]) * maps.shape[2] // native[1]
        return maps[:, rows[:, None], columns]

    def __call__(self, images: np.ndarray, native: tuple[int, int]) -> np.ndarray:
        return self.to_native(self.on_grid(images), native)


def patients(tumour: bool = True) -> Patients:
    rng = np.random.default_rng(4)
    names = ("a", "b", "healthy")
    tissue = ndimage.gaussian_filter(rng.normal(size=(3 * SLICES, SIDE, SIDE)), (0, 3, 3)) * 4
    images = np.clip(tissue + rng.normal(0, 0.4, tissue.shape), 0, 1).astype(np.float32)
    rows = {name: slice(i * SLICES, (i + 1) * SLICES) for i, name in enumerate(names)}
    grow = Filter().to_native(tissue > 0.25, NATIVE)
    truth = {name: grow[rows[name]] & (tumour and name != "healthy") for name in names}
    return Patients(images[..., None], np.zeros(0), rows, Path(), truth=truth)


def run(inference: InferenceConfig, kind: str = "final", tumour: bool = True) -> Search:
    data, among = patients(tumour), options(inference, kind)
    maps = Maps(Filter(), data, ("none", *among.ttas))
    return search(maps, data.native_truth, list(data.rows), ("WT",), among)["WT"]


def dice_of(point: OperatingPoint) -> float:
    """Return the mean Dice of the masks of a point, made one by one."""
    data, predict = patients(), Filter()
    scores = []
    for name, rows in data.rows.items():
        truth = data.truth[name]
        mean = average(predict.on_grid, data.images[rows], (point.tta,))[point.tta]
        mask = point.mask(predict.to_native(mean[..., 0], NATIVE))
        if truth.any():
            scores.append(2 * np.count_nonzero(truth & mask) / (truth.sum() + mask.sum()))
    return float(np.mean(scores))


def test_every_candidate_has_the_dice_of_its_masks() -> None:
    found = run(InferenceConfig())
    assert len(found.tried) == 4 * 99 + 5 * 8
    for candidate in found.tried[::7] + found.tried[4 * 99 :]:
        assert candidate.validation_dice == dice_of(candidate.point)


def test_the_best_candidate_wins_and_morphology_is_tried_at_the_five_best_thresholds() -> None:
    found = run(InferenceConfig())
    assert found.best.validation_dice == max(one.validation_dice for one in found.tried)
    curve = [one for one in found.tried if one.point.morphology.kind == "none"]
    best_tta = max(curve, key=lambda one: one.validation_dice).point.tta
    cleaned = [one.point for one in found.tried if one.point.morphology.kind != "none"]
    of_best = sorted(
        (one for one in curve if one.point.tta == best_tta), key=lambda one: -one.validation_dice
    )
    assert {point.tta for point in cleaned} == {best_tta}
    assert {point.threshold for point in cleaned} == {o.point.threshold for o in of_best[:5]}
    assert {(p.morphology.kind, p.morphology.size) for p in cleaned} == {
        ("erode_all", 0),
        ("adaptive", 500),
        *(("min_size", size) for size in (10, 25, 50, 100, 250, 500)),
    }


def test_a_trial_searches_the_threshold_only_and_the_objective_is_that_of_an_epoch() -> None:
    trial, final = run(InferenceConfig(), "trial"), run(InferenceConfig(), "final")
    assert len(trial.tried) == 99
    assert trial.best.point.tta == "none"
    data, predict = patients(), Filter()
    epoch = validation_choices(
        lambda name: predict(data.images[data.rows[name]], NATIVE),
        data.native_truth,
        list(data.rows),
        ("WT",),
        InferenceConfig(),
    )["WT"]
    assert trial.plain == final.plain == epoch
    assert trial.best.validation_dice == epoch.validation_dice
    assert final.best.validation_dice > epoch.validation_dice


@pytest.mark.parametrize(
    ("settings", "kind", "ttas", "thresholds", "kinds"),
    [
        ({}, "trial", 1, 99, {"none"}),
        ({"search": "threshold"}, "final", 1, 99, {"none"}),
        ({"search": "full"}, "trial", 4, 99, {"none", "erode_all", "adaptive", "min_size"}),
        ({"tta": "d4"}, "final", 1, 99, {"none", "erode_all", "adaptive", "min_size"}),
        ({"morphology": "min_size"}, "final", 4, 99, {"min_size"}),
        ({"morphology": "adaptive"}, "trial", 1, 99, {"adaptive"}),
        ({"threshold": 0.437}, "final", 4, 1, {"none", "erode_all", "adaptive", "min_size"}),
        ({"search": "off"}, "final", 1, 1, {"none"}),
    ],
)
def test_what_the_configuration_names_is_fixed(
    settings: dict[str, object], kind: str, ttas: int, thresholds: int, kinds: set[str]
) -> None:
    among = options(InferenceConfig.model_validate(settings), kind)
    assert len(among.ttas) == ttas
    assert len(among.thresholds) == thresholds
    assert {one.kind for one in among.morphologies} == kinds


def test_sizes_and_elements() -> None:
    usual = options(InferenceConfig(morphology="min_size"), "trial")
    assert usual.morphologies == (Morphology("min_size", 50),)
    named = options(InferenceConfig(min_size=80, element="square3"), "final")
    assert named.morphologies == (
        Morphology(),
        Morphology("erode_all", 0, "square3"),
        Morphology("adaptive", 80, "square3"),
        Morphology("min_size", 80, "square3"),
    )


def test_fixed_morphology_is_used_whatever_it_costs() -> None:
    found = run(InferenceConfig(morphology="erode_all"), "trial")
    assert found.best.point.morphology == Morphology("erode_all")
    assert found.best.validation_dice == dice_of(found.best.point)
    assert len(found.tried) == 99 + 5


def test_fixed_values_are_kept() -> None:
    point = run(InferenceConfig(threshold=0.437, tta="hflip", search="off")).best.point
    assert point == OperatingPoint("hflip", 0.437, Morphology())
    assert run(InferenceConfig(search="off")).best.point == OperatingPoint("none", 0.5)


def test_without_tumour_on_validation_nothing_is_chosen() -> None:
    found = run(InferenceConfig(), tumour=False)
    assert found.best.point == OperatingPoint("none", 0.5, Morphology())
    assert math.isnan(found.best.validation_dice)
    assert found.plain.validation_dice == 0.0
    assert not found.at_edge


def test_a_best_threshold_at_the_end_of_the_grid_is_said() -> None:
    data = patients()
    everywhere = {name: np.ones_like(truth) for name, truth in data.truth.items()}
    among = options(InferenceConfig(), "trial")
    for drawn, at_edge in ((everywhere, True), (data.truth, False)):
        maps = Maps(Filter(), data, ("none",))
        found = search(maps, OneTarget(drawn), list(drawn), ("WT",), among)["WT"]
        assert (found.best.point.threshold == GRID[0]) == found.at_edge == at_edge


@pytest.mark.parametrize("budget", [0, 1 << 29])
def test_maps_are_the_same_whether_kept_or_predicted_again(
    monkeypatch: pytest.MonkeyPatch, budget: int
) -> None:
    expected = run(InferenceConfig())
    monkeypatch.setattr(maps_module, "KEPT_BYTES", budget)
    data, among, predict = patients(), options(InferenceConfig(), "final"), Filter()
    maps = Maps(predict, data, ("none", *among.ttas))
    found = search(maps, data.native_truth, list(data.rows), ("WT",), among)
    assert found == {"WT": expected}
    again = len(GROUPS[expected.best.point.tta]) if budget == 0 else 0
    assert predict.calls == 3 * (8 + again)
    assert maps.seconds_per_case(expected.best.point.tta) > 0


def test_the_table_of_candidates() -> None:
    found = run(InferenceConfig())
    rows = list(csv.DictReader(io.StringIO(search_csv({"WT": found}))))
    assert len(rows) == len(found.tried)
    assert rows[0]["tta"] == "none"
    assert rows[0]["threshold"] == "0.01"
    assert rows[0]["morphology"] == "none"
    assert rows[0]["min_size"] == ""
    assert [float(row["validation_dice"]) for row in rows] == [
        one.validation_dice for one in found.tried
    ]
    (chosen,) = [row for row in rows if row["chosen"] == "1"]
    point = found.best.point
    assert (chosen["tta"], chosen["morphology"]) == (point.tta, point.morphology.kind)
    assert float(chosen["threshold"]) == point.threshold
    undefined = csv.DictReader(
        io.StringIO(search_csv({"WT": run(InferenceConfig(), tumour=False)}))
    )
    assert {row["validation_dice"] for row in undefined} == {""}


@pytest.mark.parametrize("kind", ["none", "min_size"])
def test_the_table_has_the_voxels_of_all_patients_together(kind: str) -> None:
    found = run(InferenceConfig())
    data, predict = patients(), Filter()
    maps = Maps(predict, data, ("none", *GROUPS))
    one = next(one for one in found.tried if one.point.morphology.kind == kind)
    masks = {name: one.point.mask(maps(name, one.point.tta, "WT")) for name in data.rows}
    assert one.voxels == tuple(
        sum(int(count(masks[name], data.native_truth(name)).sum()) for name in masks)
        for count in (
            lambda mask, truth: mask & truth,
            lambda mask, truth: mask & ~truth,
            lambda mask, truth: ~mask & truth,
        )
    )
    (row,) = list(csv.DictReader(io.StringIO(search_csv({"WT": found}))))[:1]
    assert (row["tp"], row["fp"], row["fn"]) == tuple(map(str, found.tried[0].voxels))


def test_only_the_threshold_can_be_searched_by_trials() -> None:
    dimension = {"choices": ["none", "d4"]}
    with pytest.raises(UsageError, match=r"inference\.tta"):
        space_of(Config(space={"inference.tta": dimension}))
    space = space_of(Config(space={"inference.threshold": {"low": 0.2, "high": 0.8}}))
    assert list(space) == ["inference.threshold"]


def test_the_examples_in_the_documentation_run() -> None:
    result = doctest.testmod(choose_module)
    assert result.attempted > 0
    assert result.failed == 0


def test_otsu_and_opening_are_used_where_they_are_named_and_searched_nowhere() -> None:
    named = options(InferenceConfig(threshold="otsu", morphology="open"), "final")
    assert named.thresholds == (OTSU,)
    assert [one.kind for one in named.morphologies] == ["open"]
    usual = options(InferenceConfig(), "final")
    assert OTSU not in usual.thresholds
    assert not {"open", "close"} & {one.kind for one in usual.morphologies}
