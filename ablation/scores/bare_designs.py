"""Bare per-case tables of any tool as designs to compare."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pandas as pd

from ablation.comparison import CROSS_VALIDATED, Design, protocol
from ablation.config.sections import ComparisonConfig
from ablation.errors import ComparisonError, DataError, UsageError, nearest
from ablation.fairness import FairnessFacts, merged
from ablation.metrics.cases import COUNTS, KEY
from ablation.metrics.hd95_methods import name_it
from ablation.metrics.metric import Metric, declared
from ablation.metrics.registry import METRICS, metric_by_other_name
from ablation.scores.bare import Known, read_bare
from ablation.scores.given import Given
from ablation.scores.header import Naming, case_column_of, score_of
from ablation.scores.nnunet import read_evaluation
from ablation.scores.remarks import Remark, note
from ablation.scores.same_ids import shares_none, with_same_ids
from ablation.scores.scales import check_scales
from ablation.scores.trainings import trainings_of

UNKNOWN = {"split": "test", "shape": "", "spacing": "", "distance_unit": "", "truth_hash": ""}
"""What a bare table mostly does not say; without its size a missed tumour has no distance."""
USUAL = ("dice", "hd95")
"""The scores compared where none is asked for, the first deciding."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How bare tables are read."""

    naming: Naming = field(default_factory=Naming)
    """Which columns name designs, cases, patients, trainings and folds."""
    higher_is_better: tuple[str, ...] = ()
    """Columns of scores that the platform does not know, or that have a scale of their own."""
    lower_is_better: tuple[str, ...] = ()
    hd95_method: str | None = None
    """How HD95 was computed; no table says so itself."""
    undefined_distances: tuple[float, ...] = ()
    """Values that stand for a distance to an empty mask; nan: an empty cell."""

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
    tables: Sequence[Given],
    reading: Reading,
    metrics: Sequence[str],
    say: Callable[[Path | None, Remark], None],
) -> list[tuple[Design, tuple[Path, ...]]]:
    """Read the designs of all tables, each with its files.

    A design is named as was said, else by a column, else after its file. Several tables of one
    design are its trainings where they hold the same cases, else its folds.

    Args:
        tables: CSV files, and what nnU-Net wrote.
        reading: Which columns mean what.
        metrics: Scores that were asked for.
        say: Told of a file, or of all, what was assumed or left out.

    Raises:
        DataError: naming every file that cannot be used, and why.
        ComparisonError: The tables share no case, or have scores on different scales.
        UsageError: for a column or a pattern that does not exist.
    """
    _check_declared(reading)
    _check_files(tables, reading)
    metric = metrics[0] if len(metrics) == 1 else None
    known = Known(reading.own, reading.undefined_distances, metric, len(tables) == 1)
    found: dict[str, list[_Table]] = {}
    faults: list[DataError] = []
    for one in tables:
        try:
            read = _read(one, reading, known, say)
        except DataError as error:
            faults.append(error)
            continue
        if one.design is not None and len(read) > 1:
            raise UsageError(
                f"{one.path} holds {len(read)} designs: {', '.join(read)}",
                hint=f"Give the file without {one.design}= before it.",
            )
        for model, table in read.items():
            found.setdefault(one.design or model or one.usual, []).append(table)
    if faults:
        messages = dict.fromkeys(error.message for error in faults)
        raise DataError("; ".join(messages), hint=faults[0].hint)
    return _designs(found, reading, say)


@dataclass(frozen=True, eq=False, slots=True)
class _Table:
    """A per-case table of one design."""

    files: tuple[Path, ...]
    frame: pd.DataFrame
    facts: FairnessFacts
    """What it says of how it was made."""


def _read(
    one: Given, reading: Reading, known: Known, say: Callable[[Path | None, Remark], None]
) -> dict[str, _Table]:
    """Return the tables of a file by their design; "" is that of a file that names none."""
    if one.evaluation is None:
        frames = read_bare(one.path, reading.naming, known, partial(say, one.path))
        facts = FairnessFacts(hd95_method=reading.hd95_method)
        return {name: _Table(one.files, frame, facts) for name, frame in frames.items()}
    about = Path(one.design or one.usual)
    read = read_evaluation(one.evaluation, reading.naming, say=partial(say, about))
    facts = FairnessFacts(hd95_method=reading.hd95_method or read.hd95_method)
    if one.evaluation.is_cross_validated:
        facts = replace(facts, protocol=CROSS_VALIDATED)
    return {"": _Table(one.files, read.frame, facts)}


def _designs(
    found: Mapping[str, Sequence[_Table]],
    reading: Reading,
    say: Callable[[Path | None, Remark], None],
) -> list[tuple[Design, tuple[Path, ...]]]:
    """Give the cases one name each, and put the tables of a design together."""
    frames, passed_over = with_same_ids([table.frame for own in found.values() for table in own])
    if passed_over:
        say(None, note(f"ids of cases compared without regard to {passed_over}"))
    whole = iter(frames)
    cases = {
        name: tuple(map(_whole, trainings_of([next(whole) for _ in own])))
        for name, own in found.items()
    }
    apart = shares_none({name: pd.concat(own) for name, own in cases.items()})
    if apart:
        raise ComparisonError(
            apart,
            hint="Give each case the same id in all tables, or name the column that holds it: "
            "--case-column FILE=NAME",
        )
    check_scales(cases, [*METRICS, *reading.own], reading.higher_is_better)
    several = any(len(own) > 1 for own in cases.values())
    designs = []
    for name, own in cases.items():
        folds = own[0]["fold"].nunique() if "fold" in own[0] else 0
        facts = replace(
            merged([table.facts for table in found[name]]),
            seeds=len(own) if several else None,
        )
        if folds:
            facts = replace(facts, protocol=protocol(folds))
        paths = tuple(dict.fromkeys(path for table in found[name] for path in table.files))
        designs.append((Design(name, own, facts), paths))
    return designs


def _check_declared(reading: Reading) -> None:
    """Refuse a score declared in both directions, or against the one that is known of it."""
    both = sorted({*reading.higher_is_better} & {*reading.lower_is_better})
    if both:
        raise UsageError(
            f"declared in both directions: {', '.join(both)}",
            hint="Name it in --higher-is-better or in --lower-is-better.",
        )
    for flag, names, higher in (
        ("--higher-is-better", reading.higher_is_better, True),
        ("--lower-is-better", reading.lower_is_better, False),
    ):
        for name in names:
            metric = METRICS.get(score_of(name) or "")
            if metric is not None and metric.higher_is_better != higher:
                better = "higher" if metric.higher_is_better else "lower"
                raise UsageError(
                    f"{flag} {name}: {metric.label} is better when {better}",
                    hint=f"Leave the flag out, or write --{better}-is-better {name} for a scale of "
                    "its own, such as per cent.",
                )


def _check_files(tables: Sequence[Given], reading: Reading) -> None:
    """Refuse a column that is named for a file that is not there."""
    for text in reading.naming.case_column:
        known = [case_column_of(one.path, [text]) for one in tables]
        if not any(known):
            file = text.partition("=")[0]
            raise UsageError(
                f"--case-column {text}: no table {file}",
                hint=nearest(file, [one.path.name for one in tables]),
            )


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with every column a comparison needs."""
    return frame.assign(**{k: v for k, v in UNKNOWN.items() if k not in frame})


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
        if name in shared and (name != "hd95" or _says_hd95(designs))
    ]
    return ComparisonConfig(
        metric=first[0], secondary=tuple(name for name in beside if name != first[0])
    )


def _says_hd95(designs: Sequence[Design]) -> bool:
    return all(design.facts.hd95_method is not None for design in designs)


def _decides(name: str, reading: Reading) -> bool:
    return name in reading.known and reading.known[name].kind not in ("background", "loss")


def _shared(designs: Sequence[Design]) -> list[str]:
    """Columns that every table has, with a value in one of them, in the order of the first."""
    frames = [frame for design in designs for frame in design.cases]
    return [
        str(name)
        for name in frames[0]
        if all(name in frame for frame in frames)
        and any(frame[name].notna().any() for frame in frames)
    ]


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
    """Refuse scores of unknown direction; a direction is never guessed.

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
    if "hd95" in wanted and not _says_hd95(designs) and "hd95" not in reading.own:
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
    if "hd95" in others and not _says_hd95(designs):
        others.remove("hd95")
        yield "HD95 left out: the tables do not say how it was computed (--assume-hd95-method)."
    if others:
        yield f"Not compared: {', '.join(others)}; name several scores with --metric."


def _scores(designs: Sequence[Design]) -> str:
    beside = (*KEY, *UNKNOWN, "status", *COUNTS)
    return ", ".join(name for name in _shared(designs) if name not in beside) or "none"
