"""The designs' per-case tables brought together, and refused where they do not match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from ablation.comparison.tables.missing import (
    KEY,
    Missing,
    absent_cases,
    with_worst,
    without_absent,
)
from ablation.errors import ComparisonError, UsageError, nearest
from ablation.fairness import FairnessFacts
from ablation.metrics.hd95_methods import name_it
from ablation.metrics.metric import Metric

NEEDED = [*KEY, "split", "status", "shape", "spacing", "distance_unit", "truth_hash"]
SCORE_AGAIN = "Score every design on the same patients, masks and methods, then report again."
FILL_GAPS = "Score these cases too, or name a rule for them: --missing intersection or worst."
OTHER_NAME = (
    "Give every design once, under a name of its own; bare tables are named by their files."
)
METHODS = ("hd95_method", "nsd_tolerance_mm")
"""Facts that say how a score was computed."""
MOST_NAMED = 6  # ids in a message; more are counted


@dataclass(frozen=True, eq=False)
class Design:
    """One design as it was scored."""

    name: str
    cases: tuple[pd.DataFrame, ...]
    """The per-case table of each training (seed); rows with split "test" are compared.

    Of cross-validation it holds the rows of all outer folds, told apart in a column `fold`.
    """
    facts: FairnessFacts = field(default_factory=FairnessFacts)
    band: tuple[str, ...] = ()
    """Why the scores say nothing about patients, such as "generated data"."""
    planned: Mapping[str, object] = field(default_factory=dict)
    """Settings of the comparison that were fixed before the results, by their key."""


def align(designs: Sequence[Design], missing: Missing = "error") -> pd.DataFrame:
    """Return the test rows of all designs, with columns `design` and `training` added.

    Args:
        designs: What is compared.
        missing: What becomes of cases that one table lacks. "worst" adds rows, marked in a
            column `filled`.

    Raises:
        ComparisonError: naming every mismatch: other patients, other truth, a patient scored
            twice, a test patient that training or tuning has seen, other units or methods.
    """
    unnamed = list(_unnamed(designs))
    problems = [*unnamed, *_columns_missing(designs)]
    gaps: list[str] = []
    if not problems:
        tables = _test_tables(designs)
        gaps = _lacking(designs, tables) if missing == "error" else []
        problems = [
            *_duplicates(tables),
            *gaps,
            *_other_truth(tables),
            *_seen_before(designs),
            *_other_methods(designs, tables),
        ]
    if problems:
        raise ComparisonError(
            "these designs cannot be compared: " + "; ".join(problems),
            hint=FILL_GAPS if gaps == problems else OTHER_NAME if unnamed else SCORE_AGAIN,
        )
    if missing == "worst":
        tables = with_worst(tables)
    elif missing == "intersection":
        tables = _shared(tables)
    together = pd.concat(
        [frame.assign(design=name, training=seed) for (name, seed), frame in tables.items()],
        ignore_index=True,
    )
    if together.empty:
        raise ComparisonError(
            "no test case is in these tables", hint="A comparison needs rows with split = test."
        )
    return together


def with_target(designs: Sequence[Design], target: str | None) -> list[Design]:
    """Return the designs with the rows of one target; all rows for none.

    Raises:
        UsageError: where no table has this target.
    """
    if target is None:
        return list(designs)
    known = {str(t) for design in designs for frame in design.cases for t in frame["target"]}
    if target not in known:
        named_ones = known - {""}
        hint = nearest(target, named_ones) if named_ones else "These tables name no target."
        raise UsageError(f"no table has the target {target!r}", hint=hint)
    return [
        replace(d, cases=tuple(frame[frame["target"] == target] for frame in d.cases))
        for d in designs
    ]


Tables = dict[tuple[str, int], pd.DataFrame]


def _test_tables(designs: Sequence[Design]) -> Tables:
    return {
        (design.name, seed): frame[frame["split"] == "test"].astype(dict.fromkeys(KEY, str))
        for design in designs
        for seed, frame in enumerate(design.cases)
    }


def _unnamed(designs: Sequence[Design]) -> Iterator[str]:
    if not designs:
        yield "no design was given"
    names = [design.name for design in designs]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield f"two designs are named {name}"
    for design in designs:
        if not design.cases:
            yield f"{design.name} has no table"


def _columns_missing(designs: Sequence[Design]) -> Iterator[str]:
    for design in designs:
        lacking = sorted({c for frame in design.cases for c in NEEDED if c not in frame})
        if lacking:
            yield f"{design.name} lacks the columns {', '.join(lacking)}"


def _duplicates(tables: Tables) -> Iterator[str]:
    for (name, seed), frame in tables.items():
        twice = frame.loc[frame.duplicated(KEY), "case"]
        if len(twice):
            yield f"{_training(name, seed, tables)} scores {named(twice)} twice"


def absences(designs: Sequence[Design]) -> tuple[str, ...]:
    """Name the test cases that a training lacks and another has, as in "b lacks p2"."""
    return tuple(_other_cases(_test_tables(designs)))


def _lacking(designs: Sequence[Design], tables: Tables) -> list[str]:
    """Name what tables lack, and the likely reason where designs were tested in different ways."""
    problems = list(_other_cases(tables))
    ways = {d.name: d.facts.protocol for d in designs if d.facts.protocol is not None}
    if problems and len(set(ways.values())) > 1:
        listed = ", ".join(f"{name} by {way}" for name, way in ways.items())
        problems.append(f"they were tested in different ways ({listed})")
    return [*problems, *_other_patients(tables)] if problems else []


def _other_patients(tables: Tables) -> list[str]:
    """Name a case that tables give to different patients: one of them may not name patients at all."""
    owners: dict[tuple[str, str], dict[str, set[str]]] = {}
    for (name, _), frame in tables.items():
        for patient, case, target in frame[KEY].itertuples(index=False, name=None):
            owners.setdefault((case, target), {}).setdefault(name, set()).add(patient)
    for (case, _), found in owners.items():
        known = [(name, *patients) for name, patients in found.items() if len(patients) == 1]
        if len(known) == len(found) and len({patient for _, patient in known}) > 1:
            whose = ", ".join(f"{patient} in {name}" for name, patient in known)
            return [f"case {case} is of patient {whose}"]
    return []


def _other_cases(tables: Tables) -> Iterator[str]:
    """Rows are joined by id, so every table must have the same ids."""
    for (name, seed), keys in absent_cases(tables).items():
        whose = _training(name, seed, tables)
        yield f"{whose} lacks {named([' '.join(distinct(key)) for key in keys])}"


def _other_truth(tables: Tables) -> Iterator[str]:
    frames = [
        frame.set_index(KEY)["truth_hash"].replace("", None).dropna() for frame in tables.values()
    ]
    hashes = pd.concat(frames) if frames else pd.Series(dtype=str)
    # A hash of one region, with its name before it, says nothing against one of all labels.
    kinds = hashes.map(lambda text: str(text).rpartition(":")[0])
    counts = hashes.groupby([*(hashes.index.get_level_values(k) for k in KEY), kinds]).nunique()
    changed = list(dict.fromkeys(key[:3] for key in counts[counts > 1].index))
    if changed:
        yield f"the truth differs between the runs for {named([' '.join(distinct(key)) for key in changed])}"


def _seen_before(designs: Sequence[Design]) -> Iterator[str]:
    for design in designs:
        both: set[str] = set()
        for rows in by_fold(pd.concat(design.cases)):
            is_test, patients = rows["split"] == "test", rows["patient"].astype(str)
            both |= set(patients[is_test]) & set(patients[~is_test])
        if both:
            yield f"{design.name} was tested on {named(sorted(both))}, seen in training or tuning"


def by_fold(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the rows of each outer fold; of one split all rows."""
    return [part for _, part in rows.groupby("fold")] if "fold" in rows else [rows]


def _other_methods(designs: Sequence[Design], tables: Tables) -> Iterator[str]:
    cells = (str(u) for frame in tables.values() for u in frame["distance_unit"].dropna())
    units = sorted({unit for unit in cells if unit})
    if len(units) > 1:
        yield f"distances are in {' and in '.join(units)}"
    for method in METHODS:
        found = {d.name: d.facts.stated.get(method) for d in designs}
        stated = {name: str(value) for name, value in found.items() if value is not None}
        if len(set(stated.values())) > 1:
            yield f"{method} differs: " + ", ".join(f"{k} {v}" for k, v in stated.items())


def _shared(tables: Tables) -> Tables:
    """Return the rows of the cases that every training has; refuse where there are none."""
    shared = without_absent(tables)
    if all(len(frame) for frame in tables.values()) and not any(map(len, shared.values())):
        shown = (
            f"{_training(name, seed, tables)} has {named(frame['case'].drop_duplicates())}"
            for (name, seed), frame in tables.items()
        )
        raise ComparisonError(
            "no test case is in all of these tables: "
            + "; ".join([*shown, *_other_patients(tables)]),
            hint="Give the same patients, cases and targets the same names, or leave designs out: "
            "--compare NAME,NAME",
        )
    return shared


def silent_on_hd95(designs: Sequence[Design], metrics: Sequence[Metric]) -> tuple[str, ...]:
    """Name the designs that do not say how HD95 was computed, where it is compared with some that do.

    Raises:
        ComparisonError: HD95 is what decides.
    """
    silent = tuple(d.name for d in designs if d.facts.hd95_method is None)
    if len(silent) in (0, len(designs)) or all(metric.name != "hd95" for metric in metrics):
        return ()
    if metrics[0].name == "hd95":
        raise ComparisonError(
            f"HD95 has several definitions, and {', '.join(silent)} does not say which it is",
            hint=name_it(),
        )
    return silent


def _training(name: str, seed: int, tables: Tables) -> str:
    """The training by its number where the design has several."""
    return f"{name} (training {seed + 1})" if (name, 1) in tables else name


def distinct(key: Iterable[object]) -> list[str]:
    """Patient, case and target without saying the same id twice."""
    return [part for part in dict.fromkeys(str(part) for part in key) if part]


def named(ids: Sequence[str] | pd.Series) -> str:
    """Return ids as a message lists them, the first few by name."""
    names = [str(i) for i in ids]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
