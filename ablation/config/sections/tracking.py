"""[tracking]: where runs are published."""

from __future__ import annotations

from pydantic import Field

from ablation.plugins.keys import Section


class TrackingConfig(Section):
    """Where runs are published."""

    uri: str | None = Field(
        None,
        description="MLflow server; none: MLFLOW_TRACKING_URI, else a database in the workspace",
    )
