"""What a report reads from pulled files: studies, thresholds, the pictures worth a look."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig
from ablation.errors import DataError
from ablation.inference.overlays import Overlay, overlays_csv
from ablation.report.figures.drawing import PALETTE
from ablation.report.figures.networks import FROZEN
from ablation.report.material import Cut, Material, NetworkBlock, Parameter, Trial
from ablation.report.sections.networks import networks
from ablation.report.source import Source
from ablation.report.tracked import LARGEST, material_of
from tracking import names
from tracking.finals import PulledRun, PulledStudy

TRIALS = (
    "number,state,value,epochs,reason,loss.name,training.learning_rate\n"
    "0,complete,0.5,3,,dice,0.001\n"
    "1,pruned,0.25,1,,combo,0.01\n"
    "2,failed,,0,NaN,combo,0.1\n"
    "3,running,,0,,combo,0.1\n"
)
CURVE = (
    "tta,threshold,morphology,min_size,validation_dice,tp,fp,fn,chosen\n"
    "none,0.4,none,,0.5,9,8,1,0\n"
    "d4,0.6,none,,0.625,7,2,3,0\n"
    "d4,0.5,none,,0.75,8,4,2,0\n"
    "d4,0.5,min_size,50,0.8125,8,3,2,1\n"
)


def final(folder: Path, design: str, seed: int = 1, study: str = "") -> PulledRun:
    run_id = f"{design}{seed}"
    (folder / run_id).mkdir(parents=True)
    tags = {names.MODEL: design, names.STUDY: study or f"demo/{design}", names.SEED: str(seed)}
    return PulledRun(run_id, f"{design} final-{seed}.0", tags, {}, {}, folder / run_id)


def study(folder: Path, name: str, **importance: object) -> PulledStudy:
    place = folder / name.replace("/", "-")
    place.mkdir(parents=True)
    (place / names.TRIALS).write_text(TRIALS)
    if importance:
        (place / names.IMPORTANCE).write_text(json.dumps(importance))
    return PulledStudy(place.name, name, {}, place)


def draw(run: PulledRun, *made: Overlay) -> None:
    (run.folder / names.FIGURES).mkdir()
    (run.folder / names.OVERLAYS).write_text(overlays_csv(made))
    for one in made:
        (run.folder / names.FIGURES / one.file).write_bytes(one.png)


def overlay(patient: str, kind: str = "tumour", pixels: int = 8, png: bytes = b"p") -> Overlay:
    return Overlay(patient, kind, 3, 10 * (kind == "tumour"), pixels, 0.5, png)  # type: ignore[arg-type]


@pytest.fixture
def comparison(design):
    return compare([design("a", [0.9, 0.2, 0.7]), design("b", [0.8, 0.3, 0.1])], ComparisonConfig())


def never(run_id: str, files: Sequence[str]) -> Sequence[Path]:
    raise AssertionError(f"{files} of {run_id} were asked for")


def test_a_study_is_read(tmp_path, comparison):
    space = {"training.learning_rate": {"kind": "Float", "log": True}}
    shares = {"PED-ANOVA": {"loss.name": 0.25, "training.learning_rate": 0.75}}
    pulled = study(tmp_path, "demo/a", trials=20, shares=shares, reason="", space=space)
    (read,) = material_of(
        {"a": [final(tmp_path, "a")]}, [pulled, study(tmp_path, "demo/c")], comparison, never
    ).studies
    assert (read.design, read.name) == ("a", "a")
    assert read.trials == (
        Trial(0, "complete", 0.5, {"loss.name": "dice", "training.learning_rate": 0.001}),
        Trial(1, "pruned", 0.25, {"loss.name": "combo", "training.learning_rate": 0.01}),
        Trial(2, "failed", None, {"loss.name": "combo", "training.learning_rate": 0.1}),
    )
    assert read.parameters == (Parameter("loss.name"), Parameter("training.learning_rate", True))
    assert read.importance == shares


def test_a_design_may_have_several_studies(tmp_path, comparison):
    finals = [final(tmp_path, "a", n, study=f"demo/a-fold{n}") for n in (0, 1)]
    studies = [study(tmp_path, f"demo/a-fold{n}") for n in (0, 1)]
    read = material_of({"a": finals}, studies, comparison, never).studies
    assert [(one.design, one.name) for one in read] == [("a", "a-fold0"), ("a", "a-fold1")]
    assert {one.reason for one in read} == {"not on record"}


def test_the_curve_of_the_chosen_views_without_cleaning(tmp_path, comparison):
    run = final(tmp_path, "a")
    (run.folder / names.THRESHOLDS).write_text(CURVE)
    (read,) = material_of({"a": [run]}, [], comparison, never).thresholds
    assert read.cuts == (Cut(0.5, 0.75, (8, 4, 2)), Cut(0.6, 0.625, (7, 2, 3)))
    assert read.chosen == Cut(0.5, 0.8125, (8, 3, 2))
    assert (read.tta, read.cleaning, read.run) == ("d4", "min_size", "a final-1.0")


def test_an_older_table_has_no_voxels_and_a_cell_may_be_empty(tmp_path, comparison):
    run = final(tmp_path, "a")
    (run.folder / names.THRESHOLDS).write_text(
        "tta,threshold,morphology,min_size,validation_dice,chosen\nnone,0.5,none,,,1\n"
    )
    (read,) = material_of({"a": [run]}, [], comparison, never).thresholds
    assert read.chosen == Cut(0.5, None, None)


def test_only_pictures_that_are_shown_are_fetched(tmp_path, comparison):
    a, b = final(tmp_path, "a"), final(tmp_path, "b")
    draw(a, *(overlay(f"p{n}") for n in range(3)), overlay("p0", "false_alarm", 5))
    draw(b, *(overlay(f"p{n}", png=b"q") for n in range(3)))
    asked = []

    def fetch(run_id, files):
        asked.extend((run_id, name) for name in files)
        return [tmp_path / run_id / name for name in files]

    read = material_of({"a": [a], "b": [b]}, [], comparison, fetch)
    assert [(case.patient, case.kind) for case in read.cases] == [
        ("p1", "tumour"),
        ("p2", "tumour"),
        ("p0", "false_alarm"),
        ("p0", "tumour"),
    ]
    assert [picture.png for picture in read.cases[0].pictures] == [b"p", b"q"]
    assert [picture.design for picture in read.cases[2].pictures] == ["a"]
    assert len(asked) == len(set(asked)) == 7
    assert read.without_pictures == ()


def test_a_page_takes_only_so_much(tmp_path, comparison):
    a = final(tmp_path, "a")
    draw(a, *(overlay(f"p{n}", png=b"x" * (LARGEST // 3)) for n in range(3)))
    read = material_of({"a": [a]}, [], comparison, lambda r, f: [tmp_path / r / n for n in f])
    assert len(read.cases) == 2


def test_the_first_training_that_has_a_patient_is_shown(tmp_path, comparison):
    first, second = final(tmp_path, "a", 1), final(tmp_path, "a", 2)
    draw(first, overlay("p0", png=b"1"))
    draw(second, overlay("p0", png=b"2"), overlay("p1", png=b"2"))
    read = material_of(
        {"a": [first, second]}, [], comparison, lambda r, f: [tmp_path / r / n for n in f]
    )
    shown = {case.patient: case.pictures[0].png for case in read.cases}
    assert shown == {"p0": b"1", "p1": b"2"}


def test_runs_without_files_have_nothing_and_it_is_said(tmp_path, comparison):
    runs = {name: [final(tmp_path, name)] for name in "ab"}
    empty = material_of(runs, [], comparison, never)
    assert empty == Material(without_pictures=("a", "b"))
    assert empty.sentences(["a", "b"]) == (
        "No trials on record: a, b.",
        "No threshold search on record: a, b.",
        "No overlays of test patients on record: a, b.",
    )


@pytest.mark.parametrize(
    "name",
    ["../../x", "/etc/passwd", "..", "", "a/../../b.png", "..\\b.png", "a\x00.png", "a\n.png"],
)
def test_a_list_that_names_a_file_elsewhere_shows_no_picture(tmp_path, comparison, name):
    run = final(tmp_path, "a")
    draw(run, overlay("p1"))
    file = run.folder / names.OVERLAYS
    header, line = file.read_text().splitlines()
    cells = io.StringIO()
    csv.writer(cells, lineterminator="\n").writerow([name, *line.split(",")[1:]])
    file.write_bytes(f"{header}\n{cells.getvalue()}".encode())
    with pytest.raises(DataError, match="is not the name of a picture beside it"):
        material_of({"a": [run]}, [], comparison, never)


def test_the_network_of_a_final_is_read_and_drawn(tmp_path, comparison):
    run = final(tmp_path, "a")
    (run.folder / names.NETWORK).write_text(
        "block,shape,parameters,trainable\nconv1,32x32x8,80,0\ndecoder0,64x64x4,300,292\n"
    )
    material = material_of({"a": [run], "b": []}, (), comparison, never)
    assert [one.design for one in material.networks] == ["a"]
    assert material.networks[0].blocks[1] == NetworkBlock("decoder0", (64, 64, 4), 300, 292)
    section = networks(comparison, Source("demo", material=material))
    assert section is not None
    [folded] = section.blocks
    assert folded.title == "a: 380 parameters"
    drawings, table = folded.blocks
    [drawn] = drawings.figures
    assert drawn.data[0]["y"] == [32, 64]
    assert drawn.data[0]["base"] == [-16, -32]
    frozen, trained = drawn.data[0]["marker"]["color"]
    assert (frozen, trained) == (FROZEN, PALETTE[0])
    cells = [str(getattr(cell, "text", cell)) for cell in table.rows[1].cells]
    assert cells == ["decoder0", "64 x 64 x 4", "300", "292", "8"]
    assert networks(comparison, Source("demo")) is None
