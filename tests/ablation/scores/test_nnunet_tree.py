"""Results folders of nnU-Net: designs, folds, labels and data sets are found by their folders."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from ablation import compare
from ablation.cli.app import app
from ablation.comparison import Design, Rules
from ablation.errors import AblateError, ComparisonError, DataError, UsageError
from ablation.fairness import FairnessFacts
from ablation.report import Source, summary
from ablation.report.datasets import datasets_text, write_datasets
from ablation.report.from_tables import compare_datasets, compare_tables
from ablation.report.page import page
from ablation.scores.bare_designs import Reading, read_designs
from ablation.scores.bring_in import Destination, bring_in
from ablation.scores.fold_means import fold_means
from ablation.scores.given import tables_of
from ablation.scores.header import Naming
from ablation.scores.nnunet_import import nnunet_results

PUBLISHED = Path(__file__).parents[3] / "../shared/data/peer_results/nnunet_results"

CONV, RES = "nnUNetTrainer__nnUNetPlans__3d_fullres", "nnUNetTrainer__ResPlans__3d_fullres"
LABELS = {"background": 0, "PZ": 1, "TZ": 2}


def write_summary(path: Path, cases: Sequence[int], better: float = 0.0) -> Path:
    """Write a version 2 summary of two labels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    per_case = []
    for case in cases:
        tp, fn = round(700 + 9 * case + 1000 * better), round(300 - 9 * case - 1000 * better)
        scores = {"TP": tp, "FN": fn, "FP": 100, "TN": 9000, "n_ref": 1000, "n_pred": tp + 100}
        scores["Dice"] = 2 * tp / (2 * tp + fn + 100)
        per_case.append(
            {"metrics": {"1": scores, "2": scores}, "reference_file": f"/x/prostate_{case}.nii.gz"}
        )
    path.write_text(json.dumps({"metric_per_case": per_case}))
    return path


def write_design(folder: Path, folds: dict[object, Sequence[int]], better: float = 0.0) -> Path:
    """Write the folds of a design as nnU-Net lays them, with the names of its labels."""
    for number, cases in folds.items():
        write_summary(folder / f"fold_{number}/validation/summary.json", cases, better)
    (folder / "dataset.json").write_text(json.dumps({"labels": LABELS, "numTraining": 10}))
    return folder


def five(shift: int = 0) -> dict[object, Sequence[int]]:
    return {k: (2 * k + shift, 2 * k + 1 + shift) for k in range(5)}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("here"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A data set of two designs and five folds."""
    write_design(tmp_path / "Dataset005_Prostate" / CONV, five())
    write_design(tmp_path / "Dataset005_Prostate" / RES, five(), 0.05)
    return tmp_path


def said(*tables: Path | str, **rules: str) -> tuple[list[str], object]:
    texts: list[str] = []
    return texts, compare(tables, progress=texts.append, **rules)  # type: ignore[arg-type]


class TestFolds:
    @pytest.mark.parametrize("below", ["", "Dataset005_Prostate"])
    def test_all_folds_of_a_design_are_pooled(self, tree, below):
        found = compare([tree / below])
        assert set(found.designs) == {"nnUNetPlans", "ResPlans"}
        assert found.folds == (5, 5)
        assert [len(one.patients) for one in found.analyses] == [10, 10, 10]

    def test_the_mean_over_labels_comes_first_and_decides(self, tree):
        found = compare([tree])
        assert [one.target for one in found.analyses] == ["mean over targets", "PZ", "TZ"]
        assert [one.target for one in found.primaries] == ["mean over targets"]
        of_label = compare([tree], primary_target="TZ")
        assert [one.target for one in of_label.primaries] == ["TZ"]

    def test_one_design_and_single_files(self, tree):
        folder = tree / "Dataset005_Prostate"
        assert compare([folder / CONV]).designs == (CONV,)
        files = sorted(folder.rglob("summary.json"))
        assert compare(files).folds == (5, 5)
        named = compare([f"a={folder / CONV}", f"b={folder / RES}"])
        assert (named.designs, named.folds) == (("a", "b"), (5, 5))

    def test_the_caveat_is_that_they_are_cross_validated(self, tree):
        notes = " ".join(compare([tree]).notes)
        assert "Cross-validated: scores of 5-fold cross-validation" in notes
        assert "neither trained nor tuned" not in notes
        assert "may be of patients that were trained on" not in notes

    def test_a_missing_fold_is_named(self, tree):
        for name in (CONV, RES):
            (tree / f"Dataset005_Prostate/{name}/fold_3/validation/summary.json").unlink()
        texts, found = said(tree)
        assert any("nnUNetPlans" in one and "no fold 3 of 5" in one for one in texts)
        assert len(found.primary.patients) == 8

    def test_a_fold_that_only_one_design_lacks(self, tree):
        (tree / f"Dataset005_Prostate/{RES}/fold_4/validation/summary.json").unlink()
        with pytest.raises(ComparisonError, match=r"ResPlans lacks .*prostate_8.*prostate_9"):
            compare([tree])
        texts, found = said(tree, missing="intersection")
        assert any("ResPlans: no fold 4 of 5" in one for one in texts)
        assert len(found.primary.patients) == 8

    def test_a_case_in_two_folds_is_refused(self, tree):
        again = tree / f"Dataset005_Prostate/{RES}/fold_1/validation/summary.json"
        write_summary(again, (1, 3))
        with pytest.raises(DataError, match="case prostate_1 is in fold_0 and fold_1"):
            compare([tree])

    def test_other_cases_are_named(self, tree):
        write_design(tree / "Dataset005_Prostate" / RES, five(1))
        with pytest.raises(ComparisonError, match="ResPlans lacks prostate_0"):
            compare([tree])

    def test_a_network_that_was_trained_on_all_cases(self, tmp_path):
        write_design(tmp_path / "Dataset005_Prostate" / CONV, {"all": range(10)})
        texts, found = said(tmp_path)
        assert any(one.startswith("warning: ") and "fold_all" in one for one in texts)
        assert not any("Cross-validated" in one for one in found.notes)
        assert found.folds == (0,)

    def test_fold_all_is_left_out_beside_others(self, tree):
        folder = tree / "Dataset005_Prostate" / CONV
        write_summary(folder / "fold_all/validation/summary.json", range(10), 0.1)
        texts, found = said(tree)
        assert any("left out: fold_all/validation" in one for one in texts)
        assert found.folds == (5, 5)

    def test_all_folds_together_in_one_file(self, tmp_path):
        for name in (CONV, RES):
            folder = tmp_path / "Dataset005_Prostate" / name
            write_summary(folder / "crossval_results_folds_0_1_2_3_4/summary.json", range(10))
            post = folder / "crossval_results_folds_0_1_2_3_4/postprocessed/summary.json"
            write_summary(post, range(10), 0.1)
        texts, found = said(tmp_path)
        assert len(found.primary.patients) == 10
        assert any("Cross-validated: scores of cross-validation" in one for one in found.notes)
        assert any("postprocessed" in one for one in texts)

    def test_version_1_lays_configurations_above_tasks(self, tmp_path):
        for kind in ("2d", "3d_fullres"):
            folder = tmp_path / kind / "Task005_Prostate/nnUNetTrainerV2__nnUNetPlansv2.1"
            for number, cases in five().items():
                write_summary(folder / f"fold_{number}/validation_raw/summary.json", cases)
        assert compare([tmp_path]).designs == ("2d", "3d_fullres")


class TestPrinted:
    """Cells as nnU-Net prints them, worked by hand."""

    def written(self, folder: Path, dice: Sequence[Sequence[tuple[float | None, float | None]]]):
        for number, cases in enumerate(dice):
            per_case = [
                {
                    "metrics": {
                        str(label): {"Dice": value, "IoU": None, "n_ref": size, "n_pred": 10}
                        for label, value in enumerate(own, start=1)
                        for size in [0 if value in (None, 0) else 10]
                    },
                    "reference_file": f"c{number}{case}.nii.gz",
                }
                for case, own in enumerate(cases)
            ]
            for one in per_case:
                for scores in one["metrics"].values():
                    scores["n_pred"] = 0 if scores["Dice"] is None else 10
            path = folder / f"fold_{number}/validation/summary.json"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps({"metric_per_case": per_case}))
        return folder

    def test_the_mean_of_fold_means_of_labels(self, tmp_path):
        # Fold 0: label 1 (0.8 + 0.6) / 2, label 2 (0.4 + 0) / 2: a false alarm counts 0.
        # Fold 1: label 1 0.9, label 2 nowhere: the mean is that of label 1.
        folds = [[(0.8, 0.4), (0.6, 0.0)], [(0.9, None)]]
        folder = self.written(tmp_path / "Dataset001_X" / CONV, folds)
        source = compare_tables([folder], Reading(), Rules()).source
        assert {one.target: one.text for one in source.as_printed} == {
            "mean over targets": f"{100 * ((0.7 + 0.2) / 2 + 0.9) / 2:.2f}",
            "1": "80.00",
            "2": "20.00",
        }
        made = compare_tables([folder], Reading(), Rules())
        text = summary(made.comparison, made.source)
        assert "as printed" in text
        assert "67.50" in text
        assert "67.50" in page(made.comparison, made.source)
        assert "as printed" not in summary(made.comparison, Source("x"))

    @pytest.mark.parametrize(
        ("dataset", "cases", "labels", "cells"),
        [
            ("Dataset002_Heart", 20, {"left atrium"}, ("93.39", "93.40", "93.26")),
            ("Dataset004_Hippocampus", 260, {"Anterior", "Posterior"}, ("89.04", "88.75", "88.62")),
            ("Dataset005_Prostate", 32, {"PZ", "TZ"}, ("73.53", "73.64", "72.97")),
        ],
    )
    def test_published_results_to_the_last_digit(self, dataset, cases, labels, cells):
        folder = PUBLISHED / dataset
        if not folder.is_dir():
            pytest.skip("published results are not here")
        read = read_designs(tables_of([folder]), Reading(), (), lambda *_: None)
        designs = [design for design, _ in read]
        assert {one.cases[0]["patient"].nunique() for one in designs} == {cases}
        assert {str(one) for one in designs[0].cases[0]["target"]} == labels
        target = "mean over targets" if len(labels) > 1 else next(iter(labels))
        printed = {one.design: one.text for one in fold_means(designs) if one.target == target}
        order = ("nnUNetPlans", "nnUNetResEncUNetMPlans", "nnUNetResEncUNetLPlans")
        assert tuple(printed[name] for name in order) == cells


class TestNames:
    def test_labels_without_a_dataset_json_keep_their_numbers(self, tree):
        for path in tree.rglob("dataset.json"):
            path.unlink()
        assert [one.target for one in compare([tree]).analyses][1:] == ["1", "2"]

    def test_a_broken_dataset_json_is_said(self, tree):
        for path in tree.rglob("dataset.json"):
            path.write_text("{")
        texts, found = said(tree)
        assert any("labels are named by their numbers" in one for one in texts)
        assert [one.target for one in found.analyses][1:] == ["1", "2"]

    def test_tables_whose_names_differ_by_a_fold_only(self, tmp_path):
        for design in ("unet", "res"):
            for number in range(2):
                rows = "".join(f"P{2 * number + k},0.{7 + k}\n" for k in range(2))
                (tmp_path / f"{design}_fold{number}.csv").write_text("case,dice\n" + rows)
        found = compare(sorted(tmp_path.glob("*.csv")))
        assert (found.designs, found.folds) == (("res", "unet"), (2, 2))

    def test_the_order_of_the_command_line_is_kept(self, tree):
        folder = tree / "Dataset005_Prostate"
        given = tables_of([folder / RES, f"x={folder / CONV}"])
        assert [one.design or one.usual for one in given] == ["ResPlans", "x"]


def test_a_folder_without_results_says_what_to_give(tmp_path):
    with pytest.raises(DataError, match=r"no summary\.json of nnU-Net") as raised:
        compare([tmp_path])
    assert raised.value.hint.endswith("*.csv")


def test_a_file_is_given_once(tree):
    folder = tree / "Dataset005_Prostate"
    with pytest.raises(UsageError, match="given twice"):
        compare([folder, folder / CONV])


def test_errors_are_ours(tree):
    path = tree / f"Dataset005_Prostate/{RES}/fold_1/validation/summary.json"
    path.write_text('{"metric_per_case": []}')
    with pytest.raises(AblateError, match="fold_1"):
        compare([tree])


class TestDataSets:
    @pytest.fixture
    def two(self, tree, tmp_path):
        write_design(tmp_path / "Dataset007_Pancreas" / CONV, five())
        return tree

    def test_each_is_compared_by_itself(self, two, tmp_path):
        found = compare_datasets([two], Reading(), Rules())
        assert [one.source.experiment for one in found] == [
            "Dataset005_Prostate",
            "Dataset007_Pancreas",
        ]
        text = datasets_text(found)
        mean = found[0].comparison.primary.summaries[1].interval
        assert f"{mean.mean:.3f} ({mean.low:.3f} to {mean.high:.3f})" in text
        assert found[0].source.as_printed[0].text in text
        assert "nothing is tested over all of them" in text
        written = write_datasets(found, tmp_path / "out")
        assert all(path.is_file() for path in written)
        overall = (tmp_path / "out/index.html").read_text()
        assert 'href="Dataset007_Pancreas/index.html"' in overall
        whole = json.loads((tmp_path / "out/comparison.json").read_text())
        assert list(whole["datasets"]) == ["Dataset005_Prostate", "Dataset007_Pancreas"]

    def test_tables_of_no_data_set_are_refused_beside_several(self, two):
        Path("own.csv").write_text("case,dice\nprostate_0,0.5\n")
        with pytest.raises(UsageError, match=r"data set not known: own\.csv"):
            compare_datasets([two, "own.csv"], Reading(), Rules())

    def test_one_comparison_is_of_one_data_set(self, two):
        with pytest.raises(UsageError, match="2 data sets are given"):
            compare([two])

    def test_the_command_prints_all(self, two):
        done = CliRunner().invoke(app, ["compare", str(two), "--format", "csv", "--quiet"])
        assert done.exit_code == 0
        assert done.stdout.splitlines()[0].startswith("data set,metric,role,design")
        assert Path("report/Dataset007_Pancreas/index.html").is_file()


class TestImport:
    def read(self, *files: Path, name: str = "", experiment: str | None = None):
        to = Destination(name, experiment, Path("ws"))
        return nnunet_results(files, Naming(), to)

    def test_every_design_with_its_folds_pooled(self, tree):
        found = self.read(tree)
        assert [(one.to.experiment, one.to.name) for one in found] == [
            ("Dataset005_Prostate", "nnUNetPlans"),
            ("Dataset005_Prostate", "ResPlans"),
        ] or [one.to.name for one in found] == ["ResPlans", "nnUNetPlans"]
        assert {len(one.scores.rows) for one in found} == {20}
        assert {one.scores.facts.protocol for one in found} == {"5-fold cross-validation"}
        assert {one.scores.params["import.folds"] for one in found} == {"0,1,2,3,4"}

    def test_a_report_of_imports_says_cross_validated(self):
        rows = pd.DataFrame(
            [{"patient": p, "case": p, "target": "t", "dice": 0.1 * k, "split": "test",
              "status": "scored", "shape": "", "spacing": "", "distance_unit": "",
              "truth_hash": ""} for k, p in enumerate("abc", start=4)]
        )  # fmt: skip
        facts = FairnessFacts(imported="nnU-Net", protocol="5-fold cross-validation")
        said_of = compare([Design("a", (rows,), facts), Design("b", (rows,), facts)]).notes
        assert any(one.startswith("Cross-validated: ") for one in said_of)
        assert not any("may be of patients that were trained on" in one for one in said_of)

    def test_a_fold_never_takes_the_place_of_another(self, tree):
        folder = tree / "Dataset005_Prostate" / CONV
        files = [folder / f"fold_{k}/validation/summary.json" for k in (0, 1)]
        first, second = (self.read(file, name="conv", experiment="e")[0] for file in files)
        bring_in(first.scores, first.to)
        assert not bring_in(first.scores, first.to).is_new
        with pytest.raises(UsageError, match="has fold 0 already; fold 1 would take its place"):
            bring_in(second.scores, second.to)
        both = self.read(*files, name="conv", experiment="e")[0]
        assert len(both.scores.rows) == 8
        assert bring_in(both.scores, both.to).superseded

    def test_names_and_experiments_that_do_not_fit(self, tree):
        with pytest.raises(UsageError, match="is the name of one design, and 2 are given"):
            self.read(tree, name="conv")
        write_design(tree / "Dataset007_Pancreas" / CONV, five())
        with pytest.raises(UsageError, match="2 data sets are given"):
            self.read(tree, experiment="e")
        plain = write_summary(tree / "plain.json", range(3))
        with pytest.raises(UsageError, match="the design has no name"):
            self.read(plain)

    def test_the_command_prints_a_line_for_each_target(self, tree, monkeypatch):
        monkeypatch.setattr("ablation.cli.importing.publish_and_go_on", lambda *_, **__: None)
        done = CliRunner().invoke(app, ["import", "nnunet", str(tree), "--workspace", "ws"])
        assert done.exit_code == 0
        lines = done.stdout.splitlines()
        assert lines[0].split() == ["experiment", "design", "target", "cases", "dice"]
        assert len(lines) == 5
