"""The leakage guard: who among other scans is a person that a run was trained or tuned on."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ablation.data import Dataset, PatientFacts


def unseen(other: Dataset, own: Dataset, seen: Collection[str]) -> tuple[PatientFacts, ...]:
    """Return the labelled patients of other scans whom a run has not seen.

    A person is recognised by the rule of either layout, applied to the names in the files whatever
    `data.ids` is, and by the images. Who is known by one examination is left out with all.

    Args:
        other: The other scans.
        own: The scans of the run.
        seen: Ids of its training and validation patients.
    """
    persons = own.persons(seen)
    known = [facts for facts in own.patients if facts.person in persons]
    images = {facts.raw_hash for facts in known}
    whose = _by_rules(_names(known, own), own, other)
    left_out = {
        facts.person
        for facts in other.patients
        if facts.raw_hash in images or whose & _by_rules(_names([facts], other), own, other)
    }
    return tuple(
        facts for facts in other.patients if facts.labelled and facts.person not in left_out
    )


def _names(patients: Iterable[PatientFacts], dataset: Dataset) -> set[str]:
    return {name for facts in patients for name in dataset.names[facts.id]}


def _by_rules(names: Collection[str], *datasets: Dataset) -> set[tuple[str, str]]:
    """Return the persons of these names under the rule of each data set's layout."""
    rules = {dataset.name: dataset.reader.person for dataset in datasets}
    return {(layout, person(name)) for layout, person in rules.items() for name in names}
