"""The cases of a table: which columns hold what, and every fault of every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ablation.config.sections import DataConfig
from ablation.data.readers.cases import Case, Found, Source, channel_name, in_order
from ablation.data.readers.endings import FLAT, ending_of
from ablation.data.readers.pair_cases import channels_inside
from ablation.data.readers.pair_files import stem_of
from ablation.errors import DataError
from ablation.errors.words import counted
from ablation.files.csv_lines import Lines, read_lines

COLUMNS = {
    "patient": ("patient", "patient_id", "subject", "subject_id", "person"),
    "case": ("case", "case_id", "id", "name", "examination"),
    "image": ("image", "images", "image_path", "img", "scan", "path"),
    "mask": ("mask", "masks", "mask_path", "label", "labels", "seg", "segmentation", "truth"),
}
"""Columns of the table, and what else they may be called."""
SPACING = ("spacing_z", "spacing_y", "spacing_x")
"""Voxel size in mm, in the order slice, row, column."""
HEADER = "Its header is: patient,image,mask (or a column for each channel), and perhaps case, spacing_x, spacing_y, spacing_z."


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the table keeps what; -1: nowhere."""

    patient: int
    case: int
    mask: int
    channels: Mapping[str, int]
    spacing: tuple[int, ...]
    unused: tuple[str, ...]


def cases_of(path: Path, data: DataConfig) -> Found:
    """Return the cases of a table.

    Raises:
        DataError: A column that is missing, or every fault of every row, in one message.
    """
    lines = read_lines(path)
    columns = _columns(path, lines, has_rule=_has_rule(data))
    faults: list[str] = []
    cases: dict[str, Case] = {}
    persons: dict[str, str] = {}
    seen: dict[tuple[str, str], int] = {}
    rows_of = Counter(
        cells[columns.patient].strip()
        for _, cells in lines.rows
        if columns.patient in range(len(cells))
    )
    for line, cells in lines.rows:
        where = f"{lines.unit} {line}"
        if len(cells) != len(lines.header):
            faults.append(f"{where}: {len(cells)} cells under {len(lines.header)} columns")
            continue
        own, wrong = _row(path, columns, [cell.strip() for cell in cells], rows_of)
        faults += [f"{where}: {fault}" for fault in wrong]
        if own is None:
            continue
        for kind, text in _keys(own):
            first = seen.setdefault((kind, text), line)
            if first != line:
                faults.append(f"{where}: {kind} {text} is in {lines.unit} {first} already")
        cases[own.name] = own
        if columns.patient >= 0:
            persons[own.name] = cells[columns.patient].strip()
    if faults:
        raise DataError(f"{path}:\n  " + "\n  ".join(faults), hint="Correct these lines.")
    return _found(path, columns, cases, persons)


def _has_rule(data: DataConfig) -> bool:
    """Tell whether something else than the table says whose examination a case is."""
    return data.patient_regex is not None or data.patient_map is not None


def _columns(path: Path, lines: Lines, *, has_rule: bool) -> _Columns:
    names = [name.strip().casefold() for name in lines.header]
    at = {
        column: next((names.index(name) for name in known if name in names), -1)
        for column, known in COLUMNS.items()
    }
    spacing = tuple(names.index(name) if name in names else -1 for name in SPACING)
    taken = {*at.values(), *spacing}
    paths = [
        i
        for i, name in enumerate(names)
        if name and i not in taken and any(_is_path(cells, i) for _, cells in lines.rows)
    ]
    channels = {channel_name(names[i]): i for i in paths}
    if at["image"] >= 0:
        channels = {channel_name("image"): at["image"], **channels}
    lacking = [] if channels else ["image"]
    lacking += [] if at["patient"] >= 0 or has_rule else ["patient"]
    if lacking:
        raise DataError(
            f"{path}: has no column {' and no column '.join(lacking)}, only {', '.join(names)}",
            hint=HEADER
            + (
                " Where each case is one patient, patient repeats the case."
                if "patient" in lacking
                else ""
            ),
        )
    unused = tuple(n for i, n in enumerate(names) if n and i not in {*taken, *paths})
    return _Columns(at["patient"], at["case"], at["mask"], channels, spacing, unused)


def _is_path(cells: Sequence[str], column: int) -> bool:
    return column < len(cells) and bool(ending_of(Path(cells[column].strip())))


def _row(
    path: Path, columns: _Columns, cells: Sequence[str], rows_of: Mapping[str, int]
) -> tuple[Case | None, Sequence[str]]:
    """Return the case of a row, and what is wrong with it.

    It is named by the column of cases, else by its patient where that is the only row of the
    patient, else by its file.
    """
    faults: list[str] = []
    images = {}
    for channel, column in columns.channels.items():
        if not cells[column]:
            continue  # a channel that was not acquired
        place = _found_at(path, cells[column], faults)
        if place is not None:
            images[channel] = Source(place)
    mask = None
    if columns.mask >= 0 and cells[columns.mask]:
        mask = _found_at(path, cells[columns.mask], faults)
    if columns.patient >= 0 and not cells[columns.patient]:
        faults.append("no patient")
    if not images and not faults:
        faults.append("no image")
    spacing = _spacing(columns, cells, faults)
    if faults:
        return None, faults
    name = cells[columns.case] if columns.case >= 0 else ""
    patient = cells[columns.patient] if columns.patient >= 0 else ""
    if not name:
        only = rows_of.get(patient) == 1
        name = patient if only else stem_of(next(iter(images.values())).path)
    return Case(name, images, mask, spacing), ()


def _found_at(path: Path, cell: str, faults: list[str]) -> Path | None:
    """Return the file or DICOM folder that a cell names."""
    place = Path(cell).expanduser()
    full = place if place.is_absolute() else path.parent / place
    if full.exists():
        return full
    here = "" if place.is_absolute() else f" in {path.parent.absolute()}"
    why = "" if place.is_absolute() else ": a relative path is read from the table's folder"
    faults.append(f"no file {cell}{here}{why}")
    return None


def _spacing(
    columns: _Columns, cells: Sequence[str], faults: list[str]
) -> tuple[float, float, float] | None:
    given = {name: cells[i] for name, i in zip(SPACING, columns.spacing, strict=True) if i >= 0}
    if not any(given.values()):
        return None
    values = {}
    for name, text in given.items():
        try:
            values[name] = float(text.replace(",", "."))
        except ValueError:
            faults.append(f"{name} is {text!r}, expected a number of mm")
            continue
        if not 0 < values[name] < 1000:
            faults.append(f"{name} is {text}, expected a number of mm above 0")
    lacking = [name for name in SPACING[1:] if name not in given]
    if lacking:
        faults.append(f"no {' and no '.join(lacking)} beside {', '.join(given)}")
    if faults:
        return None
    return values.get(SPACING[0], 1.0), values[SPACING[1]], values[SPACING[2]]


def _keys(case: Case) -> Iterator[tuple[str, str]]:
    """Yield what only one row may have."""
    yield "case", case.name
    for source in case.images.values():
        yield "image", str(source.path)
    if case.mask is not None:
        yield "mask", str(case.mask)


def _found(
    path: Path, columns: _Columns, cases: Mapping[str, Case], persons: Mapping[str, str]
) -> Found:
    """Return the cases in order, with the channels inside a file where there is one column."""
    channels = tuple(columns.channels)
    if len(channels) == 1:
        inside = channels_inside(next(iter(cases.values())).images[channels[0]].path)
        if inside is not None:
            cases = {
                name: Case(
                    name,
                    {one: Source(case.images[channels[0]].path, i) for i, one in enumerate(inside)},
                    case.mask,
                    case.spacing_mm,
                )
                for name, case in cases.items()
            }
            channels = inside
    order = in_order(channels)
    ordered = {
        name: Case(
            name,
            {channel: case.images[channel] for channel in order if channel in case.images},
            case.mask,
            case.spacing_mm,
        )
        for name, case in sorted(cases.items())
    }
    silent = [
        name
        for name, case in ordered.items()
        if case.spacing_mm is None and any(ending_of(s.path) in FLAT for s in case.images.values())
    ]
    if silent and len(silent) < len(ordered):
        raise DataError(
            f"{path}: no voxel size for {', '.join(silent[:5])}, while other cases have one",
            hint="Fill spacing_x and spacing_y (and spacing_z) in every row, or in none.",
        )
    patients = counted(len({*persons.values()}) or len(ordered), "patient")
    cases_said = counted(len(ordered), "case")
    said = [f"table: {cases_said} of {patients}, channels {', '.join(order)}"]
    if columns.unused:
        said.append(f"columns without paths are not used: {', '.join(columns.unused)}")
    if silent:
        said.append("no voxel size: distances are in pixels")
    own = persons if len({*persons.values()}) < len(persons) else {}
    return Found(path.parent, ordered, order, (), tuple(said), not silent, own)
