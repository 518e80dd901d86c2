"""Which image and which mask are one case: by their names, and by the folders they lie in."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ablation.config.sections import DataConfig
from ablation.data.findings import Finding
from ablation.data.readers.cases import (
    NAMELESS,
    SPELLINGS,
    Case,
    Found,
    Source,
    channel_name,
    in_order,
    relative,
)
from ablation.data.readers.endings import FLAT, ending_of
from ablation.data.readers.pair_files import Sides, folders_above, stem_of
from ablation.data.readers.pictures import COLOURS, read_picture
from ablation.data.readers.words import IMAGES, MASKS, side_of, without
from ablation.errors import DataError
from ablation.errors.words import counted

NUMBER = re.compile(r"(?P<case>.+)_(?P<channel>\d{4})")

Way = Callable[[str], tuple[str, str]]
"""Returns the case and the channel that a name says."""
Key = tuple[str, ...]
"""Folders that tell patients apart, and the name of the case."""


def cases_of(root: Path, sides: Sides, data: DataConfig) -> Found:
    """Pair images with masks.

    Names of images are compared with those of masks as they are, then without a channel number
    (`_0000`), then without the name of a sequence (`_flair`); with the folders they lie in, then
    without: the first way that pairs most counts.
    """
    ways: tuple[Way, ...] = (_whole, _numbered, _sequenced)
    best, apart = max(
        itertools.product(ways, (True, False)),
        key=lambda how: len(
            _masks(root, sides, how[1]).keys() & _grouped(root, sides, *how).keys()
        ),
    )
    masks = _masks(root, sides, apart)
    if not masks:
        best = _unlabelled_way(root, sides)
    groups = _grouped(root, sides, best, apart)
    names = _names([*groups, *(key for key in masks if key not in groups)])
    findings = [
        *_twice(root, groups, names),
        *_orphans(root, groups, masks, names),
        *_masks_twice(root, sides, masks, apart),
    ]
    channels, sources = _channels(groups, data)
    order = in_order(channels)
    cases = {
        names[key]: Case(
            names[key],
            {name: sources[key][name] for name in order if name in sources[key]},
            masks.get(key),
        )
        for key in sorted(groups)
    }
    return Found(
        root,
        cases,
        order,
        tuple(findings),
        _said(sides, cases, order, best),
        not any(ending_of(path) in FLAT for path in sides.images),
        _persons(names),
    )


def _whole(stem: str) -> tuple[str, str]:
    """Return the case and the channel that a name says."""
    return without(stem, IMAGES), ""


def _numbered(stem: str) -> tuple[str, str]:
    match = NUMBER.fullmatch(stem)
    return (without(stem, IMAGES), "") if match is None else (match["case"], match["channel"])


def _sequenced(stem: str) -> tuple[str, str]:
    before, mark, word = re.fullmatch(r"(.*?)(?:^|([._\- ]))([^._\- ]*)", stem, re.DOTALL).groups()  # type: ignore[union-attr]
    del mark
    known = SPELLINGS.get(word.casefold())
    return (without(stem, IMAGES), "") if known is None else (before, known)


def _key(root: Path, path: Path, name: str, apart: bool) -> Key:
    """Return the folders above a file that name no side, if they part patients, and its name."""
    folders = [one for one in folders_above(root, path) if apart and not side_of(one)]
    return (*folders, name) if name else tuple(folders)


def _masks(root: Path, sides: Sides, apart: bool) -> dict[Key, Path]:
    return {_key(root, path, without(stem_of(path), MASKS), apart): path for path in sides.masks}


def _grouped(root: Path, sides: Sides, way: Way, apart: bool) -> dict[Key, dict[str, list[Path]]]:
    groups: dict[Key, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for path in sides.images:
        name, channel = way(stem_of(path))
        groups[_key(root, path, name, apart)][channel].append(path)
    return groups


def _unlabelled_way(root: Path, sides: Sides) -> Way:
    """Return how channels are named where no mask tells: by numbers that every case has from 0 on."""
    for way in (_numbered, _sequenced):
        groups = _grouped(root, sides, way, True)
        kinds = {tuple(sorted(channels)) for channels in groups.values()}
        if len(kinds) == 1 and "" not in next(iter(kinds)):
            numbers = next(iter(kinds))
            if way is _sequenced or numbers[0] == "0000":
                return way
    return _whole


def _names(keys: Sequence[Key]) -> dict[Key, str]:
    """Return the name of each case: its own, with its folders where two have the same."""
    times = Counter(key[-1] for key in keys)
    return {key: key[-1] if times[key[-1]] == 1 else "_".join(key) for key in keys}


def _twice(
    root: Path, groups: Mapping[Key, Mapping[str, Sequence[Path]]], names: Mapping[Key, str]
) -> list[Finding]:
    return [
        Finding(
            "error",
            relative(path, root),
            f"is the image of case {names[key]}, as {relative(paths[0], root)} is already",
            names[key],
        )
        for key, channels in groups.items()
        for paths in channels.values()
        for path in paths[1:]
    ]


def _masks_twice(root: Path, sides: Sides, masks: Mapping[Key, Path], apart: bool) -> list[Finding]:
    """Return an error for each further mask of a case: which counts is not for us to say."""
    keys = {path: _key(root, path, without(stem_of(path), MASKS), apart) for path in sides.masks}
    return [
        Finding(
            "error",
            relative(path, root),
            f"is a mask of the image that has {relative(masks[key], root)} already",
            key[-1],
        )
        for path, key in keys.items()
        if masks[key] != path
    ]


def _orphans(
    root: Path,
    groups: Mapping[Key, Mapping[str, Sequence[Path]]],
    masks: Mapping[Key, Path],
    names: Mapping[Key, str],
) -> list[Finding]:
    """Return an error for each image without a mask, unless all are, and each mask without an image."""
    alone = [
        Finding(
            "error", relative(next(iter(channels.values()))[0], root), "has no mask", names[key]
        )
        for key, channels in groups.items()
        if masks and key not in masks
    ]
    orphans = [
        Finding("error", relative(path, root), "is a mask without an image", names[key])
        for key, path in masks.items()
        if key not in groups
    ]
    return [*alone, *orphans]


def _channels(
    groups: Mapping[Key, Mapping[str, Sequence[Path]]], data: DataConfig
) -> tuple[tuple[str, ...], dict[Key, dict[str, Source]]]:
    """Return the names of the channels, and where each case has them."""
    labels = sorted({channel for channels in groups.values() for channel in channels})
    asked = data.modalities if data.modalities != DataConfig().modalities else ()
    if labels == [""]:
        inside = channels_inside(next(iter(next(iter(groups.values())).values()))[0])
        if inside is not None:
            names = asked if len(asked) == len(inside) and inside[0] != COLOURS[0] else inside
            return names, {
                key: {name: Source(paths[""][0], i) for i, name in enumerate(names)}
                for key, paths in groups.items()
            }
    if len(asked) == len(labels) and not any(label in SPELLINGS.values() for label in labels):
        called = dict(zip(labels, map(channel_name, asked), strict=True))
    elif len(labels) == 1:
        called = {label: label if label in SPELLINGS.values() else NAMELESS for label in labels}
    else:
        called = {
            label: label if not label or label in SPELLINGS.values() else f"channel_{int(label)}"
            for label in labels
        }
        called = {label: name or NAMELESS for label, name in called.items()}
    return tuple(called.values()), {
        key: {called[label]: Source(paths[0]) for label, paths in channels.items()}
        for key, channels in groups.items()
    }


def channels_inside(path: Path) -> tuple[str, ...] | None:
    """Return the channels that the first file holds side by side; None: it holds one."""
    try:
        count = len(read_picture(path).values)
    except DataError:
        return None  # said where the case is read
    if count == 1:
        return None
    return COLOURS if ending_of(path) in FLAT else tuple(f"channel_{i}" for i in range(count))


def _persons(names: Mapping[Key, str]) -> dict[str, str]:
    """Return the patient of each case where folders with a number in their name hold several."""
    inside = Counter(key[:-1] for key in names)
    patients = {
        folders for folders, times in inside.items() if folders and re.search(r"\d", folders[-1])
    }
    if not patients or max(inside[folders] for folders in patients) == 1:
        return {}
    return {name: "_".join(key[:-1]) for key, name in names.items() if key[:-1] in patients}


def _said(
    sides: Sides,
    cases: Mapping[str, Case],
    channels: Sequence[str],
    way: Way,
) -> tuple[str, ...]:
    kinds = Counter("DICOM" if path.is_dir() else ending_of(path) for path in sides.images)
    listed = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    told: dict[Way, str] = {
        _numbered: ", by the number behind a name",
        _sequenced: ", by the sequence in a name",
    }
    first = (
        f"images and masks: {counted(len(cases), 'case')} of {listed} images and "
        f"{counted(len(sides.masks), 'mask')}, told apart {sides.how}; "
        f"channels {', '.join(channels)}{told.get(way, '')}"
    )
    flat = all(ending_of(path) in FLAT for path in sides.images)
    second = "each image is a case of one slice, without a voxel size: distances are in pixels"
    return (first, second) if flat else (first,)
