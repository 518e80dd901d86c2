"""The MLflow boundary: the only place that imports MLflow."""
