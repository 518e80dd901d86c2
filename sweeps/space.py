"""Search spaces: what a sweep may vary, as plain values that can be written, read and compared."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from sweeps.errors import SweepError

Choice = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Float:
    """A number from low to high, both included."""

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def __str__(self) -> str:
        return _range_text(self.low, self.high, log=self.log, step=self.step)


@dataclass(frozen=True, slots=True)
class Int:
    """A whole number from low to high, both included."""

    low: int
    high: int
    log: bool = False
    step: int = 1

    def __str__(self) -> str:
        step = None if self.step == 1 else self.step
        return "whole " + _range_text(self.low, self.high, log=self.log, step=step)


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of the choices."""

    choices: tuple[Choice, ...]

    def __str__(self) -> str:
        return " | ".join(json.dumps(choice) for choice in self.choices)


Dimension = Float | Int | Categorical
Space = Mapping[str, Dimension]


def _range_text(low: float, high: float, *, log: bool, step: float | None) -> str:
    scale = ", log scale" if log else ""
    grid = f", step {_short(step)}" if step is not None else ""
    return f"{_short(low)} to {_short(high)}{scale}{grid}"


def _short(number: float) -> str:
    """Return the number without a needless .0, but never rounded: studies are compared by it."""
    return f"{number:g}" if float(f"{number:g}") == number else repr(number)


def parse_dimension(name: str, table: Mapping[str, object]) -> Dimension:
    """Read one dimension as it stands in a configuration file.

    `choices = [...]` makes it categorical, `type = "int"` whole numbers, otherwise it is a number.

    Raises:
        SweepError: A key, bound or choice that does not fit, named with the dimension.

    >>> parse_dimension("learning_rate", {"low": 1e-5, "high": 1e-2, "log": True})
    Float(low=1e-05, high=0.01, log=True, step=None)
    >>> parse_dimension("model.name", {"choices": ["unet", "resupnet"]})
    Categorical(choices=('unet', 'resupnet'))
    """
    if "choices" in table:
        _only(name, table, {"choices"})
        return _categorical(name, table["choices"])
    _only(name, table, {"type", "low", "high", "log", "step"})
    kind = table.get("type", "float")
    if kind not in ("float", "int"):
        raise SweepError(f"space.{name}: type {kind!r}", hint='Known: "float", "int".')
    low, high = (_number(name, key, table.get(key)) for key in ("low", "high"))
    step = None if table.get("step") is None else _number(name, "step", table["step"])
    log = table.get("log", False)
    if not isinstance(log, bool):
        raise SweepError(f"space.{name}: log = {log!r}", hint="Write log = true or false.")
    _check_range(name, low, high, log=log, step=step)
    if kind == "float":
        return Float(low, high, log, step)
    if any(not value.is_integer() for value in (low, high, step or 1.0)):
        raise SweepError(f"space.{name}: bounds and step of an int must be whole numbers")
    return Int(int(low), int(high), log, int(step or 1))


def parse_space(tables: Mapping[str, Mapping[str, object]]) -> Space:
    """Read all dimensions; every fault is named in one SweepError."""
    space: dict[str, Dimension] = {}
    faults: list[SweepError] = []
    for name, table in tables.items():
        try:
            space[name] = parse_dimension(name, table)
        except SweepError as fault:
            faults.append(fault)
    if faults:
        hints = [fault.hint for fault in faults if fault.hint]
        raise SweepError("; ".join(fault.message for fault in faults), hint=" ".join(hints))
    return space


def _only(name: str, table: Mapping[str, object], known: set[str]) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise SweepError(
            f"space.{name}: unknown {', '.join(unknown)}",
            hint=f"Known here: {', '.join(sorted(known))}.",
        )


def _number(name: str, key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise SweepError(f"space.{name}: {key} = {value!r}", hint=f"{key} must be a number.")
    return float(value)


def _check_range(name: str, low: float, high: float, *, log: bool, step: float | None) -> None:
    if low > high:
        raise SweepError(f"space.{name}: low {low:g} is above high {high:g}")
    if log and low <= 0:
        raise SweepError(f"space.{name}: low {low:g} on a log scale", hint="low must be above 0.")
    if step is None:
        return
    if log:
        raise SweepError(f"space.{name}: log and step exclude each other")
    # Optuna would lower `high` to the last multiple with a warning: the asked range is not searched.
    count = (high - low) / step if step > 0 else math.nan
    if not math.isclose(count, round(count) if step > 0 else 0.0, abs_tol=1e-8):
        raise SweepError(
            f"space.{name}: step {step:g} does not lead from {low:g} to {high:g}",
            hint="Choose high = low + a whole number of steps.",
        )


def _categorical(name: str, choices: object) -> Categorical:
    if not isinstance(choices, list | tuple) or not choices:
        raise SweepError(f"space.{name}: choices = {choices!r}", hint="Give a list of values.")
    wrong = [c for c in choices if not (c is None or isinstance(c, str | int | float | bool))]
    # 1 and True, or 1 and 1.0, are one choice to Optuna and to a reader of the table.
    if wrong or len(set(choices)) < len(choices):
        raise SweepError(
            f"space.{name}: choices = {list(choices)!r}",
            hint="Each choice once; text, numbers, true and false.",
        )
    return Categorical(tuple(choices))


def to_json(space: Space) -> str:
    """Return the space as JSON with sorted names; from_json reads it back."""
    rows = {name: {"kind": type(d).__name__, **asdict(d)} for name, d in space.items()}
    return json.dumps(rows, sort_keys=True)


def from_json(text: str) -> Space:
    """Return the space written by to_json."""
    space: dict[str, Dimension] = {}
    for name, row in json.loads(text).items():
        kind = row.pop("kind")
        if kind == "Categorical":
            space[name] = Categorical(tuple(row["choices"]))
        else:
            space[name] = Float(**row) if kind == "Float" else Int(**row)
    return space


def describe(space: Space) -> list[tuple[str, str]]:
    """Return (name, range in words) of each dimension, by name.

    >>> describe({"dropout": Float(0.0, 0.5)})
    [('dropout', '0 to 0.5')]
    """
    return [(name, str(space[name])) for name in sorted(space)]


def size(space: Space) -> int | None:
    """Return how many settings the space holds; None when a dimension is continuous.

    >>> size({"depth": Int(2, 4), "skips": Categorical((True, False))})
    6
    """
    total = 1
    for dimension in space.values():
        count = _count(dimension)
        if count is None:
            return None
        total *= count
    return total


def _count(dimension: Dimension) -> int | None:
    match dimension:
        case Categorical(choices):
            return len(choices)
        case Int(low, high, _, step):
            return (high - low) // step + 1
        case Float(low, high, _, step):
            if step is None:
                return 1 if low == high else None
            return round((high - low) / step) + 1


def distribution(dimension: Dimension) -> BaseDistribution:
    """Return the dimension in Optuna's words."""
    match dimension:
        case Categorical(choices):
            return CategoricalDistribution(choices)
        case Int(low, high, log, step):
            return IntDistribution(low, high, log=log, step=step)
        case Float(low, high, log, step):
            return FloatDistribution(low, high, log=log, step=step)


def only_value(dimension: Dimension) -> Choice:
    """Return the first value of a dimension; the only one where it has a single value."""
    return dimension.choices[0] if isinstance(dimension, Categorical) else dimension.low
