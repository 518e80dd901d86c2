"""`ablate compare`: tables of any tool, the flags of a comparison, and what is refused."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from scipy import stats
from typer.testing import CliRunner

from ablation.cli.compare import compare
from ablation.errors import AblateError, ComparisonError, DataError, UsageError
from ablation.metrics.cases import columns
from ablation.report import FILES

app = typer.Typer()
app.command()(compare)

RNG = np.random.default_rng(20260101)
DICE = {
    name: np.round(RNG.uniform(0.5, 0.8, 20) + gain, 6)
    for name, gain in {"unet": 0.0, "attention": 0.02, "resupnet": 0.1}.items()
}
CASES = [f"P{i:03d}" for i in range(20)]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def call(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.stderr
    return result.stdout


def called(*words: object) -> dict:
    return json.loads(call(*words, "--json"))


def refused(kind: type[AblateError], *words: object) -> AblateError:
    with pytest.raises(kind) as caught:
        call(*words)
    assert not Path("report").exists()
    return caught.value


def write(name: str, lines: list[str]) -> Path:
    path = Path(name)
    path.write_text("\n".join(lines) + "\n")
    return path


def single(design: str, extra: str = "") -> Path:
    rows = [
        f"{case},{value!r}{extra}" for case, value in zip(CASES, DICE[design].tolist(), strict=True)
    ]
    return write(f"{design}.csv", ["case,dice" + (",hd95" if extra else ""), *rows])


def long(name: str = "long.csv", head: str = "model,case,dice", factor: float = 1.0) -> Path:
    rows = [
        f"{design},{case},{factor * value!r}"
        for design, values in DICE.items()
        for case, value in zip(CASES, values.tolist(), strict=True)
    ]
    return write(name, [head, *rows])


def contrasts(content: dict) -> dict[tuple[str, str], dict]:
    found = content["analyses"][0]["contrasts"]
    return {(one["candidate"], one["reference"]): one for one in found}


def test_a_file_for_each_design_and_a_long_file_say_the_same():
    apart = called(*(single(name) for name in DICE))
    together = called(long())
    assert apart["designs"] == together["designs"] == list(DICE)
    assert apart["analyses"] == together["analyses"]
    assert apart["verdict"] == together["verdict"]
    assert apart["source"]["runs"][0][0] == "unet"
    assert apart["source"]["runs"][0][1].startswith("unet.csv (sha256 ")


def test_every_file_of_a_report_is_written_and_named():
    result = CliRunner().invoke(app, [str(long()), "--out", "there"])
    assert sorted(path.name for path in Path("there").iterdir()) == sorted(FILES)
    assert result.stdout.startswith("table long.csv: unet, attention, resupnet on 20 test patients")
    assert "each of the 20 cases is taken as one patient" in result.stdout
    assert "written: there/index.html" in result.stderr


def test_the_order_of_files_and_rows_does_not_matter():
    straight = contrasts(called(*(single(name) for name in DICE)))
    for name in DICE:
        head, *rows = Path(f"{name}.csv").read_text().splitlines()
        random.Random(name).shuffle(rows)
        write(f"{name}.csv", [head, *rows])
    mixed = contrasts(called("resupnet.csv", "unet.csv", "attention.csv"))
    for (a, b), one in straight.items():
        other = mixed.get((a, b)) or mixed[b, a]
        sign = 1 if (a, b) in mixed else -1
        assert other["p"] == one["p"]
        assert other["p_adjusted"] == one["p_adjusted"]
        assert other["t"]["interval"]["mean"] == pytest.approx(sign * one["t"]["interval"]["mean"])


def test_published_numbers_are_found():
    """What a script with scipy's defaults prints of this table stands in JSON, page and summary."""
    columns = ("--model-column", "architecture", "--case-column", "patient")
    path = long(head="architecture,patient,dice")
    content = called(path, *columns)
    friedman = content["analyses"][0]["ranking"]["friedman"]
    theirs = stats.friedmanchisquare(*DICE.values())
    assert friedman["chi2"] == pytest.approx(theirs.statistic)
    assert friedman["p_chi2"] == pytest.approx(theirs.pvalue)
    assert friedman["kendall_w"] == pytest.approx(theirs.statistic / (20 * 2))
    summary, page = call(path, *columns), Path("report/index.html").read_text()
    for text in (summary, page.replace("\u00a0", " ")):
        assert f"chi2(2) = {theirs.statistic:.5g}, p = {theirs.pvalue:.3g}" in text
        assert "Iman-Davenport F(2, 38)" in text
    for (a, b), one in contrasts(content).items():
        w = stats.wilcoxon(DICE[a], DICE[b])
        assert one["printed"]["statistic"] == w.statistic
        assert one["printed"]["p_exact"] == pytest.approx(w.pvalue)
        normal = stats.wilcoxon(DICE[a], DICE[b], method="asymptotic").pvalue
        assert one["printed"]["p_normal"] == pytest.approx(normal)
        assert f"W = {w.statistic:g}, p = {normal:.3g} normal, Holm of 3 " in summary
        assert f" with continuity correction; {w.pvalue:.3g} exact" in summary
        assert one["t"]["t"] == pytest.approx(stats.ttest_rel(DICE[a], DICE[b]).statistic)


def test_flags_reach_the_statistics():
    words = ("--reference", "unet", "--alternative", "greater", "--primary-test", "t")
    content = called(long(), *words, "--correction", "bh", "--margin", "dice=0.05")
    found = contrasts(content)
    assert list(found) == [("attention", "unet"), ("resupnet", "unet")]
    one = found["resupnet", "unet"]
    theirs = stats.ttest_rel(DICE["resupnet"], DICE["unet"], alternative="greater")
    assert one["p"] == pytest.approx(theirs.pvalue)
    assert one["test"] == "paired t one-sided"
    assert one["relevance"]["margin"] == 0.05
    table = Path("report/comparison.csv").read_text()
    assert '"paired t one-sided, Benjamini-Hochberg of 2"' in table
    assert "Holm" not in table


def test_all_unusable_flags_are_named_at_once():
    error = refused(
        UsageError, long(), "--correction", "hol", "--margin", "dice=x", "--unit", "patients"
    )
    assert error.exit_code == 2
    for part in ("--correction 'hol'", "--margin dice=x", "--unit 'patients'"):
        assert part in error.message
    assert "Did you mean holm?" in error.hint


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["--reference", "unett"], "reference 'unett'", "unet"),
        (["--format", "jsn"], "--format 'jsn'", "json"),
        (["--style", "papr"], "--style 'papr'", "paper"),
        (["--json", "--format", "csv"], "exclude each other", "one"),
        (["--model-column", "mdl"], "no column 'mdl'", "model"),
        (["--metric", ","], "names no score", "dice"),
        (["--margin", "dice=2"], "whole range", "0.02"),
        (
            ["--metric", "auc"],
            "unknown metric without declared direction: auc",
            "--higher-is-better",
        ),
        (["--target", "WT"], "no table has the target 'WT'", "no target"),
        (["--format", "tex", "--style", "paper"], "one reference", "--reference unet"),
        (["--higher-is-better", "x", "--lower-is-better", "x"], "both directions: x", "in"),
    ],
)
def test_wrong_usage(words, message, hint):
    error = refused(UsageError, long(), *words)
    assert message in error.message
    assert hint in error.hint


def test_scores_of_other_tools_need_a_direction():
    path = long(head="model,case,time_s", factor=10.0)
    refused(DataError, path)
    less = called(path, "--lower-is-better", "time_s")["analyses"][0]
    assert less["metric"]["name"] == "time_s"
    assert less["contrasts"][0]["t"]["interval"]["mean"] == pytest.approx(
        10 * np.mean(DICE["unet"] - DICE["attention"])
    )


def test_percentages_are_an_error_until_they_are_declared():
    path = long(factor=100.0)
    assert "dice is in per cent" in refused(DataError, path).message
    analysis = called(path, "--higher-is-better", "dice")["analyses"][0]
    assert analysis["summaries"][0]["interval"]["mean"] == pytest.approx(100 * DICE["unet"].mean())


def test_scores_go_by_their_usual_names():
    path = long(head="model,case,DSC")
    assert called(path, "--metric", "DSC")["analyses"][0]["metric"]["name"] == "dice"


def test_hd95_needs_to_say_how_it_was_computed():
    files = [single("unet", ",3.5"), single("resupnet", ",2.5")]
    assert "HD95 left out" in call(*files)
    content = called(*files, "--assume-hd95-method", "pooled")
    assert [one["metric"]["name"] for one in content["analyses"]] == ["dice", "hd95"]
    with pytest.raises(ComparisonError, match="several definitions") as caught:
        call(*files, "--metric", "hd95")
    assert "--assume-hd95-method" in caught.value.hint
    with pytest.raises(UsageError, match="none of directed_max"):
        call(*files, "--assume-hd95-method", "pool")


def test_a_dice_of_0_without_distances_is_a_missed_tumour():
    write("a.csv", ["case,dice,hd95", "x,0,", "y,0.8,3", "z,0.7,2"])
    write("b.csv", ["case,dice,hd95", "x,0.5,9", "y,0.7,4", "z,0.6,5"])
    content = called("a.csv", "b.csv", "--metric", "dice,hd95", "--assume-hd95-method", "pooled")
    assert [one["missed"] for one in content["detection"]] == [1, 0]
    assert any("HD95 of missed cases (a 1 of 3" in one["text"] for one in content["cautions"])


def test_slices_become_patients():
    rows = [f"P{i // 4}_{i % 4},{0.5 + 0.01 * i:.2f}" for i in range(20)]
    write("a.csv", ["case,dice", *rows])
    write("b.csv", ["case,dice", *rows[:-1], rows[-1].split(",")[0] + ",0.1"])
    error = refused(DataError, "a.csv", "b.csv")
    assert "a.csv: ids such as P0_0 and P0_1 look like slices" in error.message
    assert "--patient-regex" in error.hint
    content = called("a.csv", "b.csv", "--patient-regex", r"(.+)_\d+")
    assert content["analyses"][0]["patients"] == [f"P{i}" for i in range(5)]
    write("map.csv", ["case,patient", *(f"P{i // 4}_{i % 4},P{i // 4}" for i in range(20))])
    mapped = called("a.csv", "b.csv", "--patient-map", "map.csv")
    assert mapped["analyses"] == content["analyses"]


def test_targets_apart():
    rows = [
        f"{m},c{i},{t},{0.5 + i / 50 + gain}"
        for m, gain in (("a", 0.0), ("b", 0.1))
        for t in ("ET", "WT")
        for i in range(6)
    ]
    path = write("long.csv", ["model,case,region,dice", *rows])
    words = (path, "--target-column", "region")
    found = called(*words)["analyses"]
    assert [one["target"] for one in found] == ["mean over targets", "ET", "WT"]
    assert [one["target"] for one in called(*words, "--target", "ET")["analyses"]] == ["ET"]


def test_rows_that_another_column_tells_apart():
    path = write("t.csv", ["model,case,region,dice", "a,x,WT,0.5", "a,x,ET,0.4", "b,x,WT,0.6"])
    assert "--target-column" in refused(DataError, path).hint


def test_tables_of_our_own_runs_keep_what_they_say():
    """Validation rows are left out, a missed tumour gets the diagonal of its scan."""
    known = {
        "target": "WT", "status": "scored", "hd95": "3.0", "shape": "3x4x12", "spacing": "1x1x1",
        "distance_unit": "mm", "truth_hash": "h",
    }  # fmt: skip
    for name, gain in (("unet", 0.0), ("resupnet", 0.1)):
        rows = [
            known | {"patient": f"p{i}", "case": f"p{i}", "split": split, "dice": f"{0.5 + gain}"}
            for i, split in enumerate(["test", "test", "validation"])
        ]
        if name == "unet":
            rows[0] |= {"status": "missed", "dice": "0", "hd95": ""}
        Path(name, "final-1.0").mkdir(parents=True)
        table = pd.DataFrame(rows).reindex(columns=list(columns()))
        table.to_csv(f"{name}/final-1.0/per_case.csv", index=False)
    files = [f"{name}/final-1.0/per_case.csv" for name in ("unet", "resupnet")]
    content = called(*files, "--assume-hd95-method", "directed_max")
    assert content["designs"] == ["unet", "resupnet"]
    assert content["analyses"][0]["patients"] == ["p0", "p1"]
    hd95 = content["analyses"][1]
    assert (hd95["unit"], hd95["scores"]["unet"]) == ("mm", [13.0, 3.0])
    assert content["detection"][0]["missed"] == 1


def test_folders_name_designs_where_files_do_not():
    for name in DICE:
        Path(name).mkdir()
        single(name).rename(f"{name}/cases.csv")
    assert called(*(f"{name}/cases.csv" for name in DICE))["designs"] == list(DICE)
    with pytest.raises(UsageError, match=r"given twice: unet/cases\.csv"):
        call("unet/cases.csv", "unet/cases.csv")


def test_all_files_at_fault_are_named():
    write("a.csv", ["case,dice", "x,1.5"])
    write("b.csv", ["case,dice", "x,good"])
    error = refused(DataError, "a.csv", "b.csv", "c.csv")
    for part in ("a.csv", "'1.5' is outside", "b.csv", "'good' is not", "c.csv", "cannot be read"):
        assert part in error.message


@pytest.mark.parametrize("shape", ["csv", "json", "md", "tex"])
def test_what_is_printed_is_what_is_written(shape):
    printed = call(long(), "--format", shape)
    assert printed == Path(f"report/comparison.{shape}").read_text()


def test_the_table_of_a_paper():
    printed = call(long(), "--format", "tex", "--style", "paper", "--reference", "unet")
    assert printed == Path("report/comparison.tex").read_text()
    rows = [line for line in printed.splitlines() if line.startswith("resupnet")]
    a, b = DICE["resupnet"], DICE["unet"]
    d = a - b
    assert f"${a.mean():.3f} \\pm {a.std(ddof=1):.3f}$ & $+{d.mean():.3f}$" in rows[0]
    assert rows[0].endswith(f"$+{d.mean() / d.std(ddof=1):.2f}$ & neither \\\\")


def test_no_store_and_no_tensorflow_are_loaded():
    words = [str(long().resolve()), "--quiet"]
    code = f"""
import sys
from ablation.cli.app import app
app({["compare", *words]!r}, standalone_mode=False)
print(sorted({{n.partition(".")[0] for n in sys.modules}} & {{"tensorflow", "keras", "mlflow", "optuna", "sqlalchemy"}}), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "[]"
    assert done.stdout.startswith("table long.csv")


@pytest.mark.parametrize(
    ("name", "kind", "parts"),
    [
        ("01_one_case_missing", ComparisonError, ["resupnet lacks P007", "--missing intersection"]),
        ("02_duplicate_row", DataError, ["line 92 (attention_unet, P011)", "same case as line 42"]),
        ("05_out_of_range", DataError, ["line 7 (unet, P006): dice '1.37' is outside 0..1"]),
        ("10_text_in_number", DataError, ["line 7 (unet, P006): dice '0.89 (good)'"]),
    ],
)
def test_broken_tables_are_refused_by_line(faulty_tables, name, kind, parts):
    error = refused(kind, faulty_tables / f"{name}.csv")
    assert error.exit_code == 1
    assert all(part in error.message + error.hint for part in parts)


def test_a_gap_is_filled_by_the_rule_that_is_named(faulty_tables):
    path = faulty_tables / "01_one_case_missing.csv"
    shared = called(path, "--missing", "intersection")
    worst = called(path, "--missing", "worst")
    assert len(shared["analyses"][0]["patients"]) == 29
    assert worst["analyses"][0]["scores"]["resupnet"][6] == 0.0
    for content in (shared, worst):
        assert any("resupnet lacks P007" in note for note in content["notes"])
        assert sum(row["kind"] == "missing cases" for row in content["checks"]) == 6


@pytest.mark.parametrize("name", ["03_nan_value", "04_blank_value"])
def test_a_value_that_is_not_there_is_counted_and_dropped_for_all(faulty_tables, name):
    content = called(faulty_tables / f"{name}.csv")
    assert content["analyses"][0]["unscored"] == 1
    assert "P006" not in content["analyses"][0]["patients"]
    assert {len(values) for values in content["analyses"][0]["scores"].values()} == {29}
    assert (
        "Dice: P006 left out for every design (1 in all), without a value in unet."
        in content["notes"]
    )


def test_semicolons_are_read(faulty_tables):
    good, other = (
        called(faulty_tables / name)["analyses"]
        for name in ("00_control_good.csv", "06_semicolons.csv")
    )
    assert good == other


def test_one_model_is_described(faulty_tables):
    assert "nothing was tested" in call(faulty_tables / "07_one_model_only.csv")
    assert called(faulty_tables / "07_one_model_only.csv")["analyses"][0]["contrasts"] == []


def test_two_patients_settle_nothing(faulty_tables):
    text = call(faulty_tables / "08_two_patients.csv")
    assert "No rank or sign-flip test can fall below p = 0.5 with 2 patients" in text


def test_identical_models(faulty_tables):
    path = faulty_tables / "09_identical_models.csv"
    one = contrasts(called(path))["a", "b"]
    assert (one["p"], one["t"]["interval"]["mean"], one["shift"]["estimate"]) == (1.0, 0.0, 0.0)
    assert one["t"]["p_two_sided"] is None
    assert "Identical Dice in every patient" in call(path)


def test_tables_in_the_layout_of_other_packages():
    rng = np.random.default_rng(5)
    sets = [f"dataset{number}" for number in range(12)]
    table = pd.DataFrame(
        [(f"clf{c}", name, np.round(rng.uniform(0.5, 0.9) + c / 50, 12)) for c in range(4) for name in sets],
        columns=["classifier_name", "dataset_name", "accuracy"],
    )  # fmt: skip
    table.to_csv("example.csv", index=False)
    content = called(
        "example.csv",
        *("--model-column", "classifier_name", "--case-column", "dataset_name"),
        *("--higher-is-better", "accuracy"),
    )
    wide = table.pivot(index="dataset_name", columns="classifier_name", values="accuracy")
    theirs = stats.friedmanchisquare(*(wide[name] for name in content["designs"]))
    friedman = content["analyses"][0]["ranking"]["friedman"]
    assert friedman["chi2"] == pytest.approx(theirs.statistic)
    ranks = wide.rank(axis=1, ascending=False).mean()
    assert friedman["mean_ranks"] == pytest.approx(ranks[content["designs"]].tolist())


def test_tables_with_a_column_of_tasks():
    rng = np.random.default_rng(6)
    tasks = {"c_ideal": 0.1, "c_random": 0.0, "c_worstcase": 0.0}
    rows = [
        (task, f"A{a}", np.round(rng.uniform(0.0, 0.05) + 0.9 - gain * a, 12), case)
        for task, gain in tasks.items()
        for a in range(1, 6)
        for case in range(1, 21)
    ]
    table = pd.DataFrame(rows, columns=["task", "alg_name", "value", "case"])
    table.index += 1
    table.to_csv("data_matrix.csv")  # with a column of row numbers that has no name
    content = called(
        "data_matrix.csv",
        *("--model-column", "alg_name", "--target-column", "task", "--higher-is-better", "value"),
    )
    assert [one["target"] for one in content["analyses"]] == ["mean over targets", *tasks]
    assert content["analyses"][1]["ranking"]["friedman"]["mean_ranks"] == [1, 2, 3, 4, 5]


def test_places_that_are_no_table():
    Path("tables").mkdir()
    single("unet")
    assert refused(DataError, "unet.csv", "tables").hint.endswith("tables/*.csv")
    assert refused(DataError, "unet.csv", "nowhere.csv").hint == "Check the path."


def test_a_design_without_any_value_is_named():
    single("unet")
    write("empty.csv", ["case,dice", *(f"{case},nan" for case in CASES)])
    error = refused(ComparisonError, "unet.csv", "empty.csv")
    assert error.message.endswith("under every design: empty without any")


def test_a_wrong_column_is_not_listed_row_by_row():
    write("percent.csv", ["case,dice", *(f"P{i},87.5" for i in range(120))])
    error = refused(DataError, "percent.csv")
    assert error.message == (
        "percent.csv: dice is in per cent: 120 of 120 values lie between 1 and 100, such as 87.5"
    )
    assert "--higher-is-better dice" in error.hint
    write("words.csv", ["case,dice", *(f"P{i},good" for i in range(120))])
    error = refused(DataError, "words.csv")
    assert "120 faults" in error.message
    assert error.message.endswith("line 51 (P49): dice 'good' is not a number\n  and 70 more")


@pytest.mark.parametrize("text", ["0.02", "dice", "dice="])
def test_a_margin_names_its_metric(text):
    single("unet")
    error = refused(UsageError, "unet.csv", "--margin", text)
    assert error.message == f"--margin {text.rstrip('=')} is not of the form METRIC=NUMBER"


def test_cases_are_not_called_patients():
    rows = [f"P{i // 4}_{i % 4},{0.5 + 0.01 * i:.2f}" for i in range(20)]
    write("a.csv", ["case,dice", *rows])
    write("b.csv", ["case,dice", *rows[:-1], rows[-1].split(",")[0] + ",0.1"])
    words = ("a.csv", "b.csv", "--unit", "case", "--patient-regex", r"(.+)_\d+")
    assert call(*words).startswith("tables a.csv, b.csv: a, b on 20 test cases\n")
    methods = Path("report/methods.txt").read_text()
    assert "on the same 20 cases" in methods
    assert "Means over cases carry" in methods


def test_a_score_that_needs_no_mask_is_described_without_one():
    write("a.csv", ["case,auc", *(f"{case},0.8{i}" for i, case in enumerate(CASES))])
    call("a.csv", "--higher-is-better", "auc")
    methods = Path("report/methods.txt").read_text()
    assert "The primary metric was auc [@maierhein2024]." in methods
    assert "tumour" not in methods
    assert ">missed</th>" not in Path("report/index.html").read_text()


def test_every_target_is_named_where_there_are_several():
    rows = [
        f"P{i},{target},{0.5 + 0.01 * i + gain:.2f}"
        for target, gain in (("WT", 0.1), ("ET", 0))
        for i in range(8)
    ]
    write("a.csv", ["case,target,dice", *rows])
    write("b.csv", ["case,target,dice", *(row + "5" for row in rows)])
    said = call("a.csv", "b.csv")
    assert "b scored higher than a in ET: typical difference 0.005 Dice" in said
    assert "b scored higher than a in WT: typical difference 0.005 Dice" in said
    assert "  WT: a vs b: n = 8" in said
    assert ">missed, all targets</th>" in Path("report/index.html").read_text()
    same = call("a.csv", write("c.csv", Path("a.csv").read_text().splitlines()))
    assert "Identical Dice in every patient: a against c (ET), a against c (WT)." in same
    alone = call("a.csv")
    assert "a in ET: mean Dice 0.535" in alone
    assert "a in WT: mean Dice 0.635" in alone


@pytest.mark.parametrize("rule", ["error", "intersection"])
def test_cases_of_other_patients_are_named_as_such(rule):
    write("a.csv", ["case,dice", "x,0.8", "y,0.7"])
    write("b.csv", ["case,patient,dice", "x,Q1,0.8", "y,Q1,0.7"])
    error = refused(ComparisonError, "a.csv", "b.csv", "--missing", rule)
    assert error.message.endswith("; case x is of patient x in a, Q1 in b")


def test_what_is_wrong_for_every_file_is_said_once():
    for name in ("unet", "resupnet"):
        single(name)
    error = refused(DataError, "unet.csv", "resupnet.csv", "--patient-map", "nowhere.csv")
    assert error.message.count("nowhere.csv") == 1
