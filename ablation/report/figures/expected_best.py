"""What so many trials of each design may be expected to bring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ablation.comparison import Comparison
from ablation.report.figures.drawing import (
    Figure,
    Spec,
    axis,
    counting_axis,
    exported,
    layout,
    title,
)
from ablation.report.material import Study
from ablation.statistics.resampling import stream
from ablation.statistics.tuning import TuningCurve, tuning_curve


def expected_best(
    comparison: Comparison, studies: Mapping[str, Sequence[Study]], colour: Mapping[str, str]
) -> Figure | None:
    """Draw the expected best validation Dice after k trials of every design."""
    seed = int(str(comparison.settings["seed"]))
    found = {
        design: tuning_curve(values, stream(seed, f"tuning {design}"), level=comparison.level)
        for design, own in studies.items()
        if (values := [np.array(study.values) for study in own if study.values])
    }
    if not any(len(curve.mean) > 1 for curve in found.values()):
        return None
    data = [spec for design, curve in found.items() for spec in _band(design, curve, colour)]
    drawn = layout(320)
    drawn["xaxis"] = counting_axis("trials", max(len(curve.mean) for curve in found.values()))
    drawn["yaxis"] = axis() | {"title": title("validation Dice, axis not from 0")}
    words = "; ".join(
        f"{design} {curve.mean[0]:.3f} after 1, {curve.mean[-1]:.3f} after {len(curve.mean)}"
        for design, curve in found.items()
    )
    banded = any(curve.low is not None for curve in found.values())
    band = f" Band: {100 * comparison.level:g} % of resampled trials." if banded else ""
    return Figure(
        id="tuning-curves",
        title="Expected best after so many trials",
        alternative=f"Expected best validation Dice: {words}. Trials in random order (Dodge et al. "
        f"2019, unbiased after Tang et al. 2020); those stopped early at their last value.{band}",
        data=tuple(data),
        layout=drawn | {"showlegend": len(found) > 1, "legend": {"orientation": "h", "y": 1.12}},
        height=320,
    )


def _band(design: str, curve: TuningCurve, colour: Mapping[str, str]) -> Iterator[Spec]:
    k = list(range(1, len(curve.mean) + 1))
    shared: Spec = {"type": "scatter", "legendgroup": design}
    if curve.low is not None and curve.high is not None:
        yield shared | {
            "x": [*k, *reversed(k)],
            "y": [*curve.high, *reversed(curve.low)],
            "mode": "lines",
            "fill": "toself",
            "fillcolor": colour[design],
            "opacity": 0.16,
            "line": {"width": 0},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    yield shared | {
        "x": k,
        "y": list(curve.mean),
        "mode": "lines+markers" if len(k) < 3 else "lines",
        "line": {"color": colour[design], "width": 2},
        "hovertemplate": f"{design}, %{{x}} trials: %{{y:.3f}}<extra></extra>",
        "customdata": list(
            zip(curve.low or (None,) * len(k), curve.high or (None,) * len(k), strict=True)
        ),
        **exported(design, x="trials", y="expected best", customdata=["band low", "band high"]),
    }
