"""The one kind of registry: entries of a plug-in point by name, in the order they were added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TypeVar

from ablation.errors import UsageError, nearest


class Named(Protocol):
    """What every entry has."""

    @property
    def name(self) -> str:
        """The name users write."""
        ...


Entry = TypeVar("Entry", bound=Named)


class Registry(Mapping[str, Entry]):
    """The entries of one plug-in point; reading one that does not exist names the nearest.

    Args:
        point: What an entry is called in messages, as in "loss".
        entries: Those that come with the program.

    Example:
        >>> from types import SimpleNamespace
        >>> losses = Registry("loss", [SimpleNamespace(name="dice")])
        >>> with losses.having(SimpleNamespace(name="mine")):
        ...     list(losses)
        ['dice', 'mine']
        >>> list(losses)
        ['dice']
    """

    def __init__(self, point: str, entries: Iterable[Entry] = ()) -> None:
        self.point = point
        self._entries: dict[str, Entry] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Register an entry under its name.

        Raises:
            UsageError: The name is taken.
        """
        if entry.name in self._entries:
            raise UsageError(
                f"{self.point} {entry.name} exists already", hint="Give the new one another name."
            )
        self._entries[entry.name] = entry

    @contextmanager
    def having(self, *entries: Entry) -> Iterator[None]:
        """Register entries, in place of those of the same name, until the block ends."""
        before = dict(self._entries)
        self._entries.update({entry.name: entry for entry in entries})
        try:
            yield
        finally:
            self._entries.clear()
            self._entries.update(before)

    def find(self, name: str) -> Entry:
        """Return the entry called `name`.

        Raises:
            UsageError: There is none; the message names the nearest.
        """
        if name not in self._entries:
            raise UsageError(f"unknown {self.point} {name!r}", hint=nearest(name, self))
        return self._entries[name]

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
