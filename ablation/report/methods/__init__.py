"""What was done, as a paragraph for a paper, from the settings that were used.

training.py    how designs were tuned and trained, on whom they were tested
recipe.py      what repeats the trainings of a sweep, in sentences and as TOML
scores.py      what was measured, and what empty masks and missing cases count
testing.py     what was estimated and tested, and adjusted for what
references.py  the sources, cited by key as [@key] (pandoc, Quarto)
"""

from __future__ import annotations

from importlib.metadata import version

from ablation.comparison import Comparison
from ablation.report.methods.recipe import data_sentences, settings
from ablation.report.methods.references import bibliography
from ablation.report.methods.scores import scores
from ablation.report.methods.testing import testing
from ablation.report.methods.training import training
from ablation.report.source import Source
from tracking.schema import own_version

__all__ = ["bibliography", "data_sentences", "methods", "methods_file", "settings"]

SOFTWARE = ("numpy", "scipy", "pandas")


def methods_file(comparison: Comparison, source: Source) -> str:
    """Return the text of methods.txt: the paragraph, and below it the settings of every training."""
    parts = (methods(comparison, source), settings(source.material.recipes))
    return "\n\n".join(filter(None, parts)).rstrip("\n") + "\n"


def methods(comparison: Comparison, source: Source) -> str:
    """Return the methods paragraph of this comparison; `bibliography` has what it cites."""
    sentences = [*training(comparison, source), *scores(comparison), *testing(comparison)]
    return " ".join([*sentences, _software()])


def _software() -> str:
    libraries = [f"{name} {version(name)}" for name in SOFTWARE]
    versions = ", ".join([f"ablate {own_version()}", *libraries])
    return f"Computed with {versions} [@harris2020; @virtanen2020]."
