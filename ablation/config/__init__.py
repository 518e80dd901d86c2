"""Configuration: sections, presets, sources, identity."""

from ablation.config.identity import RECIPE_VERSION, identity
from ablation.config.presets import PRESETS, default_preset
from ablation.config.sections import (
    ComparisonConfig,
    Config,
    DataConfig,
    InferenceConfig,
    LossConfig,
    ModelConfig,
    PublishedScore,
    ReportConfig,
    SweepConfig,
    TrackingConfig,
    TrainingConfig,
)
from ablation.config.sources import (
    Resolved,
    flatten,
    known_keys,
    parse_value,
    resolve,
    with_values,
)

__all__ = [
    "PRESETS",
    "RECIPE_VERSION",
    "ComparisonConfig",
    "Config",
    "DataConfig",
    "InferenceConfig",
    "LossConfig",
    "ModelConfig",
    "PublishedScore",
    "ReportConfig",
    "Resolved",
    "SweepConfig",
    "TrackingConfig",
    "TrainingConfig",
    "default_preset",
    "flatten",
    "identity",
    "known_keys",
    "parse_value",
    "resolve",
    "with_values",
]
