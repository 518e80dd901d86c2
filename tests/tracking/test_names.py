"""Names of studies, runs and folds: one parser each, and what no name can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracking.errors import TrackingError
from tracking.mlflow.connection import check, connect
from tracking.names import Fold, RunName, StudyName
from tracking.record import RunFolder, RunRecord, folder_name
from tracking.workspace import design_folder, find_runs, resolve_run

LONG = "n" * 300


@pytest.mark.parametrize(
    ("text", "kind", "number", "attempt", "stem"),
    [
        ("12.0", "trial", 12, 0, "12"),
        ("0.10", "trial", 0, 10, "0"),
        ("final-101.2", "final", 101, 2, "final-101"),
        ("final--3.0", "final", -3, 0, "final--3"),
        ("trial-12.1", "scored trial", 12, 1, "trial-12"),
        ("import.3", "import", 0, 3, "import"),
        ("study", "study", 0, 0, "study"),
    ],
)
def test_the_name_of_a_run_has_parts(
    text: str, kind: str, number: int, attempt: int, stem: str
) -> None:
    name = RunName.parse(text)
    assert (name.kind, name.number, name.attempt, name.stem) == (kind, number, attempt, stem)
    assert str(name) == text


@pytest.mark.parametrize(
    "text",
    ["", "12", "012.0", "12.0.0", "final-.0", "final-x.0", "import", "study.0", "1٢.0", LONG],
)
def test_no_run_is_named_so(text: str) -> None:
    with pytest.raises(TrackingError, match="is not the name of a run") as refused:
        RunName.parse(text)
    assert len(refused.value.message) < 120


def test_runs_sort_by_kind_number_and_attempt() -> None:
    texts = ["study", "2.0", "2.1", "10.0", "import.0", "final-9.0", "final-101.0", "trial-3.0"]
    shuffled = [texts[place] for place in (5, 1, 7, 0, 6, 3, 2, 4)]
    assert sorted(shuffled, key=lambda text: RunName.parse(text).order) == texts


def test_the_name_of_a_study_has_parts() -> None:
    name = StudyName.parse("phantom/unet.fold1of4")
    assert (name.experiment, name.label, str(name)) == (
        "phantom",
        "unet.fold1of4",
        "phantom/unet.fold1of4",
    )


@pytest.mark.parametrize("text", ["", "phantom", "/unet", "phantom/", "a/b/c", "a/..", "a b/c"])
def test_no_study_is_named_so(text: str) -> None:
    with pytest.raises(TrackingError, match="is not the name of a study"):
        StudyName.parse(text)


def test_a_fold_has_a_tag_and_a_label() -> None:
    fold = Fold.parse("3/12")
    assert (fold.number, fold.of, str(fold), fold.suffix) == (3, 12, "3/12", ".fold3of12")


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "1/4/2", "1of4", "-1/4"])
def test_no_fold_is_written_so(text: str) -> None:
    with pytest.raises(TrackingError, match="is not an outer fold"):
        Fold.parse(text)


def test_a_name_that_is_too_long_says_so(workspace: Path) -> None:
    for use in (
        lambda: folder_name(LONG),
        lambda: design_folder(workspace, LONG, "unet"),
        lambda: design_folder(workspace, "phantom", LONG),
        lambda: RunFolder.create(workspace, RunRecord("trial", "e", "m", LONG)),
    ):
        with pytest.raises(TrackingError, match=r"\(300 characters\) is too long") as refused:
            use()
        assert "200 characters" in refused.value.hint


@pytest.mark.parametrize("run", [LONG, f"phantom/unet/{LONG}", f"{LONG}/unet/3"])
def test_a_run_with_a_long_name_is_not_there(workspace: Path, run: str) -> None:
    with pytest.raises(TrackingError, match="the name is too long"):
        resolve_run(workspace, run)


def test_a_workspace_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for place in (tmp_path / LONG, loop, loop / "runs"):
        uri = f"sqlite:///{place}/mlflow.db"
        with pytest.raises(TrackingError, match=r"workspace .*: (File name too long|Too many)"):
            find_runs(place)
        for reach in (connect, check):
            with pytest.raises(TrackingError, match=r"tracking database .*: (File name|Too many)"):
                reach(uri)
