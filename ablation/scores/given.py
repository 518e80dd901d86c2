"""What stands on the command line of a comparison: tables, summaries, folders of nnU-Net."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ablation.errors import UsageError
from ablation.scores.nnunet_tree import (
    SUMMARY,
    Evaluation,
    Fold,
    evaluations_of,
    in_evaluations,
    short_names,
)

FOLD = re.compile(r"(?P<rest>.*?)[-_.]?fold[-_]?(?P<number>\d+)", re.I)
"""A file or folder of one fold, as in unet_fold0 and fold_3."""


@dataclass(frozen=True, slots=True)
class Given:
    """A table of the command line, or what nnU-Net wrote of one design."""

    path: Path
    """The file; of nnU-Net the design's folder."""
    design: str | None = None
    """Whose it is, where that was said: NAME=FILE."""
    usual: str = ""
    """Whose it is where nothing else says: no NAME=, no column."""
    evaluation: Evaluation | None = None
    """Of nnU-Net: its folds."""

    @property
    def files(self) -> tuple[Path, ...]:
        """All that is read."""
        own = self.evaluation
        return (self.path,) if own is None else tuple(one.path for one in own.folds)

    @property
    def dataset(self) -> str:
        """The data set that nnU-Net's folders name; "" where nothing does."""
        return self.evaluation.dataset if self.evaluation else ""


def tables_of(texts: Sequence[Path | str]) -> list[Given]:
    """Return what was given: FILE or FOLDER, or NAME=FILE,FILE for several of one design.

    >>> [one.design for one in tables_of(["unet.csv", "a=s1.csv,s2.csv"])]
    [None, 'a', 'a']
    >>> [one.usual for one in tables_of(["unet_fold0.csv", "unet_fold1.csv", "r.csv"])]
    ['unet', 'unet', 'r']

    Raises:
        DataError: A folder without a summary.json.
        UsageError: The same file twice.
    """
    found: list[tuple[int, Given]] = []
    alone: list[tuple[int, Path]] = []
    for place, text in enumerate(map(str, texts)):
        name, mark, files = text.partition("=")
        if mark and name and not Path(text).exists():
            own = _read([(place, Path(file.strip())) for file in files.split(",")])
            found += [(at, replace(one, design=name.strip())) for at, one in own]
        else:
            alone.append((place, Path(text)))
    found = sorted([*found, *_read(alone)], key=lambda one: one[0])
    given = [one for _, one in found]
    _refuse_twice([path for one in given for path in one.files])
    return _named(given)


def _read(paths: Sequence[tuple[int, Path]]) -> list[tuple[int, Given]]:
    """Return what each path holds, at its place; folds of one design are put together."""
    found: list[tuple[int, Given]] = []
    of_folds: dict[Path, int] = {}
    for place, path in paths:
        if path.is_dir():
            found += [(place, _of_nnunet(one)) for one in evaluations_of(path)]
        elif path.name == SUMMARY and in_evaluations([path])[0].folds[0].number is not None:
            of_folds.setdefault(path, place)
        elif path.suffix.lower() == ".json":
            found.append((place, Given(path, evaluation=Evaluation("", "", (Fold(path, None),)))))
        else:
            found.append((place, Given(path)))
    together = map(_of_nnunet, in_evaluations([*of_folds]))
    return [*found, *((of_folds[one.files[0]], one) for one in together)]


def _of_nnunet(evaluation: Evaluation) -> Given:
    return Given(evaluation.folder, evaluation=evaluation)


def _refuse_twice(paths: Sequence[Path]) -> None:
    twice = list(dict.fromkeys(str(path) for path in paths if paths.count(path) > 1))
    if twice:
        raise UsageError(f"given twice: {', '.join(twice)}", hint="Give each file once.")


def _named(given: Sequence[Given]) -> list[Given]:
    """Give each table the name that its place in the folders gives it."""
    evaluated = [one.evaluation.design for one in given if one.evaluation]
    short = short_names(list(dict.fromkeys(name for name in evaluated if name)))
    rests = dict(_without_folds([one.path for one in given if _is_unnamed(one)]))
    names = dict(
        zip(dict.fromkeys(rests.values()), names_of([*dict.fromkeys(rests.values())]), strict=True)
    )
    return [
        replace(one, usual=names[rests[one.path]])
        if _is_unnamed(one)
        else replace(one, usual=short[one.evaluation.design])
        if one.evaluation and one.evaluation.design
        else one
        for one in given
    ]


def _is_unnamed(one: Given) -> bool:
    return one.design is None and not (one.evaluation and one.evaluation.design)


def _without_folds(paths: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield each path with what is left of it without the fold, where several differ in that only."""
    rests = [_apart_from_fold(path) for path in paths]
    for path, rest in zip(paths, rests, strict=True):
        yield path, rest if rests.count(rest) > 1 else path


def _apart_from_fold(path: Path) -> Path:
    """Return a path without its fold.

    >>> _apart_from_fold(Path("unet/fold_2/cases.csv")), _apart_from_fold(Path("unet_fold2.csv"))
    (PosixPath('unet/cases.csv'), PosixPath('unet'))
    """
    parts = [*path.parts[:-1], path.stem]
    for at in range(len(parts) - 1, -1, -1):
        if match := FOLD.fullmatch(parts[at]):
            rest = [match["rest"]] if match["rest"] else []
            end = [*parts[at + 1 : -1], path.name] if at < len(parts) - 1 else []
            return Path(*parts[:at], *rest, *end)
    return path


def names_of(paths: Sequence[Path]) -> list[str]:
    """Return what tells files apart: their names, or the folders they lie in.

    >>> names_of([Path("a/unet.csv"), Path("a/resupnet.csv")])
    ['unet', 'resupnet']
    >>> names_of([Path("unet/0/cases.csv"), Path("resupnet/0/cases.csv")])
    ['unet', 'resupnet']
    """
    stems = [path.stem for path in paths]
    folders = zip(*(path.parent.parts[::-1] for path in paths), strict=False)
    for names in (stems, *map(list, folders)):
        if len(set(names)) == len(names):
            return names
    return stems
