"""[report]: what a report shows beside the designs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ablation.plugins.keys import Count, Section


class PublishedScore(Section):
    """A score from the literature, shown beside the designs and never tested."""

    name: str = Field(description="method, as the report shows it")
    metric: str = Field(description="score, such as dice")
    value: float = Field(description="its published mean")
    sd: Annotated[float, Field(ge=0.0)] | None = Field(None, description="standard deviation")
    n: Count | None = Field(None, description="patients")
    source: str = Field("", description="where it was published")


class ReportConfig(Section):
    """What a report shows beside the designs."""

    literature: tuple[PublishedScore, ...] = Field(
        (),
        description="published scores to show in grey: [[report.literature]] with name, metric, "
        "value and, where known, sd, n, source",
    )
