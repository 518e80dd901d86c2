"""Whose examinations they are: those of one person are never parted, and count as one patient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Mapping

from ablation.data.facts import PatientFacts


def persons_of(
    facts: Mapping[str, PatientFacts], kept: Container[str], person_of: Callable[[str], str]
) -> dict[str, str]:
    """Return the id of the person of each examination that is kept.

    A person with one labelled examination goes by its name, as where no person has several.

    Args:
        facts: Of all readable examinations, by name. Two with the same images are of one person.
        kept: Names of those that are used.
        person_of: What the names of one person's examinations share.
    """
    together: dict[str, list[str]] = defaultdict(list)
    for name, person in _linked(facts, person_of).items():
        if name in kept:
            together[person].append(name)
    persons: dict[str, str] = {}
    for person, names in together.items():
        counting = [name for name in names if facts[name].labelled] or names
        persons |= dict.fromkeys(names, person if len(counting) > 1 else counting[0])
    return persons


def names_of(
    facts: Mapping[str, PatientFacts], person_of: Callable[[str], str]
) -> dict[str, frozenset[str]]:
    """Return, for each examination, the names of all examinations of its person.

    Args:
        facts: Of all readable examinations, by name. Two with the same images are of one person.
        person_of: What the names of one person's examinations share.
    """
    whose = _linked(facts, person_of)
    together: dict[str, set[str]] = defaultdict(set)
    for name, person in whose.items():
        together[person].add(name)
    return {name: frozenset(together[person]) for name, person in whose.items()}


def _linked(
    facts: Mapping[str, PatientFacts], person_of: Callable[[str], str]
) -> Mapping[str, str]:
    """Return the person of each name; who has the same images under two names is one person."""
    whose = {name: person_of(name) for name in facts}
    first: dict[str, str] = {}
    for name, one in facts.items():
        if one.blank:
            continue
        known, other = whose[first.setdefault(one.raw_hash, name)], whose[name]
        if known != other:
            whose = {n: known if person == other else person for n, person in whose.items()}
    return whose
