"""Validation Dice of every epoch of the finals: whether the trainings had ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ablation.report.figures.drawing import (
    Figure,
    Spec,
    axis,
    counting_axis,
    exported,
    layout,
    title,
)
from ablation.report.material import Curve


def validation_curves(curves: Sequence[Curve], colour: Mapping[str, str]) -> Figure | None:
    """Draw a line for each final; nothing where none has two epochs on record."""
    shown = [one for one in curves if len(one.epochs) > 1]
    if not shown:
        return None
    data: list[Spec] = [
        {
            **exported(one.run, x="epoch", y="validation Dice"),
            "type": "scatter",
            "mode": "lines",
            "x": list(one.epochs),
            "y": list(one.validation_dice),
            "line": {"color": colour[one.design], "width": 1.8},
            "hovertemplate": f"{one.run}, epoch %{{x}}: %{{y:.3f}}<extra></extra>",
        }
        for one in shown
    ]
    drawn = layout(320)
    drawn["xaxis"] = counting_axis("epoch", max(one.epochs[-1] for one in shown))
    drawn["yaxis"] = axis() | {"title": title("validation Dice"), "rangemode": "tozero"}
    return Figure(
        id="validation-curves",
        title="Validation Dice of the finals, epoch by epoch",
        alternative=" ".join(map(_words, shown)),
        data=tuple(data),
        layout=drawn,
        height=320,
    )


def _words(curve: Curve) -> str:
    best = max(range(len(curve.epochs)), key=lambda i: curve.validation_dice[i])
    return (
        f"{curve.run}: best {curve.validation_dice[best]:.3f} in epoch {curve.epochs[best]} of "
        f"{curve.epochs[-1]}."
    )
