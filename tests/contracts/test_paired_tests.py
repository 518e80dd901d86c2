"""What every paired test keeps, whoever wrote it, and where it appears once it is registered."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

from ablation.cli.app import app
from ablation.comparison import Check, Comparison, Design, compare
from ablation.comparison.rules import Rules, with_rules
from ablation.config.sections import ComparisonConfig
from ablation.errors import UsageError
from ablation.report import Source
from ablation.report.formats.tables import to_csv, to_json
from ablation.report.methods import bibliography, methods
from ablation.statistics.median import median_interval
from ablation.statistics.paired_tests import TESTS
from ablation.statistics.paired_tests.spec import (
    Alternative,
    Answer,
    Array,
    Estimate,
    Method,
    PairedTest,
    fewest_for_exact,
    smallest_exact_p,
)


def _sign_test(d: Array, alternative: Alternative, _: np.random.Generator) -> Answer:
    better, different = int((d > 0).sum()), int((d != 0).sum())
    if not different:
        return Answer(1.0, 0.0, Method.EXACT)
    p = float(stats.binomtest(better, different, alternative=alternative).pvalue)
    return Answer(min(1.0, p), better - different / 2, Method.EXACT)


def _median(d: Array, level: float) -> Estimate:
    found = median_interval(d, level)
    return Estimate(found.estimate, found.low, found.high)


SIGN = PairedTest(
    name="sign",
    short="sign test",
    label="sign test of the median",
    run=_sign_test,
    smallest_p=smallest_exact_p,
    fewest_patients=fewest_for_exact,
    estimate=_median,
    estimate_label="median",
    sentences={Method.EXACT: "sign test [@dixon1946]"},
    bibtex="@article{dixon1946,\n  author = {Dixon, W. J.},\n  year = {1946},\n}\n",
)
"""A test of one's own, in one file."""

SIZES = (1, 2, 5, 6, 12, 17, 30, 60)
EVERY = [*TESTS.values(), SIGN]


@pytest.fixture(params=EVERY, ids=lambda one: one.name)
def paired(request: pytest.FixtureRequest) -> Iterator[PairedTest]:
    with TESTS.having(request.param):
        yield request.param


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def samples() -> Iterator[Array]:
    """Differences of many kinds: spread, shifted, tied, with zeros, equal, all zero."""
    source = np.random.default_rng(3)
    for n in SIZES:
        spread = np.round(source.normal(0.01, 0.03, n), 6)
        yield spread
        yield np.round(spread, 2)
        yield np.where(np.arange(n) % 3 == 0, 0.0, spread)
        yield np.abs(spread) + 0.001
        yield np.full(n, 0.125)
        yield np.zeros(n)


def best(n: int) -> Array:
    """Differences as clear as they can be: all above 0 and nearly the same."""
    return 0.1 + 1e-9 * np.arange(n)


class TestEveryPairedTest:
    def test_p_is_a_probability_and_names_its_method(self, paired: PairedTest) -> None:
        for d in samples():
            for alternative in ("two-sided", "greater"):
                found = paired.run(d, alternative, rng())
                assert found.p is None or 0.0 <= found.p <= 1.0
                assert found.method in paired.sentences
                assert (found.draws is not None) == (found.method is Method.DRAWN)

    def test_swapped_designs_keep_p_and_flip_the_rest(self, paired: PairedTest) -> None:
        for d in samples():
            here, there = (paired.run(x, "two-sided", rng()) for x in (d, -d))
            assert (here.p is None) == (there.p is None)
            assert (here.p or 1.0) == pytest.approx(there.p or 1.0, rel=1e-9)
            assert here.direction == pytest.approx(-there.direction, abs=1e-9)
            one, other = (paired.estimate(x, 0.95) for x in (d, -d))
            assert one.value == pytest.approx(-other.value, abs=1e-9)
            if one.low is not None and one.high is not None:
                assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)

    @pytest.mark.parametrize("alternative", ["two-sided", "greater"])
    def test_the_smallest_p_is_reached_and_never_undercut(
        self, paired: PairedTest, alternative: Alternative
    ) -> None:
        for d in samples():
            p = paired.run(d, alternative, rng()).p
            assert p is None or p >= paired.smallest_p(d.size, alternative) * (1 - 1e-9)
        for n in SIZES:
            p = paired.run(best(n), alternative, rng()).p
            least = paired.smallest_p(n, alternative)
            assert (1.0 if p is None else p) == pytest.approx(least, abs=1e-6)

    @pytest.mark.parametrize("alternative", ["two-sided", "greater"])
    @pytest.mark.parametrize("family", [1, 3])
    def test_the_fewest_patients_are_the_first_that_can_be_significant(
        self, paired: PairedTest, alternative: Alternative, family: int
    ) -> None:
        n = paired.fewest_patients(0.05, family, alternative)
        assert paired.smallest_p(n, alternative) * family < 0.05
        assert n == 1 or paired.smallest_p(n - 1, alternative) * family >= 0.05

    def test_one_side_is_at_most_both_where_the_data_are_in_favour(
        self, paired: PairedTest
    ) -> None:
        for d in samples():
            both, one = (paired.run(d, side, rng()) for side in ("two-sided", "greater"))
            if both.p is not None and both.direction > 0:
                assert one.p is not None
                assert one.p <= both.p * (1 + 1e-9)

    def test_the_estimate_lies_in_its_interval(self, paired: PairedTest) -> None:
        for d in samples():
            found = paired.estimate(d, 0.95)
            assert d.min() - 1e-9 <= found.value <= d.max() + 1e-9
            assert (found.low is None) == (found.high is None)
            if found.low is not None and found.high is not None:
                assert found.low <= found.value <= found.high

    def test_the_same_data_and_seed_give_the_same(self, paired: PairedTest) -> None:
        for d in samples():
            assert paired.run(d, "two-sided", rng()) == paired.run(d, "two-sided", rng())
            assert paired.estimate(d, 0.95) == paired.estimate(d, 0.95)

    def test_the_differences_are_left_as_they_are(self, paired: PairedTest) -> None:
        d = np.array([0.3, -0.1, 0.2, 0.0])
        paired.run(d, "two-sided", rng())
        paired.estimate(d, 0.95)
        assert d.tolist() == [0.3, -0.1, 0.2, 0.0]

    def test_every_source_that_it_cites_is_in_the_bibliography(self, paired: PairedTest) -> None:
        for method in paired.sentences:
            text = paired.sentence(method, 20_000)
            assert "{" not in text
            for key in re.findall(r"@(\w+)", text):
                assert f"{{{key},\n" in bibliography(text)


def table(values: Array) -> pd.DataFrame:
    names = [f"p{i}" for i in range(len(values))]
    return pd.DataFrame(
        {
            "patient": names,
            "case": names,
            "target": "WT",
            "split": "test",
            "status": "scored",
            "dice": values,
            "shape": "10x12",
            "spacing": "1x1",
            "distance_unit": "mm",
            "truth_hash": names,
        }
    )


def designs() -> list[Design]:
    base = np.linspace(0.5, 0.8, 9)
    step = np.random.default_rng(1).normal(0.02, 0.02, (2, 9))
    columns = {"a": base + step[0], "b": base + step[1], "c": base}
    return [Design(name, (table(np.round(x, 4)),)) for name, x in columns.items()]


def made(**settings: Any) -> Comparison:
    return compare(designs(), ComparisonConfig(secondary=(), **settings))


class TestARegisteredPairedTest:
    def test_it_decides_the_comparison(self, paired: PairedTest) -> None:
        found = made(primary_test=paired.name)
        for contrast in found.primary.contrasts:
            d = np.array(contrast.d)
            answer = paired.run(d, "two-sided", rng())
            assert contrast.p == answer.p  # nine patients: nothing is drawn
            assert contrast.test == paired.printed(answer, "two-sided")
            assert (contrast.used.name, contrast.used.method) == (paired.name, answer.method)
            assert contrast.estimate == paired.estimate(d, found.level)

    def test_table_and_json_name_it(self, paired: PairedTest) -> None:
        found = made(primary_test=paired.name)
        cells = [row["test"] for row in csv.DictReader(io.StringIO(to_csv(found))) if row["test"]]
        assert len(cells) == 3
        assert all(cell.startswith(f"{paired.short}") for cell in cells)
        content = json.loads(to_json(found, Source("x")))
        assert content["settings"]["primary_test"] == paired.name
        for contrast in content["analyses"][0]["contrasts"]:
            assert contrast["used"]["name"] == paired.name
            assert contrast["estimate"]["value"] is not None

    def test_it_is_a_check_of_every_other(self, paired: PairedTest) -> None:
        rows = [row.choice for row in made().checks if row.kind is Check.TEST]
        assert rows.count(f"{paired.label}, {paired.estimate_label}") == 3

    def test_the_methods_text_says_and_cites_it(self, paired: PairedTest) -> None:
        found = made(primary_test=paired.name)
        used = found.primary.contrasts[0].used
        text = methods(found, Source("demo"))
        assert f"the two-sided {paired.sentence(used.method, used.draws)}, adjusted by Holm" in text
        assert all(
            f"{{{key},\n" in bibliography(text) for key in re.findall(r"@([a-z]+\d{4})", text)
        )

    def test_the_command_takes_and_lists_it(
        self, paired: PairedTest, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        for one in designs():
            one.cases[0][["case", "dice"]].to_csv(f"{one.name}.csv", index=False)
        words = ["compare", "a.csv", "b.csv", "--primary-test", paired.name, "--json"]
        done = CliRunner().invoke(app, words)
        assert json.loads(done.stdout)["settings"]["primary_test"] == paired.name
        shown = " ".join(CliRunner().invoke(app, ["compare", "--help"]).stdout.split())
        names = re.search(r"Test that decides: ([^.]*)\.", shown)
        assert names is not None
        assert paired.name in re.split(r", | or ", names[1])

    def test_a_name_nearby_is_told(self, paired: PairedTest) -> None:
        known = ", ".join(TESTS)
        with pytest.raises(UsageError, match=f"is none of {known}") as caught:
            with_rules(ComparisonConfig(), Rules(primary_test="wilcoxn"))
        assert caught.value.hint == "Did you mean wilcoxon?"


def test_another_test_changes_no_number_of_the_rest() -> None:
    before = json.loads(to_json(made(), Source("x")))
    with TESTS.having(SIGN):
        after = json.loads(to_json(made(), Source("x")))
    own = [row for row in after["checks"] if row["choice"] == f"{SIGN.label}, median"]
    after["checks"] = [row for row in after["checks"] if row not in own]
    assert len(own) == 3
    assert after == before


def test_a_test_that_is_gone_cannot_be_asked_for() -> None:
    with TESTS.having(SIGN):
        assert ComparisonConfig(primary_test="sign").primary_test == "sign"
    with pytest.raises(ValueError, match="'wilcoxon', 't', 'signflip'"):
        ComparisonConfig(primary_test="sign")


def test_an_own_test_goes_the_whole_way(whole_path) -> None:
    """Help, run, table, report, methods text and reference know it."""
    assert "sign" in whole_path.help.partition("--primary-test")[2][:200]
    assert whole_path.run["params"]["comparison.primary_test"] == "sign"
    assert whole_path.comparison.settings["primary_test"] == "sign"
    assert "sign test" in whole_path.files
    assert "sign test [@dixon1946]" in whole_path.methods
    assert "sign test" in whole_path.page
    assert "`sign`" in whole_path.reference
