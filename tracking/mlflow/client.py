"""The MLflow boundary: one run folder out, the finals of an experiment in.

`publish` brings a run on the server to the state of its folder. It may be repeated, interrupted
and raced by other machines, and nothing arrives twice:

* a run is found by the random key in its folder (`tracking.mlflow.registry`)
* a metric is sent with the time recorded in its folder, and MLflow drops what it has already
* files go by digest, weights last; then the tag `ablate.published`; the status is last of all
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag

from tracking import names
from tracking.address import is_within
from tracking.errors import TrackingError, UnreachableError
from tracking.finals import (
    FinalRun,
    Finals,
    PulledRun,
    PulledStudy,
    StudyFacts,
    is_own,
    newest,
    of_run,
)
from tracking.identity import identity_of
from tracking.locks import locked
from tracking.manifest import (
    APPENDED,
    FileState,
    Progress,
    digest,
    files_of,
    read_progress,
    read_table,
    refuse_changed,
    refuse_damaged,
    sending_order,
    without_host,
    write_progress,
)
from tracking.mlflow.connection import connect, translated
from tracking.mlflow.registry import run_of, tags_of
from tracking.places import inside, is_plain
from tracking.record import EpochLine, RunFolder, RunRecord
from tracking.workspace import workspace_of

METRICS_AT_ONCE = 1000
PARAMS_AT_ONCE = 100
LONGEST_PARAM = 6000


Outcome = Literal["published", "up to date", "busy", "deleted"]


@dataclass(frozen=True, slots=True)
class Published:
    """What became of one run: its id at the server, and whether something was sent."""

    run_id: str
    outcome: Outcome


def publish(folder: RunFolder, uri: str, *, again: bool = False, wait_s: float = 60.0) -> Published:
    """Bring the run at the server to the state of its folder; safe to repeat, interrupt and race.

    Args:
        folder: The run; one whose process is gone is written KILLED first.
        uri: The tracking address, absolute.
        again: Make a new run when somebody deleted this one at the server.
        wait_s: How long to wait for another publisher of the same folder.

    Raises:
        UnreachableError: The server does not answer; nothing is lost, publish later.
        TrackingError: The folder or the server's copy of it is not what it should be.
    """
    with locked(folder.path / names.PUBLISH_LOCK, wait_s) as mine:
        if not mine:
            return Published("", "busy")
        folder.close_if_abandoned()
        with translated(f"publish {folder.path}", uri):
            return _publish(folder, connect(uri), uri, again=again)


def _publish(folder: RunFolder, client: MlflowClient, uri: str, *, again: bool) -> Published:
    record = folder.record  # read first: if it says that the run ended, all else is complete
    run, is_deleted = run_of(client, uri, folder, record, again=again)
    run_id: str = run.info.run_id
    if is_deleted:
        return Published(run_id, "deleted")
    progress = read_progress(folder, uri)
    known = progress.files
    if progress.run_id != run_id or (progress.files and not _has_files(run)):
        progress = Progress(run_id)
    files = files_of(folder, known)
    refuse_damaged(folder, record, files)
    ended = record.status != "RUNNING"
    whole = digest(files)
    stands = _stands(run, record, whole)
    if stands and (progress.digest == whole or _is_anothers(run, folder, uri)):
        return Published(run_id, "up to date")
    if _is_anothers(run, folder, uri):
        folder.renew_key()
        return _publish(folder, client, uri, again=again)
    if names.PUBLISHED in run.data.tags:
        client.delete_tag(run_id, names.PUBLISHED)  # no reader takes a run that is being changed
    _send_params(client, run, record)
    progress = _send_metrics(client, folder, record, progress)
    write_progress(folder, uri, progress)
    _send_tags(client, run, {**tags_of(client, uri, folder, record), **_infinite(progress)})
    progress = _send_files(client, folder, record, progress, files)
    write_progress(folder, uri, progress)
    _send_end(client, run, record, whole if ended else "")
    write_progress(folder, uri, replace(progress, digest=whole))
    return Published(run_id, "published")


def _stands(run: Run, record: RunRecord, whole: str) -> bool:
    """Tell whether the server says of the run's end what the folder says."""
    tagged = run.data.tags.get(names.PUBLISHED, "") == (whole if record.status != "RUNNING" else "")
    return tagged and run.info.status == record.status


def _is_anothers(run: Run, folder: RunFolder, uri: str) -> bool:
    """Tell whether the workspace this one was copied from publishes the run; never of own databases."""
    theirs = run.data.tags.get(names.WORKSPACE, "")
    workspace = workspace_of(folder)
    return bool(theirs) and not is_within(uri, workspace) and theirs != identity_of(workspace)


def _has_files(run: Run) -> bool:
    """Tell whether the folder of the run's files is there, where it lies on this machine."""
    place = urlsplit(run.info.artifact_uri)
    return place.scheme not in ("", "file") or Path(unquote(place.path)).is_dir()


def _infinite(progress: Progress) -> dict[str, str]:
    return {names.INFINITE: ", ".join(progress.infinite)}


def _send_params(client: MlflowClient, run: Run, record: RunRecord) -> None:
    there = run.data.params
    ours = {names.fit(key): value[:LONGEST_PARAM] for key, value in record.params.items()}
    other = [f"{k}: {there[k]} there, {v} here" for k, v in ours.items() if there.get(k, v) != v]
    if other:
        raise TrackingError(
            f"run {run.info.run_id} has other params than its folder: {'; '.join(other)}",
            hint="Params never change; was run.json edited? Delete the run there, then: ablate sync --again",
        )
    missing = [Param(key, value) for key, value in ours.items() if key not in there]
    for start in range(0, len(missing), PARAMS_AT_ONCE):
        client.log_batch(run.info.run_id, params=missing[start : start + PARAMS_AT_ONCE])


def _send_metrics(
    client: MlflowClient, folder: RunFolder, record: RunRecord, progress: Progress
) -> Progress:
    lines, offset = folder.epochs(progress.offset)
    points = [
        Metric(names.fit(key), value, line.time_ms, line.step)
        for line in lines
        for key, value in line.metrics.items()
    ]
    summary = {} if record.end_ms is None else dict(record.metrics)
    changed = {k: v for k, v in summary.items() if progress.summary.get(k) != v}
    # At the last step and after it, for the page shows the value of the highest step, then time.
    last = max(folder.epochs()[0], key=lambda line: line.step, default=EpochLine(0, 0, {}))
    end_ms = max(record.end_ms or 0, last.time_ms + 1)
    points += [Metric(names.fit(k), v, end_ms, last.step) for k, v in changed.items()]
    finite = [point for point in points if not math.isinf(point.value)]
    for start in range(0, len(finite), METRICS_AT_ONCE):
        client.log_batch(progress.run_id, metrics=finite[start : start + METRICS_AT_ONCE])
    infinite = {point.key for point in points if math.isinf(point.value)}
    return replace(
        progress,
        offset=offset,
        summary={
            k: v for k, v in (*progress.summary.items(), *summary.items()) if math.isfinite(v)
        },
        infinite=tuple(sorted(infinite.union(progress.infinite))),
    )


def _send_tags(client: MlflowClient, run: Run, tags: Mapping[str, str]) -> None:
    there = run.data.tags
    changed = [
        RunTag(key, value) for key, value in tags.items() if value and there.get(key) != value
    ]
    if changed:
        client.log_batch(run.info.run_id, tags=changed)
    for key, value in tags.items():
        if not value and key in there:
            client.delete_tag(run.info.run_id, key)


def _send_files(
    client: MlflowClient,
    folder: RunFolder,
    record: RunRecord,
    progress: Progress,
    files: Mapping[str, FileState],
) -> Progress:
    sent = dict(progress.files)
    for name in sending_order(files):
        later = name == names.METRICS or (record.status == "RUNNING" and name in APPENDED)
        same = name in sent and sent[name].sha256 == files[name].sha256
        if not later and not same:
            path, place = folder.path / name, Path(name).parent.as_posix()
            if name == names.RUN:
                _send_text(
                    client, progress.run_id, name, without_host(path.read_text(encoding="utf-8"))
                )
            else:
                client.log_artifact(progress.run_id, str(path), None if place == "." else place)
            if name == names.PER_CASE and record.kind in names.SCORED:
                table = read_table(path)
                _send_text(client, progress.run_id, names.PER_CASE_TABLE, table)
        if not later:
            sent[name] = files[name]
    return replace(progress, files=sent)


def _send_text(client: MlflowClient, run_id: str, name: str, text: str) -> None:
    """Send a text as a file: run.json without its host, or the per-case rows as the page reads them."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / name
        file.write_text(text, encoding="utf-8")
        client.log_artifact(run_id, str(file))


def _send_end(client: MlflowClient, run: Run, record: RunRecord, whole: str) -> None:
    run_id = run.info.run_id
    if record.end_ms is not None:
        client.set_tag(run_id, names.PUBLISHED, whole)
        client.set_terminated(run_id, record.status, record.end_ms)
    elif run.info.status != record.status:
        client.update_run(run_id, status=record.status)  # a study that goes on


def pull_finals(uri: str, experiment: str | None, into: Path, own: Collection[str] = ()) -> Finals:
    """Fetch the finals that count and their studies, with their tables, from any MLflow server.

    Args:
        uri: The tracking address, absolute.
        experiment: Its name, or the id of a final in it, whose patients and split are meant; None
            takes the one with the newest final on its own test patients, or where there is none,
            the newest at all.
        into: Folder that gets a folder for each run, named by its run id.
        own: run_keys of the runs in the workspace of who asks.

    Raises:
        TrackingError: The experiment has no finals, though others have; or it has finals of a
            design on different patients.
    """
    with translated("fetch the finals", uri):
        client = connect(uri)
        found = _finals(client)
        latest = {
            run.experiment: max(r.end_ms for r in found if r.experiment == run.experiment)
            for run in found
        }
        if not latest:
            return Finals(experiment or "", (), (), ())
        others: list[FinalRun] = []
        if experiment in {run.run_id for run in found}:
            runs, others = of_run(found, experiment or "")
            chosen = runs[0].experiment
        else:
            chosen = experiment or _newest_experiment(found, latest)
            runs = [run for run in found if run.experiment == chosen]
        elsewhere = tuple(sorted(set(latest) - {chosen}))
        if not runs:
            raise TrackingError(
                f"experiment {chosen} has no finals",
                hint="Experiments with finals: " + ", ".join(elsewhere),
            )
        found_studies = _studies_of(client, chosen)
        facts = {run.data.tags.get(names.RUN_KEY, ""): _facts(run) for run in found_studies}
        counted = newest(runs, facts, own)
        damaged: list[tuple[str, str]] = []
        pulled, studies = [], []
        for run in counted.runs:
            with _naming(f"{run.experiment}: {run.name}", uri, damaged):
                pulled.append(_pull(client, run, into))
        for study in _behind(counted.runs, found_studies):
            with _naming(f"{chosen}: {study.info.run_name}", uri, damaged):
                studies.append(_pull_study(client, study, into))
    return Finals(
        experiment=chosen,
        runs=tuple(pulled),
        superseded=tuple(run.name for run in counted.superseded),
        other_experiments=elsewhere,
        studies=tuple(studies),
        damaged=tuple(damaged),
        incomplete=tuple(counted.incomplete),
        other_patients=tuple(sorted(run.name for run in others)),
    )


@contextmanager
def _naming(run: str, uri: str, damaged: list[tuple[str, str]]) -> Iterator[None]:
    """Add a run whose files cannot be fetched or are damaged to `damaged`; go on with the others.

    Raises:
        UnreachableError: The server does not answer.
    """
    try:
        with translated(f"fetch the files of {run}", uri):
            yield
    except UnreachableError:
        raise
    except TrackingError as error:
        damaged.append((run, error.message))


def _newest_experiment(found: Sequence[FinalRun], latest: Mapping[str, int]) -> str:
    own = {run.experiment for run in found if is_own(run)} or set(latest)
    return max(own, key=lambda name: (latest[name], name))


def pull_files(uri: str, run_id: str, files: Sequence[str], into: Path) -> tuple[Path, ...]:
    """Fetch files of a run by their paths, below a folder of the run's id."""
    with translated(f"fetch files of run {run_id}", uri):
        return _download(connect(uri), run_id, files, into)


def _finals(client: MlflowClient) -> list[FinalRun]:
    """Return every final and import that arrived whole, over all experiments."""
    experiments = {e.experiment_id: e.name for e in _pages(client.search_experiments)}
    whole = f"tags.`{names.PUBLISHED}` LIKE '%' AND attributes.status = 'FINISHED'"
    runs: list[Run] = []
    for kind in names.SCORED:  # a filter knows no OR
        wanted = f"tags.`{names.KIND}` = '{kind}' AND {whole}"
        runs += _pages(client.search_runs, list(experiments), wanted)
    return [
        FinalRun(
            run_id=run.info.run_id,
            name=run.info.run_name,
            experiment=experiments[run.info.experiment_id],
            end_ms=run.info.end_time,
            tags=run.data.tags,
            params=run.data.params,
            metrics=run.data.metrics,
        )
        for run in runs
    ]


def _pages(search: Callable[..., Any], *arguments: object) -> list[Any]:
    found: list[Any] = []
    token = None
    while True:
        page = search(*arguments, page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def _studies_of(client: MlflowClient, experiment: str) -> list[Run]:
    """Return the studies of an experiment, the newest last."""
    found = client.get_experiment_by_name(experiment)
    if found is None:
        return []  # deleted since its finals were listed
    wanted = f"tags.`{names.KIND}` = 'study'"
    runs: list[Run] = _pages(client.search_runs, [found.experiment_id], wanted)
    return sorted(runs, key=lambda run: (run.info.end_time or 0, run.info.run_id))


def _facts(study: Run) -> StudyFacts:
    planned = study.data.tags.get(names.PLANNED, "")
    return StudyFacts(
        setting=study.data.tags.get(names.SETTING, ""),
        planned=int(planned) if planned.isdecimal() else 0,
    )


def _behind(finals: Sequence[FinalRun], studies: Sequence[Run]) -> list[Run]:
    """Return the study behind each final, the newest of its name, where it has arrived whole."""
    parents = {run.tags.get(names.STUDY, ""): run.tags.get(names.PARENT_KEY, "") for run in finals}
    latest: dict[str, Run] = {}
    for run in studies:
        name, key = (run.data.tags.get(tag, "") for tag in (names.STUDY, names.RUN_KEY))
        if names.PUBLISHED in run.data.tags and parents.get(name, "") in ("", key):
            latest[name] = run
    return [latest[name] for name in sorted(parents.keys() & latest.keys())]


def _pull_study(client: MlflowClient, run: Run, into: Path) -> PulledStudy:
    wanted = {names.RUN, names.TRIALS, names.IMPORTANCE, names.SPLIT_FILE}
    folder = _pull_files(client, run.info.run_id, wanted, into)
    tags = dict(run.data.tags)
    return PulledStudy(run.info.run_id, tags.get(names.STUDY, ""), tags, folder)


def _pull(client: MlflowClient, run: FinalRun, into: Path) -> PulledRun:
    wanted = {names.RUN, names.METRICS, names.PER_CASE, names.THRESHOLDS, names.OVERLAYS}
    wanted.add(names.NETWORK)
    folder = _pull_files(client, run.run_id, wanted, into)
    if not (folder / names.PER_CASE).exists():
        raise TrackingError(f"the server has no {names.PER_CASE} of it", hint="Publish it again.")
    return PulledRun(
        run.run_id, run.name, dict(run.tags), dict(run.params), dict(run.metrics), folder
    )


def _pull_files(client: MlflowClient, run_id: str, wanted: set[str], into: Path) -> Path:
    """Fetch those files of a run that are there, and hold them against its run.json.

    Raises:
        DamagedError: A file is not the one that was published.
    """
    there = _files(client, run_id)
    if names.FIGURES in there:
        there |= _files(client, run_id, names.FIGURES)
    found = sorted(wanted & there)
    _download(client, run_id, found, into)
    if names.RUN in found:
        refuse_changed(into / run_id, found)
    return into / run_id


def _files(client: MlflowClient, run_id: str, folder: str | None = None) -> set[str]:
    return {file.path for file in client.list_artifacts(run_id, folder)}


def _download(
    client: MlflowClient, run_id: str, files: Sequence[str], into: Path
) -> tuple[Path, ...]:
    """Return where the files lie: below the run's folder, by the paths they have at the server."""
    if not is_plain(run_id):
        raise TrackingError(f"the server names a run {names.shortened(run_id)}, which is no id")
    placed = []
    for name in files:
        target = inside(into / run_id, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        # A store on this machine leaves the folder of the path out, a server does not.
        arrived = Path(client.download_artifacts(run_id, name, str(into / run_id)))
        arrived.replace(target)
        placed.append(target)
    return tuple(placed)
