"""A comparison of bare per-case tables of any tool, and the source its report names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ablation.comparison import Comparison, Design, Rules, split_names, with_rules, with_target
from ablation.comparison import compare as compare_designs
from ablation.comparison.tables.align import named
from ablation.config.sections import ComparisonConfig
from ablation.data.readers.reader import Progress, silent
from ablation.errors import UsageError
from ablation.report.source import Source
from ablation.scores.bare_designs import (
    Reading,
    check_directions,
    check_scores,
    left_out,
    our_name,
    read_designs,
    usual_settings,
)
from ablation.scores.empty_masks import undefined_distances
from ablation.scores.fold_means import fold_means
from ablation.scores.given import Given, tables_of
from ablation.scores.header import Naming, checked_wide
from ablation.scores.nnunet_tree import SUMMARY
from ablation.scores.remarks import Remark, note
from ablation.scores.tables import checked_method

MEAN_DECIDES = (
    "the mean over labels of each case decides, as in foreground_mean of nnU-Net's summary; "
    "--primary-target LABEL names a label instead"
)


@dataclass(frozen=True, slots=True)
class OfTables:
    """A comparison of tables, and where its numbers come from."""

    comparison: Comparison
    source: Source


def compare(
    tables: Sequence[Path | str] | Sequence[Design],
    *,
    reference: str | None = None,
    metric: str | Sequence[str] | None = None,
    primary_target: str | None = None,
    target: str | None = None,
    alternative: str | None = None,
    primary_test: str | None = None,
    correction: str | None = None,
    margin: str | Mapping[str, float] | None = None,
    unit: str | None = None,
    missing: str | None = None,
    empty: str | None = None,
    model_column: str | None = None,
    case_column: str | Sequence[str] | None = None,
    target_column: str | None = None,
    patient_column: str | None = None,
    patient_regex: str | None = None,
    patient_map: Path | str | None = None,
    seed_column: str | None = None,
    fold_column: str | None = None,
    wide: str | None = None,
    undefined_distance: str | Sequence[str] | None = None,
    higher_is_better: str | Sequence[str] = (),
    lower_is_better: str | Sequence[str] = (),
    assume_hd95_method: str | None = None,
    progress: Progress = silent,
) -> Comparison:
    r"""Compare designs patient by patient, from tables of any tool with a score per case.

    Arguments are named as the flags of `ablate compare` and mean the same.

    Args:
        tables: CSV files, one per design or with a column `model`, NAME=FILE,FILE for several of
            one design; or designs in memory, each with its per-case tables.
        reference: Design the others are compared with.
        metric: Score or several; the first decides.
        primary_target: Target that decides, or "mean" over targets; None: all together.
        target: Region; None: every one.
        alternative: "two-sided", or "greater": only better than the reference counts.
        primary_test: Test that decides: "wilcoxon", "t" or "signflip".
        correction: Adjustment for several comparisons: "holm", "bh" or "none".
        margin: Smallest differences that matter, by metric, each in its unit.
        unit: What inference is about: "patient", or "case" (nothing is tested).
        missing: What a case that one design lacks does: "error", "intersection" or "worst".
        empty: Empty-mask rule: "penalty", "brats" or "exclude".
        model_column: Column that names the design; None: model.
        case_column: Column of the case ids, or FILE=COLUMN of one file; None: by the usual names.
        target_column: Column of the region; None: target, if any.
        patient_column: Column of the patients; None: patient or subject, if any.
        patient_regex: Finds the patient in a case id: its first group.
        patient_map: CSV with the columns case and patient.
        seed_column: Column that tells trainings of one design apart; None: seed, if any.
        fold_column: Column of the fold of cross-validation; None: fold, cv_fold or split, if any.
        wide: What the rest of a column's name is in dice_WT: "targets" or "designs".
        undefined_distance: Values that stand for a distance to an empty mask, such as "-1".
        higher_is_better: Scores the program does not know.
        lower_is_better: The same where less is better.
        assume_hd95_method: How HD95 was computed: "directed_max", "pooled" or "surfel".
        progress: Told what was assumed or left out.

    Raises:
        DataError: Every table that cannot be used, and why.
        ComparisonError: Tables that cannot be compared.
        UsageError: An unknown column, metric or rule.

    Example:
        >>> from pathlib import Path
        >>> _ = Path("unet.csv").write_text("case,dice\nP1,0.71\nP2,0.64\nP3,0.82\n")
        >>> _ = Path("resupnet.csv").write_text("case,dice\nP1,0.75\nP2,0.69\nP3,0.84\n")
        >>> import ablation
        >>> table = ablation.compare(["unet.csv", "resupnet.csv"], reference="unet").table()
        >>> [(row["design"], row["against"], round(row["mean"], 3)) for _, row in table.iterrows()]
        [('unet', '', 0.723), ('resupnet', '', 0.76), ('resupnet', 'unet', 0.037)]
    """
    rules = Rules(
        reference, metric, primary_target, alternative, primary_test, correction, margin, unit,
        missing, empty,
    )  # fmt: skip
    designs = [one for one in tables if isinstance(one, Design)]
    if designs:
        if len(designs) < len(tables):
            raise UsageError("designs and files are mixed", hint="Give one kind or the other.")
        return compare_designs(with_target(designs, target), with_rules(ComparisonConfig(), rules))
    naming = Naming(
        model_column=model_column,
        case_column=split_names(case_column),
        target_column=target_column,
        patient_column=patient_column,
        patient_regex=patient_regex,
        patient_map=None if patient_map is None else Path(patient_map),
        seed_column=seed_column,
        fold_column=fold_column,
        wide=checked_wide(wide),
    )
    reading = Reading(
        naming=naming,
        higher_is_better=split_names(higher_is_better),
        lower_is_better=split_names(lower_is_better),
        hd95_method=checked_method(assume_hd95_method),
        undefined_distances=undefined_distances(split_names(undefined_distance)),
    )
    paths = [one for one in tables if not isinstance(one, Design)]
    made = compare_tables(paths, reading, rules, target)
    for remark in made.source.remarks:
        progress(str(remark))
    return made.comparison


def compare_datasets(
    tables: Sequence[Path | str], reading: Reading, rules: Rules, target: str | None = None
) -> tuple[OfTables, ...]:
    """Compare the designs of each data set by itself; arguments and errors as `compare_tables`.

    Data sets are told apart by the folders of nnU-Net; all other tables are one.
    """
    given = tables_of(tables)
    names = [name for name in dict.fromkeys(one.dataset for one in given) if name]
    if len(names) < 2:
        return (_compared(given, reading, rules, target),)
    if others := [str(one.path) for one in given if not one.dataset]:
        raise UsageError(
            f"data set not known: {named(others)}; the folders beside are of {named(names)}",
            hint="Compare such tables with the folder of one data set at a time.",
        )
    return tuple(
        _compared([one for one in given if one.dataset == name], reading, rules, target)
        for name in names
    )


def compare_tables(
    tables: Sequence[Path | str], reading: Reading, rules: Rules, target: str | None = None
) -> OfTables:
    """Compare the designs of CSV files; the source says what was assumed or left out.

    Args:
        tables: FILE, or NAME=FILE,FILE for several tables of one design.
        reading: Which columns mean what.
        rules: The rules of the comparison.
        target: Region; None: every one.

    Raises:
        DataError: Every table that cannot be used, and why.
        ComparisonError: Tables that cannot be compared.
        UsageError: An unknown column, metric or rule.
    """
    given = tables_of(tables)
    names = [name for name in dict.fromkeys(one.dataset for one in given) if name]
    if len(names) > 1:
        raise UsageError(
            f"{len(names)} data sets are given, and one is compared: {named(names)}",
            hint=f"Give the folder of one, such as {given[0].path.parent}; ablate compare takes all.",
        )
    return _compared(given, reading, rules, target)


def _compared(
    given: Sequence[Given], reading: Reading, rules: Rules, target: str | None
) -> OfTables:
    scores = [our_name(name, reading.known) for name in rules.metrics]
    check_directions(scores, reading)
    said: list[tuple[Path | None, Remark]] = []
    read = read_designs(given, reading, scores, lambda path, remark: said.append((path, remark)))
    remarks = _by_file(said)
    designs = with_target([design for design, _ in read], target)
    ours = replace(rules, metric=None if rules.metric is None else scores)
    usual = usual_settings(designs, reading)
    of_nnunet = all(one.evaluation is not None for one in given)
    if of_nnunet and ours.primary_target is None and _has_several_targets(designs):
        usual = usual.model_copy(update={"primary_target": "mean"})
        remarks.append(note(MEAN_DECIDES))
    settings = with_rules(usual, ours)
    check_scores(designs, settings, reading)
    if rules.metric is None:
        remarks += [note(text) for text in left_out(designs, settings, reading)]
    comparison = compare_designs(designs, settings, reading.known)
    source = _source(read, given, remarks)
    if of_nnunet:
        source = replace(source, as_printed=fold_means(designs))
    return OfTables(comparison, source)


def _has_several_targets(designs: Sequence[Design]) -> bool:
    return len({target for design in designs for target in design.cases[0]["target"]}) > 1


def _by_file(said: Sequence[tuple[Path | None, Remark]]) -> list[Remark]:
    """Say once what holds for several files; a report names them, not where they lay."""
    files: dict[Remark, list[str]] = {}
    for path, remark in said:
        files.setdefault(remark, []).extend([] if path is None else [path.name])
    return [remark.about(named(own)) if own else remark for remark, own in files.items()]


def _source(
    read: Sequence[tuple[Design, Sequence[Path]]], given: Sequence[Given], remarks: Sequence[Remark]
) -> Source:
    digests = {
        path: hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for one in given
        for path in one.files
    }
    names = dict.fromkeys(one.dataset or one.path.name for one in given)
    of_nnunet = any(one.dataset for one in given)
    return Source(
        experiment=", ".join(names),
        kind="data set" if of_nnunet else "table" if len(digests) == 1 else "tables",
        runs=tuple(
            (design.name, f"{_shown(path)} (sha256 {digests[path]})")
            for design, paths in read
            for path in paths
        ),
        remarks=tuple(remarks),
    )


def _shown(path: Path) -> str:
    """Return a file's name; of a fold's summary also its folders, as all have the same name."""
    return "/".join(path.parts[-3:]) if path.name == SUMMARY else path.name
