"""The run of a folder at an MLflow store: found by its random key, made when there is none.

A lost answer makes no second run. If two machines raced, all keep the run with the lowest
(start time, id) and the others are deleted: whoever searches last sees them all.
"""

from __future__ import annotations

import json

from mlflow import MlflowClient
from mlflow.entities import Run, ViewType
from mlflow.exceptions import MlflowException

from tracking import names
from tracking.address import artifact_root, database, shown
from tracking.errors import TrackingError
from tracking.identity import identity_of
from tracking.names import StudyName
from tracking.record import RunFolder, RunRecord
from tracking.workspace import workspace_of

LONGEST_TAG = 8000
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}  # its page shows trainings


def run_of(
    client: MlflowClient, uri: str, folder: RunFolder, record: RunRecord, *, again: bool
) -> tuple[Run, bool]:
    """Return the run of a folder, made if need be, and whether somebody deleted it."""
    experiment = _experiment_id(client, uri, record.experiment)
    if run := _find(client, experiment, record.run_key):
        return run, False
    gone = _search_key(client, experiment, record.run_key, ViewType.DELETED_ONLY)
    if gone and not again:
        return gone[0], True
    client.create_run(
        experiment,
        start_time=record.start_ms,
        tags={key: value for key, value in tags_of(client, uri, folder, record).items() if value},
        run_name=_shown_name(record),
    )
    found = _find(client, experiment, record.run_key)
    if found is None:
        raise TrackingError(
            f"{shown(uri)} does not find the run it has just made",
            hint="Its index may lag behind; publish again: ablate sync",
        )
    return found, False


def _find(client: MlflowClient, experiment: str, run_key: str) -> Run | None:
    """Return the run with a key; of several, made by racing machines, all but one are deleted."""
    found = _search_key(client, experiment, run_key, ViewType.ACTIVE_ONLY)
    found.sort(key=lambda run: (run.info.start_time, run.info.run_id))
    for extra in found[1:]:
        client.delete_run(extra.info.run_id)
    return found[0] if found else None


def _search_key(client: MlflowClient, experiment: str, run_key: str, view: int) -> list[Run]:
    return list(client.search_runs([experiment], f"tags.`{names.RUN_KEY}` = '{run_key}'", view))


def _experiment_id(client: MlflowClient, uri: str, name: str) -> str:
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        path = database(uri)
        place = (artifact_root(path) / name).as_uri() if path else None
        try:
            return str(client.create_experiment(name, place, EXPERIMENT_TAGS))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            experiment = client.get_experiment_by_name(name)  # another machine was quicker
    if experiment is None or experiment.lifecycle_stage != "active":
        raise TrackingError(
            f"experiment {name} was deleted at {shown(uri)}",
            hint=f"Restore it (mlflow experiments restore), or sweep with --experiment {name}-2",
        )
    return str(experiment.experiment_id)


def _shown_name(record: RunRecord) -> str:
    label = StudyName.parse(record.study).label if record.study else record.model
    return f"{label} {record.name}"


def tags_of(client: MlflowClient, uri: str, folder: RunFolder, record: RunRecord) -> dict[str, str]:
    """Return the tags of a run; an empty value means that the server must not have the tag."""
    fields = {
        names.KIND: record.kind,
        names.EXPERIMENT: record.experiment,
        names.MODEL: record.model,
        names.STUDY: record.study,
        names.NAME: record.name,
        names.IDENTITY: record.identity,
        names.RUN_KEY: record.run_key,
        names.RETRY_OF: record.retry_of,
        names.PARENT_KEY: record.parent_key,
        names.WORKSPACE: identity_of(workspace_of(folder)),
        names.REASON: record.reason,
        names.PARENT: _parent_id(client, uri, folder, record),
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": str(record.provenance.get("command", "")),
        "mlflow.source.git.commit": str(record.provenance.get("commit", "")).rstrip("+"),
    }
    if record.kind in names.SCORED and (folder.path / names.PER_CASE).exists():
        table = [{"path": names.PER_CASE_TABLE, "type": "table"}]
        fields[names.TABLES] = json.dumps(table)
    own = {names.fit(key): value for key, value in record.tags.items()}
    return {key: value[:LONGEST_TAG] for key, value in {**own, **fields}.items()}


def _parent_id(client: MlflowClient, uri: str, folder: RunFolder, record: RunRecord) -> str:
    """Return the run id of a trial's study, made if need be; "" when there is none or it was deleted.

    Finals stand beside their study, so that the page lists them and puts their tables side by side.
    """
    study = RunFolder(folder.path.parent / names.STUDY_FOLDER)
    if record.kind != "trial" or not record.parent_key or not (study.path / names.RUN).exists():
        return ""
    run, is_deleted = run_of(client, uri, study, study.record, again=False)
    return "" if is_deleted else str(run.info.run_id)
