"""Friedman's and Wilcoxon's tests as other programs print them, to check a published table."""

from __future__ import annotations

from ablation.comparison import Contrast, Ranking

COLUMNS = (
    "metric",
    "design",
    "against",
    "n",
    "W",
    "V",
    "p exact",
    "p normal",
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
        f"p = {test.p_chi2:.3g}; Iman-Davenport F({test.df_f[0]}, {test.df_f[1]}){f}, "
        f"p = {test.p_f:.3g}; Kendall's W = {test.kendall_w:.3g}; mean ranks {ranks}."
    )


def wilcoxon_cells(label: str, contrast: Contrast) -> tuple[str, ...]:
    """Return the cells below COLUMNS: rank sums, and p by the methods other programs choose from."""
    found = contrast.printed
    exact = "" if found.p_exact is None else f"{found.p_exact:.3g}"
    best = found.p_normal if found.p_exact is None else found.p_exact
    return (
        label,
        contrast.candidate,
        contrast.reference,
        str(found.n),
        f"{found.statistic:g}",
        f"{found.v:g}",
        exact,
        f"{found.p_normal:.3g}",
        f"{found.p_continuity:.3g}",
        f"{min(1.0, contrast.family * best):.3g}",
    )


def wilcoxon_text(contrast: Contrast) -> str:
    """Return the test of one comparison in a line."""
    found = contrast.printed
    exact = "" if found.p_exact is None else f"{found.p_exact:.3g} exact, "
    return (
        f"{contrast.candidate} vs {contrast.reference}: n = {found.n}, W = {found.statistic:g}, "
        f"p = {exact}{found.p_normal:.3g} normal"
    )
