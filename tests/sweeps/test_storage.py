from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pytest
from optuna.exceptions import StorageInternalError

from sweeps import storage
from sweeps.errors import SweepError


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/studies"])
def test_storages_that_processes_cannot_share_are_refused(url: str) -> None:
    with pytest.raises(SweepError, match="cannot be shared"):
        storage.database_file(url)


def test_no_url_is_refused() -> None:
    with pytest.raises(SweepError, match="not a database URL"):
        storage.database_file("runs/optuna.db")


def test_password_is_not_shown() -> None:
    assert "secret" not in storage.shown("postgresql://me:secret@host/studies")


def test_missing_database_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="no studies yet"):
        storage.connect(f"sqlite:///{tmp_path / 'none.db'}")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("scans and truths, but no table at all " * 99)
    with pytest.raises(SweepError, match=r"x\.db is damaged: .*not a database"):
        storage.initialise_storage(f"sqlite:///{tmp_path / 'x.db'}")


def test_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "file_system", lambda folder: "nfs4")
    with pytest.raises(SweepError, match="network file system") as fault:
        storage.initialise_storage(f"sqlite:///{tmp_path / 'x.db'}")
    assert "local disk" in fault.value.hint


def test_file_system_is_that_of_the_longest_mount_point(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "none / overlay rw 0 0\n"
        f"server:/a {tmp_path}/my\\040scans nfs4 rw 0 0\n"
        f"x {tmp_path}/my ext4 rw 0 0\n"
    )
    assert storage.file_system(tmp_path / "my scans" / "runs", mounts) == "nfs4"
    assert storage.file_system(tmp_path / "my", mounts) == "ext4"
    assert storage.file_system(tmp_path, mounts) == "overlay"
    assert storage.file_system(tmp_path, tmp_path / "absent") == ""


def test_lock_is_exclusive_and_gives_up_by_name(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    with (
        storage.exclusive(url),
        pytest.raises(SweepError, match=r"another process holds .*x\.db\.lock"),
        storage.exclusive(url, patience_s=0.05),
    ):
        pass
    with storage.exclusive(url, patience_s=0.05):
        pass


def test_first_use_may_be_raced(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    context = multiprocessing.get_context("fork")
    racers = [context.Process(target=storage.initialise_storage, args=(url,)) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0, 0, 0, 0]
    storage.connect(url)


def test_patience_outlives_a_short_absence_of_the_database() -> None:
    asked: list[int] = []

    def ask() -> int:
        asked.append(1)
        if len(asked) < 3:
            raise StorageInternalError("away")
        return 7

    assert storage.patiently(ask) == 7


def test_patience_has_an_end() -> None:
    def ask() -> int:
        raise StorageInternalError("away")

    before = time.monotonic()
    with pytest.raises(StorageInternalError):
        storage.patiently(ask, patience_s=0.3)
    assert time.monotonic() - before < 0.3


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:S3cret@db/studies",
        "postgresql://me:S3%40cret@db/studies",
        "postgresql://me:S3@S3/cret@db/studies",
        "postgresql://db/studies?user=me&password=S3cret",
        "mysql://me:S3cret@db/studies",
        "me:S3cret@db/studies",
    ],
)
def test_no_message_holds_a_password(url: str) -> None:
    assert "S3" not in storage.shown(f"no answer from '{url}', later")
    assert "/studies" in storage.shown(url)
    for use in (storage.initialise_storage, storage.connect):
        with pytest.raises(SweepError) as refused:
            use(url)
        assert "S3" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize(
    "text", ["sqlite:////data/x.db", "postgresql://db:5432/x", "at 10:30, a@b"]
)
def test_what_holds_no_password_stays(text: str) -> None:
    assert storage.shown(text) == text


def test_a_path_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for folder in (tmp_path / ("n" * 300), loop):
        for use in (storage.initialise_storage, storage.connect, storage.is_absent):
            with pytest.raises(SweepError, match=r"study database .*: (File name|Too many)"):
                use(f"sqlite:///{folder}/optuna.db")
