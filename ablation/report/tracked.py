"""What a report shows of the runs behind it, read from the files that were pulled with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ablation.comparison import Comparison
from ablation.comparison.analysis.notable import Seen, notable
from ablation.errors import DataError
from ablation.files.csv_rows import read_rows
from ablation.inference.choose import TARGET_COLUMN
from ablation.report.material import (
    Case,
    Curve,
    Cut,
    Material,
    Network,
    NetworkBlock,
    Parameter,
    Picture,
    Study,
    Thresholds,
    Trial,
    Value,
)
from ablation.report.recipes import recipes_of
from tracking import names
from tracking.finals import PulledRun, PulledStudy
from tracking.names import StudyName
from tracking.places import is_plain
from tracking.record import RunFolder

Runs = Mapping[str, Sequence[PulledRun]]
"""The finals of each design."""
Fetch = Callable[[str, Sequence[str]], Sequence[Path]]
"""Run id and file names -> where the files lie now."""

LARGEST = 1_500_000
"""Bytes of pictures a page takes as text; with the drawing code it stays below 8 MB."""
DICE = "validation/dice"
FINISHED = ("complete", "pruned", "failed")


def material_of(
    runs: Runs, studies: Sequence[PulledStudy], comparison: Comparison, fetch: Fetch
) -> Material:
    """Read what there is; older runs and imported tables lack some of it."""
    found = [study for name in runs for study in _studies(name, runs[name], studies)]
    thresholds = [one for name in runs for run in runs[name] for one in thresholds_of(name, run)]
    return Material(
        recipes=tuple(one for name in runs for one in recipes_of(name, runs[name], studies)),
        studies=tuple(found),
        thresholds=tuple(thresholds),
        curves=tuple(curve for curve in _curves(runs, studies) if curve.epochs),
        cases=tuple(_cases(runs, comparison, fetch)),
        networks=tuple(
            Network(name, blocks)
            for name in runs
            if (blocks := next(filter(None, map(network_of, runs[name])), ()))
        ),
        without_pictures=tuple(name for name in runs if not any(listed(run) for run in runs[name])),
    )


def _curves(runs: Runs, studies: Sequence[PulledStudy]) -> Iterator[Curve]:
    """Yield the curves of each design: of the best trial of its studies, then of its finals."""
    for design, finals in runs.items():
        wanted = {run.tags.get(names.STUDY) for run in finals}
        for study in studies:
            if study.name in wanted:
                yield _curve_of_best(design, study)
        for run in finals:
            lines = [(one.step, one.metrics) for one in RunFolder(run.folder).epochs()[0]]
            yield _curve(design, run.name, lines)


def _curve(
    design: str,
    name: str,
    lines: Sequence[tuple[int, Mapping[str, float]]],
    *,
    is_best_trial: bool = False,
) -> Curve:
    """Return what each epoch has on record; empty for a run without a list of epochs."""
    known = [(step, metrics) for step, metrics in lines if DICE in metrics]

    def followed(key: str) -> tuple[float, ...]:
        whole = all(key in metrics for _, metrics in known)
        return tuple(metrics[key] for _, metrics in known) if whole else ()

    return Curve(
        design=design,
        run=name,
        epochs=tuple(step for step, _ in known),
        validation_dice=followed(DICE),
        train_dice=followed("train/dice"),
        train_loss=followed("train/loss"),
        validation_loss=followed("validation/loss"),
        is_best_trial=is_best_trial,
    )


def network_of(run: PulledRun) -> tuple[NetworkBlock, ...]:
    """Return the blocks of a final's network; empty for a run without a list of them."""
    file = run.folder / names.NETWORK
    if not file.exists():
        return ()
    return tuple(
        NetworkBlock(
            row["block"],
            tuple(map(int, row["shape"].split("x"))),
            int(row["parameters"]),
            int(row["trainable"]),
        )
        for row in read_rows(file, f"{names.NETWORK} of run {run.name}")
    )


def best_trial_of(study: PulledStudy) -> tuple[str, list[tuple[int, Mapping[str, float]]]]:
    """Return number and epochs of a study's best trial; none where they are not on record."""
    file = study.folder / names.IMPORTANCE
    best = json.loads(file.read_text(encoding="utf-8")).get("best_trial") if file.exists() else None
    if best is None:
        return "", []
    return str(best["number"]), [(int(one["epoch"]), one) for one in best["epochs"]]


def _curve_of_best(design: str, study: PulledStudy) -> Curve:
    number, lines = best_trial_of(study)
    name = f"{StudyName.parse(study.name).label} trial {number}"
    return _curve(design, name, lines, is_best_trial=True)


def _studies(
    design: str, finals: Sequence[PulledRun], studies: Sequence[PulledStudy]
) -> Iterator[Study]:
    """Yield the studies of a design's finals that have a table of trials."""
    wanted = {run.tags.get(names.STUDY) for run in finals}
    for study in studies:
        table = study.folder / names.TRIALS
        if study.name in wanted and table.exists():
            yield study_of(design, study)


def study_of(design: str, study: PulledStudy) -> Study:
    """Return the trials of a study, and which parameters mattered."""
    rows = read_rows(study.folder / names.TRIALS, f"{names.TRIALS} of study {study.name}")
    file = study.folder / names.IMPORTANCE
    tuned = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    space = tuned.get("space", {})
    searched = [key for key in (rows[0] if rows else ()) if key not in NOT_PARAMETERS]
    return Study(
        design=design,
        name=StudyName.parse(study.name).label,
        trials=tuple(_trial(row, searched) for row in rows if row["state"] in FINISHED),
        parameters=tuple(
            Parameter(key, log=bool(space.get(key, {}).get("log", False))) for key in searched
        ),
        importance=tuned.get("shares", {}),
        reason=tuned.get("reason", "not on record"),
    )


NOT_PARAMETERS = frozenset({"number", "state", "value", "epochs", "reason"})


def _trial(row: Mapping[str, str], searched: Sequence[str]) -> Trial:
    params = {key: _value(row[key]) for key in searched if row[key]}
    return Trial(int(row["number"]), row["state"], _number(row["value"]), params)


def _value(text: str) -> Value:
    try:
        return float(text)
    except ValueError:
        return text


def _number(text: str) -> float | None:
    return float(text) if text else None


def thresholds_of(design: str, run: PulledRun) -> tuple[Thresholds, ...]:
    """Return the curve that a final's threshold of each target was chosen from; none: no file.

    Raises:
        DataError: The file has no rows.
    """
    file = run.folder / names.THRESHOLDS
    if not file.exists():
        return ()
    what = f"{names.THRESHOLDS} of run {run.name}"
    of_target: dict[str, list[dict[str, str]]] = {}
    for row in read_rows(file, what):
        of_target.setdefault(row.get(TARGET_COLUMN, ""), []).append(row)
    if not of_target:
        raise DataError(f"{what}: has no rows", hint="Publish the run again: ablate sync --again")
    return tuple(
        _thresholds(design, f"{run.name} {target}".strip(), rows)
        for target, rows in of_target.items()
    )


def _thresholds(design: str, run: str, rows: Sequence[Mapping[str, str]]) -> Thresholds:
    (chosen,) = [row for row in rows if row["chosen"] == "1"]
    curve = [row for row in rows if row["tta"] == chosen["tta"] and row["morphology"] == "none"]
    return Thresholds(
        design=design,
        run=run,
        cuts=tuple(sorted((_cut(row) for row in curve), key=lambda cut: cut.threshold)),
        chosen=_cut(chosen),
        tta=chosen["tta"],
        cleaning="" if chosen["morphology"] == "none" else chosen["morphology"],
    )


def _cut(row: Mapping[str, str]) -> Cut:
    counts = [row[name] for name in ("tp", "fp", "fn") if name in row]
    voxels = (int(counts[0]), int(counts[1]), int(counts[2])) if counts else None
    return Cut(float(row["threshold"]), _number(row["validation_dice"]), voxels)


def listed(run: PulledRun) -> list[dict[str, str]]:
    """Return what a final's list of overlays says; empty for a run without.

    Raises:
        DataError: It cannot be read, or names a file that does not lie beside it.
    """
    file = run.folder / names.OVERLAYS
    if not file.exists():
        return []
    rows = read_rows(file, f"{names.OVERLAYS} of run {run.name}")
    for row in rows:
        if not is_plain(row["file"]):
            raise DataError(f"{row['file']!r:.60} is not the name of a picture beside it")
    return rows


def _cases(runs: Runs, comparison: Comparison, fetch: Fetch) -> Iterator[Case]:
    """Yield the patients worth a look, while the page has room for their pictures."""
    drawn = _drawn(runs)
    seen = [
        Seen(design, patient, int(row["pred_voxels"]))
        for (design, patient, kind), (row, _) in drawn.items()
        if kind == "false_alarm"
    ]
    patients = {patient for _, patient, kind in drawn if kind == "tumour"}
    size = 0
    for one in notable(comparison.primary, patients, seen):
        found = [
            _picture(design, *drawn[design, one.patient, one.kind], fetch)
            for design in runs
            if (design, one.patient, one.kind) in drawn
        ]
        size += sum(len(picture.png) * 4 // 3 for picture in found)
        if size > LARGEST:
            return
        yield Case(one.why, one.patient, one.kind, tuple(found))


def _drawn(runs: Runs) -> dict[tuple[str, str, str], tuple[dict[str, str], str]]:
    """Return list entry and run id of every (design, patient, kind), of the first seed that has it."""
    found: dict[tuple[str, str, str], tuple[dict[str, str], str]] = {}
    for design, finals in runs.items():
        for run in finals:
            for row in listed(run):
                found.setdefault((design, row["patient"], row["kind"]), (row, run.run_id))
    return found


def _picture(design: str, row: Mapping[str, str], run_id: str, fetch: Fetch) -> Picture:
    (path,) = fetch(run_id, [f"{names.FIGURES}/{row['file']}"])
    return Picture(
        design=design,
        patient=row["patient"],
        kind=row["kind"],
        slice=int(row["slice"]),
        truth_voxels=int(row["truth_voxels"]),
        pred_voxels=int(row["pred_voxels"]),
        dice=float(row["dice"]),
        png=path.read_bytes(),
    )
