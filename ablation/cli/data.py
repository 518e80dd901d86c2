"""`ablate data`: look at scans before a sweep, write a split, make a phantom on disk."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ablation.cli.options import (
    AsJson,
    Assignments,
    Cache,
    ConfigFile,
    Data,
    Folds,
    PatientMap,
    PatientRegex,
    Quiet,
    SkipBad,
    print_json,
    say,
)
from ablation.files.places import cache_folder

if TYPE_CHECKING:
    from ablation.config import DataConfig
    from ablation.data import Dataset

EXAMPLES = "Examples:\n\nablate data phantom --out scans --patients 4\n\nablate data check scans"
app = typer.Typer(
    no_args_is_help=True,
    help="Check scans, split them by patient, make a phantom.",
    epilog=EXAMPLES,
)
CHECK_EXAMPLES = "Examples:\n\nablate data check\n\nablate data check --json"
SPLIT_EXAMPLES = (
    "Examples:\n\nablate data split\n\nablate data split --out split.json --set data.split_seed=1"
    "\n\nablate data split --folds 4 --out splits_final.json --format nnunet"
)


@app.callback()
def _group() -> None:
    """Check scans, split them by patient, make a phantom."""


@app.command("check", short_help="Check every file of a data set.", epilog=CHECK_EXAMPLES)
def check(
    path: Annotated[
        str | None, typer.Argument(help="Folder of scans; default: the generated phantom.")
    ] = None,
    patient_regex: PatientRegex = None,
    patient_map: PatientMap = None,
    skip_bad: SkipBad = False,
    config: ConfigFile = None,
    assignments: Assignments = None,
    cache: Cache = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Check every file of a data set and list all faults at once; any fault means exit code 1."""
    from ablation.config.asked import patients_by
    from ablation.data import require_usable, survey

    flags: dict[str, object] = {"data.skip_bad": True} if skip_bad else {}
    flags |= patients_by(patient_regex, patient_map)
    data = _data_config(path, config, assignments, flags)
    dataset = survey(data, cache_folder(cache), lambda line: say(line, quiet=quiet))
    if as_json:
        print_json(_as_dict(dataset))
    else:
        for line in dataset.reader.said:
            typer.echo(line)
        typer.echo(_as_table(dataset))
        for finding in dataset.findings:
            if finding.severity == "warning" or skip_bad:
                typer.echo(f"{finding.severity}: {finding}")
    require_usable(dataset, data)


@app.command("split", short_help="Split patients as a sweep does.", epilog=SPLIT_EXAMPLES)
def split(
    data: Data = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write; default: only print.")
    ] = None,
    format: Annotated[  # noqa: A002 - the name of the flag
        Literal["json", "nnunet"],
        typer.Option("--format", help="json: what sweep --split takes; nnunet: splits_final.json."),
    ] = "json",
    folds: Folds = None,
    patient_regex: PatientRegex = None,
    patient_map: PatientMap = None,
    skip_bad: SkipBad = False,
    config: ConfigFile = None,
    assignments: Assignments = None,
    cache: Cache = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Split patients into training, validation and test, as a sweep does."""
    from dataclasses import asdict

    from ablation.config.asked import patients_by
    from ablation.data import open_dataset, splits_of, write_splits

    flags: dict[str, object] = {"data.skip_bad": skip_bad or None, "data.folds": folds}
    given = {key: value for key, value in flags.items() if value is not None}
    given |= patients_by(patient_regex, patient_map)
    settings = _data_config(data, config, assignments, given)
    dataset = open_dataset(settings, cache_folder(cache), lambda line: say(line, quiet=quiet))
    made = splits_of(dataset, settings)
    if out is not None:
        write_splits(made, out, format)
        say(f"wrote {out}", quiet=quiet)
    if as_json:
        content = [{**asdict(one), "fingerprint": one.fingerprint} for one in made]
        print_json(content if settings.folds else content[0])
        return
    for number, one in enumerate(made, 1):
        fold = f"fold {number}/{settings.folds} " if settings.folds else ""
        for name, patients in asdict(one).items():
            typer.echo(f"{fold}{name} ({_size(dataset, patients)}): {' '.join(patients)}")


@app.command("phantom", short_help="Write generated patients as files.", epilog=EXAMPLES)
def phantom(
    out: Annotated[Path, typer.Option("--out", help="New folder for the TIFF files.")],
    patients: Annotated[
        int, typer.Option("--patients", min=1, help="How many patients to make.")
    ] = 40,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the patients.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Write generated patients as TIFF files in the lgg layout: t1, flair, t1ce as pre, flair, post."""
    from ablation.data import write_phantom

    write_phantom(out, patients, seed, lambda line: say(line, quiet=quiet))
    typer.echo(f"{out}: {patients} generated patients; look at them with: ablate data check {out}")


def _data_config(
    path: str | None, file: Path | None, assignments: list[str] | None, flags: Mapping[str, object]
) -> DataConfig:
    from ablation.config import resolve

    given = dict(flags) if path is None else {"data.path": path, **flags}
    resolved = resolve(
        file=file, environment=os.environ, assignments=assignments or (), flags=given
    )
    return resolved.config.data


def _as_dict(dataset: Dataset) -> dict[str, object]:
    """Return the documented keys of `--json`."""
    from dataclasses import asdict

    return {
        "source": dataset.name,
        "path": None if dataset.path is None else str(dataset.path),
        "generated": dataset.generated,
        "distance_unit": dataset.distance_unit,
        "modalities": dataset.modalities,
        "targets": dataset.targets,
        "said": dataset.reader.said,
        "fingerprint": dataset.fingerprint,
        "found": len(dataset.places),
        "patients": [asdict(facts) for facts in dataset.patients],
        "findings": [asdict(finding) for finding in dataset.findings],
    }


def _size(dataset: Dataset, part: Sequence[str]) -> str:
    return str(len(part)) if dataset.noun == "patient" else dataset.count(part)


def _as_table(dataset: Dataset) -> str:
    from ablation.errors.words import counted

    rows: list[tuple[str, ...]] = [(dataset.noun, "slices", "size", "with tumour", "tumour voxels")]
    rows += [
        (
            facts.id,
            str(facts.slices),
            f"{facts.shape[1]}x{facts.shape[2]}",
            str(facts.tumour_slices),
            str(facts.tumour_voxels) if facts.labelled else "no truth",
        )
        for facts in dataset.patients
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    where = "generated data" if dataset.path is None else str(dataset.path)
    slices = sum(facts.slices for facts in dataset.patients)
    unlabelled = sum(not facts.labelled for facts in dataset.patients)
    without = f" ({unlabelled} without truth)" if unlabelled else ""
    persons = {facts.person for facts in dataset.patients}
    of_persons = "" if dataset.noun == "patient" else f"{counted(len(persons), 'patient')}, "
    summary = (
        f"{dataset.name}: {of_persons}{len(dataset.patients)} usable of {len(dataset.places)} {dataset.noun}s{without}, {slices} slices, "
        f"channels {', '.join(dataset.modalities)}, distances in {dataset.distance_unit} ({where})"
    )
    return "\n".join([*lines, summary])
