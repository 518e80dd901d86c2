"""Words that messages share: a count with its noun, and what a key asks of its value."""

from __future__ import annotations


def counted(number: int, noun: str = "patient") -> str:
    """Return a number with its noun.

    >>> counted(1), counted(0), counted(2780, "fault")
    ('1 patient', '0 patients', '2,780 faults')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def demanded(message: str) -> str:
    """Return pydantic's sentence on a value in the words of our messages.

    >>> demanded("Input should be greater than or equal to 1")
    'must be greater than or equal to 1'
    >>> demanded("Value error, no patient is left")
    'no patient is left'
    """
    return message.removeprefix("Value error, ").replace("Input should be", "must be")
