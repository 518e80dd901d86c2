"""Bare per-case tables of any tool as designs to compare."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from ablation.comparison import Design
from ablation.config.sections import ComparisonConfig
from ablation.errors import ComparisonError, DataError, UsageError, nearest
from ablation.fairness import FairnessFacts
from ablation.metrics.cases import COUNTS, KEY
from ablation.metrics.hd95_methods import name_it
from ablation.metrics.metric import Metric, declared
from ablation.metrics.registry import METRICS, distances, metric_by_other_name
from ablation.scores.bare import read_bare
from ablation.scores.remarks import Remark, Tell

UNKNOWN = {"split": "test", "shape": "", "spacing": "", "distance_unit": "", "truth_hash": ""}
"""What a bare table mostly does not say; without its size a missed tumour has no distance."""
USUAL = ("dice", "hd95")
"""The scores compared where none is asked for, the first deciding."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How bare tables are read."""

    model_column: str | None = None
    case_column: str | None = None
    target_column: str | None = None
    patient_regex: str | None = None
    patient_map: Path | None = None
    higher_is_better: tuple[str, ...] = ()
    """Columns of scores that the platform does not know, or that have a scale of their own."""
    lower_is_better: tuple[str, ...] = ()
    hd95_method: str | None = None
    """How HD95 was computed; no table says so itself."""

    @property
    def known(self) -> Mapping[str, Metric]:
        """All scores with a direction, by their column."""
        own = {name: declared(name, higher_is_better=True) for name in self.higher_is_better}
        own |= {name: declared(name, higher_is_better=False) for name in self.lower_is_better}
        return {**METRICS, **own}

    @property
    def own(self) -> tuple[str, ...]:
        """The declared scores."""
        return (*self.higher_is_better, *self.lower_is_better)


def read_designs(
    paths: Sequence[Path], reading: Reading, say: Callable[[Path, Remark], None]
) -> list[tuple[Design, Path]]:
    """Read one design per file, or all designs of a file with a model column, each with its file.

    Args:
        paths: CSV files; a design is named after its file where no column names it.
        reading: Which columns mean what.
        say: Told of each file what was assumed or left out.

    Raises:
        DataError: naming every file that cannot be used, and why.
        UsageError: for a column or a pattern that does not exist.
    """
    both = sorted({*reading.higher_is_better} & {*reading.lower_is_better})
    if both:
        raise UsageError(
            f"declared in both directions: {', '.join(both)}",
            hint="Name it in --higher-is-better or in --lower-is-better.",
        )
    facts = FairnessFacts(hd95_method=reading.hd95_method)
    designs: list[tuple[Design, Path]] = []
    faults: list[DataError] = []
    for path, name in zip(paths, names_of(paths), strict=True):
        try:
            frames = _frames(path, reading, partial(say, path))
        except DataError as error:
            faults.append(error)
            continue
        designs += [
            (Design(model or name, (_whole(own),), facts), path) for model, own in frames.items()
        ]
    if faults:
        messages = dict.fromkeys(error.message for error in faults)
        raise DataError("; ".join(messages), hint=faults[0].hint)
    return designs


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


def _frames(path: Path, reading: Reading, say: Tell) -> dict[str, pd.DataFrame]:
    return read_bare(
        path,
        model_column=reading.model_column,
        case_column=reading.case_column,
        target_column=reading.target_column,
        patient_regex=reading.patient_regex,
        patient_map=reading.patient_map,
        also=reading.own,
        say=say,
    )


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with every column a comparison needs."""
    whole = frame.assign(**{k: v for k, v in UNKNOWN.items() if k not in frame})
    if "status" not in frame:
        found_nothing = _nothing_found(frame)
        whole["status"] = ["missed" if missed else "scored" for missed in found_nothing]
    return whole


def _nothing_found(frame: pd.DataFrame) -> pd.Series[bool]:
    """A Dice of 0 where the distances are undefined: the prediction was empty."""
    measured = [name for name in distances() if name in frame]
    if "dice" not in frame or not measured:
        return pd.Series(data=False, index=frame.index)
    return (frame["dice"] == 0) & frame[measured].isna().all(axis=1)


def usual_settings(designs: Sequence[Design], reading: Reading) -> ComparisonConfig:
    """Return what is compared where nothing is asked for: Dice, else the table's first score.

    HD95 stands beside it where it is known how it was computed.

    Raises:
        ComparisonError: The tables share no score that can decide.
    """
    shared = _shared(designs)
    first = [
        name
        for name in (*USUAL, *reading.own, *shared)
        if name in shared and _decides(name, reading)
    ]
    if not first:
        raise ComparisonError(
            f"no score that every table has can decide a comparison: {_scores(designs)}",
            hint="Say which way is better: --higher-is-better NAME or --lower-is-better NAME.",
        )
    beside = [
        name
        for name in (*USUAL, *reading.own)
        if name in shared and (name != "hd95" or reading.hd95_method is not None)
    ]
    return ComparisonConfig(
        metric=first[0], secondary=tuple(name for name in beside if name != first[0])
    )


def _decides(name: str, reading: Reading) -> bool:
    return name in reading.known and reading.known[name].kind not in ("background", "loss")


def _shared(designs: Sequence[Design]) -> list[str]:
    """Columns that every table has, in the order of the first."""
    frames = [frame for design in designs for frame in design.cases]
    return [str(name) for name in frames[0] if all(name in frame for frame in frames)]


def our_name(score: str, known: Collection[str]) -> str:
    """Return a score's name as tables are read: DSC is dice, HD95 is hd95.

    >>> our_name("DSC", METRICS), our_name("auc", METRICS)
    ('dice', 'auc')
    """
    plain = score.casefold().replace(" ", "_").replace("-", "_")
    if score in known:
        return score
    return plain if plain in known else metric_by_other_name().get(plain, score)


def check_directions(scores: Sequence[str], reading: Reading) -> None:
    """Refuse scores of which nobody says which way is better; it is never guessed.

    Raises:
        UsageError: naming them.
    """
    unknown = [name for name in scores if name not in reading.known]
    if unknown:
        raise UsageError(
            f"unknown metric without declared direction: {', '.join(unknown)}",
            hint=f"{nearest(unknown[0], reading.known)} Or say which way is better: "
            f"--higher-is-better {unknown[0]} (or --lower-is-better).",
        )


def check_scores(designs: Sequence[Design], settings: ComparisonConfig, reading: Reading) -> None:
    """Refuse scores that a table lacks, and HD95 of an unknown kind.

    Raises:
        ComparisonError: naming the tables.
    """
    wanted = dict.fromkeys((settings.metric, *settings.secondary))
    lacking = {
        name: [d.name for d in designs if any(name not in frame for frame in d.cases)]
        for name in wanted
    }
    if any(lacking.values()):
        raise ComparisonError(
            "; ".join(
                f"no column {name} in the table of {', '.join(who)}"
                for name, who in lacking.items()
                if who
            ),
            hint=f"All tables have: {_scores(designs)}.",
        )
    if "hd95" in wanted and reading.hd95_method is None and "hd95" not in reading.own:
        raise ComparisonError(
            "HD95 has several definitions, and tables do not say which one they hold",
            hint=name_it(),
        )


def left_out(
    designs: Sequence[Design], settings: ComparisonConfig, reading: Reading
) -> Iterator[str]:
    """Say which scores of the tables are not compared."""
    compared = {settings.metric, *settings.secondary}
    others = [name for name in _shared(designs) if name in reading.known and name not in compared]
    if "hd95" in others and reading.hd95_method is None:
        others.remove("hd95")
        yield "HD95 left out: the tables do not say how it was computed (--assume-hd95-method)."
    if others:
        yield f"Not compared: {', '.join(others)}; name several scores with --metric."


def _scores(designs: Sequence[Design]) -> str:
    beside = (*KEY, *UNKNOWN, "status", *COUNTS)
    return ", ".join(name for name in _shared(designs) if name not in beside) or "none"
