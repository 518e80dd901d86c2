"""Patients worth a look: the contours of every design on the same slice."""

from __future__ import annotations

from ablation.comparison import Comparison
from ablation.inference.overlays import BOTH, PREDICTION, TRUTH
from ablation.report.material import Case, Picture
from ablation.report.sections.blocks import Block, Image, Images, Legend, Section
from ablation.report.source import Source

HINT = (
    "Test patients, chosen by the primary metric. The slice with most tumour is the same for every "
    "design; the worst slice without tumour is each design's own. Of several trainings, the first. "
    "Contours are drawn on the scan. These are parts of scans: share this page as you may share them."
)
CONTOURS = ((TRUTH, "truth"), (PREDICTION, "prediction"), (BOTH, "both on the same pixel"))


def cases(comparison: Comparison, source: Source) -> Section | None:
    """Return the overlays of chosen patients; nothing where the runs have none."""
    shown = source.material.cases
    if not shown:
        return None
    legend = Legend(tuple((f"rgb{colour}", word) for colour, word in CONTOURS))
    blocks: tuple[Block, ...] = (legend, *(_case(case, comparison.designs) for case in shown))
    return Section("cases", "Cases", HINT, blocks)


def _case(case: Case, designs: tuple[str, ...]) -> Images:
    by_design = {overlay.design: overlay for overlay in case.pictures}
    return Images(
        f"{case.why[0].upper()}{case.why[1:]}: patient {case.patient}",
        tuple(
            Image(_words(by_design[name]), by_design[name].png)
            if name in by_design
            else Image(f"{name}: {_missing(case)}")
            for name in designs
        ),
    )


def _words(overlay: Picture) -> str:
    where = f"{overlay.design}, slice {overlay.slice}"
    if overlay.kind == "false_alarm":
        return f"{where}: no tumour, {overlay.pred_voxels:,} pixels predicted"
    return (
        f"{where}: {overlay.truth_voxels:,} tumour pixels, {overlay.pred_voxels:,} predicted, "
        f"Dice of the slice {overlay.dice:.3f}"
    )


def _missing(case: Case) -> str:
    if case.kind == "false_alarm":
        return "no false alarm on a slice without tumour of this patient"
    return "no overlay on record"
