"""What was run: run folders on disk, and their published copy on an MLflow server."""

import os

# Before anything can import MLflow: it asks hosts on the internet otherwise. DO_NOT_TRACK=1 does
# not stop it, and neither is it enough to say so after the import.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
