"""Names from files and servers stay in their folders; symbolic links are skipped and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import FileInfo

from ablation.cli.sync import tell
from tracking import names
from tracking.errors import TrackingError
from tracking.mlflow import client
from tracking.places import inside, links_below
from tracking.publisher import sync
from tracking.record import RunFolder
from tracking.sealed import sealed

Make = Callable[..., RunFolder]
HOSTILE = (
    "../x",
    "..",
    ".",
    "",
    "/etc/passwd",
    "a/../../x",
    "a//b",
    "a\\b",
    "a\x00",
    "a\nb",
    "a/./b",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TrackingError, match="is not the name of a file in it"):
        inside(tmp_path, name)


def test_a_name_over_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/figures").symlink_to(tmp_path)
    with pytest.raises(TrackingError, match="is not the name of a file"):
        inside(tmp_path / "run", "figures/a.png")
    assert inside(tmp_path / "run", "checkpoint/a b.npz") == tmp_path / "run/checkpoint/a b.npz"


@pytest.mark.parametrize("key", ["experiment", "model", "name", "study"])
@pytest.mark.parametrize("value", ["../../../evil", "a/b/c", "/evil", "..", "a\nb", "a" * 300])
def test_a_record_with_such_a_name_is_refused(
    workspace: Path,
    tmp_path: Path,
    store: Any,
    make_study: Make,
    make_run: Make,
    key: str,
    value: str,
) -> None:
    study = make_study(workspace)
    run = make_run(study, "final-1.0", kind="final")
    file = run.path / names.RUN
    file.write_text(json.dumps(sealed(json.loads(file.read_text()) | {key: value})))
    before = {path for path in tmp_path.rglob("*") if "mlartifacts" not in path.parts}
    synced = sync(workspace, store.uri)
    ((path, why),) = synced.failed
    assert path == str(run.path)
    assert f"{file} is damaged: {key} is" in why
    assert synced.published == 1
    after = {path for path in tmp_path.rglob("*") if "mlartifacts" not in path.parts}
    made = {path.name for path in after - before} - {".mlflow.db.lock"}
    assert made <= {
        names.PUBLISH_LOCK,
        names.PUBLISHED_FILE,
        ".run.lock",
        ".workspace.json",
        ".workspace.lock",
    }


def test_links_are_skipped_and_named(
    workspace: Path, tmp_path: Path, store: Any, make_study: Make, make_run: Make, capsys: Any
) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key.txt").write_text("a private key")
    run = make_run(make_study(workspace), "final-1.0", kind="final")
    (run.path / "notes.txt").symlink_to(tmp_path / "secret/key.txt")
    (run.path / "figures").symlink_to(tmp_path / "secret")
    (run.path / "gone.txt").symlink_to(tmp_path / "nothing")
    synced = sync(workspace, store.uri)
    assert synced.links == tuple(
        str(run.path / name) for name in ("figures", "gone.txt", "notes.txt")
    )
    assert synced.failed == ()
    tell(synced, "here", quiet=True)
    assert f"not published, a symbolic link: {run.path / 'notes.txt'}" in capsys.readouterr().err
    assert b"a private key" not in b"".join(
        path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file()
    )
    assert links_below(run.path) == ("figures", "gone.txt", "notes.txt")


def test_files_and_ids_of_a_server_stay_in_their_folder(tmp_path: Path) -> None:
    class Server:
        def list_artifacts(self, *_: object) -> list[FileInfo]:
            return []

        def download_artifacts(self, *_: object) -> str:
            raise AssertionError("was asked for")

    for run_id, name in (("../up", "per_case.csv"), ("run", "../../x"), ("a/b", "per_case.csv")):
        with pytest.raises(TrackingError, match=r"is not the name of a file|is no id"):
            client._download(Server(), run_id, [name], tmp_path)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
