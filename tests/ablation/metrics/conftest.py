"""Reference values shared by the tests of the metrics."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

VECTORS = Path(__file__).parents[2] / "vectors/statistics.json"


@pytest.fixture(scope="session")
def vector() -> Callable[[str], dict[str, Any]]:
    """Look a reference vector up by name."""
    vectors = {entry["name"]: entry for entry in json.loads(VECTORS.read_text())}
    return vectors.__getitem__


@pytest.fixture(scope="session")
def draw() -> Callable[..., np.ndarray]:
    """Draw a mask from boxes, [start, stop) per axis."""

    def mask(shape: list[int], boxes: list[list[list[int]]]) -> np.ndarray:
        image = np.zeros(shape, bool)
        for box in boxes:
            image[tuple(slice(*side) for side in box)] = True
        return image

    return mask
