"""The names of studies, runs and folds; tags on an MLflow server; the files of a run folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from tracking.errors import TrackingError

Value = TypeVar("Value")
Kind = Literal["study", "trial", "final", "import"]
Status = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]

# Tags that come from run.json's own fields.
KIND = "ablate.kind"  # study, trial, final, or import: results of another program
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
WORKSPACE = "ablate.workspace"  # identity of the workspace that publishes the run
PARENT_KEY = "ablate.parent_key"  # run_key of the study, also where the run is no child of it
INFINITE = "ablate.infinite"  # metrics with infinite values, which a server cannot hold

# Tags the experiment sets in run.json.
DATA = "ablate.data"  # fingerprint of scans and truth
SPLIT = "ablate.split"  # fingerprint of train, validation and test patients
FOLD = "ablate.fold"  # of cross-validation: the outer fold that tests, as "1/4"
PRETRAINED = "ablate.pretrained"  # hash of the file an encoder's first weights came from
SETTING = "ablate.setting"  # of a final: what was retrained; of a study: its present best
PLANNED = "ablate.finals"  # of a study: how many finals of the best setting are planned
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
NETWORK = "network.csv"  # of finals: the blocks of the network
IMPORTANCE = "importance.json"  # of studies: which parameters mattered in tuning
SPLIT_FILE = "split.json"  # of studies: the patients of train, validation and test
FIGURES = "figures"  # of finals: overlays of the test patients
ATTENTION = "attention"  # of finals: what the attention gates let pass
OVERLAYS = "figures/overlays.csv"  # what each picture shows
CHECKPOINT = "checkpoint"
RESUME = "checkpoint/resume"  # files that begin so are the state to go on from; never published
PUBLISHED_FILE = "published.json"
PUBLISH_LOCK = "publish.lock"
STUDY_FOLDER = "study"

RESULTS = frozenset({METRICS, PER_CASE, PER_SLICE, THRESHOLDS, TRIALS, IMPORTANCE, CHECKPOINT})
"""What only a run folder holds, whether or not its run.json is there."""

SCORED = ("final", "import")  # kinds whose per-case tables a report compares

LONGEST_NAME = 200
"""Characters of a name; file systems take 255, and some names get endings of ours."""

_UNFIT = re.compile(r"[^A-Za-z0-9_.:/ -]")
_PART = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.-]{{0,{LONGEST_NAME - 1}}}")
_FOLD = re.compile(r"([1-9][0-9]*)/([1-9][0-9]*)")
_NUMBER = "-?(?:0|[1-9][0-9]*)"
_RUN_NAME = re.compile(rf"(?:(final|trial)-)?({_NUMBER})\.({_NUMBER})|import\.({_NUMBER})|study")

RunKind = Literal["study", "trial", "import", "final", "scored trial"]
"""A "scored trial" is a trial scored on an external test set, where its record is that of a final."""
_WORDS: dict[RunKind, str] = {"trial": "", "final": "final-", "scored trial": "trial-"}
_NUMBERED: dict[str | None, RunKind] = {None: "trial", "final": "final", "trial": "scored trial"}
_ORDER: tuple[RunKind, ...] = ("study", "trial", "import", "final", "scored trial")


@dataclass(frozen=True, slots=True)
class Fold:
    """An outer fold of cross-validation: which one tests, of how many.

    >>> str(Fold(1, 4)), Fold(1, 4).suffix, Fold.parse("1/4").of
    ('1/4', '.fold1of4', 4)
    """

    number: int
    """From 1."""
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def suffix(self) -> str:
        """What follows the design in the label of the fold's study: ".fold1of4"."""
        return f".fold{self.number}of{self.of}"

    @classmethod
    def parse(cls, text: str) -> Fold:
        """Return the fold that a tag names.

        Raises:
            TrackingError: The text is no fold.
        """
        found = _FOLD.fullmatch(text)
        if found is None or int(found[1]) > int(found[2]):
            raise TrackingError(
                f"{shortened(text)} is not an outer fold", hint="A fold is written 1/4."
            )
        return cls(int(found[1]), int(found[2]))


@dataclass(frozen=True, slots=True)
class StudyName:
    """The name of a study: experiment and design; in cross-validation the label names the fold.

    >>> StudyName.parse("phantom/unet.fold1of4")
    StudyName(experiment='phantom', label='unet.fold1of4')
    >>> str(StudyName("phantom", "unet"))
    'phantom/unet'
    """

    experiment: str
    label: str
    """The design, with its fold as in "unet.fold1of4"; the folder of the study's runs."""

    def __str__(self) -> str:
        return f"{self.experiment}/{self.label}"

    @classmethod
    def parse(cls, text: str) -> StudyName:
        """Return the study that a tag or a command line names.

        Raises:
            TrackingError: The text is no name of a study.
        """
        if not is_study(text):
            raise TrackingError(
                f"{shortened(text)} is not the name of a study",
                hint="A study is named EXPERIMENT/DESIGN; ablate studies list names them.",
            )
        experiment, _, label = text.partition("/")
        return cls(experiment, label)


@dataclass(frozen=True, slots=True)
class RunName:
    """The name of a run's folder: what it is, the trial's number or the final's seed, the attempt.

    >>> str(RunName("trial", 12)), str(RunName("final", 101, 2)), str(RunName("import"))
    ('12.0', 'final-101.2', 'import.0')
    >>> RunName.parse("final-101.2")
    RunName(kind='final', number=101, attempt=2)
    """

    kind: RunKind
    number: int = 0
    """Of a trial; the seed of a final; 0 of studies and imports."""
    attempt: int = 0

    def __str__(self) -> str:
        return self.kind if self.kind == "study" else f"{self.stem}.{self.attempt}"

    @property
    def stem(self) -> str:
        """The name without the attempt: "12", "final-101", "import" or "study"."""
        return f"{_WORDS[self.kind]}{self.number}" if self.kind in _WORDS else self.kind

    @property
    def order(self) -> tuple[int, int, int]:
        """What sorts the runs of a design: its study, trials, imports, finals."""
        return _ORDER.index(self.kind), self.number, self.attempt

    @classmethod
    def parse(cls, text: str) -> RunName:
        """Return the name of a run's folder in its parts.

        Raises:
            TrackingError: No run is named so.
        """
        found = _RUN_NAME.fullmatch(text)
        if found is None:
            raise TrackingError(
                f"{shortened(text)} is not the name of a run",
                hint="Runs are named like 12.0, final-101.0, import.0 or study.",
            )
        word, number, attempt, of_import = found.groups()
        if number is not None:
            return cls(_NUMBERED[word], int(number), int(attempt))
        return cls("study") if of_import is None else cls("import", attempt=int(of_import))


def fit(key: str) -> str:
    """Return a key of a param, metric or tag in the characters MLflow takes.

    >>> fit("loss [1/px]")
    'loss _1/px_'
    """
    return _UNFIT.sub("_", key)[:250]


def of_cases(summary: Mapping[str, Value]) -> dict[str, Value]:
    """Return the means over a per-case table under names of their own.

    The epochs of a training have a curve "validation/dice"; a mean at the operating point under
    the same name would be taken for its last point.

    >>> of_cases({"validation/dice": 0.8})
    {'cases/validation/dice': 0.8}
    """
    return {f"cases/{name}": value for name, value in summary.items()}


def is_part(text: str) -> bool:
    """Tell whether a name can be a folder of a workspace and a part of a study's name."""
    return _PART.fullmatch(text) is not None


def is_study(text: object) -> bool:
    """Tell whether a value is the name of a study: EXPERIMENT/DESIGN."""
    experiment, slash, label = str(text).partition("/")
    return bool(slash) and is_part(experiment) and is_part(label)


def shortened(text: str) -> str:
    """Return a text for a message: in quotes, a very long one cut."""
    return repr(text) if len(text) <= 60 else f"{text[:40]!r}... ({len(text)} characters)"
