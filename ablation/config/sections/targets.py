"""Targets and their labels, as text of a command or as a table of a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator

from ablation.errors import UsageError

Labels = tuple[int, ...]


def parse_targets(text: str, key: str, hint: str) -> dict[str, Labels]:
    """Read targets and their labels.

    Args:
        text: As in the examples.
        key: What the text is the value of, for the error.
        hint: What the error says should be written.

    Raises:
        UsageError: A part that is neither a target nor a label, or a target that is given twice.

    >>> parse_targets("WT=1,2,4;TC=1,4;ET=4", "--labels", "")
    {'WT': (1, 2, 4), 'TC': (1, 4), 'ET': (4,)}
    >>> parse_targets("ET=0, TC=1, WT=2", "--labels", "")
    {'ET': (0,), 'TC': (1,), 'WT': (2,)}
    """
    found: dict[str, list[int]] = {}
    name = ""
    for part in re.split(r"[;,\s]+", text.strip().strip(";,")):
        before, is_target, number = part.rpartition("=")
        if is_target:
            name = before
        if not name or not number.isdecimal() or (is_target and name in found):
            raise UsageError(f"{key} {text!r}: cannot read {part!r}", hint=hint)
        found.setdefault(name, []).append(int(number))
    return {target: tuple(numbers) for target, numbers in found.items()}


def _checked(value: object) -> object:
    """Return targets as a table, from text or from a table with single numbers or lists."""
    if value is None:
        return {}
    if isinstance(value, str):
        try:
            value = parse_targets(value, "", "")
        except UsageError as error:
            raise ValueError(f"{error.message.strip()}; write 'WT=1,2,4;ET=4'") from error
    if not isinstance(value, Mapping):
        raise ValueError("targets and their labels are wanted, such as 'WT=1,2,4;ET=4'")  # noqa: TRY004 - pydantic reports it
    table = {name: [one] if isinstance(one, int) else one for name, one in value.items()}
    for name, labels in table.items():
        numbers = labels if isinstance(labels, (list, tuple)) else ()
        if not numbers or not all(isinstance(n, int) and 1 <= n <= 255 for n in numbers):
            raise ValueError(f"{name} = {labels!r}: labels are whole numbers from 1 to 255")
    return table


Targets = Annotated[dict[str, Labels], BeforeValidator(_checked)]
