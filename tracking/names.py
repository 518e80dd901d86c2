"""Names under which a run is found on an MLflow server, and the files of its folder."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["study", "trial", "final", "import"]
Status = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]

# Tags that come from run.json's own fields.
KIND = "ablate.kind"  # study, trial, final, or import: results made elsewhere
EXPERIMENT = "ablate.experiment"  # designs of one experiment are compared
MODEL = "ablate.model"  # the design
STUDY = "ablate.study"  # EXPERIMENT/DESIGN
NAME = "ablate.name"  # the folder: NUMBER.ATTEMPT, final-SEED.ATTEMPT, import.ATTEMPT or study
IDENTITY = "ablate.identity"  # hash of all that changes weights or scores
RUN_KEY = "ablate.run_key"  # random, made with the folder: how a run is found again
RETRY_OF = "ablate.retry_of"  # run_key of the attempt before
REASON = "ablate.reason"  # why a run is FAILED or KILLED

# Tags the publisher makes.
PUBLISHED = "ablate.published"  # digest of the folder; readers take only runs that have it
INFINITE = "ablate.infinite"  # metrics with infinite values, which a server cannot hold

# Tags the experiment sets in run.json.
DATA = "ablate.data"  # fingerprint of scans and truth
SPLIT = "ablate.split"  # fingerprint of train, validation and test patients
FOLD = "ablate.fold"  # of cross-validation: the outer fold that tests, as "1/4"
PRETRAINED = "ablate.pretrained"  # hash of the file an encoder's first weights came from
SETTING = "ablate.setting"  # of a final: what was retrained, equal over its seeds
SEED = "ablate.seed"  # of a final
EXTERNAL = "ablate.external"  # of a final: other scans it was scored on
LEDGER = "ablate.ledger."  # + fact: JSON scalar of the fairness ledger

# MLflow's own tags.
PARENT = "mlflow.parentRunId"
TABLES = "mlflow.loggedArtifacts"
NOTE = "mlflow.note.content"

# Files of a run folder.
RUN = "run.json"
METRICS = "metrics.jsonl"
LOG = "log.txt"
PER_CASE = "per_case.csv"
PER_SLICE = "per_slice.csv"  # of finals
RECOMPUTED = "per_case.recomputed.csv"  # what `evaluate` made where it differs from the record
PER_CASE_TABLE = "per_case.json"  # the same rows as MLflow's evaluation page reads them
THRESHOLDS = "thresholds.csv"  # every operating point tried on the validation patients
TRIALS = "trials.csv"  # of studies
IMPORTANCE = "importance.json"  # of studies: which parameters mattered in tuning
FIGURES = "figures"  # of finals: overlays of the test patients
OVERLAYS = "figures/overlays.csv"  # what each picture shows
CHECKPOINT = "checkpoint"
RESUME = "checkpoint/resume"  # files that begin so are the state to go on from; never published
PUBLISHED_FILE = "published.json"
PUBLISH_LOCK = "publish.lock"
STUDY_FOLDER = "study"

SCORED = ("final", "import")  # kinds whose per-case tables a report compares

_UNFIT = re.compile(r"[^A-Za-z0-9_.:/ -]")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def fit(key: str) -> str:
    """Return a key of a param, metric or tag in the characters MLflow takes.

    >>> fit("loss [1/px]")
    'loss _1/px_'
    """
    return _UNFIT.sub("_", key)[:250]


def is_part(text: str) -> bool:
    """Tell whether a name can be a folder of a workspace and a part of a study's name."""
    return _PART.fullmatch(text) is not None
