"""[data]: which scans, which region, and what is done to them before training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ablation.config.sections.targets import Targets
from ablation.plugins.keys import Count, Fraction, Names, NoneIsText, Positive, Section


class DataConfig(Section):
    """Which scans, which region, and what is done to them before training."""

    source: str = Field(
        "auto",
        description="layout of the scans; auto detects it from the path, phantom without a path",
    )
    path: str | None = Field(None, description="folder of the scans; none: the generated phantom")
    target: str = Field(
        "WT",
        description="region: WT whole tumour, TC core, ET enhancing; regions: all of them at once",
    )
    primary_target: str | None = Field(
        None,
        description="of several targets the one whose validation Dice decides; none: their mean",
    )
    targets: Targets = Field(
        default_factory=dict,
        description="labels of each target, as in WT=1,2,3;ET=3; empty: as the layout or dataset.json says",
    )
    modalities: Names = Field(
        ("flair",), min_length=1, description="image channels, in this order: flair,t1ce"
    )
    image_size: Annotated[int, Field(ge=16)] = Field(
        256, description="side of the square the network sees, pixels"
    )
    plane: Literal["axial", "coronal", "sagittal"] = Field(
        "axial", description="plane of the slices that 2-D designs see"
    )
    neighbours: Annotated[int, Field(ge=0)] = Field(
        0,
        description="slices above and as many below that 2-D designs see as further channels (2.5-D)",
    )
    patch_slices: Count = Field(16, description="slices of the patches that 3-D designs see")
    patch_size: Annotated[int, Field(ge=8)] = Field(
        64, description="side of these patches, pixels; at most data.image_size"
    )
    foreground: Fraction = Field(
        0.33, description="share of the training patches that hold a voxel of a target for sure"
    )
    normalise: Literal["volume_z_clip01", "div255"] = Field(
        "volume_z_clip01", description="intensity scaling to 0..1"
    )
    denoise: Positive | None = Field(
        None, description="sigma of a Gaussian over each slice, pixels of the scan; none: none"
    )
    clahe: Positive | None = Field(
        None,
        description="clip limit of CLAHE (contrast limited adaptive histogram equalisation), "
        "usually 2 to 4; none: none",
    )
    augmentation: Annotated[str, NoneIsText] = Field(
        "td", description="random changes of training slices; several joined by +, as in td+gamma"
    )
    min_tumor_px: Count = Field(
        1, description="training slices with fewer tumour pixels count as empty"
    )
    empty_slices: Fraction = Field(
        1.0, description="share of the tumour-free training slices that is kept"
    )
    ids: Literal["plain", "hashed"] = Field(
        "plain", description="patient ids as they are, or keyed hashes"
    )
    patient_regex: str | None = Field(
        None, description="pattern that finds the patient in a name; none: as the layout says"
    )
    patient_map: str | None = Field(
        None, description="CSV with the columns case and patient; none: as the layout says"
    )
    skip_bad: bool = Field(False, description="leave unusable patients out instead of refusing")
    split: str | None = Field(
        None, description="file with the patients of train, validation and test"
    )
    folds: Annotated[int, Field(ge=2)] | None = Field(
        None,
        description="outer folds of nested cross-validation by patient; none: one part of the patients tests",
    )
    split_seed: int = Field(0, description="seed of the split by patient")
    train_fraction: Fraction | None = Field(
        None, description="share of patients; none: 0.70 (phantom 0.50)"
    )
    validation_fraction: Fraction | None = Field(
        None, description="share of patients; none: 0.15 (phantom 0.20)"
    )
    phantom_patients: Count = Field(40, description="patients of the generated phantom")
    phantom_seed: int = Field(0, description="seed of the generated phantom")
