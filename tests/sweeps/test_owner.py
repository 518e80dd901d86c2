from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from sweeps import owner


def test_this_process_is_not_gone() -> None:
    assert not owner.this_process().is_gone()


def test_an_ended_process_is_gone_even_before_it_is_waited_for() -> None:
    process = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    its = owner.Owner(owner.this_host(), process.pid, owner.started(process.pid))
    assert not its.is_gone()
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # a zombie now
    assert its.is_gone()
    process.communicate()
    assert its.is_gone()


def test_a_pid_used_again_is_another_process() -> None:
    assert replace(owner.this_process(), start="another time").is_gone()


def test_a_process_of_another_machine_is_not_known_to_be_gone() -> None:
    assert not owner.Owner("elsewhere", 1, "long ago").is_gone()


def test_without_proc_the_start_is_a_time_of_day(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(owner, "PROC", tmp_path)
    process = psutil.Process()
    assert owner.started(process.pid) == time.ctime(process.create_time())


def test_setting_the_clock_ends_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    me = owner.this_process()
    boot = psutil.boot_time()
    monkeypatch.setattr(psutil, "boot_time", lambda: boot + 3600)
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: boot + 3600)
    assert psutil.Process().create_time() > time.time()  # the clock was set
    assert not me.is_gone()


def test_owners_of_version_0_1_are_compared() -> None:
    ticks = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert owner.started(os.getpid()) == f"{boot} {ticks}"
