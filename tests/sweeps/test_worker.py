from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import sweeps
from sweeps.queue import BEAT, open_queue

Run = Callable[..., sweeps.WorkerEnd]


@pytest.fixture
def spec(tmp_path: Path, toy: ModuleType) -> sweeps.StudySpec:
    made: sweeps.StudySpec = toy.spec(
        tmp_path, trials=3, final_seeds=(), retries=1, max_consecutive_failures=2
    )
    sweeps.open_study(made)
    return made


def work(
    spec: sweeps.StudySpec, objective: sweeps.Objective, stop: threading.Event | None = None
) -> sweeps.WorkerEnd:
    run = functools.partial(sweeps.work, spec.storage, spec.name, objective, lambda lost: None)
    return run(stop=stop or threading.Event(), poll_s=0.01)


def table(spec: sweeps.StudySpec) -> list[tuple[int, str, float | None]]:
    rows = sweeps.trials_table(spec.storage, spec.name)
    return [(row.number, row.state, row.value) for row in rows]


def test_same_seed_same_table_in_two_storages(tmp_path: Path, toy: ModuleType) -> None:
    tables = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        spec = toy.spec(tmp_path / name, trials=11, final_seeds=())
        sweeps.open_study(spec)
        assert work(spec, toy.objective(tmp_path / name, 0.0)).why == "done"
        rows = sweeps.trials_table(spec.storage, spec.name)
        tables.append([(r.number, r.state, r.params, r.value, r.epochs) for r in rows])
    assert tables[0] == tables[1]
    xs = [row[2]["x"] for row in tables[0]]
    assert len(set(xs)) == len(xs) == 11


def test_another_seed_another_table(tmp_path: Path, toy: ModuleType) -> None:
    first = []
    for seed in (0, 1):
        spec = toy.spec(tmp_path, trials=1, seed=seed, name=f"toy/{seed}", sampler="random")
        sweeps.open_study(spec)
        assert work(spec, lambda task: sweeps.Complete(0.0)).why == "done"
        first.append(sweeps.trials_table(spec.storage, spec.name)[0].params["x"])
    assert first[0] != first[1]


def test_an_assignment_says_what_is_asked(spec: sweeps.StudySpec) -> None:
    seen: list[sweeps.Assignment] = []

    def objective(task: sweeps.Assignment) -> sweeps.Outcome:
        seen.append(task)
        return sweeps.Complete(float(task.number) + (task.seed or 0), {"parameters": 12})

    spec = replace(spec, final_seeds=(5,))
    sweeps.open_study(spec)
    assert work(spec, objective) == sweeps.WorkerEnd("done")
    assert [(task.kind, task.number, task.attempt) for task in seen] == [
        ("trial", 0, 0),
        ("trial", 1, 0),
        ("trial", 2, 0),
        ("final", 0, 0),
    ]
    assert seen[0].params.keys() == spec.space.keys()
    assert seen[0].params["only"] == 0.5
    assert isinstance(seen[0].params["depth"], int)
    assert isinstance(seen[0].params["skips"], bool)
    final = seen[3]
    assert final.study == spec.name
    assert final.params == seen[2].params
    assert final.seed == 5
    assert final.facts == {"seed": 5, "best_number": 2, "best_value": 2.0, "trials": 3}
    (row,) = sweeps.trials_table(spec.storage, sweeps.final_name(spec.name))
    assert row.facts == {**final.facts, "parameters": 12}
    assert sweeps.read_progress(spec.storage, spec.name).is_finished


def test_more_trials_go_on_and_a_new_best_has_new_finals(spec: sweeps.StudySpec) -> None:
    def objective(task: sweeps.Assignment) -> sweeps.Outcome:
        return sweeps.Complete({0: 0.5, 3: 0.9}.get(task.number, 0.1))

    spec = replace(spec, final_seeds=(5,))
    for trials in (3, 3, 4, 6):
        sweeps.open_study(replace(spec, trials=trials))
        assert work(spec, objective).why == "done"
        now = sweeps.read_progress(spec.storage, spec.name)
        assert (now.done, now.total, now.is_finished) == (trials, trials, True)
    finals = sweeps.trials_table(spec.storage, sweeps.final_name(spec.name))
    assert [(f.facts["best_number"], f.attempt) for f in finals] == [(0, 0), (3, 1)]


def test_a_pruned_trial_has_its_last_value(tmp_path: Path, toy: ModuleType) -> None:
    spec = toy.spec(tmp_path, trials=11, final_seeds=())
    sweeps.open_study(spec)

    def objective(task: sweeps.Assignment) -> sweeps.Outcome:
        for epoch in range(1, 5):
            if task.report(epoch, epoch - 2.0 * (task.number == 10)):
                assert not task.interrupted()
                return sweeps.Pruned({"epoch": epoch})
        return sweeps.Complete(4.0)

    work(spec, objective)
    last = sweeps.trials_table(spec.storage, spec.name)[10]
    assert (last.state, last.value, last.epochs) == ("pruned", 0.0, 2)  # min_epochs = 2
    assert last.facts == {"epoch": 2}


def test_a_replayed_epoch_is_judged_as_when_it_was_new(tmp_path: Path, toy: ModuleType) -> None:
    spec = toy.spec(tmp_path, trials=11, final_seeds=())
    sweeps.open_study(spec)
    asked: list[tuple[int, bool]] = []

    def objective(task: sweeps.Assignment) -> sweeps.Outcome:
        if task.number < 10:
            for epoch in range(1, 5):
                task.report(epoch, 0.5)
            return sweeps.Complete(0.5)
        queue = open_queue(spec)
        trial = queue.trials()[10]
        # What a killed attempt left behind: three reports, of which the third is the bad one.
        for epoch, value in ((1, 0.6), (2, 0.6), (3, float("nan"))):
            queue.storage.set_trial_intermediate_value(trial._trial_id, epoch, value)
        for epoch, value in ((1, 0.4), (2, 0.6), (3, 0.6)):
            asked.append((epoch, task.report(epoch, value)))
        return sweeps.Complete(0.6)

    work(spec, objective)
    assert asked == [(1, False), (2, False), (3, False)]
    assert sweeps.trials_table(spec.storage, spec.name)[10].epochs == 3


def test_interrupted_goes_back_and_is_begun_again(spec: sweeps.StudySpec) -> None:
    stop, begun = threading.Event(), []

    def objective(task: sweeps.Assignment) -> sweeps.Outcome:
        begun.append((task.number, task.attempt))
        if begun == [(0, 0), (1, 0)]:
            stop.set()
            assert task.report(1, 0.5)
            assert task.interrupted()
            return sweeps.Interrupted()
        return sweeps.Complete(0.5)

    end = work(spec, objective, stop)
    assert (end.why, end.exit_code) == ("interrupted", 130)
    assert table(spec) == [(0, "complete", 0.5), (1, "waiting", None)]
    assert work(spec, objective).exit_code == 0
    assert begun == [(0, 0), (1, 0), (1, 1), (2, 0)]


def test_failed_trials_are_replaced(spec: sweeps.StudySpec) -> None:
    def objective(task: sweeps.Assignment) -> sweeps.Outcome:
        if task.number == 1:
            return sweeps.Failed("NaN in the loss")
        return sweeps.Complete(float("nan") if task.number == 3 else 0.5)

    assert work(spec, objective).why == "done"
    assert [state for _, state, _ in table(spec)] == [
        "complete",
        "failed",
        "complete",
        "failed",
        "complete",
    ]
    reasons = [row.reason for row in sweeps.trials_table(spec.storage, spec.name)]
    assert reasons == ["", "NaN in the loss", "", "the objective returned nan", ""]


def test_failures_that_may_pass_are_tried_again(spec: sweeps.StudySpec) -> None:
    attempts: list[tuple[int, int]] = []

    def objective(task: sweeps.Assignment) -> sweeps.Outcome:
        attempts.append((task.number, task.attempt))
        memory = (task.number == 0 and task.attempt == 0) or task.number == 1
        return sweeps.Failed("out of memory", retry=True) if memory else sweeps.Complete(0.5)

    assert work(spec, objective).why == "done"
    assert attempts == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (3, 0)]
    assert sweeps.trials_table(spec.storage, spec.name)[1].reason == "out of memory"


def test_a_hopeless_sweep_stops(spec: sweeps.StudySpec, capsys: pytest.CaptureFixture[str]) -> None:
    def objective(task: sweeps.Assignment) -> sweeps.Outcome:
        raise LookupError("scans are gone")

    end = work(spec, objective)
    assert end == sweeps.WorkerEnd("hopeless", "LookupError: scans are gone")
    assert end.exit_code not in (0, 1, 2, 130)
    assert [state for _, state, _ in table(spec)] == ["failed", "failed"]
    assert "Traceback" in capsys.readouterr().err
    assert work(spec, lambda task: sweeps.Complete(0.5)).why == "done"


def test_a_fault_of_the_disk_is_not_the_trials(spec: sweeps.StudySpec) -> None:
    def objective(task: sweeps.Assignment) -> sweeps.Outcome:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        work(spec, objective)
    assert [state for _, state, _ in table(spec)] == ["waiting"]


def test_ctrl_c_without_handlers_leaves_nothing_running(spec: sweeps.StudySpec) -> None:
    def objective(task: sweeps.Assignment) -> sweeps.Outcome:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(spec, objective)
    assert table(spec) == [(0, "waiting", None)]


def test_the_beat_goes_on_while_the_objective_works(spec: sweeps.StudySpec) -> None:
    queue, beats = open_queue(spec), []

    def objective(task: sweeps.Assignment) -> sweeps.Outcome:
        for _ in range(2):
            before = queue.trials()[task.number].user_attrs.get(BEAT, 0)
            while queue.trials()[task.number].user_attrs.get(BEAT, 0) == before:
                pass
            beats.append(before)
        return sweeps.Complete(0.5)

    sweeps.open_study(replace(spec, trials=1))
    sweeps.work(spec.storage, spec.name, objective, print, stop=threading.Event(), beat_s=0.05)
    assert beats[0] < beats[1]


def test_all_pruned_ends_without_finals(spec: sweeps.StudySpec) -> None:
    sweeps.open_study(replace(spec, final_seeds=(1,)))
    assert work(spec, lambda task: sweeps.Pruned()).why == "done"
    assert sweeps.trials_table(spec.storage, sweeps.final_name(spec.name)) == ()
    assert sweeps.read_progress(spec.storage, spec.name).is_finished


def test_suggestions_survive_a_kill_between_two_parameters(
    tmp_path: Path, toy: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def params(name: str, broken_at: int | None) -> list[Any]:
        spec = toy.spec(tmp_path, trials=11, name=name, final_seeds=(), pruner="none")
        sweeps.open_study(spec)
        queue = open_queue(spec)
        kind = type(queue.storage)
        write, count = kind.set_trial_param, [0]

        def killed(*values: Any) -> None:
            count[0] += 1
            if count[0] == broken_at:
                raise KeyboardInterrupt
            write(*values)

        monkeypatch.setattr(kind, "set_trial_param", killed)
        run = functools.partial(
            work, spec, lambda task: sweeps.Complete(toy.value(task.params, 4, None))
        )
        if broken_at:
            with pytest.raises(KeyboardInterrupt):
                run()
        run()
        monkeypatch.undo()
        return [row.params for row in sweeps.trials_table(spec.storage, name)]

    whole = params("whole", None)
    assert params("startup", 3) == whole  # second parameter of the first, random trial
    assert params("model", 5 * 10 + 3) == whole  # of the last one, drawn by TPE
