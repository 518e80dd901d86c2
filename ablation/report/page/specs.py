"""The figures as the page's script draws them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ablation.report.figures.drawing import Figure, without_markup
from ablation.report.formats.tables import plain


def specs(figures: Iterable[Figure]) -> list[object]:
    """Return what JSON has of each figure; comparison.json has the digits beyond the sixth."""
    return [
        plain(
            {
                "id": figure.id,
                "data": without_markup(_short(figure.data)),
                "layout": without_markup(figure.layout),
            }
        )
        for figure in figures
    ]


def _short(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {key: _short(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_short(item) for item in value]
    return value
