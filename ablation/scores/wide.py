"""Tables with several scores of a case side by side, brought into one row per case and region or design.

The columns are called dice_WT, dice_TC (a metric and a target), dice_unet (a metric and a design),
or unet, resupnet (designs, all of the metric that is asked for).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from ablation.errors import DataError, UsageError
from ablation.files.csv_lines import Lines
from ablation.metrics.registry import METRICS, metric_by_other_name
from ablation.scores.header import Naming, names_rows, plain, score_of
from ablation.scores.remarks import Tell, note

TARGETS = frozenset(
    [
        *(
            "wt",
            "tc",
            "et",
            "ed",
            "ncr",
            "net",
            "rc",
            "whole",
            "core",
            "enhancing",
            "edema",
            "oedema",
        ),
        *(
            "necrosis",
            "tumor",
            "tumour",
            "lesion",
            "lesions",
            "liver",
            "spleen",
            "kidney",
            "kidneys",
        ),
        *(
            "pancreas",
            "heart",
            "lung",
            "lungs",
            "lv",
            "rv",
            "myo",
            "la",
            "ra",
            "pz",
            "tz",
            "prostate",
        ),
        *("gtv", "ctv", "gm", "wm", "csf", "hippocampus", "label", "class", "region", "organ"),
    ]
)
"""Words of names of regions, in lower case."""
SUMMARIES = frozenset(
    [
        *(
            "mean",
            "avg",
            "average",
            "median",
            "std",
            "sd",
            "var",
            "min",
            "max",
            "sum",
            "loss",
            "rank",
        ),
        *("ci", "low", "high", "lower", "upper", "p", "diff", "difference", "delta", "n", "count"),
    ]
)
"""Words that say that a column is no score of a case."""


def in_rows(
    lines: Lines,
    path: Path,
    naming: Naming,
    also: Collection[str],
    metric: str | None,
    alone: bool,
    say: Tell,
) -> Lines:
    """Return the table with a row for each target or design; as it is where it is not wide.

    Args:
        lines: The table.
        path: Its file, for messages.
        naming: How it names cases, designs and targets.
        also: Columns of scores that only their user knows.
        metric: The score asked for, where it is one.
        alone: Whether this is the only table.
        say: Told how the columns were read.

    Raises:
        DataError: A row with more or fewer cells than the header.
        UsageError: It cannot be told whether columns are of targets or of designs.
    """
    places = _pairs(lines.header, also)
    if places:
        labels = list(dict.fromkeys(label for _, label in places))
        kind = _kind(lines.header, labels, path, naming, alone)
        say(note(f"columns read as {kind}: {', '.join(labels)}"))
    elif metric is not None and alone:
        labels = _designs(lines, naming, also)
        if not labels:
            return lines
        places = {(metric, name): lines.header.index(name) for name in labels}
        kind = "designs"
        say(note(f"columns read as {kind}, their cells as {metric}: {', '.join(labels)}"))
    else:
        return lines
    return _long(lines, places, "target" if kind == "targets" else "model", path)


def _pairs(header: Sequence[str], also: Collection[str]) -> dict[tuple[str, str], int]:
    """Return the places of columns that name a metric and something else, by both."""
    whole = {score_of(name) for name in header} | set(also)
    found: dict[tuple[str, str], int] = {}
    for at, name in enumerate(header):
        if name in also or score_of(name) is not None or names_rows(name):
            continue
        pair = _split(name)
        if pair is not None and pair[0] not in whole:
            found.setdefault(pair, at)
    return found


def _split(name: str) -> tuple[str, str] | None:
    """Return metric and rest of a column's name, the longest metric it begins or ends with.

    >>> _split("dice_WT"), _split("WT Hausdorff95"), _split("dice_std"), _split("age")
    (('dice', 'WT'), ('hd95', 'WT'), None, None)
    """
    whole = plain(name)
    known = {**{metric: metric for metric in METRICS}, **metric_by_other_name()}
    for written in sorted(known, key=len, reverse=True):
        if whole.startswith(f"{written}_"):
            rest = _rest(name, len(whole) - len(written) - 1, at_end=True)
        elif whole.endswith(f"_{written}"):
            rest = _rest(name, len(whole) - len(written) - 1, at_end=False)
        else:
            continue
        words = set(plain(rest).split("_"))
        return None if not words - {""} or words & SUMMARIES else (known[written], rest)
    return None


def _rest(name: str, length: int, *, at_end: bool) -> str:
    """Return what is left of a name as it is written, given the length of its plain form."""
    marks = " _-.:()[]/|"
    text = name.strip(marks)
    for cut in range(len(text)):
        part = text[cut:] if at_end else text[: len(text) - cut]
        if len(plain(part)) == length and part == part.strip(marks):
            return part
    return plain(name)[-length:] if at_end else plain(name)[:length]


def _kind(
    header: Sequence[str], labels: Sequence[str], path: Path, naming: Naming, alone: bool
) -> Literal["targets", "designs"]:
    """Tell what the rest of a column's name is."""
    if naming.wide is not None:
        return naming.wide
    names = [plain(name) for name in header]
    if naming.target_column is not None or "target" in names:
        return "designs"
    known = any(
        word in TARGETS or word.isdecimal() for label in labels for word in plain(label).split("_")
    )
    if known or not alone or naming.model_column is not None or "model" in names:
        return "targets"
    raise UsageError(
        f"{path}: {', '.join(labels)} in the names of columns may be targets or designs",
        hint="Say which: --wide targets or --wide designs",
    )


def _designs(lines: Lines, naming: Naming, also: Collection[str]) -> list[str]:
    """Return the columns of numbers of a table without any score of a known name."""
    if any(name in also or score_of(name) in METRICS for name in lines.header):
        return []
    asked = (
        *(naming.model_column, naming.target_column, naming.patient_column),
        *(naming.seed_column, naming.fold_column, *naming.case_column),
    )
    own = [text.partition("=")[2] or text for text in asked if text is not None]
    return [
        name
        for at, name in enumerate(lines.header)
        if name and name not in own and score_of(name) is None and not names_rows(name)
        if _are_numbers([cells[at] for _, cells in lines.rows if len(cells) > at])
    ]


def _are_numbers(cells: Sequence[str]) -> bool:
    texts = [cell.strip().replace(",", ".") for cell in cells]
    found = sum(_is_number(text) for text in texts)
    return 0 < found >= 0.5 * sum(bool(text) for text in texts)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _long(lines: Lines, places: Mapping[tuple[str, str], int], column: str, path: Path) -> Lines:
    """Return a row for each label, with a column for each metric."""
    labels = list(dict.fromkeys(label for _, label in places))
    metrics = list(dict.fromkeys(metric for metric, _ in places))
    kept = [at for at in range(len(lines.header)) if at not in places.values()]
    header = [*(lines.header[at] for at in kept), column, *metrics]
    rows = []
    for line, cells in lines.rows:
        if len(cells) != len(lines.header):
            raise DataError(
                f"{path}: {lines.unit} {line}: {len(cells)} cells under {len(lines.header)} columns",
                hint=f"Correct the {lines.unit}.",
            )
        for label in labels:
            scores = [
                cells[places[metric, label]] if (metric, label) in places else ""
                for metric in metrics
            ]
            rows.append((line, [*(cells[at] for at in kept), label, *scores]))
    return replace(lines, header=header, rows=rows)
