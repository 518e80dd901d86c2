from __future__ import annotations

from ablation.comparison import compare
from ablation.comparison.analysis.notable import Seen, notable
from ablation.config.sections import ComparisonConfig

SETTINGS = ComparisonConfig(secondary=())


def found(designs, patients=None, seen=(), settings=SETTINGS):
    comparison = compare(designs, settings)
    known = set(comparison.primary.patients) if patients is None else patients
    return [(one.patient, one.kind, one.why) for one in notable(comparison.primary, known, seen)]


def test_two_designs(design):
    a = design("a", [0.9, 0.2, 0.7, 0.5])
    b = design("b", [0.8, 0.3, 0.3, 0.9])
    assert found([a, b]) == [
        ("p1", "tumour", "worst mean Dice"),
        ("p2", "tumour", "largest lead of a in Dice"),
        ("p3", "tumour", "largest lead of b in Dice"),
        ("p0", "tumour", "best mean Dice"),
    ]


def test_a_distance_is_better_when_small(design, table):
    a, b = (
        design(name, table([0.5, 0.5, 0.5], hd95=values))
        for name, values in (("a", [3.0, 20.0, 9.0]), ("b", [5.0, 30.0, 2.0]))
    )
    settings = ComparisonConfig(metric="hd95", secondary=())
    assert found([a, b], settings=settings) == [
        ("p1", "tumour", "worst mean HD95; largest lead of a in HD95"),
        ("p2", "tumour", "largest lead of b in HD95"),
        ("p0", "tumour", "best mean HD95"),
    ]


def test_one_patient_has_all_the_reasons_once(design):
    assert found([design("a", [0.5]), design("b", [0.4])]) == [
        ("p0", "tumour", "worst mean Dice; largest lead of a in Dice")
    ]
    assert found([design("a", [0.5, 0.7])]) == [
        ("p0", "tumour", "worst Dice"),
        ("p1", "tumour", "best Dice"),
    ]


def test_equal_designs_lead_nowhere(design):
    same = [0.5, 0.7, 0.6]
    reasons = [why for _, _, why in found([design("a", same), design("b", same)])]
    assert reasons == ["worst mean Dice", "best mean Dice"]


def test_three_designs_show_where_they_differ(design):
    designs = [
        design(name, scores)
        for name, scores in (("a", [0.1, 0.5, 0.9]), ("b", [0.2, 0.9, 0.9]), ("c", [0.3, 0.6, 0.8]))
    ]
    assert [why for _, _, why in found(designs)] == [
        "worst mean Dice",
        "designs differ most in Dice",
        "best mean Dice",
    ]
    assert found(designs)[1][0] == "p1"


def test_only_patients_with_pictures_and_the_worst_false_alarm(design):
    a, b = design("a", [0.9, 0.2, 0.7]), design("b", [0.8, 0.3, 0.6])
    seen = [Seen("a", "p2", 40), Seen("b", "p9", 41), Seen("b", "p2", 41)]
    chosen = found([a, b], {"p0", "p2"}, seen)
    assert [patient for patient, kind, _ in chosen if kind == "tumour"] == ["p2", "p0"]
    assert chosen[2] == (
        "p2",
        "false_alarm",
        "largest false alarm on a slice without tumour (b)",
    )
    assert found([a, b], set(), seen[:1]) == [
        ("p2", "false_alarm", "largest false alarm on a slice without tumour (a)")
    ]
    assert found([a, b], set()) == []
