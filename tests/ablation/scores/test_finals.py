"""The finals of a cross-validation become one design; a fold that is missing is named."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from ablation.errors import ComparisonError, DataError
from ablation.metrics.cases import columns
from ablation.scores.finals import chosen, designs_of
from tracking import names
from tracking.finals import Finals, PulledRun


def final(
    place: Path, fold: str, seed: int, test: str, validation: str, **facts: object
) -> PulledRun:
    """A final that tests and validates patients named by one letter each."""
    name = f"unet.fold{fold.replace('/', 'of')} final-{seed}.0"
    folder = place / name.replace(" ", "-")
    folder.mkdir()
    rows = [{"patient": p, "case": p, "split": "test"} for p in test]
    rows += [{"patient": p, "case": p, "split": "validation"} for p in validation]
    table = pd.DataFrame(rows, columns=list(columns())).assign(
        target="WT", status="scored", dice=0.5, distance_unit="px", truth_hash="h", shape="4x8x8"
    )
    table.to_csv(folder / names.PER_CASE, index=False)
    tags = {names.MODEL: "unet", names.SEED: str(seed), names.SPLIT: "s", names.FOLD: fold}
    tags |= {f"{names.LEDGER}{key}": json.dumps(value) for key, value in facts.items()}
    return PulledRun(name, name, tags, {}, {}, folder)


def designs(*runs: PulledRun):
    return designs_of(chosen(Finals("e", runs, (), ()), "all"))


def test_folds_are_one_training_a_seed(tmp_path):
    runs = [
        final(tmp_path, fold, seed, test, validation, threshold=threshold)
        for seed in (101, 102)
        for fold, test, validation, threshold in (("1/2", "ab", "c", 0.4), ("2/2", "cd", "a", 0.6))
    ]
    (design,) = designs(*runs)
    assert design.facts.seeds == 2
    assert design.facts.threshold == pytest.approx(0.5)
    assert design.facts.protocol == "2-fold cross-validation"
    for table in design.cases:
        tested = table[table["split"] == "test"]
        assert dict(zip(tested["patient"], tested["fold"], strict=True)) == {
            "a": "1/2", "b": "1/2", "c": "2/2", "d": "2/2"
        }  # fmt: skip


def test_one_split_stays_as_it_was(tmp_path):
    run = final(tmp_path, "1/1", 101, "ab", "c")
    del run.tags[names.FOLD]
    (design,) = designs(run)
    assert "fold" not in design.cases[0]
    assert design.facts.protocol == "holdout"
    del run.tags[names.SPLIT]  # a table from elsewhere
    assert designs(run)[0].facts.protocol is None


def test_missing_folds_are_named(tmp_path):
    runs = [final(tmp_path, "2/4", 101, "b", "c"), final(tmp_path, "3/4", 101, "c", "d")]
    with pytest.raises(ComparisonError) as caught:
        designs(*runs)
    assert (
        "unet has no final of fold 1 of 4; unet has no final of fold 4 of 4" in caught.value.message
    )
    assert "ablate sweep" in caught.value.hint


def test_a_seed_that_one_fold_lacks_is_named(tmp_path):
    runs = [
        final(tmp_path, "1/2", 101, "ab", "c"),
        final(tmp_path, "1/2", 102, "ab", "c"),
        final(tmp_path, "2/2", 101, "cd", "a"),
    ]
    with pytest.raises(ComparisonError, match="no final of fold 2 of 2 with seed 102"):
        designs(*runs)


def test_the_time_of_all_folds_is_what_the_design_took(tmp_path):
    runs = [
        final(tmp_path, fold, seed, test, "x", study_seconds=seconds)
        for seed in (101, 102)
        for fold, test, seconds in (("1/2", "ab", 100.0), ("2/2", "cd", 60.5))
    ]
    (design,) = designs(*runs)
    assert design.facts.study_seconds == 160.5


def test_a_pulled_table_of_another_version_is_compared(tmp_path):
    run = final(tmp_path, "1/1", 101, "ab", "c")
    path = run.folder / names.PER_CASE
    older = pd.read_csv(path).drop(columns=["nsd", "lesions_false"])
    older.assign(volume_error=[0.5, 0.25, 1.0]).to_csv(path, index=False)
    (design,) = designs(run)
    assert design.cases[0]["nsd"].isna().all()
    assert design.cases[0]["volume_error"].tolist() == [0.5, 0.25, 1.0]


def test_a_damaged_pulled_table_is_named_by_its_run(tmp_path):
    run = final(tmp_path, "1/1", 101, "ab", "c")
    path = run.folder / names.PER_CASE
    path.write_text(path.read_text().replace("status", "state", 1))
    with pytest.raises(DataError) as caught:
        designs(run)
    assert caught.value.message.startswith(f"per_case.csv of run {run.name}: ")
    assert str(tmp_path) not in caught.value.message
