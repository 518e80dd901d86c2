"""What a network is made of: its blocks in order, the shape each gives, the numbers it learns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ablation.files.csv_rows import csv_text

COLUMNS = ("block", "shape", "parameters", "trainable")
"""Of network.csv."""
NUMBERED = re.compile(r"^(?:bn_)?([^_]+(?:_\d+)?)(?=_|$)")
"""A block's name: up to the first _, and a number behind it, as in block_3 or decoder0_1."""


@dataclass(frozen=True, slots=True)
class Block:
    """Layers that belong together by their names."""

    name: str
    shape: tuple[int, ...]
    """Of what its last layer gives, without the batch."""
    parameters: int
    """Batch-normalisation statistics included."""
    trainable: int
    """Of these, what the optimiser changes."""

    @property
    def frozen(self) -> int:
        """Numbers that no optimiser changes: frozen layers, batch-normalisation statistics."""
        return self.parameters - self.trainable


def blocks_of(network: Any) -> tuple[Block, ...]:
    """Return the blocks of a `keras.Model`, in the order in which they begin."""
    grouped: dict[str, list[Any]] = {}
    for layer in network.layers:
        grouped.setdefault(block_name(layer.name), []).append(layer)
    return tuple(
        Block(
            name=name,
            shape=tuple(layers[-1].output.shape[1:]),
            parameters=sum(_size(layer.weights) for layer in layers),
            trainable=sum(_size(layer.trainable_weights) for layer in layers),
        )
        for name, layers in grouped.items()
    )


def gates_of(network: Any) -> dict[str, Any]:
    """Return the tensor of coefficients of each attention gate, (batch, rows, columns, 1), by level.

    A coarse gate's are those after upsampling.
    """
    found: dict[str, Any] = {}
    for ending in ("_attention_sigmoid", "_attention_up"):
        for layer in network.layers:
            if layer.name.endswith(ending):
                found[layer.name.removesuffix(ending)] = layer.output
    return found


def block_name(layer: str) -> str:
    """Return the block that a layer belongs to.

    >>> [block_name(x) for x in ("encoder0_conv1", "decoder0_1_up", "conv2_block1_1_bn", "logits")]
    ['encoder0', 'decoder0_1', 'conv2', 'logits']
    """
    found = NUMBERED.match(layer)
    return layer if found is None else found[1]


def to_csv(blocks: Sequence[Block]) -> str:
    """Return the text of network.csv, a line for each block."""
    rows = [
        (one.name, "x".join(map(str, one.shape)), one.parameters, one.trainable) for one in blocks
    ]
    return csv_text(COLUMNS, rows)


def _size(variables: Sequence[Any]) -> int:
    total = 0
    for variable in variables:
        size = 1
        for side in variable.shape:
            size *= side
        total += size
    return total
