"""A sweep is planned before anything is written: other targets, changed studies, dry runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ablation.errors import AblateError, UsageError
from ablation.experiments import machine
from ablation.experiments import sweep as module
from ablation.experiments.cost import Cost
from ablation.experiments.sweep import SweepPlan, SweepRequest, begin, plan_sweep
from sweeps import SweepError
from tracking.record import RunFolder, RunRecord

A_DAY = 90_000.0
SMALL = {"data.phantom_patients": 4, "data.image_size": 32, "model.base": 4, "model.depth": 2}


@pytest.fixture
def request_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SweepRequest:
    """A request whose cost is not measured."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "cost_of", lambda *_: Cost(2, 12, 4, 60.0, 1000, 10))
    return SweepRequest(
        ("unet",), trials=2, settings=SMALL, workspace=Path("runs"), cache=tmp_path / "cache"
    )


def with_setting(request: SweepRequest, **values: object) -> SweepRequest:
    named = {key.replace("__", "."): value for key, value in values.items()}
    return replace(request, settings={**request.settings, **named})


def test_a_dry_run_leaves_the_folder_as_it_is(request_: SweepRequest, tmp_path: Path) -> None:
    lines: list[str] = []
    plan_sweep(replace(request_, dry_run=True), lines.append)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    assert lines[0].startswith("preset cpu-demo")
    assert any(line.startswith("data: phantom, 4 patients") for line in lines)


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_changed_study_is_refused_before_the_cost(
    request_: SweepRequest, monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    begin(plan_sweep(request_))
    database = Path("runs/optuna.db").read_bytes()
    monkeypatch.setattr(module, "cost_of", lambda *_: pytest.fail("measured"))
    changed = replace(with_setting(request_, loss__name="tversky"), dry_run=dry_run)
    with pytest.raises(SweepError, match=r"loss\.name"):
        plan_sweep(changed)
    assert Path("runs/optuna.db").read_bytes() == database


def test_the_same_study_goes_on(request_: SweepRequest) -> None:
    begin(plan_sweep(request_))
    again = plan_sweep(replace(request_, trials=3))
    begin(again)
    assert [one.study for one in again.experiments] == ["phantom/unet"]


def test_another_target_is_another_experiment(request_: SweepRequest) -> None:
    names = [
        plan_sweep(with_setting(request_, data__target=target)).experiments[0].name
        for target in ("WT", "TC")
    ]
    assert names == ["phantom", "phantom-TC"]
    named = replace(with_setting(request_, data__target="TC"), experiment="mine")
    assert plan_sweep(named).experiments[0].study == "mine/unet"


def test_another_target_in_a_named_experiment_is_told_to_take_another(
    request_: SweepRequest,
) -> None:
    named = replace(request_, experiment="mine")
    begin(plan_sweep(named))
    with pytest.raises(AblateError, match="was created for target WT, not TC") as caught:
        plan_sweep(with_setting(named, data__target="TC"))
    assert "--experiment NEWNAME" in caught.value.hint
    assert "--study" not in caught.value.hint


def test_settings_are_values_and_flags_win(request_: SweepRequest) -> None:
    asked = with_setting(request_, sweep__trials=7)
    assert plan_sweep(asked).experiments[0].config.sweep.trials == 2
    only = plan_sweep(replace(asked, trials=None)).experiments[0]
    assert only.config.sweep.trials == 7
    with pytest.raises(UsageError, match=r"unknown key loss\.nmae"):
        plan_sweep(with_setting(request_, loss__nmae="dice"))


def test_a_plan_says_when_somebody_should_agree(tmp_path: Path) -> None:
    cheap = SweepPlan((), (Cost(2, 12, 4, 60.0, 1000, 10),), tmp_path, tmp_path)
    assert cheap.doubts == ()
    dear = replace(cheap, costs=(Cost(2, 12, 4, A_DAY, 10**18, 10),))
    assert [text.partition(" ")[0] for text in dear.doubts] == ["takes", "needs"]


def threads_of(plan: SweepPlan) -> int | None:
    return plan.experiments[0].config.training.threads


def test_a_study_keeps_the_threads_it_was_created_with(
    request_: SweepRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "usable_cores", lambda: 6)
    begin(plan := plan_sweep(request_))
    assert threads_of(plan) == 6
    monkeypatch.setattr(machine, "usable_cores", lambda: 1)
    lines: list[str] = []
    begin(again := plan_sweep(request_, lines.append))
    assert threads_of(again) == 6
    assert (
        "warning: phantom/unet computes with 6 threads as before, on 1 core: "
        "the same numbers, more slowly"
    ) in lines
    assert threads_of(plan_sweep(replace(request_, study="other"))) == 1
    with pytest.raises(SweepError, match=r"training\.threads: 6 -> 4"):
        plan_sweep(with_setting(request_, training__threads=4))


def test_a_study_of_an_earlier_version_goes_on_with_every_core(
    request_: SweepRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:
        then.setattr(module, "with_threads", lambda experiment, _: experiment)
        begin(earlier := plan_sweep(request_))
    again = plan_sweep(request_)
    assert threads_of(again) is None
    same = [one.experiments[0].identity_of(one.experiments[0].config) for one in (earlier, again)]
    assert same[0] == same[1]


def test_another_kind_of_cpu_is_said_when_a_study_goes_on(
    request_: SweepRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(plan := plan_sweep(request_))
    study = RunRecord("study", "phantom", "unet", "study", provenance={"cpu": "AMD EPYC 7763"})
    RunFolder.create(request_.workspace / "phantom" / "unet", study)
    lines: list[str] = []
    plan_sweep(request_, lines.append)
    said = [line for line in lines if "another kind of CPU" in line]
    assert len(said) == 1
    assert "(AMD EPYC 7763)" in said[0]
    assert machine.machine_warnings(replace(plan.experiments[0], name="new"), Path("runs")) == []
    assert machine.other_cpu({"cpu": "Xeon"}, {"cpu": "Xeon", "cpu_features": "avx2"}) == ""
    two = [{"cpu": "Xeon", "cpu_features": one} for one in ("avx2", "avx2 avx512f")]
    assert machine.other_cpu(*two) == "avx2"
