"""The run folder of results that come from elsewhere; the report finds it beside the finals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ablation.errors import UsageError
from ablation.fairness import FairnessFacts, to_tags
from ablation.files.places import require_folder_name
from ablation.metrics.cases import summarise
from ablation.metrics.table import write_cases
from tracking import names
from tracking.errors import TrackingError
from tracking.names import RunName, StudyName
from tracking.provenance import collect
from tracking.record import RunFolder, RunRecord
from tracking.workspace import attempts, design_folder, find_runs, next_attempt

ALONE = "imports"
"""The experiment of imports in a workspace without any."""

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Imported:
    """Where the results are now."""

    folder: RunFolder
    is_new: bool
    """False: the newest import of this name holds the same."""
    superseded: tuple[str, ...]
    """Older imports of this name, which the report leaves out."""


def newest_experiment(workspace: Path) -> str:
    """Return the experiment that results join: that of the newest training here.

    Without any, that of the newest import; in an empty workspace ALONE.
    """
    newest, name = (False, -1), ALONE
    for folder in find_runs(workspace):
        with suppress(TrackingError):  # a damaged record belongs to no experiment
            record = folder.record
            rank = (record.kind != "import", record.start_ms)
            if rank > newest and names.EXTERNAL not in record.tags:
                newest, name = rank, record.experiment
    return name


def write_import(
    rows: Sequence[Row],
    workspace: Path,
    experiment: str,
    name: str,
    facts: FairnessFacts,
    params: Mapping[str, str],
) -> Imported:
    """Write a per-case table as a finished run of kind `import`.

    Args:
        rows: The table.
        workspace: Where the run folder goes.
        experiment: Whose designs it is compared with.
        name: The design's name in the report.
        facts: What the fairness ledger can state.
        params: How the rows were made.

    Raises:
        UsageError: A name that cannot be one, or that a design trained here has.
    """
    _refuse_name(workspace, experiment, name)
    design = design_folder(workspace, experiment, name)
    first = RunName("import")
    earlier = attempts(design, first)
    identity = _identity(rows, facts.stated, params)
    done = [folder for folder in earlier if folder.record.status == "FINISHED"]
    if done and done[-1].record.identity == identity:
        return Imported(done[-1], False, tuple(folder.record.name for folder in done[:-1]))
    folder = RunFolder.create(
        design,
        RunRecord(
            kind="import",
            experiment=experiment,
            model=name,
            name=str(next_attempt(earlier, first)),
            study=str(StudyName(experiment, name)),
            identity=identity,
            params=params,
            tags=to_tags(facts),
            provenance=collect(),
        ),
    )
    with folder.writing(names.PER_CASE) as path:
        write_cases(rows, path)
    folder.finish("FINISHED", metrics=dict(_summary(rows)))
    return Imported(folder, True, tuple(one.record.name for one in done))


def _refuse_name(workspace: Path, experiment: str, name: str) -> None:
    for flag, text in (("--name", name), ("--experiment", experiment)):
        require_folder_name(flag, text)
    for folder in find_runs(workspace):
        if folder.path.parent == design_folder(workspace, experiment, name):
            kind = folder.record.kind
            if kind != "import":
                raise UsageError(
                    f"--name {name}: experiment {experiment} has a {kind} of a design of this name",
                    hint="Choose another --name, or another --experiment.",
                )


def _identity(rows: Sequence[Row], *others: Mapping[str, object]) -> str:
    whole = json.dumps(
        [[dict(row) for row in rows], *map(dict, others)], sort_keys=True, default=str
    )
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def _summary(rows: Sequence[Row]) -> Iterator[tuple[str, float]]:
    """Yield the means; of several targets each under its name, as in "cases/test/TC/dice"."""
    targets = list(dict.fromkeys(str(row["target"]) for row in rows))
    for target in targets:
        own = summarise([row for row in rows if row["target"] == target])
        for name, value in own.items():
            split, metric = name.split("/")
            told = name if len(targets) == 1 else f"{split}/{target}/{metric}"
            yield from names.of_cases({told: value}).items()


def check_out(out: Path | None) -> None:
    """Refuse a file for the per-case table that is a folder.

    Raises:
        UsageError: It is.
    """
    if out is not None and out.is_dir():
        raise UsageError(f"--out {out} is a folder", hint="Name a file, such as scores.csv.")


def write_out(rows: Sequence[Row], out: Path | None) -> None:
    """Write the per-case table where --out says; None: nowhere."""
    check_out(out)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_cases(rows, out)
