"""What the queue relies on and Optuna does not promise: a running trial may wait again."""

from __future__ import annotations

import os
from collections.abc import Iterator

import optuna
import pytest
import sqlalchemy
from optuna.distributions import FloatDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import TrialState, create_trial

import sweeps
from sweeps import storage as databases

POSTGRES = os.environ.get("ABLATE_TEST_POSTGRES", "")
"""Address of a PostgreSQL database for tests, where there is one."""


@pytest.fixture(params=["sqlite", "postgresql"] if POSTGRES else ["sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: object) -> str:
    return POSTGRES if request.param == "postgresql" else f"sqlite:///{tmp_path}/optuna.db"


@pytest.fixture
def study(url: str) -> Iterator[optuna.Study]:
    sweeps.initialise_storage(url)
    storage = databases.connect(url)
    made = optuna.create_study(storage=storage)
    made.add_trial(create_trial(state=TrialState.WAITING))
    yield made
    optuna.delete_study(study_name=made.study_name, storage=storage)


def only(storage: BaseStorage, study: optuna.Study) -> optuna.trial.FrozenTrial:
    (trial,) = storage.get_all_trials(study._study_id)
    return trial


def test_running_to_waiting_keeps_everything(study: optuna.Study, url: str) -> None:
    backend = databases._open(url, create=False)
    storage, other = study._storage, optuna.storages.get_storage(backend)
    trial_id = only(storage, study)._trial_id
    assert storage.set_trial_state_values(trial_id, TrialState.RUNNING)
    storage.set_trial_param(trial_id, "x", 0.25, FloatDistribution(0, 1))
    storage.set_trial_intermediate_value(trial_id, 1, 0.5)
    storage.set_trial_user_attr(trial_id, "note", {"attempt": 0})
    assert only(other, study).state == TrialState.RUNNING  # and is now in the other's cache

    assert storage.set_trial_state_values(trial_id, TrialState.WAITING)
    for reader in (storage, other):
        waiting = only(reader, study)
        assert waiting.state == TrialState.WAITING
        assert waiting.number == 0
        assert waiting.params == {"x": 0.25}
        assert waiting.intermediate_values == {1: 0.5}
        assert waiting.user_attrs == {"note": {"attempt": 0}}

    assert other.set_trial_state_values(trial_id, TrialState.RUNNING)
    assert not storage.set_trial_state_values(trial_id, TrialState.RUNNING)  # claimed already
    other.set_trial_intermediate_value(trial_id, 2, 0.75)
    assert other.set_trial_state_values(trial_id, TrialState.COMPLETE, [0.75])
    backend.engine.dispose()
    done = only(storage, study)
    assert (done.state, done.value, done.intermediate_values) == (
        TrialState.COMPLETE,
        0.75,
        {1: 0.5, 2: 0.75},
    )


def test_waiting_may_fail_and_finished_is_for_ever(study: optuna.Study) -> None:
    storage = study._storage
    trial_id = only(storage, study)._trial_id
    assert storage.set_trial_state_values(trial_id, TrialState.FAIL)
    for refused in (
        lambda: storage.set_trial_state_values(trial_id, TrialState.WAITING),
        lambda: storage.set_trial_user_attr(trial_id, "note", 1),
        lambda: storage.set_trial_intermediate_value(trial_id, 1, 0.5),
    ):
        with pytest.raises(UpdateFinishedTrialError):
            refused()


def test_the_lock_excludes_another_connection(url: str) -> None:
    sweeps.initialise_storage(url)
    with databases.exclusive(url):
        if databases.database_file(url) is not None:
            return  # test_storage has the file lock
        engine = sqlalchemy.create_engine(url)
        free = sqlalchemy.func.pg_try_advisory_lock(databases.ADVISORY_KEY)
        with engine.connect() as connection:
            assert connection.execute(sqlalchemy.select(free)).scalar() is False
        engine.dispose()
