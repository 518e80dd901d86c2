"""Loss and Dice of every epoch, of training and validation: whether the trainings had ended."""

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


def dice_curves_of_epochs(curves: Sequence[Curve], colour: Mapping[str, str]) -> Figure | None:
    """Draw validation Dice as a line, and training Dice dotted, for each final and best trial."""
    return _figure(
        curves,
        colour,
        ident="validation-curves",
        heading="Dice of the finals and best trials, epoch by epoch (training dotted)",
        unit="Dice",
        lines={
            "validation Dice": {one.run: one.validation_dice for one in curves},
            "training Dice": {one.run: one.train_dice for one in curves},
        },
    )


def loss_curves(curves: Sequence[Curve], colour: Mapping[str, str]) -> Figure | None:
    """Draw validation loss as a line, and training loss dotted, for each final and best trial."""
    return _figure(
        [one for one in curves if one.validation_loss],
        colour,
        ident="loss-curves",
        heading="Loss of the finals and best trials, epoch by epoch (training dotted)",
        unit="loss",
        lines={
            "validation loss": {one.run: one.validation_loss for one in curves},
            "training loss": {one.run: one.train_loss for one in curves},
        },
    )


def _figure(
    curves: Sequence[Curve],
    colour: Mapping[str, str],
    *,
    ident: str,
    heading: str,
    unit: str,
    lines: Mapping[str, Mapping[str, Sequence[float]]],
) -> Figure | None:
    """Draw the runs with two epochs on record; nothing where there is none."""
    shown = [one for one in curves if len(one.epochs) > 1]
    if not shown:
        return None
    data: list[Spec] = [
        {
            **exported(f"{one.run}, {name}", x="epoch", y=name),
            "type": "scatter",
            "mode": "lines",
            "x": list(one.epochs),
            "y": list(values[one.run]),
            "line": {
                "color": colour[one.design],
                "width": 1.0 if one.is_best_trial else 1.8,
                "dash": "dot" if name.startswith("training") else "solid",
            },
            "hovertemplate": f"{one.run}, {name}, epoch %{{x}}: %{{y:.3f}}<extra></extra>",
        }
        for one in shown
        for name, values in lines.items()
        if values[one.run]
    ]
    drawn = layout(320)
    drawn["xaxis"] = counting_axis("epoch", max(one.epochs[-1] for one in shown))
    drawn["yaxis"] = axis() | {"title": title(unit), "rangemode": "tozero"}
    return Figure(
        id=ident,
        title=heading,
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
