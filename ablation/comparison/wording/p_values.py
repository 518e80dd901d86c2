"""p-values as they are printed."""

from __future__ import annotations

from ablation.comparison.analysis.contrasts import Contrast
from ablation.statistics.corrections import CORRECTIONS


def p_text(p: float | None) -> str:
    """Return a p-value with three significant digits, never as 0.

    >>> p_text(0.0390625), p_text(0.5), p_text(0.00012), p_text(None)
    ('0.0391', '0.5', '<0.001', '')
    """
    if p is None:
        return ""
    return "<0.001" if p < 0.001 else f"{p:.3g}"


def p_relation(p: float | None) -> str:
    """Return a p-value as it stands behind the letter p; nothing for one that does not exist.

    >>> p_relation(0.0390625), p_relation(0.00012)
    ('= 0.0391', '< 0.001')
    """
    if p is None:
        return ""
    return "< 0.001" if p < 0.001 else f"= {p_text(p)}"


def p_label(contrast: Contrast) -> str:
    """Return what the p that decides is called; adjusted only where something was adjusted."""
    correction = CORRECTIONS[contrast.correction]
    return correction.p_label if contrast.family > 1 else "p"
