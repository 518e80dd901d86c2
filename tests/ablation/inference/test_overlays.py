"""Overlays of test patients: which slices, what is drawn, what a PNG reader sees."""

from __future__ import annotations

import csv
import hashlib
import io

import numpy as np
from PIL import Image

from ablation.inference.overlays import (
    GREYS,
    LONG_SIDE,
    PALETTE,
    Overlay,
    overlays,
    overlays_csv,
    picture,
)

TRUTH, PREDICTION, BOTH = GREYS, GREYS + 1, GREYS + 2


def read_png(content: bytes) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """Return the indices and the palette of a PNG with a palette."""
    shown = Image.open(io.BytesIO(content))
    assert (shown.format, shown.mode) == ("PNG", "P")
    palette = np.reshape(shown.getpalette(), (-1, 3)).tolist()
    return np.asarray(shown), [tuple(colour) for colour in palette]


def chunks(content: bytes) -> list[bytes]:
    """Return the names of the parts of a PNG, in order."""
    names, at = [], 8
    while at < len(content):
        names.append(content[at + 4 : at + 8])
        at += 12 + int.from_bytes(content[at : at + 4], "big")
    return names


def volume(slices: int = 5, side: int = 32) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    images = np.random.default_rng(0).uniform(0, 1, (slices, side, side)).astype(np.float32)
    return images, np.zeros((slices, side, side), bool), np.zeros((slices, side, side), bool)


def test_a_picture_holds_its_pixels_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    image = rng.uniform(0, 1, (64, 64)).astype(np.float32)
    truth, prediction = rng.uniform(size=(2, 64, 64)) < 0.3
    content = picture(image, truth, prediction)
    assert chunks(content) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]  # no time, no text
    pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    # As ablate 0.1.0 wrote it with an encoder of its own.
    digest = "2ee766a13fb59ad4594cb63a64dabfb21230aa95ad0329e9484d31ac616a7896"
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == digest


def test_contours_lie_on_the_edges_of_the_masks() -> None:
    image, truth, prediction = (np.zeros((256, 256), t) for t in (np.float32, bool, bool))
    truth[50:60, 50:60] = True
    prediction[50:60, 55:65] = True
    shown, palette = read_png(picture(image, truth, prediction))
    assert palette == [tuple(colour) for colour in PALETTE]
    assert shown[50, 50] == TRUTH
    assert shown[55, 64] == PREDICTION
    assert shown[50, 57] == BOTH
    assert shown[55, 52] == 0  # inside of the truth, the scan is seen
    assert (shown >= GREYS).sum() == 36 + 36 - (shown == BOTH).sum()


def test_the_longer_side_has_one_length_and_greys_keep_their_order() -> None:
    image = np.linspace(0, 1, 64, dtype=np.float32)[None].repeat(64, 0)
    none = np.zeros((40, 80), bool)
    shown, palette = read_png(picture(image, none, none))
    assert shown.shape == (LONG_SIDE // 2, LONG_SIDE)
    assert shown[0, 0] == 0
    assert shown[0, -1] == GREYS - 1
    assert (np.diff(shown[0].astype(int)) >= 0).all()
    assert len(palette) == GREYS + 3


def test_most_tumour_and_the_worst_slice_without() -> None:
    images, truth, prediction = volume()
    truth[1, :4, :4] = True
    truth[3, :4, :5] = True
    prediction[3, :4, :4] = True
    prediction[0, 0, :3] = True
    prediction[4, 0, :9] = True
    tumour, false_alarm = overlays("P1", images, truth, prediction)
    assert (tumour.kind, tumour.number, tumour.truth_voxels, tumour.pred_voxels) == (
        "tumour", 3, 20, 16
    )  # fmt: skip
    assert tumour.dice == 2 * 16 / 36
    assert (false_alarm.kind, false_alarm.number, false_alarm.pred_voxels) == ("false_alarm", 4, 9)
    assert false_alarm.dice == 0.0
    shown, _ = read_png(false_alarm.png)
    assert PREDICTION in shown
    assert TRUTH not in shown


def test_nothing_to_show() -> None:
    assert list(overlays("P1", *volume())) == []
    images, truth, prediction = volume()
    truth[2, 3, 3] = True
    (missed,) = overlays("P1", images, truth, prediction)
    assert (missed.kind, missed.number, missed.dice) == ("tumour", 2, 0.0)


def test_the_same_slice_gives_the_same_bytes_and_stays_small() -> None:
    images, truth, prediction = volume(1, 256)
    truth[0, 90:140, 80:150] = True
    prediction[0, 95:150, 70:140] = True
    first, again = (next(iter(overlays("P", images, truth, prediction))).png for _ in range(2))
    assert first == again
    assert len(first) < 60_000  # of pure noise


def test_the_list_names_every_file_once() -> None:
    made = [
        Overlay(patient, "tumour", 3, 20, 16, 0.5, b"")
        for patient in ("P1", "a/b", "a=2Fb", "a b", "..", "Zoë")
    ]
    rows = list(csv.DictReader(io.StringIO(overlays_csv(made))))
    assert [row["patient"] for row in rows] == [one.patient for one in made]
    files = [row["file"] for row in rows]
    assert files[0] == "tumour-P1.png"
    assert len(set(files)) == len(files)
    for name in files:
        assert set(name) <= set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.="
        )
    assert rows[0]["dice"] == "0.5"
