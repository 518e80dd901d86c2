"""A whole configuration: one value for every key that the chosen design and loss have."""

from __future__ import annotations

from pydantic import Field, SerializeAsAny

from ablation import losses, models
from ablation.config.sections.comparison import ComparisonConfig
from ablation.config.sections.data import DataConfig
from ablation.config.sections.inference import InferenceConfig
from ablation.config.sections.report import ReportConfig
from ablation.config.sections.sweep import SweepConfig
from ablation.config.sections.tracking import TrackingConfig
from ablation.config.sections.training import TrainingConfig
from ablation.plugins.keys import Section


class Config(Section):
    """Everything a sweep needs to know.

    `model` and `loss` hold the keys of the chosen design and loss; `build_config` makes a
    configuration of plain values, which it needs in order to choose among them.
    """

    data: DataConfig = DataConfig()
    model: SerializeAsAny[models.ModelKeys] = Field(default_factory=models.settings)
    loss: SerializeAsAny[losses.LossKeys] = Field(default_factory=losses.settings)
    training: TrainingConfig = TrainingConfig()
    inference: InferenceConfig = InferenceConfig()
    space: dict[str, dict[str, object]] = Field(
        default_factory=dict, description="search space; empty: the default of model and loss"
    )
    sweep: SweepConfig = SweepConfig()
    comparison: ComparisonConfig = ComparisonConfig()
    report: ReportConfig = ReportConfig()
    tracking: TrackingConfig = TrackingConfig()
