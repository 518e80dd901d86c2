"""Overlays of test patients: the contours of truth and prediction on a slice, as small pictures.

A final writes two of a patient: the slice with most tumour, which is the same for every design,
and the slice without tumour on which it painted most, where there is one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ablation.files.csv_rows import csv_text
from ablation.inference.morphology import erode

Mask = NDArray[np.bool_]
Scalar = TypeVar("Scalar", bound=np.generic)
Kind = Literal["tumour", "false_alarm"]

LONG_SIDE = 256
"""Pixels of a picture's longer side; 30 to 40 KB with the noise of a scan."""
GREYS = 128
# Okabe & Ito 2008: told apart with every kind of colour vision, and from grey.
TRUTH, PREDICTION, BOTH = (0, 158, 255), (255, 140, 0), (255, 255, 255)
PALETTE = [
    *((level, level, level) for level in np.linspace(0, 215, GREYS).astype(int).tolist()),
    TRUTH,
    PREDICTION,
    BOTH,
]
COLUMNS = ("file", "patient", "kind", "slice", "truth_voxels", "pred_voxels", "dice")


@dataclass(frozen=True, slots=True)
class Overlay:
    """A slice of a patient with its contours."""

    patient: str
    kind: Kind
    number: int
    """Of the slice, from 0."""
    truth_voxels: int
    """On this slice."""
    pred_voxels: int
    dice: float
    """Of this slice."""
    png: bytes
    case: str = ""
    """Of a patient with several examinations the one that is drawn."""

    @property
    def file(self) -> str:
        """Its name; of every case another one, in characters any store takes."""
        return f"{self.kind}-{quote(self.case or self.patient, safe='').replace('%', '=')}.png"


def overlays(
    patient: str,
    scan: NDArray[np.float32],
    truth: Mask,
    prediction: Mask,
    case: str = "",
) -> Iterator[Overlay]:
    """Return the overlays of a patient, or of one of its examinations.

    Args:
        patient: Its id.
        scan: One modality as it was scanned, 0 to 1, in the shape of the truth.
        truth: Shape (slices, rows, columns) of the scan.
        prediction: Same shape.
        case: Id of the examination; empty: the patient's only one.
    """
    drawn, painted = truth.sum(axis=(1, 2)), prediction.sum(axis=(1, 2))
    chosen: list[tuple[Kind, int]] = []
    if drawn.any():
        chosen.append(("tumour", int(drawn.argmax())))
    if (false := np.where(drawn == 0, painted, 0)).any():
        chosen.append(("false_alarm", int(false.argmax())))
    for kind, number in chosen:
        of_truth, of_prediction = int(drawn[number]), int(painted[number])
        hit = int(np.count_nonzero(truth[number] & prediction[number]))
        yield Overlay(
            patient,
            kind,
            number,
            of_truth,
            of_prediction,
            2 * hit / (of_truth + of_prediction),
            picture(scan[number], truth[number], prediction[number]),
            case,
        )


def picture(image: NDArray[np.float32], truth: Mask, prediction: Mask) -> bytes:
    """Return a slice as PNG: grey, the truth's contour blue, the prediction's orange, both white.

    The image may have another size than the masks, which share one.
    """
    shape = _picture_shape(truth.shape)
    grey = (_resized(image, shape).clip(0, 1) * (GREYS - 1)).astype(np.uint8)
    of_truth, of_prediction = (
        _contour(_resized(truth, shape)),
        _contour(_resized(prediction, shape)),
    )
    grey[of_truth] = GREYS
    grey[of_prediction] = GREYS + 1
    grey[of_truth & of_prediction] = GREYS + 2
    return _png(grey)


def _png(indices: NDArray[np.uint8]) -> bytes:
    """Indices into the palette as a PNG with nothing in it but the picture: the same bytes twice."""
    image = Image.fromarray(indices)
    image.putpalette([value for colour in PALETTE for value in colour])  # its mode is P from here
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    return content.getvalue()


def overlays_csv(made: Sequence[Overlay]) -> str:
    """Return the list of a final's overlays, the text of figures/overlays.csv."""
    rows = [
        (
            *(one.file, one.patient, one.kind),
            *(one.number, one.truth_voxels, one.pred_voxels, repr(one.dice)),
        )
        for one in made
    ]
    return csv_text(COLUMNS, rows)


def _picture_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    rows, columns = (max(1, round(side * LONG_SIDE / max(shape))) for side in shape)
    return rows, columns


def _resized(array: NDArray[Scalar], shape: tuple[int, int]) -> NDArray[Scalar]:
    """Return the nearest pixels, so that nothing is shown that is not there."""
    rows, columns = (
        (np.arange(new) * old // new) for new, old in zip(shape, array.shape, strict=True)
    )
    nearest: NDArray[Scalar] = array[rows[:, None], columns]
    return nearest


def _contour(mask: Mask) -> Mask:
    """Return the outermost pixels of a mask."""
    contour: Mask = mask & ~erode(mask[None])[0]
    return contour
