"""Configuration: sections, presets, sources, identity."""

from ablation.config.build import build_config, changed, flatten, known_keys, with_values
from ablation.config.identity import DATA_OF_IDENTITY, RECIPE_VERSION, identity
from ablation.config.presets import PRESETS, default_preset
from ablation.config.sections import (
    ComparisonConfig,
    Config,
    DataConfig,
    InferenceConfig,
    PublishedScore,
    ReportConfig,
    SweepConfig,
    TrackingConfig,
    TrainingConfig,
)
from ablation.config.sources import Resolved, parse_value, resolve

__all__ = [
    "DATA_OF_IDENTITY",
    "PRESETS",
    "RECIPE_VERSION",
    "ComparisonConfig",
    "Config",
    "DataConfig",
    "InferenceConfig",
    "PublishedScore",
    "ReportConfig",
    "Resolved",
    "SweepConfig",
    "TrackingConfig",
    "TrainingConfig",
    "build_config",
    "changed",
    "default_preset",
    "flatten",
    "identity",
    "known_keys",
    "parse_value",
    "resolve",
    "with_values",
]
