"""Our own CSV files: read with or without a byte-order mark, every fault with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ablation.errors import DataError
from ablation.files.csv_rows import csv_text, read_cells, read_rows


def table(folder: Path, content: bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_rows_by_column_name(mark: bytes, tmp_path: Path) -> None:
    path = table(tmp_path, mark + 'case,note\nP1,ä\n\nP2,"a, b"\n'.encode())
    assert read_rows(path) == [{"case": "P1", "note": "ä"}, {"case": "P2", "note": "a, b"}]


def test_lines_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    path = table(tmp_path, b'case,note\nP1,"two\nlines"\n\nP2,x\n')
    assert read_cells(path) == (
        ["case", "note"],
        [(3, ["P1", "two\nlines"]), (5, ["P2", "x"])],
    )


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    assert read_cells(table(tmp_path, b"")) == ([], [])
    assert read_rows(table(tmp_path, b"case\n")) == []


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"case,note\nP1\n", "line 2: 1 cells under 2 columns"),
        (b"case\n\xff\n", "not CSV in UTF-8"),
    ],
)
def test_faults_name_the_file_as_its_reader_knows_it(
    content: bytes, fault: str, tmp_path: Path
) -> None:
    path = table(tmp_path, content)
    with pytest.raises(DataError) as raised:
        read_rows(path)
    assert raised.value.message.startswith(f"{path}: ")
    assert fault in raised.value.message
    with pytest.raises(DataError) as raised:
        read_rows(path, "trials.csv of study a/b")
    assert raised.value.message.startswith("trials.csv of study a/b: ")
    assert str(tmp_path) not in raised.value.message


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    text = csv_text(["case", "note"], [("P1", 'say "a", b'), ("P2", 0.1)])
    path = table(tmp_path, text.encode())
    assert read_rows(path) == [{"case": "P1", "note": 'say "a", b'}, {"case": "P2", "note": "0.1"}]
