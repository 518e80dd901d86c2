from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

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


def test_without_proc_ps_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(owner, "PROC", tmp_path)
    answers = {"lstart=": "Tue Nov  3 10:00:00 2026\n"}

    def answer(command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, stdout=answers[command[2]])

    monkeypatch.setattr(owner.subprocess, "run", answer)  # type: ignore[attr-defined]
    assert owner.started(1) == "Tue Nov  3 10:00:00 2026"
