"""The network of a design: its blocks from the image to the logits, as tall as what they give."""

from __future__ import annotations

from ablation.report.figures.drawing import QUIET, Figure, Spec, axis, layout, title
from ablation.report.material import Network, NetworkBlock

FROZEN = "#b8c0c9"
HEIGHT = 260


def architecture(network: Network, colour: str) -> Figure:
    """Draw a bar for each block: its height is the rows of its output, its colour what is trained."""
    blocks = network.blocks
    rows = [block.shape[-3] if len(block.shape) > 2 else 1 for block in blocks]
    data: list[Spec] = [
        {
            "type": "bar",
            "x": list(range(1, len(blocks) + 1)),
            "y": rows,
            "base": [-one / 2 for one in rows],
            "marker": {"color": [FROZEN if _is_frozen(block) else colour for block in blocks]},
            "customdata": [_words(block) for block in blocks],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
    ]
    drawn = layout(HEIGHT)
    drawn["xaxis"] = axis() | {
        "tickvals": list(range(1, len(blocks) + 1)),
        "ticktext": [block.name for block in blocks],
        "tickangle": -60,
        "tickfont": {"size": 10, "color": QUIET},
        "title": title("blocks, from the image to the logits"),
    }
    drawn["yaxis"] = axis() | {"title": title("rows"), "showticklabels": False}
    drawn["bargap"] = 0.35
    return Figure(
        id=f"network-{network.design}",
        title=f"Network of {network.design}",
        alternative=" ".join(f"{_words(block)}." for block in blocks),
        data=tuple(data),
        layout=drawn,
        height=HEIGHT,
        caption="A bar is a block, as tall as the rows of what it gives; grey: frozen at first.",
        width=16 * len(blocks),
    )


def _is_frozen(block: NetworkBlock) -> bool:
    return block.parameters > 0 and block.trainable == 0


def _words(block: NetworkBlock) -> str:
    shape = " x ".join(map(str, block.shape))
    return f"{block.name}: {shape}, {block.parameters:,} parameters"
