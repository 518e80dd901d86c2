"""Open a data set: find its patients, check every file, and know the facts that need no images.

dataset = open_dataset(DataConfig(path="scans"), cache=Path("cache"))
dataset.patients[0].tumour_voxels
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from ablation.config.sections import DataConfig
from ablation.data.check import find_twins
from ablation.data.facts import PatientFacts, facts_of_all
from ablation.data.findings import Finding, errors_of, refuse
from ablation.data.id_key import key_of
from ablation.data.patient_rules import patients_by_map, patients_by_regex
from ablation.data.persons import names_of, persons_of
from ablation.data.readers import READERS
from ablation.data.readers.reader import Progress, Reader, largest_first, paced, silent
from ablation.data.readers.visits import doubtful
from ablation.data.targets import REGIONS, chosen
from ablation.data.unknown_layout import refuse_unknown_layout
from ablation.errors import DataError, UsageError, nearest
from ablation.errors.words import counted

AUTO = "auto"
"""Value of `data.source` for: whatever layout the folder has."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """The usable patients of one place; of a person with several examinations, each of them."""

    name: str
    """The layout: a name in READERS."""
    path: Path | None
    """Folder of the patients; None when they are generated."""
    generated: bool
    distance_unit: Literal["mm", "px"]
    modalities: tuple[str, ...]
    """What every patient has."""
    patients: tuple[PatientFacts, ...]
    """Sorted by id."""
    findings: tuple[Finding, ...]
    """Warnings, and the errors of the patients that were left out."""
    fingerprint: str
    """Hash of raw images and truth of all patients; not of image size, order, location or ids."""
    places: Mapping[str, Path] = field(repr=False)
    """Where each patient is read from, by id."""
    names: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    """What the files call each patient's person, in every examination, by id: never written."""
    truths: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The hash of each truth by what stands for it in tables: never written where they differ."""
    ids: Mapping[str, str] = field(default_factory=dict, repr=False)
    """With hashed ids: the id of each patient and person by the name in the files, never written."""
    bound: Reader | None = field(default=None, repr=False, compare=False)
    """The reader of these scans; None: the layout's own."""

    @property
    def reader(self) -> Reader:
        """What reads these scans, with their modalities and targets."""
        return READERS[self.name] if self.bound is None else self.bound

    @property
    def targets(self) -> Mapping[str, tuple[int, ...]]:
        """Labels of the truth that make up each target, largest region first."""
        return self.reader.targets

    def patient(self, name: str) -> PatientFacts:
        """Return the facts of one patient."""
        return next(facts for facts in self.patients if facts.id == name)

    def person(self, name: str) -> str:
        """Return whose examination it is."""
        return self.patient(name).person

    def persons(self, names: Iterable[str]) -> frozenset[str]:
        """Return whose examinations these are, each person once."""
        wanted = frozenset(names)
        return frozenset(facts.person for facts in self.patients if facts.id in wanted)

    def without_names(self, text: str) -> str:
        """Return a text for records, with ids for the names in the files where ids are hashed."""
        longest_first = sorted(map(re.escape, self.ids), key=len, reverse=True)
        names = rf"(?<![^\W_])(?:{'|'.join(longest_first)})(?![^\W_])"
        return re.sub(names, lambda found: self.ids[found[0]], text) if self.ids else text

    @property
    def noun(self) -> Literal["patient", "examination"]:
        """What the members of `patients` are called where they are counted."""
        persons = {facts.person for facts in self.patients}
        return "patient" if len(persons) == len(self.patients) else "examination"

    def count(self, names: Sequence[str]) -> str:
        """Return in words how many these are: "5 patients", or "3 patients, 5 examinations"."""
        persons = counted(len(self.persons(names)), "patient")
        several = self.noun == "examination"
        return f"{persons}, {counted(len(names), self.noun)}" if several else persons


def reader_of(data: DataConfig, cache: Path, progress: Progress = silent) -> Reader:
    """Return what reads the scans: the layout that is named, or the one the folder has.

    Its modalities and targets are those of this data set: `data.targets` replaces the layout's.

    Raises:
        DataError: There is no such folder, or it has no known layout.
        UsageError: No such layout; a path where none belongs, or none where one does; a label in
            `data.targets` that the truth cannot have.
    """
    reader = _layout_of(data)
    if reader.bind is not None:
        return reader.bind(data, cache, paced(progress))
    if not data.targets:
        return reader
    return replace(reader, targets=own_targets(data.targets, reader))


def own_targets(
    asked: Mapping[str, tuple[int, ...]], reader: Reader
) -> Mapping[str, tuple[int, ...]]:
    """Return the targets of the configuration, largest region first.

    Raises:
        UsageError: A label that is in no target of the layout.
    """
    known = sorted({label for labels in reader.targets.values() for label in labels})
    for name, labels in asked.items():
        unknown = [str(label) for label in labels if label not in known]
        if unknown:
            raise UsageError(
                f"data.targets: {name} has label {', '.join(unknown)}, a truth of {reader.name} has "
                f"{', '.join(map(str, known))}",
                hint="Name labels as the layout reads them; see the guide's page on own scans.",
            )
    return largest_first(asked)


def fitted(data: DataConfig, cache: Path, progress: Progress = silent) -> DataConfig:
    """Return settings whose modalities and target these scans have.

    Where `data.modalities` or `data.target` has its default and the scans have no such modality or
    target, all modalities are taken, or the first target. A value that was set is never replaced.
    """
    return fit(reader_of(data, cache, progress), data)


def fit(reader: Reader, data: DataConfig) -> DataConfig:
    """Return what `fitted` does for scans whose reader is known."""
    usual = DataConfig()
    values: dict[str, object] = {}
    if data.modalities == usual.modalities and not {*data.modalities} & {*reader.modalities}:
        values["modalities"] = reader.modalities
    if data.target == usual.target and data.target not in reader.targets:
        values["target"] = next(iter(reader.targets))
    return data.model_copy(update=values) if values else data


def _layout_of(data: DataConfig) -> Reader:
    """Return the layout that is named, or the one the folder has."""
    named = _named(data.source)
    if named is None and data.path is None:
        return READERS["phantom"]
    if named is not None and named.generated:
        if data.path is not None:
            raise UsageError(
                f"data.source={named.name} reads no folder, data.path is {data.path}",
                hint="Leave out one of the two.",
            )
        return named
    if data.path is None:
        raise UsageError(
            f"data.source={data.source} needs a folder", hint="Name it with --data PATH."
        )
    path = Path(data.path)
    _refuse_no_folder(path)
    return _detected(path) if named is None else named


def _named(source: str) -> Reader | None:
    """Return the layout that `data.source` names; None: it is to be detected."""
    if source == AUTO:
        return None
    if source not in READERS:
        raise UsageError(
            f"data.source: unknown layout {source!r}", hint=nearest(source, (AUTO, *READERS))
        )
    return READERS[source]


def _detected(path: Path) -> Reader:
    for reader in READERS.values():
        if reader.detect(path):
            return reader
    raise refuse_unknown_layout(path, READERS)


def open_dataset(data: DataConfig, cache: Path, progress: Progress = silent) -> Dataset:
    """Check every file of a data set and return its usable patients.

    Args:
        data: Where the scans are; whether bad patients are left out (`skip_bad`).
        cache: Folder for generated patients and for facts, so that opening again is quick.
        progress: Called with a line per patient that is read.

    Raises:
        DataError: One message with every fault of every file, or: nothing usable is left.
        UsageError: A modality or target the layout does not have.
    """
    dataset = survey(data, cache, progress)
    require_usable(dataset, data)
    return dataset


def require_usable(dataset: Dataset, data: DataConfig) -> None:
    """Raise one error with every fault, unless bad patients may be left out and some are labelled."""
    if not data.skip_bad:
        refuse(str(dataset.path), dataset.findings, counted(len(dataset.places), dataset.noun))
    if not dataset.patients:
        faults = "".join(f"\n  {finding}" for finding in errors_of(dataset.findings))
        raise DataError(
            f"{dataset.path}: none of {len(dataset.places)} patients can be used{faults}",
            hint="Repair or fetch these files again.",
        )
    if not any(facts.labelled for facts in dataset.patients):
        raise DataError(
            f"{dataset.path}: none of {len(dataset.patients)} usable {dataset.noun}s has a truth (seg): "
            "nothing can be trained or scored",
            hint="Add the truth of these patients, or name a folder of labelled ones.",
        )


def survey(data: DataConfig, cache: Path, progress: Progress = silent) -> Dataset:
    """Return what `open_dataset` does, and the findings instead of an error about files."""
    reader = reader_of(data, cache, progress)
    data = fit(reader, data)
    _refuse_unknown(reader, data)
    key = key_of(data)
    located = reader.locate(data, cache, paced(progress))
    reader = _with_persons(reader, data, list(located.places))
    facts, findings = facts_of_all(reader, located, cache, paced(progress), key)
    twins = find_twins(
        {name: fact.raw_hash for name, fact in facts.items() if not fact.blank},
        labelled={name for name, fact in facts.items() if fact.labelled},
    )
    lacking = _lacking(facts, data.modalities)
    out = {finding.patient for finding in (*errors_of(located.findings), *twins, *lacking)}
    kept = {name: fact for name, fact in facts.items() if name not in out}
    persons = persons_of(facts, kept, reader.person)
    unsure = _unsure(reader, data, kept)
    ids = public_ids([*located.places, *persons.values()], data)
    truths = {
        f.truth_hash: f.truth_hash if key is None else key.of_truth(f.truth_hash)
        for f in kept.values()
    }
    return Dataset(
        name=reader.name,
        path=None if reader.generated else located.root.absolute(),
        generated=reader.generated,
        distance_unit=reader.distance_unit,
        modalities=tuple(
            name for name in reader.modalities if all(name in f.modalities for f in kept.values())
        ),
        patients=tuple(
            sorted(
                (
                    replace(
                        f,
                        id=ids[n],
                        person=ids[persons[n]],
                        truth_hash=truths[f.truth_hash],
                        stored_hash="",
                    )
                    for n, f in kept.items()
                ),
                key=lambda fact: fact.id,
            )
        ),
        findings=(*located.findings, *findings, *twins, *lacking, *unsure),
        fingerprint=_fingerprint(list(kept.values())),
        places={ids[name]: place for name, place in located.places.items()},
        names={ids[n]: names for n, names in names_of(facts, reader.person).items()},
        truths={stated: taken for taken, stated in truths.items()},
        ids={} if key is None else ids,
        bound=None if READERS.get(reader.name) is reader else reader,
    )


def _with_persons(reader: Reader, data: DataConfig, names: Sequence[str]) -> Reader:
    """Return the reader with the user's rule for persons, if there is one."""
    if data.patient_regex is not None and data.patient_map is not None:
        raise UsageError(
            "data.patient_regex and data.patient_map both say whose examination it is",
            hint="Leave out one of the two.",
        )
    if data.patient_regex is not None:
        told = patients_by_regex(names, data.patient_regex)
    elif data.patient_map is not None:
        told = patients_by_map(names, Path(data.patient_map))
    else:
        return reader
    usual = reader.person
    return replace(reader, person=lambda name: told.get(name) or usual(name))


def _unsure(
    reader: Reader, data: DataConfig, facts: Mapping[str, PatientFacts]
) -> tuple[Finding, ...]:
    """Return a warning where names differ only in a last number, which may count examinations."""
    if reader.generated or data.patient_regex is not None or data.patient_map is not None:
        return ()
    flat = all(one.slices == 1 for one in facts.values())
    groups = doubtful([reader.person(name) for name in facts], flat=flat)
    if not groups:
        return ()
    fault = (
        f"{sum(map(len, groups))} names differ only in a last number, as {', '.join(groups[0][:3])} do; "
        "each is taken as a patient of its own. If they are of one person, who may then train and test, "
        r"say so with --patient-regex '(.+)[_-]\d+$' or --patient-map FILE; if not, with --patient-regex '(.+)'"
    )
    return (Finding("warning", reader.name, fault),)


def public_ids(names: Sequence[str], data: DataConfig) -> dict[str, str]:
    """Return the id by which each patient is known in runs, tables and reports.

    `data.ids = hashed` replaces names by keyed hashes (HMAC-SHA-256), so that who lacks the key
    cannot find a person by hashing known names.
    """
    key = key_of(data)
    return {name: name if key is None else key.of_name(name) for name in names}


def _lacking(facts: Mapping[str, PatientFacts], modalities: Sequence[str]) -> tuple[Finding, ...]:
    """Return an error for each patient without one of the wanted modalities."""
    findings = []
    for name, fact in facts.items():
        absent = [wanted for wanted in modalities if wanted not in fact.modalities]
        if absent:
            fault = (
                f"has no {', '.join(absent)} (data.modalities), only {', '.join(fact.modalities)}"
            )
            findings.append(Finding("error", name, fault, name))
    return tuple(findings)


def _fingerprint(patients: Sequence[PatientFacts]) -> str:
    pairs = sorted((facts.raw_hash, facts.stored_hash or facts.truth_hash) for facts in patients)
    return hashlib.sha256(repr(pairs).encode()).hexdigest()[:16]


def _refuse_no_folder(path: Path) -> None:
    if not path.exists():
        raise DataError(
            f"{path}: there is no such folder", hint="Check the path given with --data."
        )


def _refuse_unknown(reader: Reader, data: DataConfig) -> None:
    for name in data.modalities:
        if name not in reader.modalities:
            raise UsageError(
                f"data.modalities: {reader.name} has no {name}",
                hint=nearest(name, reader.modalities),
            )
    if data.target not in (*reader.targets, REGIONS):
        raise UsageError(
            f"data.target: the truth of {reader.name} has no {data.target}",
            hint=nearest(data.target, (*reader.targets, REGIONS)),
        )
    if data.primary_target not in (None, *chosen(data.target, reader.targets)):
        raise UsageError(
            f"data.primary_target={data.primary_target} is not among the targets that are trained "
            f"({', '.join(chosen(data.target, reader.targets))})",
            hint=f"Name one of them, or train all with data.target={REGIONS}.",
        )
