"""Compare designs: everything a report says, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ablation.comparison.analysis.contrasts import (
    MEAN_OF_TARGETS,
    Analysis,
    Role,
    analyse,
    of_target,
    planned_pairs,
)
from ablation.comparison.analysis.empties import (
    Detection,
    DetectionContrast,
    detection_contrasts,
    detections,
)
from ablation.comparison.analysis.families import in_families
from ablation.comparison.analysis.lacking import lacking
from ablation.comparison.analysis.ledger import LedgerRow, ledger
from ablation.comparison.analysis.sensitivity import (
    CheckRow,
    PolicyRow,
    check_rows,
    policy_rows,
)
from ablation.comparison.analysis.sizes import Lesions, Sizes, lesion_counts, tumour_sizes
from ablation.comparison.analysis.two_parts import TwoParts, two_parts
from ablation.comparison.analysis.validation import Validation, validations
from ablation.comparison.frame import table_of
from ablation.comparison.tables.align import (
    Design,
    align,
    silent_on_hd95,
)
from ablation.comparison.tables.folds import Folds, fold_counts, shared_folds
from ablation.comparison.tables.printable import refuse_unprintable
from ablation.comparison.tables.settings import check_settings
from ablation.comparison.tables.volumes import of_volumes
from ablation.comparison.wording.cautions import Caution, Evidence, cautions
from ablation.comparison.wording.late import late_words, margin_set
from ablation.comparison.wording.names import target_name
from ablation.comparison.wording.notes import notes
from ablation.comparison.wording.verdict import Verdict, verdict
from ablation.config.sections import ComparisonConfig
from ablation.errors import ComparisonError, UsageError, nearest
from ablation.fairness import FairnessFacts
from ablation.metrics.empty import has_lesion
from ablation.metrics.metric import Metric
from ablation.metrics.registry import METRICS, chosen_metrics


@dataclass(frozen=True, eq=False)
class Comparison:
    """A finished comparison."""

    designs: tuple[str, ...]
    trainings: tuple[int, ...]
    """Trainings (seeds) of each design, averaged patient by patient."""
    folds: tuple[int, ...]
    """Outer folds of each design, whose test patients are pooled; 0 where there is one split."""
    reference: str | None
    level: float
    settings: Mapping[str, object]
    """Every setting as used: margin, primary_test, correction, missing, empty, seed, ..."""
    analyses: tuple[Analysis, ...]
    """Of several targets first the mean over them; of each the primary metric first, then the
    secondary ones."""
    facts: tuple[FairnessFacts, ...]
    """What each design was given; in comparison.json the rows of `ledger` say it."""
    ledger: tuple[LedgerRow, ...]
    detection: tuple[Detection, ...]
    detection_contrasts: tuple[DetectionContrast, ...]
    """Empty where no tumour was missed."""
    two_parts: tuple[TwoParts, ...]
    """The primary comparisons in which a tumour was missed: detection, then scores where found."""
    sensitivity: tuple[PolicyRow, ...]
    """The primary comparisons under every empty-mask rule; empty where no mask is."""
    checks: tuple[CheckRow, ...]
    """The primary comparisons under other tests, without a patient, with trainings random, ..."""
    sizes: tuple[Sizes, ...]
    """Tumour volumes behind the primary analyses; empty where the tables do not state them."""
    lesions: tuple[Lesions, ...]
    """Empty where the tables do not count lesions."""
    validation: tuple[Validation, ...]
    """What the designs scored where their settings were chosen; empty where no table says."""
    late: tuple[str, ...]
    """What was chosen after the results were seen, a sentence each."""
    bands: tuple[str, ...]
    """Why the scores say nothing about patients."""
    cautions: tuple[Caution, ...]
    """What weakens the result, the most severe first."""
    notes: tuple[str, ...]
    """Counts and conditions: what was left out or filled in, and how often."""
    verdict: Verdict

    @property
    def primary(self) -> Analysis:
        """The analysis the verdict rests on (of the first target)."""
        return self.primaries[0]

    @property
    def primaries(self) -> tuple[Analysis, ...]:
        """The analyses the verdict rests on, one for each target that decides."""
        return tuple(one for one in self.analyses if one.role == "primary")

    @property
    def counted(self) -> str:
        """How many there are of what inference is about, per target where they differ."""
        counts = {one.counted: one for one in reversed(self.primaries)}
        if len(counts) == 1:
            return self.primary.counted
        listed = ", ".join(
            f"{len(one.patients)} in {target_name(one.target)}" for one in self.primaries
        )
        return f"test {self.primary.unit_of_analysis}s: {listed}"

    def table(self) -> pd.DataFrame:
        """Return the table that all formats of a report share, unrounded; see `table_of`."""
        return table_of(self.analyses)


def compare(
    designs: Sequence[Design],
    settings: ComparisonConfig,
    known: Mapping[str, Metric] = METRICS,
) -> Comparison:
    """Compare designs patient by patient; with one design, describe it and test nothing.

    Args:
        designs: What is compared.
        settings: How.
        known: Scores by their column; of other tools also some with a declared direction.

    Raises:
        ComparisonError: where tables do not match or hold no test case with a tumour.
        UsageError: for an unknown metric or reference.
    """
    refuse_unprintable(designs)
    metrics = chosen_metrics(settings.metric, settings.secondary, known)
    names = [design.name for design in designs]
    check_settings(settings, names, metrics, known)
    silent = silent_on_hd95(designs, metrics)
    metrics = tuple(metric for metric in metrics if not silent or metric.name != "hd95")
    rows = align(designs, settings.missing)
    if settings.unit == "patient":
        rows = of_volumes(rows)
    pairs = planned_pairs(names, settings.reference)
    scored = [str(t) for t in sorted(rows["target"].unique())]
    # A target that no test case has tells nothing of the others.
    targets = [t for t in scored if has_lesion(of_target(rows, t)).any()] or scored
    roles, folds = target_roles(targets, settings), shared_folds(designs)
    analyses = in_families(
        [
            a
            for t, role in roles
            for a in _analyses(rows, t, role, targets, metrics, pairs, settings, folds)
        ],
        settings,
    )
    primary = [one for one in analyses if one.role == "primary"]
    parity = ledger(designs)
    found = detections(_scored(rows), names, settings.level)
    sensitivity = policy_rows(rows, primary, pairs, settings, folds)
    checks = check_rows(designs, rows, analyses, pairs, settings)
    parts = two_parts(rows, analyses, settings)
    return Comparison(
        designs=tuple(names),
        trainings=tuple(len(design.cases) for design in designs),
        folds=fold_counts(designs),
        reference=settings.reference,
        level=settings.level,
        settings=settings.model_dump(),
        analyses=analyses,
        facts=tuple(design.facts for design in designs),
        ledger=parity,
        detection=found,
        detection_contrasts=detection_contrasts(_scored(rows), pairs),
        two_parts=parts,
        sensitivity=sensitivity,
        checks=checks,
        sizes=tumour_sizes(rows, analyses, settings.level),
        lesions=lesion_counts(_scored(rows), names),
        validation=validations(designs, analyses, settings.empty),
        late=late_words(designs, settings),
        bands=tuple(dict.fromkeys(band for design in designs for band in design.band)),
        cautions=cautions(
            Evidence(
                designs=designs,
                settings=settings,
                analyses=analyses,
                ledger=parity,
                detection=found,
                sensitivity=sensitivity,
                checks=checks,
                lacking=lacking(rows, analyses, settings),
            )
        ),
        notes=notes(rows, designs, analyses, metrics, silent, settings),
        verdict=verdict(
            analyses,
            parity,
            settings.level,
            settings.margin,
            margin_set(designs, settings),
            checks,
            parts,
        ),
    )


def _scored(rows: pd.DataFrame) -> pd.DataFrame:
    """Without the rows that stand for cases a design lacks: it neither found nor missed them."""
    return rows[~rows["filled"].astype(bool)] if "filled" in rows else rows


def target_roles(
    targets: Sequence[str], settings: ComparisonConfig
) -> tuple[tuple[str, Role], ...]:
    """Return what each target's primary metric is for: the planned one decides, else all together.

    The mean over targets comes first; where it was not planned to decide, it is described.

    >>> target_roles(["TC", "WT"], ComparisonConfig())
    (('mean over targets', 'described'), ('TC', 'primary'), ('WT', 'primary'))
    >>> target_roles(["TC", "WT"], ComparisonConfig(primary_target="WT"))
    (('WT', 'primary'), ('mean over targets', 'described'), ('TC', 'secondary'))
    """
    planned = settings.primary_target
    if planned not in (None, "mean", *targets):
        raise UsageError(
            f"primary target {planned!r} is none of {', '.join(targets)}",
            hint=nearest(str(planned), [*targets, "mean"]),
        )
    if len(targets) == 1:
        return ((targets[0], "primary"),)
    mean: tuple[str, Role] = (MEAN_OF_TARGETS, "primary" if planned == "mean" else "described")
    others: Role = "primary" if planned is None else "secondary"
    found = [mean, *((t, "primary" if t == planned else others) for t in targets)]
    first = [one for one in found if one[1] == "primary"] if planned else []
    return tuple(dict.fromkeys([*first, *found]))


def _analyses(
    rows: pd.DataFrame,
    target: str,
    role: Role,
    targets: Sequence[str],
    metrics: Sequence[Metric],
    pairs: Sequence[tuple[str, str]],
    settings: ComparisonConfig,
    folds: Folds | None,
) -> list[Analysis]:
    """The primary metric must have values; a secondary one without is left out."""
    own = of_target(rows[rows["target"].isin(targets)], target)
    if metrics[0].name not in rows or not has_lesion(own).any():
        lacking = (
            "no test case with a tumour" if metrics[0].name in rows else f"no {metrics[0].name}"
        )
        raise ComparisonError(
            f"{lacking} in the tables of target {own['target'].iloc[0]}",
            hint="Differences are judged on patients whose truth holds a tumour; compare a target "
            "that has some: --target NAME",
        )
    first = analyse(own, metrics[0], role, pairs, settings, target=target, folds=folds)
    if not first.patients and role == "primary":
        raise ComparisonError(
            f"no test patient has a {metrics[0].name} under every design{_nowhere(own, metrics[0])}",
            hint="Choose another --metric, or leave out or score again the design without values.",
        )
    others: Role = "described" if target == MEAN_OF_TARGETS else "secondary"
    rest = [
        analyse(own, metric, others, pairs, settings, target=target, folds=folds)
        for metric in metrics[1:]
        if metric.name in rows
    ]
    return [one for one in (first, *rest) if one.patients]


def _nowhere(rows: pd.DataFrame, metric: Metric) -> str:
    """Name the designs without a single value."""
    any_value = rows[metric.name].notna().groupby(rows["design"], sort=False).any()
    empty = ", ".join(str(name) for name in any_value.index[~any_value])
    return f": {empty} without any" if empty else ""
