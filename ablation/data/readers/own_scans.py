"""The reader of a data set of somebody's own, once its cases and labels are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ablation.data.readers.cases import Found
from ablation.data.readers.reader import Located, Progress, Reader, Reading, largest_first
from ablation.data.readers.visits import person_by_words

if TYPE_CHECKING:
    from ablation.config.sections import DataConfig
    from ablation.data.readers.label_meaning import Meaning


def own_layout(
    name: str,
    layout: str,
    tree: tuple[str, ...],
    detect: Callable[[Path], bool],
    bind: Callable[[DataConfig, Path, Progress], Reader],
) -> Reader:
    """Return a layout of which only the reader that `bind` returns can find and read cases."""
    return Reader(
        name=name,
        layout=layout,
        tree=tree,
        distance_unit="mm",
        modalities=(),
        targets={},
        detect=detect,
        locate=unlocated,
        files=lambda _: (),
        read=unread,
        person=person_by_words,
        bind=bind,
    )


def reader_for(layout: Reader, found: Found, meaning: Meaning) -> Reader:
    """Return the reader of a data set whose cases and labels are known."""
    places = {name: found.root / name for name in found.cases}
    cases = {places[name]: case for name, case in found.cases.items()}

    def read(place: Path) -> Reading:
        from ablation.data.readers.case_files import read_case  # in here: start-up need not wait

        return read_case(cases[place], found, meaning)

    return replace(
        layout,
        distance_unit="mm" if found.in_mm else "px",
        modalities=found.channels,
        targets=largest_first(meaning.targets),
        locate=lambda _data, _cache, _progress: Located(
            found.root, places, (*found.findings, *meaning.findings)
        ),
        files=lambda place: cases[place].files,
        read=read,
        person=_person_by(found.persons, layout.person),
        said=(*found.said, *meaning.said),
        key=repr((found.channels, meaning.table, sorted(meaning.known), _spacings(found))),
    )


def _person_by(persons: Mapping[str, str], usual: Callable[[str], str]) -> Callable[[str], str]:
    return lambda name: persons.get(name) or usual(name)


def _spacings(found: Found) -> list[tuple[str, object]]:
    return [(name, case.spacing_mm) for name, case in found.cases.items() if case.spacing_mm]


def unlocated(data: DataConfig, cache: Path, progress: Progress) -> Located:
    """Stand for what only the reader that `bind` returns can do."""
    del cache, progress
    raise AssertionError(f"{data.path} is read by the reader that `bind` returns")


def unread(place: Path) -> Reading:
    """Stand for what only the reader that `bind` returns can do."""
    raise AssertionError(f"{place} is read by the reader that `bind` returns")
