"""Which design is better on the same patients: per-case tables in, one frozen result out.

tables/         which rows are compared
  align.py        the designs' tables, checked against each other; missing.py  cases one lacks
  folds.py        out-of-fold scores of cross-validation; settings.py  settings that name nothing
analysis/       the numbers
  contrasts.py    one value per patient; summaries, differences, tests
  planned.py      the planned test; recipes.py  that of several trainings or folds
  relevance.py    the size that matters
  empties.py      missed and absent tumours; sizes.py  how large and how many the tumours are
  ranks.py        three designs or more; sensitivity.py  what other choices would have given
  ledger.py       what is unfair; validation.py  scores where settings were chosen
  notable.py      patients worth a look
wording/        the sentences
  verdict.py      the result; margin_words.py  against the size that matters
  recipe_words.py recipes and these weights
  cautions.py     what weakens the result, the most severe first
  late.py         what was chosen after the results were seen; notes.py  counts and conditions
  p_values.py     as they are printed
result.py       compare(): all of it
frame.py        its table, unrounded; rules.py  what a user asks for on top of what was planned

Imports go one way: wording, analysis, tables.
"""

from ablation.comparison.analysis.contrasts import (
    MEAN_OF_TARGETS,
    Analysis,
    Contrast,
    Summary,
)
from ablation.comparison.analysis.empties import Detection, DetectionContrast
from ablation.comparison.analysis.ledger import LedgerRow
from ablation.comparison.analysis.ranks import Ranking
from ablation.comparison.analysis.relevance import Relevance
from ablation.comparison.analysis.sensitivity import Check, CheckRow, PolicyRow
from ablation.comparison.analysis.sizes import Lesions, SizeEffect, Sizes, Stratum
from ablation.comparison.analysis.validation import Validation
from ablation.comparison.result import Comparison, compare
from ablation.comparison.rules import Rules, split_names, with_rules
from ablation.comparison.tables.align import Design, with_target
from ablation.comparison.tables.folds import CROSS_VALIDATED, protocol
from ablation.comparison.wording.cautions import MARKS, Caution, most_severe_first
from ablation.comparison.wording.p_values import p_relation, p_text
from ablation.comparison.wording.verdict import Verdict

__all__ = [
    "CROSS_VALIDATED",
    "MARKS",
    "MEAN_OF_TARGETS",
    "Analysis",
    "Caution",
    "Check",
    "CheckRow",
    "Comparison",
    "Contrast",
    "Design",
    "Detection",
    "DetectionContrast",
    "LedgerRow",
    "Lesions",
    "PolicyRow",
    "Ranking",
    "Relevance",
    "Rules",
    "SizeEffect",
    "Sizes",
    "Stratum",
    "Summary",
    "Validation",
    "Verdict",
    "compare",
    "most_severe_first",
    "p_relation",
    "p_text",
    "protocol",
    "split_names",
    "with_rules",
    "with_target",
]
