"""How the networks of a sweep were trained: sentences for a paper, and the list that repeats it.

The list is TOML, a table for each study: `settings` of the finals, the searched `space`, what was
`chosen`, the `seeds`, the `patients` of each part, `versions` and `machine`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from ablation.config import known_keys
from ablation.data.targets import REGIONS
from ablation.models import DESIGNS
from ablation.report.material import Recipe

NORMALISED = {
    "volume_z_clip01": "z-scores over the brain of each scan, clipped to 3 standard deviations and scaled to 0 to 1",
    "div255": "values divided by 255",
}
BARE = re.compile(r"[A-Za-z0-9_-]+")
HEAD = 'Settings of every training, as TOML. A value "none" means that the key is not set.'


def sentences(recipes: Sequence[Recipe]) -> Iterator[str]:
    """Yield sentences on data, preparation, training, search, seeds, versions and machine."""
    for said in (_data, _preparation, _training, _stopping, _search, _chosen, _seeds, _made_with):
        yield from _of_each(said, recipes)


def data_sentences(recipes: Sequence[Recipe]) -> Iterator[str]:
    """Yield the sentences on the scans alone."""
    for said in (_data, _preparation):
        yield from _of_each(said, recipes)


def settings(recipes: Sequence[Recipe]) -> str:
    """Return the list that repeats the trainings, as TOML; "" for no recipe."""
    if not recipes:
        return ""
    return "\n\n".join([f"# {HEAD}", *map(_table, recipes)]) + "\n"


def _of_each(said: Callable[[Recipe], str], recipes: Sequence[Recipe]) -> Iterator[str]:
    """Yield what all recipes share once, else each with its name."""
    by_text: dict[str, list[str]] = {}
    for recipe in recipes:
        if text := said(recipe):
            by_text.setdefault(text, []).append(recipe.name)
    for text, names in by_text.items():
        yield text if len(names) == len(recipes) else f"{', '.join(names)}: {text}"


def _data(recipe: Recipe) -> str:
    data = recipe.settings
    channels = _several(data.get("data.modalities", ()))
    counts = [f"{len(ids)} {part}" for part, ids in recipe.patients.items()]
    parts = f", {', '.join(counts)} patients or examinations (ids below)" if counts else ""
    return (
        f"Scans in the layout {recipe.layout}, sequence {channels}; {_region(data.get('data.target'))}; split by patient"
        f" (seed {data.get('data.split_seed')}){parts}."
    )


def _sees_patches(settings: Mapping[str, object]) -> bool:
    name = str(settings.get("model.name"))
    return name in DESIGNS and DESIGNS[name].input == "3d"


def _region(target: object) -> str:
    return "all its regions, a channel each" if target == REGIONS else f"region {target}"


def _preparation(recipe: Recipe) -> str:
    data = recipe.settings
    size = data.get("data.image_size")
    normalised = str(data.get("data.normalise"))
    share = float(str(data.get("data.empty_slices", 1)))
    kept = (
        f"{100 * share:g} % of the training slices with fewer than {data.get('data.min_tumor_px')} "
        "foreground pixels were kept"
    )
    if _sees_patches(data):
        side = min(int(str(data.get("data.patch_size"))), int(str(size)))
        share = float(str(data.get("data.foreground")))
        kept = (
            f"the network saw patches of {data.get('data.patch_slices')} x {side} x {side} voxels, "
            f"{100 * share:g} % of them drawn to hold a target, and predicted overlapping tiles "
            "averaged with Gaussian weights"
        )
    plane, near = data.get("data.plane", "axial"), int(str(data.get("data.neighbours", 0)))
    slices = "Slices" if plane == "axial" else f"{str(plane).capitalize()} slices"
    with_near = f" and given with {near} neighbours on either side as channels" if near else ""
    return (
        f"{slices} were resampled to {size} x {size} pixels{with_near}; intensities: "
        f"{NORMALISED.get(normalised, normalised)}{_filters(recipe)}; {kept}."
    )


def _filters(recipe: Recipe) -> str:
    sigma, limit = recipe.settings.get("data.denoise"), recipe.settings.get("data.clahe")
    words = f", smoothed by a Gaussian of {_number(sigma)} pixels" if sigma else ""
    return words + (f", CLAHE with clip limit {_number(limit)}" if limit else "")


def _training(recipe: Recipe) -> str:
    one = recipe.settings
    steps = one.get("training.max_batches")
    read = "patches" if _sees_patches(one) else "slices"
    epoch = (
        f"every training {'patch' if _sees_patches(one) else 'slice'} once"
        if steps is None
        else f"at most {steps} steps"
    )
    return (
        f"Adam minimised the loss in batches of {one.get('training.batch_size')} {read} for at most "
        f"{one.get('training.epochs')} epochs of {epoch}, with an L2 penalty of "
        f"{_number(one.get('training.l2'))}{_l1(recipe)} ({one.get('training.l2_scope')}) "
        f"in {one.get('training.precision')}.{_course(recipe)}"
    )


def _l1(recipe: Recipe) -> str:
    l1 = recipe.settings.get("training.l1")
    return f" and an L1 penalty of {_number(l1)}" if l1 else ""


def _course(recipe: Recipe) -> str:
    """Return the planned course of the learning rate; empty where it stays as it is."""
    one = recipe.settings
    warmup, decay = one.get("training.warmup_epochs"), one.get("training.decay", "none")
    words = f" The learning rate rose over {warmup} epochs." if warmup else ""
    if decay not in (None, "none"):
        rate = f" by {_number(one.get('training.decay_rate'))}" if decay == "exponential" else ""
        words += f" It fell in each epoch{rate} ({decay} decay)."
    return words


def _stopping(recipe: Recipe) -> str:
    one = recipe.settings
    plateau, stop = one.get("training.plateau_patience"), one.get("training.stop_patience")
    words = []
    if plateau is not None:
        words.append(
            f"The learning rate was multiplied by {_number(one.get('training.plateau_factor'))} after "
            f"{plateau} epochs without a better validation Dice, down to "
            f"{_number(one.get('training.min_learning_rate'))}."
        )
    if stop is not None:
        words.append(f"Training stopped after {stop} epochs without a better validation Dice.")
    return " ".join([*words, "The weights of the epoch with the best validation Dice were kept."])


def _search(recipe: Recipe) -> str:
    if not recipe.space:
        return ""
    one = recipe.settings
    pruner = one.get("sweep.pruner", "none")
    early = "no trial was stopped early" if pruner == "none" else f"pruner {pruner}"
    ranges = "; ".join(f"{_meaning(key)} {_range(dim)}" for key, dim in recipe.space.items())
    return (
        f"{one.get('sweep.trials')} trials of the {one.get('sweep.sampler')} sampler "
        f"(seed {one.get('sweep.seed')}, {early}) searched {ranges}."
    )


def _chosen(recipe: Recipe) -> str:
    if not recipe.chosen:
        return ""
    values = (f"{_meaning(key)} {_number(value)}" for key, value in recipe.chosen.items())
    return f"Chosen: {'; '.join(values)}."


def _seeds(recipe: Recipe) -> str:
    seeds = ", ".join(map(str, recipe.seeds))
    return f"The chosen setting was trained again with seed{'s' if len(recipe.seeds) > 1 else ''} {seeds}."


def _made_with(recipe: Recipe) -> str:
    packages = ", ".join(
        f"{name} {text}" for name, text in recipe.versions.items() if name != "commit"
    )
    machine = recipe.machine
    where = ", ".join(filter(None, (machine.get("cpu"), machine.get("platform"))))
    if cores := machine.get("cores"):
        where += f", {cores} cores"
    said = [f"Trained with {packages}" if packages else "", f"on {where}" if where else ""]
    text = " ".join(filter(None, said))
    return f"{text}." if packages else ""


def _meaning(key: str) -> str:
    """Return a key with what it means in brackets, without the list of designs that have it."""
    meaning = re.sub(r" \([a-z_, ]+\)$", "", known_keys().get(key, ""))
    return f"{key} ({meaning})" if meaning else key


def _range(dimension: Mapping[str, object]) -> str:
    if "choices" in dimension:
        return f"among {_several(dimension['choices'])}"
    log = " on a log scale" if dimension.get("log") else ""
    step = f" in steps of {_number(dimension['step'])}" if "step" in dimension else ""
    return f"{_number(dimension.get('low'))} to {_number(dimension.get('high'))}{log}{step}"


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _several(values: object) -> str:
    return ", ".join(map(str, values)) if isinstance(values, list | tuple) else str(values)


def _table(recipe: Recipe) -> str:
    lines = [
        f"[{_key(recipe.name)}]",
        f"design = {_toml(recipe.design)}",
        f"seeds = {_toml(recipe.seeds)}",
    ]
    groups: dict[str, Mapping[str, object]] = {
        "settings": recipe.settings,
        "space": recipe.space,
        "chosen": recipe.chosen,
        "patients": recipe.patients,
        "versions": recipe.versions,
        "machine": recipe.machine,
    }
    lines += [
        f"{group}.{_key(key)} = {_toml(value)}"
        for group, values in groups.items()
        for key, value in values.items()
    ]
    if recipe.layout:
        lines.append(f"layout = {_toml(recipe.layout)}")
    if recipe.data:
        lines.append(f"data_fingerprint = {_toml(recipe.data)}")
    return "\n".join(lines)


def _key(text: str) -> str:
    return text if BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _toml(value: object) -> str:
    """Return a value as TOML writes it, every digit kept.

    >>> _toml({"low": 1e-05, "log": True}), _toml(("a", 1)), _toml(None)
    ('{low = 1e-05, log = true}', '["a", 1]', '"none"')
    """
    if value is None:
        return '"none"'
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(str(key))} = {_toml(item)}" for key, item in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)
