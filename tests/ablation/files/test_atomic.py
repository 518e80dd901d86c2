"""Files are there whole or not at all, and a lock lets one in at a time."""

from __future__ import annotations

import multiprocessing
import threading
import time
from pathlib import Path

import pytest

from ablation.files.atomic import locked, whole_file, write_whole


def test_text_and_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "text.csv", "Käse\n\r\n")
    write_whole(tmp_path / "bytes", b"\x00\xff")
    assert (tmp_path / "a" / "text.csv").read_bytes() == "Käse\n\r\n".encode()
    assert (tmp_path / "bytes").read_bytes() == b"\x00\xff"


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_whole(path, "old")
    with whole_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_an_error_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_whole(path, "old")

    def fail_halfway() -> None:
        with whole_file(path) as file:
            file.write(b"half of the n")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["table.csv"]


def test_threads_hold_a_lock_one_at_a_time(tmp_path: Path) -> None:
    inside, most = [], []

    def work() -> None:
        with locked(tmp_path / "new" / "lock"):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.02)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert most == [1, 1, 1, 1]


def hold(path: Path, ready: Path) -> None:
    with locked(path):
        ready.touch()
        time.sleep(60)


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    lock, ready = tmp_path / "lock", tmp_path / "ready"
    holder = multiprocessing.get_context("spawn").Process(target=hold, args=(lock, ready))
    holder.start()
    deadline = time.monotonic() + 30
    while not ready.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    holder.kill()
    holder.join()
    with locked(lock):
        pass
