"""The anatomy of one phantom patient: tissue, tumour, and what four MR sequences make of them.

Arrays are (slice, row, column), computed in float64 so that machines agree on every rounded value.
Coordinates in millimetres: `x` to the patient's left, `y` to the back, `z` to the feet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

Field = NDArray[np.float64]
Mask = NDArray[np.bool_]

MODALITIES = ("t1", "t1ce", "t2", "flair")
SPACING_MM = (3.0, 1.0, 1.0)
SIDE = 128
NECROSIS, OEDEMA, ENHANCING = 1, 2, 4
"""Labels of the truth, numbered as in BraTS."""

BRIGHTNESS = {
    "air": (0, 0, 0, 0),
    "scalp": (190, 195, 120, 150),
    "bone": (22, 24, 20, 18),
    "csf": (38, 38, 215, 30),
    "grey": (92, 97, 128, 108),
    "white": (128, 132, 98, 88),
    "nuclei": (104, 108, 116, 102),
    "cap": (112, 115, 150, 148),
    "spot": (104, 108, 158, 158),
    "patch": (112, 116, 128, 128),
    "oedema": (84, 86, 168, 150),
    "necrosis": (52, 50, 196, 100),
    "enhancing": (92, 205, 148, 140),
}
"""Signal of each tissue in t1, t1ce, t2, flair, on a scale of 0 to 255."""
CODE = {name: code for code, name in enumerate(BRIGHTNESS)}
"""The number of a tissue in arrays of tissue."""


@dataclass(frozen=True, slots=True)
class Lesion:
    """What is decided about a tumour before it is drawn."""

    volume_ml: float
    parts: int
    enhances: bool
    hidden_in: str | None
    """The modality that hardly shows it."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Voxel positions, and noise of a chosen wavelength on them."""

    z: Field
    y: Field
    x: Field

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""
        return len(self.z), self.y.shape[1], self.x.shape[2]

    def noise(self, rng: np.random.Generator, wavelength_mm: float) -> Field:
        """Return smooth noise of mean 0 and standard deviation 1 around one wavelength."""
        spectrum = fft.rfftn(rng.standard_normal(self.shape))
        axes = [fft.fftfreq(n, d) for n, d in zip(self.shape[:2], SPACING_MM[:2], strict=True)]
        axes.append(fft.rfftfreq(self.shape[2], SPACING_MM[2]))
        frequency = np.sqrt(sum(f**2 for f in np.meshgrid(*axes, indexing="ij", sparse=True)))
        band = np.exp(-0.5 * ((frequency * wavelength_mm - 1.0) / 0.35) ** 2)
        noise: Field = fft.irfftn(spectrum * band, self.shape)
        noise /= noise.std()
        return noise

    def ellipsoid(
        self, centre: tuple[float, float, float], radii: tuple[float, float, float]
    ) -> Field:
        """Return the distance from a centre (x, y, z) in radii: below 1 is inside."""
        (cx, cy, cz), (rx, ry, rz) = centre, radii
        return np.sqrt(
            ((self.x - cx) / rx) ** 2 + ((self.y - cy) / ry) ** 2 + ((self.z - cz) / rz) ** 2
        )


def make_grid(slices: int, rng: np.random.Generator) -> Grid:
    """Return the grid of a head lying nearly straight and nearly centred in the field of view."""
    z, y, x = np.ogrid[:slices, :SIDE, :SIDE]
    middle = (SIDE - 1) / 2
    z = (z - (slices - 1) / 2) * SPACING_MM[0]
    y = y - middle - rng.normal(0, 1.5)
    x = x - middle - rng.normal(0, 1.5)
    tilt = math.radians(rng.normal(0, 3))
    turned_x = x * math.cos(tilt) + y * math.sin(tilt)
    turned_y = y * math.cos(tilt) - x * math.sin(tilt)
    return Grid(z.astype(float), turned_y, turned_x)


def draw_head(grid: Grid, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the tissue of each voxel of a healthy head, as numbers of CODE."""
    depth = _depth_mm(grid, rng)
    tissue = np.full(grid.shape, CODE["air"], np.uint8)
    for name, above in (
        ("scalp", -9.0),
        ("bone", -5.5),
        ("csf", -2.0),
        ("grey", 0.0),
        ("white", 3.2),
    ):
        tissue[depth > above] = CODE[name]
    _fold_cortex(tissue, depth, grid, rng)
    _add_deep_structures(tissue, depth, grid, rng)
    return tissue


def draw_distractors(tissue: NDArray[np.uint8], grid: Grid, rng: np.random.Generator) -> None:
    """Add what is bright in FLAIR without being tumour: small spots and broad faint patches."""
    white = tissue == CODE["white"]
    patches = white & (grid.noise(rng, 34.0) > 1.65)
    tissue[patches] = CODE["patch"]
    places = np.argwhere(white)
    for centre in places[rng.integers(len(places), size=rng.integers(5, 14))]:
        _paint_spot(tissue, white, centre.tolist(), radius_px=rng.uniform(1.3, 3.2))


def draw_tumour(
    tissue: NDArray[np.uint8], lesion: Lesion, grid: Grid, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return the labels of a tumour of exactly the wanted volume that infiltrates white matter.

    At least a quarter of the slices stay free of tumour.
    """
    firm = np.isin(tissue, [CODE[name] for name in ("white", "grey", "nuclei", "patch", "spot")])
    outside = _outside(tissue, lesion, grid, rng)
    # Infiltration: the front runs ahead along white matter, and is ragged.
    outside += 0.12 * grid.noise(rng, 24.0) + 0.04 * grid.noise(rng, 9.0)
    outside += np.where(tissue == CODE["grey"], 0.35, 0.0)
    allowed = firm & _slab(outside, firm, share=0.7)
    labels = np.zeros(grid.shape, np.uint8)
    wanted = min(round(lesion.volume_ml * 1000 / math.prod(SPACING_MM)), int(allowed.sum()))
    reach = np.partition(outside[allowed], wanted - 1)[wanted - 1]
    labels[allowed & (outside <= reach)] = OEDEMA
    inner = outside + 0.07 * grid.noise(rng, 20.0)
    necrosis, core = np.quantile(inner[labels > 0], (0.14, rng.uniform(0.28, 0.5)))
    if lesion.enhances:
        labels[(labels > 0) & (inner < core)] = ENHANCING
    labels[(labels > 0) & (inner < necrosis)] = NECROSIS
    return labels


def acquire(
    tissue: NDArray[np.uint8], labels: NDArray[np.uint8], lesion: Lesion, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return what the four sequences show, shape (modality, slice, row, column).

    Partial volume, a smooth bias field, a gain for each scan, and Rician noise; air is exactly 0.
    """
    shown = tissue.copy()
    for label, name in ((OEDEMA, "oedema"), (NECROSIS, "necrosis"), (ENHANCING, "enhancing")):
        shown[labels == label] = CODE[name]
    table = np.array(list(BRIGHTNESS.values()), float)
    contrast = rng.uniform(0.75, 1.15)
    head = tissue != CODE["air"]
    images = np.empty((len(MODALITIES), *tissue.shape), np.uint8)
    for i, name in enumerate(MODALITIES):
        strength = 0.12 if name == lesion.hidden_in else contrast
        healthy = table[:, i][tissue]
        signal = healthy + strength * (table[:, i][shown] - healthy)
        signal = ndimage.gaussian_filter(signal, (0.35, 0.75, 0.75), mode="nearest", truncate=3.0)
        signal *= rng.uniform(0.8, 1.1) * _bias(tissue.shape, rng)
        noise = rng.uniform(4.0, 7.0) * rng.standard_normal((2, *tissue.shape))
        signal = np.sqrt((signal + noise[0]) ** 2 + noise[1] ** 2)
        images[i] = np.where(head, np.clip(np.rint(signal), 1, 255), 0)
    return images


def _depth_mm(grid: Grid, rng: np.random.Generator) -> Field:
    """Return how deep below the brain's surface a voxel lies; negative outside."""
    half_height = 0.5 * grid.shape[0] * SPACING_MM[0] * rng.uniform(1.02, 1.12)
    width = rng.uniform(40, 44) * (1 + 0.0022 * grid.y)  # narrower in front
    length = rng.uniform(49, 53)
    height = (grid.z - 0.22 * half_height) / (1.22 * half_height)
    flat = np.abs(grid.x / width) ** 2.3 + np.abs(grid.y / length) ** 2.3
    radius = (flat + np.abs(height) ** 2.6) ** (1 / 2.4)
    depth: Field = (1 - radius) * 46 + 0.5 * grid.noise(rng, 40.0)
    return depth


def _fold_cortex(
    tissue: NDArray[np.uint8], depth: Field, grid: Grid, rng: np.random.Generator
) -> None:
    """Cut sulci along the zero lines of a noise field, and line them with grey matter."""
    crease = np.abs(grid.noise(rng, 15.0))
    reach = 10.0 + 3.0 * grid.noise(rng, 28.0)
    tissue[(depth > 0) & (depth < reach + 3) & (crease < 0.62)] = CODE["grey"]
    tissue[(depth > -0.5) & (depth < reach) & (crease < 0.17)] = CODE["csf"]
    # The falx: brain on both sides of the midline, front and back, and all along on top.
    wavy = np.abs(grid.x + 0.7 * grid.noise(rng, 30.0))
    apart = (depth > 0) & ((np.abs(grid.y) > 24) | (grid.z < -18))
    tissue[apart & (wavy < 3.4)] = CODE["grey"]
    tissue[apart & (wavy < 1.0)] = CODE["csf"]


def _add_deep_structures(
    tissue: NDArray[np.uint8], depth: Field, grid: Grid, rng: np.random.Generator
) -> None:
    """Add nuclei beside the ventricles, the ventricles, and their bright caps."""
    size = rng.uniform(0.8, 1.3)
    brain = depth > 4
    for side in (-1, 1):
        for centre, radii in (
            ((11.5 * side, 5, 8), (5.5, 8.5, 10)),  # thalamus
            ((20.0 * side, -4, 7), (4.0, 11, 11)),  # putamen
            ((9.0 * side, -15, 2), (3.6, 6.0, 10)),  # caudate
        ):
            tissue[brain & (grid.ellipsoid(centre, radii) < 1)] = CODE["nuclei"]
    ventricle = np.full(grid.shape, np.inf)
    for side in (-1, 1):
        # The lateral ventricle bows outwards to both of its horns.
        bowed = grid.x - side * (3.6 + 0.011 * (grid.y + 2) ** 2)
        across, along, up = bowed / (3.4 * size), (grid.y + 1) / (24 * size**0.5), (grid.z + 2) / 15
        ventricle = np.minimum(ventricle, np.sqrt(across**2 + along**2 + up**2))
    third = grid.ellipsoid((0, 3, 10), (1.6 * size, 9, 9))
    horns = np.abs(grid.y + 1) > 17 * size**0.5
    rim = 1.0 + 0.2 * rng.uniform(0.4, 1.6) * np.where(horns, 1.6, 0.5)
    tissue[brain & (ventricle < rim)] = CODE["cap"]
    tissue[brain & ((ventricle < 1) | (third < 1))] = CODE["csf"]


def _paint_spot(
    tissue: NDArray[np.uint8], where: Mask, centre: list[int], radius_px: float
) -> None:
    """Paint a ball, flattened across slices, where the mask allows it."""
    sides = zip(centre, tissue.shape, strict=True)
    box = tuple(slice(max(at - 4, 0), min(at + 5, side)) for at, side in sides)
    z, y, x = np.ogrid[box]
    distance = (2 * (z - centre[0])) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2
    tissue[box][(distance < radius_px**2) & where[box]] = CODE["spot"]


def _outside(
    tissue: NDArray[np.uint8], lesion: Lesion, grid: Grid, rng: np.random.Generator
) -> Field:
    """Return the distance from the nearest part of the tumour, in that part's radii."""
    white = np.argwhere(tissue == CODE["white"])
    middle = white[np.abs(white[:, 0] - grid.shape[0] / 2) < 0.3 * grid.shape[0]]
    level, row, column = middle[rng.integers(len(middle))]
    seat = np.array([grid.x[0, row, column], grid.y[0, row, column], grid.z[level, 0, 0]])
    whole = (lesion.volume_ml * 1000 * 3 / (4 * math.pi)) ** (1 / 3)
    nearest = np.full(grid.shape, np.inf)
    for part in range(lesion.parts):
        radius = whole if part == 0 else whole * rng.uniform(0.35, 0.7)
        radii = radius * rng.uniform(0.75, 1.3, size=3)
        centre = seat if part == 0 else seat + rng.normal(0, 0.9 * whole, size=3)
        nearest = np.minimum(nearest, grid.ellipsoid(tuple(centre), tuple(radii)))
    return nearest


def _slab(outside: Field, firm: Mask, share: float) -> Mask:
    """Return the slices nearest to the tumour's heart, at most this share of all."""
    slices = len(outside)
    heart = int(np.argmin(np.where(firm, outside, np.inf)) // outside[0].size)
    width = int(share * slices)
    first = min(max(heart - width // 2, 0), slices - width)
    inside = np.zeros((slices, 1, 1), bool)
    inside[first : first + width] = True
    return inside


def _bias(shape: tuple[int, ...], rng: np.random.Generator) -> Field:
    """Return a smooth factor around 1, as a coil's uneven sensitivity makes it."""
    z, y, x = np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij", sparse=True)
    a = rng.normal(0, 0.10, size=6)
    bias: Field = np.exp(a[0] * x + a[1] * y + a[2] * z + a[3] * x * y + a[4] * x**2 + a[5] * y**2)
    bias /= bias.mean()
    return bias
