"""Results of nnU-Net as designs to import: files, folders, or the tree of all data sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ablation.comparison import CROSS_VALIDATED, protocol
from ablation.data.readers.reader import Progress, silent
from ablation.errors import UsageError
from ablation.scores.bring_in import FOLDS, Destination, Foreign, import_params, nnunet_scores
from ablation.scores.given import Given, tables_of
from ablation.scores.header import Naming
from ablation.scores.nnunet import Labels, read_evaluation
from ablation.scores.nnunet_tree import ALL, Evaluation
from ablation.scores.regions import parse_labels
from ablation.scores.tables import rows_of, table_facts


@dataclass(frozen=True, slots=True)
class Results:
    """The scores of one design on one data set, and where they go."""

    scores: Foreign
    to: Destination


def nnunet_results(
    files: Sequence[Path],
    naming: Naming,
    to: Destination,
    labels: str | None = None,
    hd95_method: str | None = None,
    progress: Progress = silent,
) -> list[Results]:
    """Read what nnU-Net wrote of each design; the folds of a design are one table.

    Args:
        files: summary.json of version 1 or 2, folders that hold some, or one table of version 1.
        naming: How cases tell patients.
        to: Where scores go; its name only of one design, else each has the name of its folder. Of a
            folder without an experiment named there, the experiment is the data set.
        labels: Targets and what the files call them, as in "WT=1,2,3;ET=3".
        hd95_method: How HD95 was computed, where the files do not say.
        progress: Told what was assumed or left out.

    Raises:
        DataError: A file cannot be used, or a case is in two folds.
        UsageError: A name for several designs, or none where the folders tell none.
    """
    if len(files) == 1 and files[0].suffix.lower() == ".csv":
        return [Results(nnunet_scores(files[0], naming, labels, hd95_method, progress), _named(to))]
    given = tables_of(files)
    if to.name and len(given) > 1:
        raise UsageError(
            f"--name {to.name} is the name of one design, and {len(given)} are given: "
            + ", ".join(f"{one.dataset} {one.usual}".strip() for one in given),
            hint="Leave --name out: each design has the name of its folder.",
        )
    datasets = dict.fromkeys(one.dataset for one in given)
    if to.experiment and len(datasets) > 1:
        raise UsageError(
            f"--experiment {to.experiment}: {len(datasets)} data sets are given, and an experiment "
            f"has one: {', '.join(datasets)}",
            hint="Leave --experiment out: each data set is an experiment of its name.",
        )
    asked = None if labels is None else parse_labels(labels)
    by_folder = any(path.is_dir() for path in files) or len(given) > 1
    found = []
    for one in given:
        goes = replace(to, name=to.name or (one.usual if one.dataset or by_folder else ""))
        if by_folder and one.dataset and to.experiment is None:
            goes = replace(goes, experiment=one.dataset)
        scores = _scores(one, naming, asked, hd95_method, progress)
        found.append(
            Results(
                replace(scores, params={**scores.params, **import_params(labels)}), _named(goes)
            )
        )
    return found


def _named(to: Destination) -> Destination:
    if not to.name:
        raise UsageError("the design has no name", hint="Add --name NAME.")
    return to


def _scores(
    one: Given,
    naming: Naming,
    asked: dict[str, Labels] | None,
    hd95_method: str | None,
    progress: Progress,
) -> Foreign:
    own = one.evaluation
    if own is None:
        raise UsageError(
            f"{one.path}: a table is imported by itself", hint="Give one table, or summaries."
        )
    about = one.path if len(own.folds) == 1 else " ".join(filter(None, (one.dataset, one.usual)))
    table = read_evaluation(
        own, naming, labels=asked, say=lambda remark: progress(str(remark.about(about)))
    )
    facts = table_facts(table.frame, one.path, "nnU-Net", hd95_method or table.hd95_method)
    folds = [fold.number for fold in own.folds if fold.number not in (None, ALL)]
    if own.is_cross_validated:
        facts = replace(facts, protocol=protocol(len(folds)) if folds else CROSS_VALIDATED)
    params = {"import.of": f"nnU-Net {table.version}", "import.file": _file(own)}
    if folds:
        params[FOLDS] = ",".join(map(str, folds))
    return Foreign(tuple(rows_of(table.frame, "")), facts, params)


def _file(own: Evaluation) -> str:
    return own.folds[0].path.name if len(own.folds) == 1 else f"{len(own.folds)} files"
