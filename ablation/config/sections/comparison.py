"""[comparison]: what is tested, fixed before the results are seen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from ablation.plugins.keys import Names, NoneIsText, Section


def _margins(value: object) -> object:
    """Read "dice=0.02,hd95=2"; a mapping is taken as it is."""
    if not isinstance(value, str):
        return {} if value is None else value
    parts = (part.partition("=") for part in value.split(",") if part.strip())
    return {name.strip(): size.strip() for name, _, size in parts}


Margin = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Margins = Annotated[dict[str, Margin], BeforeValidator(_margins)]


def _paired_test(name: str) -> str:
    """Refuse a name that is not of a registered test, as pydantic refuses one of a list."""
    from ablation.statistics.paired_tests import TESTS

    if name not in TESTS:
        known = ", ".join(f"'{one}'" for one in TESTS)
        raise PydanticCustomError(
            "literal_error", "Input should be {expected}", {"expected": known}
        )
    return name


PairedTestName = Annotated[str, AfterValidator(_paired_test)]


class ComparisonConfig(Section):
    """What is tested, fixed before the results are seen."""

    metric: str = Field("dice", description="primary metric")
    secondary: Names = Field(("hd95",), description="metrics reported beside the primary one")
    primary_target: str | None = Field(
        None,
        description="target that decides, or mean for the mean over targets; none: all together",
    )
    reference: str | None = Field(
        None, description="design the others are compared with; none: all pairs"
    )
    level: Annotated[float, Field(gt=0.5, lt=1.0)] = Field(0.95, description="confidence level")
    margin: Margins = Field(
        default_factory=dict,
        description="smallest difference that matters, of each metric in its unit: dice=0.02,hd95=2",
    )
    alternative: Literal["two-sided", "greater"] = Field(
        "two-sided", description="greater: only designs better than the reference are looked for"
    )
    primary_test: PairedTestName = Field("wilcoxon", description="test that decides")
    correction: Annotated[Literal["holm", "bh", "none"], NoneIsText] = Field(
        "holm", description="adjustment of p-values over the planned comparisons"
    )
    unit: Literal["patient", "case"] = Field(
        "patient", description="what counts as one; cases of a patient are not independent"
    )
    missing: Literal["error", "intersection", "worst"] = Field(
        "error", description="case one design lacks: refused, left out for all, or the worst score"
    )
    empty: Literal["penalty", "brats", "exclude"] = Field(
        "penalty", description="what missed and absent tumours count"
    )
    seed: int = Field(20260101, description="seed of resampling and permutation")
