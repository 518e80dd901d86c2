"""What each design was given: trials, epochs, seconds, settings, on which patients.

facts.py  the facts, each with its label and what has to hold between designs
tags.py   the facts as tags of a run, both ways
"""

from ablation.fairness.facts import FACTS, FairnessFacts, Parity, merged
from ablation.fairness.tags import from_tags, to_tags

__all__ = ["FACTS", "FairnessFacts", "Parity", "from_tags", "merged", "to_tags"]
