"""Finding runs in a workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tracking import names
from tracking.errors import TrackingError
from tracking.names import RunName
from tracking.record import RunFolder
from tracking.workspace import attempts, design_folder, find_runs, next_attempt, resolve_run

Make = Callable[..., RunFolder]


def test_runs_are_found_in_an_order_for_people(
    workspace: Path, make_study: Make, make_run: Make
) -> None:
    study = make_study(workspace)
    for name in ("10.0", "2.1", "final-101.0", "2.0"):
        make_run(study, name)
    (study.path.parent / "3.0").mkdir()  # killed before its run.json: no run
    found = [folder.path.name for folder in find_runs(workspace)]
    assert found == ["study", "2.0", "2.1", "10.0", "final-101.0"]


def test_attempts_come_oldest_first(workspace: Path, make_study: Make, make_run: Make) -> None:
    study = make_study(workspace)
    for name in ("1.0", "1.10", "1.9", "11.0", "final-1.0"):
        make_run(study, name, ended=False)
    found = attempts(study.path.parent, RunName("trial", 1))
    assert [run.path.name for run in found] == ["1.0", "1.9", "1.10"]
    first = RunName("trial", 1)
    after = [str(next_attempt(earlier, first)) for earlier in (found, found[:1], ())]
    assert after == ["1.11", "1.1", "1.0"]


def test_a_run_is_named_by_path_number_or_id(
    workspace: Path, make_study: Make, make_run: Make
) -> None:
    study = make_study(workspace)
    make_run(study, "4.0")
    run = make_run(study, "4.1")
    run.write_text(names.PUBLISHED_FILE, '{"http://lab": {"run_id": "abc123"}}')
    for name in (str(run.path), "phantom/unet/4", "phantom/unet/4.1", "abc123"):
        assert resolve_run(workspace, name) == run.path
    with pytest.raises(TrackingError, match="no run phantom/unet/5"):
        resolve_run(workspace, "phantom/unet/5")


def test_a_design_cannot_have_the_name_of_the_study_s_folder(workspace: Path) -> None:
    with pytest.raises(TrackingError, match="no design can be called 'study'"):
        design_folder(workspace, "phantom", "study")
    assert design_folder(workspace, "study", "unet") == workspace / "study" / "unet"


@pytest.mark.parametrize("name", ["a/b", "..", "", "a b", ".hidden"])
def test_folders_stay_in_the_workspace(workspace: Path, name: str) -> None:
    with pytest.raises(TrackingError):
        design_folder(workspace, name, "unet")
