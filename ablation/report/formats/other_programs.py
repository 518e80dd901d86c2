"""Tests and probabilities as other programs print them, to check a published table."""

from __future__ import annotations

from collections.abc import Sequence

from ablation.comparison import Contrast, Ranking, p_text
from ablation.statistics.multiplicity import holm
from ablation.statistics.printed import false_claim

COLUMNS = (
    "metric",
    "design",
    "against",
    "n",
    "W",
    "V",
    "p exact",
    "p normal",
    "Holm of p normal",
    "p continuity",
    "p x m",
)


def friedman_text(ranking: Ranking) -> str:
    """Return Friedman's test with every number that papers give of it."""
    test = ranking.friedman
    f = " infinite" if test.f is None else f" = {test.f:.4g}"
    ranks = ", ".join(
        f"{name} {rank:.3g}" for name, rank in zip(ranking.designs, test.mean_ranks, strict=True)
    )
    return (
        f"Friedman over {test.n} patient{'' if test.n == 1 else 's'} and {test.k} designs: chi2({test.df}) = {test.chi2:.5g}, "
        f"p = {test.p_chi2:.3g} (corrected for ties, as scipy; uncorrected "
        f"{test.chi2_uncorrected:.5g}, p = {test.p_uncorrected:.3g}); Iman-Davenport F({test.df_f[0]}, {test.df_f[1]}){f}, "
        f"p = {test.p_f:.3g}; Kendall's W = {test.kendall_w:.3g}; mean ranks {ranks}."
    )


def false_claims(contrasts: Sequence[Contrast], most: int) -> str:
    """Return in a line how probable a false claim of the better mean is, as Claims Reloaded does.

    Args:
        contrasts: Of one metric and target.
        most: Comparisons that are listed; more are counted.

    Nothing where the differences do not vary.
    """
    known = [(c, p) for c in contrasts if (p := false_claim(c.d)) is not None]
    if not known:
        return ""
    listed = [f"{' over '.join(_better_first(c))} {p_text(p)}" for c, p in known[:most]]
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return f"Probability of a false claim (Claims Reloaded): {', '.join(listed)}{more}."


def _better_first(contrast: Contrast) -> tuple[str, str]:
    """The design with the better mean, then the other."""
    pair = (contrast.candidate, contrast.reference)
    return pair if contrast.of_weights.ahead.mean >= 0 else pair[::-1]


def wilcoxon_rows(label: str, contrasts: Sequence[Contrast]) -> list[tuple[str, ...]]:
    """Return rows below COLUMNS: rank sums, and p by the methods other programs choose from.

    Args:
        label: The metric.
        contrasts: One family: Holm's p is over all of them.
    """
    stepped = zip(contrasts, _holm(contrasts), strict=True)
    return [_cells(label, contrast, p) for contrast, p in stepped]


def _holm(contrasts: Sequence[Contrast]) -> tuple[float, ...]:
    return holm([contrast.printed.p_normal for contrast in contrasts])


def _cells(label: str, contrast: Contrast, stepped: float) -> tuple[str, ...]:
    found = contrast.printed
    exact = "" if found.p_exact is None else f"{found.p_exact:.3g}"
    best = found.p_normal if found.p_exact is None else found.p_exact
    return (
        label,
        contrast.candidate,
        contrast.reference,
        str(found.n),
        f"{found.statistic:.10g}",
        f"{found.v:.10g}",
        exact,
        f"{found.p_normal:.3g}",
        f"{stepped:.3g}",
        f"{found.p_continuity:.3g}",
        f"{min(1.0, contrast.family * best):.3g}",
    )


def wilcoxon_texts(contrasts: Sequence[Contrast]) -> list[str]:
    """Return the test of each comparison of a family in a line."""
    return [
        _text(contrast, p, len(contrasts))
        for contrast, p in zip(contrasts, _holm(contrasts), strict=True)
    ]


def _text(contrast: Contrast, stepped: float, family: int) -> str:
    found = contrast.printed
    holm_p = f", Holm of {family} {stepped:.3g}" if family > 1 else ""
    exact = "" if found.p_exact is None else f"; {found.p_exact:.3g} exact"
    return (
        f"{contrast.candidate} vs {contrast.reference}: n = {found.n}, W = {found.statistic:.10g}, "
        f"p = {found.p_normal:.3g} normal{holm_p}; {found.p_continuity:.3g} with continuity "
        f"correction{exact}"
    )
