"""How a 95 % Hausdorff distance can be computed; the numbers differ and must not be mixed."""

from __future__ import annotations

from dataclasses import dataclass

from ablation.plugins import Registry


@dataclass(frozen=True, slots=True)
class Hd95Method:
    """A definition of HD95."""

    name: str
    """As in per-case tables' facts and behind --assume-hd95-method."""
    sentence: str
    """What it is, in words."""
    programs: tuple[str, ...]
    """Programs that compute it so."""


HD95_METHODS: Registry[Hd95Method] = Registry(
    "HD95 method",
    [
        Hd95Method(
            "directed_max",
            "the larger of the two directed 95th percentiles of surface distances",
            ("MONAI", "MetricsReloaded"),
        ),
        Hd95Method(
            "pooled",
            "the 95th percentile of both directions' surface distances together",
            ("MedPy", "nnU-Net v1"),
        ),
        Hd95Method(
            "surfel",
            "the larger of the two directed 95th percentiles, surface elements weighted by area",
            ("DeepMind's surface-distance", "BraTS"),
        ),
    ],
)


def name_it() -> str:
    """Return the hint for whoever has HD95 of an unknown kind.

    >>> name_it().partition(", ")[0]
    'Name it: --assume-hd95-method directed_max (MONAI)'
    """
    *others, last = (f"{one.name} ({one.programs[0]})" for one in HD95_METHODS.values())
    return f"Name it: --assume-hd95-method {', '.join(others)} or {last}."
