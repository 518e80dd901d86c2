"""Tuning: search spaces, studies with a budget, workers that may be killed, and their parent.

A caller describes a study (StudySpec, open_study), hands an objective to work() in a worker
process, and lets supervise() keep that process running. It needs nothing but Optuna's storage.
"""

from __future__ import annotations

from sweeps.assignment import (
    Assignment,
    Complete,
    Failed,
    Interrupted,
    Objective,
    Outcome,
    Pruned,
)
from sweeps.errors import SweepError
from sweeps.importance import Importance, tuning_importance
from sweeps.launchers import LAUNCHERS, Launcher
from sweeps.phase import Phase
from sweeps.progress import Running, StudyProgress, Took, read_progress
from sweeps.queue import Lost
from sweeps.rebuild import Recorded, rebuild_study
from sweeps.space import (
    Categorical,
    Dimension,
    Float,
    Int,
    Space,
    describe,
    from_json,
    parse_dimension,
    parse_space,
    size,
    to_json,
)
from sweeps.spec import StudySpec, Upgrade, differences
from sweeps.storage import initialise_storage
from sweeps.study import (
    TrialRow,
    best_trial,
    check_study,
    final_name,
    find_spec,
    forget_finals,
    list_studies,
    load_spec,
    open_study,
    study_names,
    trials_table,
)
from sweeps.supervise import SweepEnd, supervise
from sweeps.worker import HOPELESS_CODE, WorkerEnd, stop_on_signals, work

__all__ = [
    "HOPELESS_CODE",
    "LAUNCHERS",
    "Assignment",
    "Categorical",
    "Complete",
    "Dimension",
    "Failed",
    "Float",
    "Importance",
    "Int",
    "Interrupted",
    "Launcher",
    "Lost",
    "Objective",
    "Outcome",
    "Phase",
    "Pruned",
    "Recorded",
    "Running",
    "Space",
    "StudyProgress",
    "StudySpec",
    "SweepEnd",
    "SweepError",
    "Took",
    "TrialRow",
    "Upgrade",
    "WorkerEnd",
    "best_trial",
    "check_study",
    "describe",
    "differences",
    "final_name",
    "find_spec",
    "forget_finals",
    "from_json",
    "initialise_storage",
    "list_studies",
    "load_spec",
    "open_study",
    "parse_dimension",
    "parse_space",
    "read_progress",
    "rebuild_study",
    "size",
    "stop_on_signals",
    "study_names",
    "supervise",
    "to_json",
    "trials_table",
    "tuning_importance",
    "work",
]
