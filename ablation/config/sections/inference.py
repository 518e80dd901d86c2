"""[inference]: how probability maps become masks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ablation.plugins.keys import Count, NoneIsText, Section


class InferenceConfig(Section):
    """From probability maps to masks."""

    search: Literal["auto", "full", "threshold", "off"] = Field(
        "auto",
        description="chosen on validation: threshold; full: tta and morphology too; off: nothing; auto: threshold in trials, full in finals",
    )
    threshold: Annotated[float, Field(gt=0.0, lt=1.0)] | Literal["otsu"] | None = Field(
        None,
        description="fixed threshold, or otsu: found on each case's map; none: chosen on "
        "validation (0.5 when search is off)",
    )
    tta: Annotated[Literal["none", "hflip", "d4", "seed8"], NoneIsText] = Field(
        "none", description="test-time augmentation; none: no views, or what a full search chooses"
    )
    tile_overlap: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        0.5, description="share of a tile that the next one covers too, where 3-D designs predict"
    )
    morphology: Annotated[
        Literal["none", "erode_all", "adaptive", "min_size", "open", "close"], NoneIsText
    ] = Field(
        "none",
        description="post-processing of masks; none: masks stay as they are, or what a full search chooses",
    )
    min_size: Count | None = Field(
        None,
        description="pixels of a 256x256 slice: adaptive erodes larger components, min_size drops smaller ones; none: 500 and 50, or what a full search chooses",
    )
    element: Literal["cross3", "square3"] = Field(
        "cross3", description="neighbours erosion looks at: four (cross3) or eight (square3)"
    )
