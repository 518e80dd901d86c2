from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablation.errors import DataError
from ablation.metrics.cases import COUNTS, TEXTS, columns, score_case
from ablation.metrics.empty import with_penalties
from ablation.metrics.table import REQUIRED, _cell, read_cases, write_cases


@pytest.fixture
def rows() -> list[dict[str, object]]:
    rng = np.random.default_rng(5)
    truth = rng.random((3, 8, 9)) > 0.6
    empty = np.zeros_like(truth)
    spacing = (3.3, 0.9375, 0.1)
    return [
        score_case(
            "P1", "P1", "test", "WT", truth, rng.random(truth.shape) > 0.6, None, spacing, "a"
        ),
        score_case("P2, left", "P2", "test", "WT", truth, empty, None, None, "b"),
        score_case("P3", 'Käse "3"', "validation", "WT", empty, empty, None, spacing, "c"),
    ]


def test_the_file_gives_back_every_bit(rows: list[dict[str, object]], tmp_path: Path) -> None:
    path = tmp_path / "per_case.csv"
    write_cases(rows, path)
    read = read_cases(path)
    written = pd.DataFrame(rows).astype(dict.fromkeys(COUNTS, "Int64"))
    pd.testing.assert_frame_equal(read, written, check_exact=True)
    write_cases(read.to_dict("records"), tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == path.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.csv", "per_case.csv"]


@given(st.floats(allow_infinity=False))
def test_a_number_survives_its_cell(value: float) -> None:
    cell = _cell(np.float64(value))
    assert cell == "" if math.isnan(value) else float(cell) == value


def test_undefined_is_an_empty_cell(rows: list[dict[str, object]], tmp_path: Path) -> None:
    write_cases(rows[2:], tmp_path / "t.csv")
    cells = (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()[1]
    assert "nan" not in cells.lower()
    assert ",,,," in cells


def test_a_failed_write_leaves_the_old_file(rows: list[dict[str, object]], tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write_cases(rows, path)
    before = path.read_bytes()
    with pytest.raises(KeyError):
        write_cases([{"patient": "P9"}], path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("dice", "1.5", "dice 1.5 is outside 0..1"),
        ("dice", "high", "dice 'high' is not a number"),
        ("dice", "nan", "dice 'nan' is not a number"),
        ("hd", "99", "hd 99.0 is outside 0.."),
        ("hd", "0", "exceeds hd 0.0"),
        ("tp", "-3", "tp '-3' is not a whole number"),
        ("tp", "3.5", "tp '3.5' is not a whole number"),
        ("status", "fine", "status 'fine' is none of scored"),
        ("status", "", "status is empty"),
        ("patient", "", "patient is empty"),
        ("distance_unit", "cm", "distance_unit 'cm' is none of mm, px"),
        ("shape", "3x8", "do not fit"),
    ],
)
def test_a_fault_names_line_and_case(
    column: str, value: str, fault: str, rows: list[dict[str, object]], tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    write_cases([rows[0] | {column: value}], path)
    with pytest.raises(DataError) as raised:
        read_cases(path)
    assert "line 2 (P1)" in raised.value.message
    assert fault in raised.value.message
    assert raised.value.hint


def test_all_faults_are_told_at_once(rows: list[dict[str, object]], tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write_cases([rows[0], rows[1] | {"dice": 2.0}, rows[0], rows[2] | {"iou": -1.0}], path)
    with path.open("a", encoding="utf-8") as file:
        file.write("P5,too,short\n")
    with pytest.raises(DataError) as raised:
        read_cases(path)
    message = raised.value.message
    assert "4 faults" in message
    assert "line 3 (P2): dice 2.0" in message
    assert "line 4 (P1): the same patient, case, split, target as line 2" in message
    assert "line 5" in message
    assert f"line 6: 3 cells under {len(columns())} columns" in message


def test_columns_that_name_a_row_are_needed(rows: list[dict[str, object]], tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write_cases(rows, path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("status,dice", "state,state", 1), encoding="utf-8")
    with pytest.raises(DataError, match="missing: status; twice: state"):
        read_cases(path)
    path.write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="missing: patient, case, split, target, status"):
        read_cases(path)


def without(column: str, path: Path) -> pd.DataFrame:
    cells = pd.read_csv(path, dtype=str, keep_default_na=False).drop(columns=column)
    cells.to_csv(path, index=False)
    return read_cases(path)


@pytest.mark.parametrize("column", [name for name in columns() if name not in REQUIRED])
def test_a_column_that_is_not_there_was_not_recorded(
    column: str, rows: list[dict[str, object]], tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    write_cases(rows, path)
    whole, read = read_cases(path), without(column, path)
    assert list(read) == list(whole)
    assert read.dtypes.equals(whole.dtypes)
    assert (read[column] == "").all() if column in TEXTS else read[column].isna().all()
    others = [name for name in columns() if name != column]
    pd.testing.assert_frame_equal(read[others], whole[others])


def test_columns_we_do_not_know_are_further_scores(
    rows: list[dict[str, object]], tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    write_cases(rows, path)
    whole = read_cases(path)
    cells = pd.read_csv(path, dtype=str, keep_default_na=False)
    more = {"volume_ml": ["1.5", "", " -2e3"], "scanner": ["3 T", "1", ""], "blank": ["", "", ""]}
    for place, (name, values) in enumerate(more.items()):
        cells.insert(7 * place, name, values)
    cells.to_csv(path, index=False, encoding="utf-8-sig")
    read = read_cases(path)
    assert list(read) == [*columns(), *more]
    pd.testing.assert_frame_equal(read[list(columns())], whole)
    assert read["volume_ml"].dtype == read["blank"].dtype == np.float64
    assert read["volume_ml"].tolist() == pytest.approx([1.5, math.nan, -2000.0], nan_ok=True)
    assert read["scanner"].tolist() == ["3 T", "1", ""]
    write_cases(read.to_dict("records"), tmp_path / "again.csv")
    pd.testing.assert_frame_equal(read_cases(tmp_path / "again.csv"), whole)


def test_a_table_without_units_says_nothing_of_the_diagonal(
    rows: list[dict[str, object]], tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    write_cases([rows[0] | {"hd": 25.0, "spacing": "3.3x1x1"}, rows[1]], path)
    read = without("distance_unit", path)
    assert read["hd"][0] == 25.0  # farther than 8 x 9 pixels: not refused, for it may be in mm
    assert with_penalties(read)["hd"].isna()[1]


def test_messages_name_the_file_as_its_reader_knows_it(
    rows: list[dict[str, object]], tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    write_cases([rows[0] | {"dice": 2.0}], path)
    for text in (path.read_text(encoding="utf-8"), "a,b\n1,2\n"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DataError) as raised:
            read_cases(path, "per_case.csv of run unet final-101.0")
        assert raised.value.message.startswith("per_case.csv of run unet final-101.0: ")
        assert str(tmp_path) not in raised.value.message + raised.value.hint


def test_counts_may_be_unknown(rows: list[dict[str, object]], tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write_cases([rows[0] | dict.fromkeys(COUNTS, "")], path)
    assert read_cases(path)["tp"].isna().all()
