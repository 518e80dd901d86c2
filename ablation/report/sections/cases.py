"""Patients worth a look: the contours of every design on the same slice."""

from __future__ import annotations

from base64 import b64encode
from html import escape

from ablation.comparison import Comparison
from ablation.inference.overlays import BOTH, PREDICTION, TRUTH
from ablation.report.material import Case, Picture
from ablation.report.sections.blocks import Section
from ablation.report.source import Source

HINT = (
    "Test patients, chosen by the primary metric. The slice with most tumour is the same for every "
    "design; the worst slice without tumour is each design's own. Of several trainings, the first. "
    "These are parts of scans: share this page as you may share them."
)


def cases(comparison: Comparison, source: Source) -> Section | None:
    """Return the overlays of chosen patients; nothing where the runs have none."""
    shown = source.material.cases
    if not shown:
        return None
    body = _legend() + "".join(_case(case, comparison.designs) for case in shown)
    return Section("cases", "Cases", hint=HINT, body=body)


def _legend() -> str:
    """The colours of the contours, as they are drawn."""
    words = ((TRUTH, "truth"), (PREDICTION, "prediction"), (BOTH, "both on the same pixel"))
    marks = (
        f'<span><span class="swatch" style="background:rgb{colour};outline:1px solid #7b8794">'
        f"</span>{word}</span>"
        for colour, word in words
    )
    return f'<p class="hint legend">{" ".join(marks)}</p>'


def _case(case: Case, designs: tuple[str, ...]) -> str:
    by_design = {picture.design: picture for picture in case.pictures}
    shown = "".join(
        _figure(by_design[name]) if name in by_design else _nothing(name, case) for name in designs
    )
    why = case.why[0].upper() + case.why[1:]
    return (
        f'<div class="case"><h3>{escape(why)}: patient {escape(case.patient)}</h3>'
        f'<div class="overlays">{shown}</div></div>'
    )


def _figure(picture: Picture) -> str:
    words = _words(picture)
    data = b64encode(picture.png).decode()
    return (
        f'<div class="overlay"><img src="data:image/png;base64,{data}" alt="{escape(words)}">'
        f"<p>{escape(words)}</p></div>"
    )


def _words(picture: Picture) -> str:
    where = f"{picture.design}, slice {picture.slice}"
    if picture.kind == "false_alarm":
        return f"{where}: no tumour, {picture.pred_voxels} pixels painted"
    return (
        f"{where}: {picture.truth_voxels} tumour pixels, {picture.pred_voxels} painted, "
        f"Dice of the slice {picture.dice:.3f}"
    )


def _nothing(design: str, case: Case) -> str:
    what = (
        "no false alarm on a slice without tumour of this patient"
        if case.kind == "false_alarm"
        else "no overlay on record"
    )
    return f'<div class="overlay"><p>{escape(f"{design}: {what}")}</p></div>'
