"""What weakens a result is said, the most severe first, and nothing where nothing does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ablation.comparison import Design, compare
from ablation.config.sections import ComparisonConfig

BASE = np.linspace(0.4, 0.8, 12)
GAIN = np.array([0.02, 0.03, 0.01, 0.02, 0.03, 0.025, 0.015, 0.02, 0.004, 0.011, 0.018, 0.009])
DICE = ComparisonConfig(secondary=())


def said(designs, settings=DICE) -> list[tuple[str, str]]:
    return [(one.colour, one.text) for one in compare(designs, settings).cautions]


@pytest.fixture
def thrice(table):
    """Three trainings whose means hardly differ."""
    return lambda values: [table(values + shift) for shift in (-0.001, 0.0, 0.001)]


def test_nothing_is_said_where_nothing_weakens_the_result(design, thrice):
    designs = [design("a", *thrice(BASE + GAIN)), design("b", *thrice(BASE))]
    assert said(designs) == []


def test_the_most_severe_comes_first(design, table):
    missed = np.where(np.arange(12) == 3, 0.0, BASE)
    designs = [
        design("a", BASE + GAIN, trials=50),
        design("b", table(missed, {3: "missed"}), epochs_used=9, selected_on=None),
    ]
    colours = [colour for colour, _ in said(designs)]
    assert colours == sorted(colours, key=("red", "amber", "grey").index)
    assert set(colours) == {"red", "amber", "grey"}


def test_unequal_budgets_are_red(design):
    red = said([design("a", BASE + GAIN, trials=50), design("b", BASE)])[0]
    assert red == (
        "red",
        (
            "Trials allowed: a 50, b 20; unequal budget: the difference may reflect training or tuning, "
            "not the design."
        ),
    )


def test_equal_values_stand_together(design):
    designs = [design(n, BASE + i * GAIN, trials=t) for i, (n, t) in enumerate(zip("abc", (20, 50, 20), strict=True))]  # fmt: skip
    assert said(designs)[0][1].startswith("Trials allowed: a and c 20, b 50;")


def test_selection_on_test_patients_is_red(design):
    designs = [design("a", BASE + GAIN, selected_on="test"), design("b", BASE)]
    assert said(designs)[0] == (
        "red",
        (
            "Settings chosen on: a test, b validation; chosen on test patients: these scores are "
            "optimistic."
        ),
    )


def test_missed_tumours_are_counted_for_each_design(design, table):
    missed = table(np.where(np.arange(12) < 2, 0.0, BASE), {0: "missed", 1: "missed"})
    assert ("amber", "Missed tumours: a 0 of 12, b 2 of 12.") in said(
        [design("a", BASE), design("b", missed)]
    )
    found = BASE[2:].mean() / 12
    one_more = f"One more missed case would lower the mean Dice of b by {found:.3f} (12 patients)."
    assert ("amber", one_more) in said([design("a", BASE), design("b", missed)])
    twice = said([design("a", BASE), design("b", missed, missed)])
    assert ("amber", "Missed tumours over all trainings: a 0 of 12, b 4 of 24.") in twice


def test_one_patient_who_decides_is_named(design):
    steps = np.array([-0.30, *[0.02] * 11])
    texts = [text for _, text in said([design("a", BASE + steps), design("b", BASE)])]
    assert "One patient decides who has the better mean: a against b without p0." in texts
    unsettled = np.array([-0.10, *[0.02, -0.011] * 5, 0.04])
    texts = [text for _, text in said([design("a", BASE + unsettled), design("b", BASE)])]
    assert not any("decides" in text for text in texts)  # nothing is concluded from that mean


def test_trainings(design, thrice):
    once = [text for _, text in said([design("a", BASE + GAIN), design("b", BASE)])]
    assert once == ["One training run per design: conclusions are about these weights."]
    mixed = [text for _, text in said([design("a", *thrice(BASE + GAIN)), design("b", BASE)])]
    assert "Trained once: b; conclusions are about its weights." in mixed


def test_other_differences_are_one_line(design):
    designs = [
        design("a", BASE + GAIN, epochs_used=9, precision="mixed_float16"),
        design("b", BASE),
    ]
    amber = [text for colour, text in said(designs) if colour == "amber"]
    assert (
        "Not the same for all designs: epochs used in the final (a 9, b 12); "
        "precision (a mixed_float16, b float32)." in amber
    )


def test_what_an_import_does_not_state_is_grey(design, table):
    designs = [design("a", BASE + GAIN), Design("nnunet", (table(BASE),))]
    assert said(designs)[-1] == (
        "grey",
        (
            "Not stated for nnunet: trials allowed, epochs allowed in a trial, settings searched over, "
            "settings chosen on."
        ),
    )


def test_a_late_margin_is_said(design):
    designs = [design(n, BASE + g, planned_margin={}) for n, g in (("a", GAIN), ("b", 0))]
    texts = [text for _, text in said(designs, ComparisonConfig(margin={"dice": 0.02}))]
    assert "The margin (dice 0.02) was chosen after the results were seen." in texts


def test_one_design_is_cautioned_too(design):
    assert said([design("a", [0.5, 0.6])]) == [
        ("amber", "Very small test set: 2 patients."),
        ("amber", "One training run per design: conclusions are about these weights."),
    ]


def test_many_comparisons_are_counted_not_listed(design):
    designs = [design(f"d{i}", BASE) for i in range(8)]
    identical = next(text for _, text in said(designs) if text.startswith("Identical"))
    assert identical.endswith("d0 against d1, d0 against d2, d0 against d3 and 25 more.")


@pytest.mark.parametrize("sign", [1, -1])
def test_skewed_differences_weaken_a_margin(design, sign):
    base = np.linspace(0.4, 0.6, 45)
    d = np.linspace(-0.02, 0.02, 45)
    lost = d.copy()
    lost[7] = sign * 0.3
    settings = ComparisonConfig(secondary=(), margin={"dice": 0.05})
    even = compare([design("a", base + d), design("b", base)], settings)
    skewed = compare([design("a", base + lost), design("b", base)], settings)
    assert not any("tests against the margin" in one.text for one in even.cautions)
    (found,) = (one for one in skewed.cautions if "tests against the margin" in one.text)
    expected = stats.skew(skewed.primary.contrasts[0].d, bias=False)
    assert found.colour == "amber"
    assert f"a against b (skewness {expected:.1f}, p7 {sign * 0.3:+.3f})" in found.text
    none = compare([design("a", base + lost), design("b", base)], ComparisonConfig(secondary=()))
    assert not any("the margin" in one.text for one in none.cautions)
