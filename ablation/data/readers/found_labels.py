"""What labels without names mean: told by the labels there are, never in silence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

from ablation.config.sections import DataConfig
from ablation.data.findings import Finding
from ablation.data.readers.brats_names import REGIONS, YEAR_2017
from ablation.data.readers.cases import SEQUENCES, Found
from ablation.data.readers.label_meaning import ASKED, NUMBERED, Meaning, asked
from ablation.data.readers.mask_census import census
from ablation.data.readers.pictures import MOST_LABELS
from ablation.data.readers.reader import Progress
from ablation.data.readers.rim import Count, oedema_of
from ablation.data.targets import REGIONS as EVERY
from ablation.errors import DataError

ALL = "all"
"""Target of all labels where they have no names."""
HOW = "Name them with [data.targets], or --set 'data.targets=NAME=1,2;OTHER=3'."
BRAIN = re.compile(r"brats|glioma|glioblastoma|gbm|lgg|hgg", re.IGNORECASE)
"""Words in a path that tell of gliomas."""


def meaning_of(found: Found, data: DataConfig, cache: Path, progress: Progress) -> Meaning:
    """Return what the masks of a data set without a description mean.

    Raises:
        DataError: No mask holds labels, or labels of a brain tumour that can mean two things.
        UsageError: A label in `data.targets` that no mask holds.
    """
    name = "WT" if data.target == EVERY else data.target
    masks = [case.mask for case in found.cases.values() if case.mask is not None]
    if not masks:
        return Meaning({name: (1,)}, frozenset(range(1, 256)), "")
    counts = census(masks, cache if data.ids == "plain" else None, progress)
    usable = {path: one for path, one in counts.items() if len(one.voxels) <= MOST_LABELS}
    if not usable:
        return Meaning({name: (1,)}, frozenset(), "a mask of labels has")
    known = _known(usable)
    source = "the other masks have"
    if data.targets:
        return asked(data.targets, known, "the masks")
    if len(known) <= 1:
        return _one_region(known, name)
    if known == {*YEAR_2017} - {0}:
        said = "labels 1, 2 and 4 are read as those of BraTS until 2021: 1 necrosis, 2 oedema, 4 enhancing tumour"
        return Meaning(REGIONS, known, source, dict(YEAR_2017), findings=(_decision(found, said),))
    if known == {1, 2, 3} and _is_brain(found):
        return _brain(found, usable, source)
    targets = {ALL: tuple(sorted(known)), **{f"label_{one}": (one,) for one in sorted(known)}}
    listed = ", ".join(map(str, sorted(known)))
    said = f"labels {listed} have no names: targets are {', '.join(targets)}. {HOW}"
    return Meaning(targets, known, source, findings=(_decision(found, said),))


def _known(counts: Mapping[Path, Count]) -> frozenset[int]:
    """Return the labels of the masks, without 255 of masks of 0 and 255 among masks of labels."""
    kinds = Counter(frozenset(one.voxels) for one in counts.values() if one.voxels)
    known = frozenset(label for kind in kinds for label in kind)
    others = frozenset(label for kind in kinds for label in kind if kind != {255})
    whole = kinds[frozenset({255})]
    if others and 255 not in others and whole < sum(kinds.values()) - whole:
        return others
    if others and others <= {1}:
        return frozenset({255})
    return known


def _one_region(known: Collection[int], target: str) -> Meaning:
    label = next(iter(known), 1)
    said = f"masks hold one label ({label}): one region, called {target} (data.target)"
    return Meaning({target: (1,)}, frozenset({label}), "the other masks have", {label: 1}, (said,))


def _is_brain(found: Found) -> bool:
    """Tell whether the scans are of a brain tumour, by their sequences or names."""
    channels = {*found.channels}
    by_channel = len(channels & {*SEQUENCES}) >= 2
    return by_channel or any(BRAIN.search(name) for name in (str(found.root), *found.cases))


def _brain(found: Found, counts: Mapping[Path, Count], source: str) -> Meaning:
    oedema = oedema_of(list(counts.values()))
    if oedema is None:
        raise DataError(
            f"{found.root}: labels 1, 2 and 3 have no names, and 1 and 2 can each be oedema: "
            "BraTS 2023 has 1 necrosis and 2 oedema, the Decathlon and nnU-Net's conversions have them swapped",
            hint=HOW.replace("NAME=1,2;OTHER=3", "WT=1,2,3;TC=1,3;ET=3")
            + " (BraTS 2023), or with TC=2,3 (Decathlon).",
        )
    necrosis = 3 - oedema
    numbers = {oedema: 2, necrosis: 1, 3: 4}
    said = (
        f"labels 1, 2 and 3 have no names; {', '.join(f'{n} is read as {NUMBERED[numbers[n]]}' for n in (1, 2, 3))}, "
        f"because {oedema} is the one that lies at the rim of the tumour. Check it; {ASKED} says otherwise"
    )
    return Meaning(
        REGIONS, frozenset({1, 2, 3}), source, numbers, findings=(_decision(found, said),)
    )


def _decision(found: Found, said: str) -> Finding:
    return Finding("warning", found.root.name, said)
