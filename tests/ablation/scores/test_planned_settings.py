"""The plan of a comparison survives the way into a run's record and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from ablation.config import Config, with_values
from ablation.config.sections import ComparisonConfig
from ablation.errors import UsageError
from ablation.experiments.experiment import params_of
from ablation.scores.finals import planned_of, planned_settings
from tracking.finals import PulledRun


def run(comparison: ComparisonConfig | None = None, **params: str) -> PulledRun:
    values = {
        f"comparison.{k}": v for k, v in (comparison or ComparisonConfig()).model_dump().items()
    }
    record = params_of(with_values(Config(), values)) if comparison else {}
    return PulledRun("1", "final-1", {}, record | params, {}, Path())


@pytest.mark.parametrize(
    "plan",
    [
        ComparisonConfig(),
        ComparisonConfig(
            metric="hd95",
            secondary=("dice", "nsd"),
            reference="unet",
            level=0.9,
            margin={"dice": 0.02, "hd95": 2.0},
            alternative="greater",
            primary_test="signflip",
            correction="none",
            unit="case",
            missing="worst",
            empty="brats",
            seed=3,
        ),
        ComparisonConfig(secondary=(), correction="bh"),
    ],
)
def test_every_key_comes_back(plan):
    pulled = run(plan)
    assert planned_settings([pulled]) == plan
    assert planned_of([pulled]) == dict(plan)


def test_a_run_without_a_plan_states_none():
    assert planned_settings([run()]) == planned_settings([]) == ComparisonConfig()
    assert planned_of([run()]) == {}


def test_a_record_that_is_no_plan_is_named():
    with pytest.raises(UsageError, match=r"comparison\.correction = 'hol'"):
        planned_settings([run(**{"comparison.correction": "hol"})])
    with pytest.raises(UsageError, match=r"comparison\.secondary"):
        planned_settings([run(**{"comparison.secondary": "('hd95"})])


def test_keys_of_another_version_are_passed_over():
    assert planned_settings([run(**{"comparison.colour": "red"})]) == ComparisonConfig()
