"""The networks behind a comparison: each drawn, and its blocks with shapes and parameters."""

from __future__ import annotations

from ablation.comparison import Comparison
from ablation.report.figures.drawing import colours
from ablation.report.figures.networks import architecture
from ablation.report.material import Network
from ablation.report.sections.blocks import Block, Drawings, Folded, Section, Table, table
from ablation.report.source import Source

HINT = (
    "Trainable parameters are those that the optimiser changes from the first epoch on; the others are "
    "frozen, or statistics of batch normalisation."
)


def networks(comparison: Comparison, source: Source) -> Section | None:
    """Return each design's network, folded; nothing where no run has a list of blocks."""
    shown = source.material.networks
    if not shown:
        return None
    colour = colours(comparison.designs)
    blocks: tuple[Block, ...] = tuple(
        Folded(
            f"{one.design}: {sum(block.parameters for block in one.blocks):,} parameters",
            (Drawings((architecture(one, colour[one.design]),)), _table(one)),
        )
        for one in shown
    )
    return Section("networks", "Networks", HINT, blocks)


def _table(network: Network) -> Table:
    rows = [
        (
            block.name,
            " x ".join(map(str, block.shape)),
            f"{block.parameters:,}",
            f"{block.trainable:,}",
            f"{block.parameters - block.trainable:,}",
        )
        for block in network.blocks
    ]
    columns = ("block", "output", "parameters", "trainable", "not trained")
    return table(columns, rows, {"block", "output"})
