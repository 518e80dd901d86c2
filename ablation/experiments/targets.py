"""Targets are experiments: scores of different regions are never compared with each other."""

from __future__ import annotations

import json

from ablation.config.sections import DataConfig
from ablation.config.versions import read_definition
from ablation.data.targets import REGIONS
from ablation.errors import AblateError
from sweeps import StudySpec, SweepError, load_spec

USUAL_TARGET = DataConfig().target
TARGET = "data.target"
BRATS = ("WT", "TC", "ET")
"""Targets that may be written in lower case."""


def spelled(target: str) -> str:
    """Return a target of --target as the layouts spell it.

    >>> spelled("et"), spelled("Regions"), spelled("liver")
    ('ET', 'regions', 'liver')
    """
    usual = {name.lower(): name for name in (*BRATS, REGIONS)}
    return usual.get(target.lower(), target)


def experiment_name(dataset: str, target: str) -> str:
    """Return the usual name of an experiment: the data set's, with a target that is not the usual.

    >>> experiment_name("brats", "WT"), experiment_name("brats", "TC")
    ('brats', 'brats-TC')
    """
    return dataset if target == USUAL_TARGET else f"{dataset}-{target}"


def refuse_other_target(spec: StudySpec) -> None:
    """Refuse to go on with a study of another target: a new study needs another experiment.

    Raises:
        AblateError: The stored study segments another region.
    """
    try:
        stored = load_spec(spec.storage, spec.name, read_definition).definition
    except SweepError:
        return  # there is no such study yet, or it is of a later version
    then, now = (
        json.loads(one.get(TARGET, json.dumps(USUAL_TARGET))) for one in (stored, spec.definition)
    )
    if then == now:
        return
    raise AblateError(
        f"study {spec.name} was created for target {then}, not {now}",
        hint="Targets are compared separately: name another experiment with --experiment NEWNAME, "
        "or leave --experiment out.",
    )
