"""What the attention gates of a network let pass: their coefficients as overlays of test patients.

A final of a design with gates draws, for each of them, the slice with most tumour of every patient.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ablation.data import Slices

Floats = NDArray[np.float32]
COLOUR = (255, 140, 0)
"""Of a coefficient of 1; at 0 the slice is as it is."""
STRENGTH = 0.7
"""Share of the colour at a coefficient of 1."""


def attention_pictures(
    coefficients: Callable[[Floats], Mapping[str, Floats]], slices: Slices, cases: Sequence[str]
) -> Iterator[tuple[str, bytes]]:
    """Yield the file name and the PNG of each gate and case.

    Args:
        coefficients: From images (1, rows, columns, channels) to each gate's (1, rows, columns), 0..1.
        slices: The prepared slices.
        cases: Of the test patients; one without a tumour has no picture.
    """
    for case in cases:
        rows = slices.rows[case]
        tumour = [int(np.count_nonzero(mask)) for mask in slices.masks[rows]]
        if not any(tumour):
            continue
        image = np.asarray(slices.inputs[rows][int(np.argmax(tumour))], np.float32)
        named = quote(case, safe="").replace("%", "=")
        for gate, found in coefficients(image[None]).items():
            yield (
                f"{gate}-{named}.png",
                attention_picture(image[..., image.shape[-1] // 2], found[0]),
            )


def attention_picture(image: Floats, coefficient: Floats) -> bytes:
    """Return a slice as PNG, the more orange the more the gate lets pass.

    Args:
        image: (rows, columns), 0..1.
        coefficient: 0..1, on the same or a coarser grid.
    """
    rows, columns = (
        np.arange(new) * old // new for new, old in zip(image.shape, coefficient.shape, strict=True)
    )
    passed = STRENGTH * coefficient[rows[:, None], columns][..., None].clip(0, 1)
    grey = image.clip(0, 1)[..., None] * np.full(3, 255.0)
    mixed = grey * (1 - passed) + np.array(COLOUR) * passed
    content = io.BytesIO()
    Image.fromarray(np.rint(mixed).astype(np.uint8)).save(content, "PNG", optimize=True)
    return content.getvalue()
