"""The sections of a configuration, a file each; those of designs and losses are with them.

A key is written the same everywhere: `[loss] fn_weight` in TOML, `--set loss.fn_weight=0.7`,
Optuna parameter, MLflow param and column `loss.fn_weight`.
"""

from ablation.config.sections.comparison import ComparisonConfig
from ablation.config.sections.config import Config
from ablation.config.sections.data import DataConfig
from ablation.config.sections.inference import InferenceConfig
from ablation.config.sections.report import PublishedScore, ReportConfig
from ablation.config.sections.sweep import SweepConfig
from ablation.config.sections.tracking import TrackingConfig
from ablation.config.sections.training import TrainingConfig

__all__ = [
    "ComparisonConfig",
    "Config",
    "DataConfig",
    "InferenceConfig",
    "PublishedScore",
    "ReportConfig",
    "SweepConfig",
    "TrackingConfig",
    "TrainingConfig",
]
