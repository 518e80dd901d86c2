"""[sweep]: the budget of a study and how it is spent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ablation.plugins.keys import Count, NoneIsText, Section


class SweepConfig(Section):
    """The budget of a study and how it is spent."""

    trials: Count = Field(20, description="finished trials of each design")
    seed: int = Field(0, description="seed of the sampler")
    sampler: Literal["tpe", "random"] = Field("tpe", description="how the next setting is chosen")
    pruner: Annotated[Literal["none", "median"], NoneIsText] = Field(
        "none", description="how hopeless trials are stopped early"
    )
    seeds: Count | None = Field(
        None,
        description="retrainings of the best setting; none: 3 when designs are compared or trials >= 20, else 1",
    )
    retries: Annotated[int, Field(ge=0)] = Field(
        10, description="attempts of a lost trial without a new epoch"
    )
    max_consecutive_failures: Count = Field(5, description="failures in a row that stop the sweep")
    keep_checkpoints: Literal["all", "best"] = Field("all", description="whose weights are kept")
