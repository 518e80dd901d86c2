"""What the labels of a data set's masks mean: which make up each target, and which are faults."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablation.data.findings import Finding
from ablation.data.readers.brats_names import ENHANCING, NECROSIS, OEDEMA, REGIONS
from ablation.errors import DataError, UsageError

Labels = tuple[int, ...]
Targets = Mapping[str, Labels]

ASKED = "[data.targets]"


@dataclass(frozen=True, slots=True)
class Meaning:
    """Targets, and how stored labels become the ones that targets count."""

    targets: Targets
    known: frozenset[int]
    """Labels that a mask may hold, without 0."""
    source: str
    """What knows them, with its verb, for the error about another one."""
    table: Mapping[int, int] | None = None
    """Stored label -> label of the targets; None: they are the same. A label that is absent counts
    as background."""
    said: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def of(self, stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the labels that targets count, in the shape of the stored ones.

        Raises:
            DataError: A label that is not known.
        """
        present = [label for label in np.flatnonzero(np.bincount(stored.ravel())).tolist() if label]
        unknown = [label for label in present if label not in self.known]
        if unknown:
            voxels = int(np.isin(stored, unknown).sum())
            listed = ", ".join(map(str, unknown))
            if present == [255] and 1 in self.known:
                raise DataError(
                    f"is a mask saved as 0 and 255, {self.source} label "
                    f"{_listed(self.known)}; save the tumour as 1"
                )
            raise DataError(
                f"holds label {listed} in {voxels} voxels, {self.source} {_listed(self.known)}"
            )
        if self.table is None:
            return stored
        meaning = np.zeros(256, np.uint8)
        for label, becomes in self.table.items():
            meaning[label] = becomes
        return meaning[stored]


def named(names: Targets, source: str, ignored: Collection[int] = ()) -> Meaning:
    """Return the meaning of labels or regions that have names.

    Those of a brain tumour (oedema, necrosis, enhancing tumour, or the three regions of BraTS) are
    brought to the numbering of 2013 that all layouts share.

    Args:
        names: Name -> label or labels, without the background.
        source: What names them.
        ignored: Labels that count as background.
    """
    known = frozenset(label for labels in names.values() for label in labels) | {*ignored}
    left_out = (
        (f"label {_listed(ignored)} of {source} is to be ignored: read as background",)
        if ignored
        else ()
    )
    parts = _brats_parts(names)
    if parts is not None:
        said = "; ".join(f"{label} is {NUMBERED[number]}" for label, number in parts.items())
        sentence = f"labels are those of BraTS, by the names in {source}: {said}"
        return Meaning(REGIONS, known, f"{source} has", parts, (sentence, *left_out))
    targets = {as_target(name): labels for name, labels in names.items()}
    listed = "; ".join(f"{name} = {_listed(labels)}" for name, labels in targets.items())
    table = {label: label for labels in targets.values() for label in labels}
    return Meaning(
        targets,
        known,
        f"{source} has",
        table,
        (f"targets are those of {source}: {listed}", *left_out),
    )


def asked(targets: Targets, known: Collection[int], source: str) -> Meaning:
    """Return the meaning of labels by `data.targets`.

    Args:
        targets: Name -> labels, as the masks hold them.
        known: Labels that masks may hold, or do hold.
        source: What knows them.

    Raises:
        UsageError: A label that masks cannot hold.
    """
    wanted = {label for labels in targets.values() for label in labels}
    if absent := wanted - {*known}:
        raise UsageError(
            f"data.targets: no label {_listed(absent)} in {source}, which has {_listed(known)}",
            hint="Name the labels as the masks hold them.",
        )
    said = []
    if unused := {*known} - wanted:
        said.append(f"label {_listed(unused)} is in no target of {ASKED}: read as background")
    listed = "; ".join(f"{name} = {_listed(labels)}" for name, labels in targets.items())
    table = {label: label for label in wanted}
    return Meaning(
        targets,
        frozenset(known),
        HAVE.get(source, f"{source} has"),
        table,
        (f"targets are those of {ASKED}: {listed}", *said),
    )


HAVE = {"the masks": "the other masks have"}
NUMBERED = {OEDEMA: "oedema", NECROSIS: "necrosis", ENHANCING: "enhancing tumour"}


def as_target(name: str) -> str:
    """Return a label's name as a target's: letters, digits, dot, dash and underscore.

    >>> as_target("left atrium (LA)")
    'left_atrium_LA'
    """
    return re.sub(r"[^\w.-]+", "_", name).strip("_") or "label"


def _brats_parts(names: Targets) -> dict[int, int] | None:
    """Return each label's number in 2013 where the names are those of BraTS; None where not."""
    single = {labels[0]: name for name, labels in names.items() if len(labels) == 1}
    regions = {_region(name): labels for name, labels in names.items()}
    if {*regions} == {*REGIONS} and len(names) == len(REGIONS):
        whole, core, enhancing = ({*regions[name]} for name in ("WT", "TC", "ET"))
        if enhancing < core < whole and len(enhancing) == 1:
            return {
                **dict.fromkeys(sorted(whole - core), OEDEMA),
                **dict.fromkeys(sorted(core - enhancing), NECROSIS),
                **dict.fromkeys(enhancing, ENHANCING),
            }
    parts = {label: _part(name) for label, name in single.items()}
    if len(single) == len(names) and {*parts.values()} == {*NUMBERED} and len(parts) == 3:
        return {label: number for label, number in sorted(parts.items()) if number}
    return None


def _region(name: str) -> str:
    plain = " ".join(re.findall(r"[a-z]+", name.casefold()))
    if plain in {"wt", "whole", "whole tumor", "whole tumour", "complete tumor"}:
        return "WT"
    if plain in {"tc", "core", "tumor core", "tumour core"}:
        return "TC"
    if plain in {"et", "enhancing", "enhancing tumor", "enhancing tumour", "enhancing core"}:
        return "ET"
    return name


def _part(name: str) -> int | None:
    """Return which part of a brain tumour a name means; None: none."""
    plain = re.sub(r"[^a-z]+", " ", name.casefold()).strip()
    words = set(plain.split())
    if "edema" in plain or words & {"ed", "snfh"} or "peritumoral" in plain:
        return OEDEMA
    if words & {"ncr", "net"} or "necro" in plain or re.search(r"non ?enhanc", plain):
        return NECROSIS
    if "enhanc" in plain or words & {"et"}:
        return ENHANCING
    return None


def _listed(labels: Collection[int]) -> str:
    return ", ".join(map(str, sorted(labels))) or "none"
