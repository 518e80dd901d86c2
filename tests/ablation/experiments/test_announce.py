"""What a sweep says of the data: each warning once, and none about sequences nobody looks at."""

from __future__ import annotations

import doctest

from ablation.data.findings import Finding
from ablation.experiments import announce
from ablation.experiments.announce import findings_text

LACKING = "post equals flair in every slice: this sequence was not acquired"


def lacking(patient: str) -> Finding:
    return Finding("warning", patient, LACKING, patient, sequence="post")


def test_a_warning_is_said_once_for_all_it_concerns() -> None:
    found = [
        *(lacking(f"P{number}") for number in range(5)),
        Finding("warning", "P9", "no slice 3"),
    ]
    assert findings_text(found, ["flair", "post"]) == [
        f"warning: P0, P1, P2 and 2 more: {LACKING}",
        "warning: P9: no slice 3",
    ]


def test_a_sequence_that_is_not_used_gives_no_warning() -> None:
    assert findings_text([lacking("P1")], ["flair"]) == []


def test_an_error_is_always_said() -> None:
    broken = Finding("error", "P1", "cannot be read", "P1", sequence="post")
    assert findings_text([broken], ["flair"]) == ["error: P1: cannot be read"]


def test_examples() -> None:
    assert doctest.testmod(announce).failed == 0
