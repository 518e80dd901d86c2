"""Small tables for a terminal."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def aligned(rows: Sequence[Sequence[str]], numbers: Collection[str] = ()) -> list[str]:
    """Return rows of cells as lines whose columns stand below each other.

    Args:
        rows: Of equal length; the first names the columns.
        numbers: Columns set to the right.

    >>> aligned([("design", "Dice"), ("unet", "0.9")])
    ['design  Dice', 'unet    0.9']
    >>> aligned([("design", "n"), ("unet", "12")], {"n"})
    ['design   n', 'unet    12']
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if name in numbers else cell.ljust(width)
            for name, cell, width in zip(rows[0], row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
