"""Bare per-case tables: read as they are meant, every fault named at once."""

import math

import pytest

from ablation.comparison.tables.volumes import look_like_slices
from ablation.errors import DataError, UsageError
from ablation.scores.bare import Known, read_bare
from ablation.scores.header import Naming
from ablation.scores.remarks import note, untold


def table(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "scores.csv"
    path.write_bytes(text.encode(encoding))
    return path


def read(path, say=untold, also=(), undefined=(), metric=None, alone=False, **naming):
    known = Known(also, undefined, metric, alone)
    return read_bare(path, Naming(**naming), known, say)


def refusal(path, **options):
    with pytest.raises(DataError) as caught:
        read(path, **options)
    return caught.value.message


def test_columns_models_and_order(tmp_path):
    path = table(
        tmp_path,
        "model,patient,case,target,dice,hd95\n"
        "b,p1,c2,WT,0.5,3\nb,p1,c1,WT,0.25,4.5\na,p1,c1,WT,1,0\n",
    )
    frames = read(path)
    assert list(frames) == ["b", "a"]
    assert list(frames["b"].columns) == ["patient", "case", "target", "status", "dice", "hd95"]
    assert frames["b"].drop(columns="status").to_dict("list") == {
        "patient": ["p1", "p1"],
        "case": ["c2", "c1"],
        "target": ["WT", "WT"],
        "dice": [0.5, 0.25],
        "hd95": [3.0, 4.5],
    }


def test_without_model_target_and_patient_says_what_is_assumed(tmp_path):
    said = []
    frames = read(table(tmp_path, "case,dice\nx,0.5\ny,0.6\n"), say=said.append)
    assert frames[""]["patient"].tolist() == ["x", "y"]
    assert frames[""]["target"].tolist() == ["", ""]
    assert len(said) == 1
    assert "each of the 2 cases is taken as one patient" in said[0].text


@pytest.mark.parametrize(
    "text",
    [
        "case;dice;hd95\nx;0,5;1,25\n",
        "case;dice;hd95\r\nx;0.5;1.25\r\n\r\n",
        "case\tdice\thd95\nx\t0.5\t1.25\n",
        '"case","dice","hd95"\n"x","0.5","1.25"\n',
        "Case , DSC, Hausdorff Distance 95\n x , 0.5 , 1.25 \n",
    ],
)
def test_ways_of_writing_the_same(tmp_path, text):
    (row,) = read(table(tmp_path, text))[""].to_dict("records")
    assert row == {
        "patient": "x",
        "case": "x",
        "target": "",
        "status": "scored",
        "dice": 0.5,
        "hd95": 1.25,
    }


def test_byte_order_mark(tmp_path):
    frames = read(table(tmp_path, "case,dice\nx,0.5\n", "utf-8-sig"))
    assert frames[""]["case"].tolist() == ["x"]


def test_all_faults_are_named_at_once(tmp_path):
    message = refusal(
        table(
            tmp_path,
            'case,dice,hd,hd95\nx,0.5,3,2\nx,0.5,3,2\ny,89.1,1,2\nz,"0,5",-1,\n,0.5,1,1\nw,0.5\n',
        )
    )
    assert "5 faults" in message
    for fault in (
        "line 3 (x): the same case as line 2",
        "line 4 (y): dice '89.1' is outside 0..1 (a percentage?)",
        "line 5 (z): dice '0,5' is not a number",
        "line 6 (): case is empty",
        "line 7: 2 cells under 4 columns",
    ):
        assert fault in message


def test_the_size_of_the_scan_bounds_distances(tmp_path):
    message = refusal(
        table(
            tmp_path,
            "case,dice,hd,shape,spacing,distance_unit\n"
            "a,1,5,3x4,1x1,mm\nb,1,5.5,3x4,1x1,mm\nc,1,5,3x4,1,mm\nd,1,5,odd,1,mm\ne,1,5,,,cm\n",
        )
    )
    assert "line 2" not in message
    assert "line 3 (b): hd 5.5 exceeds the diagonal of the scan, 5" in message
    assert "line 4 (c): shape '3x4' and spacing '1' do not fit" in message
    assert "line 5 (d): shape 'odd'" in message
    assert "line 6 (e): distance_unit 'cm' is none of mm, px" in message


def test_what_is_undefined_is_nan_and_counted(tmp_path):
    said = []
    path = table(tmp_path, "patient,dice,hd95\na,,-\nb,nan,\nc,0,N/A\nd,0.9,2\n")
    frame = read(path, say=said.append)[""]
    assert [math.isnan(v) for v in frame["dice"]] == [True, True, False, False]
    assert frame["hd95"].isna().sum() == 3
    assert [one.text for one in said] == [
        "dice is not defined in 2 of 4 rows",
        "hd95 is not defined in 3 of 4 rows",
    ]


def test_a_column_without_a_value_is_a_column_of_numbers(tmp_path):
    frame = read(table(tmp_path, "case,dice,hd95\nx,0.5,\n"))[""]
    assert frame["hd95"].dtype == float


def test_same_case_of_other_model_target_or_patient_is_no_duplicate(tmp_path):
    path = table(
        tmp_path,
        "model,patient,case,target,dice\na,p,1,WT,1\na,p,1,TC,1\na,q,1,WT,1\nb,p,1,WT,1\n",
    )
    assert {name: len(frame) for name, frame in read(path).items()} == {"a": 3, "b": 1}


def test_only_test_rows_of_a_split_table(tmp_path):
    said = []
    path = table(tmp_path, "patient,split,dice\na,validation,0.1\na,Test,0.2\n")
    assert read(path, say=said.append)[""]["dice"].tolist() == [0.2]
    assert "1 row of other splits" in said[0].text
    assert "no row has split = test" in refusal(table(tmp_path, "patient,split,dice\na,val,1\n"))


def test_unknown_columns_are_said_and_f1_is_dice(tmp_path):
    said = []
    path = table(tmp_path, "patient,dice,f1,vendor\na,0.5,0.5,X\n")
    assert list(read(path, say=said.append)[""].columns) == [
        *("patient", "case", "target", "status", "dice")
    ]
    assert said == [note("columns left out: f1 (F1 is Dice), vendor")]


def test_scores_that_only_their_user_knows(tmp_path):
    path = table(tmp_path, "case,AUC dB,vendor\nx,-17.5,A\ny,,B\n")
    frame = read(path, also=["AUC dB"])[""]
    assert frame["AUC dB"].tolist()[0] == -17.5
    assert frame["AUC dB"].isna().tolist() == [False, True]
    assert "no column holds a metric" in refusal(path)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "has no rows"),
        ("case,dice\n", "has no rows"),
        ("name,dice\nx,1\n", "no column named case, patient, subject or id; columns: name, dice"),
        ("case,score\nx,1\n", "no column holds a metric"),
        ("case,dice,DSC\nx,1,1\n", "dice and DSC are both dice"),
    ],
)
def test_files_that_are_no_table(tmp_path, text, fault):
    assert fault in refusal(table(tmp_path, text))


def test_files_that_cannot_be_read(tmp_path):
    assert "cannot be read" in refusal(tmp_path / "absent.csv")
    assert "cannot be read" in refusal(tmp_path)
    assert "not CSV in UTF-8" in refusal(table(tmp_path, "case,dice\nMüller,1\n", "latin-1"))


def test_named_columns(tmp_path):
    path = table(tmp_path, "architecture,patient,dice\nU-Net,1,0.5\nU-Net,2,0.6\n")
    frames = read(path, model_column="architecture", case_column=("patient",))
    assert frames["U-Net"]["case"].tolist() == ["1", "2"]
    with pytest.raises(UsageError, match="no column 'architectur'") as caught:
        read(path, model_column="architectur")
    assert caught.value.hint == "Did you mean architecture?"


def test_patients_by_regex(tmp_path):
    path = table(tmp_path, "case,dice\nA_1,1\nA_2,1\nB_1,1\n")
    frame = read(path, patient_regex=r"(.+)_\d")[""]
    assert frame["patient"].tolist() == ["A", "A", "B"]
    assert "finds no patient in B_1" in refusal(path, patient_regex="A")
    with pytest.raises(UsageError, match="--patient-regex"):
        read(path, patient_regex="(")


def test_patients_by_map(tmp_path):
    path = table(tmp_path, "case,dice\nA_1,1\nA_2,1\n")
    whose = tmp_path / "patients.csv"
    whose.write_text("patient;case\nAnna;A_1\nAnna;A_2\nBert;B_9\n")
    assert read(path, patient_map=whose)[""]["patient"].tolist() == ["Anna", "Anna"]
    whose.write_text("case,patient\nA_1,Anna\nA_1,Bert\n")
    message = refusal(path, patient_map=whose)
    assert "line 3 gives A_1 a second patient" in message
    assert "no patient for A_2" in message
    whose.write_text("id,who\nA_1,Anna\n")
    assert "columns id, who" in refusal(path, patient_map=whose)
    with pytest.raises(UsageError, match="both"):
        read(path, patient_map=whose, patient_regex="x")


@pytest.mark.parametrize(
    ("cases", "slices"),
    [
        ([f"TCGA_CS_{p}_{s}" for p in (4941, 4942) for s in range(1, 21)], True),
        ([f"p{p}slice{s}" for p in (1, 2) for s in (9, 10)], True),
        ([f"P{n:03}" for n in range(1, 31)], False),
        ([f"BraTS-GLI-{n:05}-000" for n in range(50)], False),
        (["TCGA-02-0006", "TCGA-02-0033", "TCGA-06-0119", "TCGA-06-0188"], False),
    ],
)
def test_ids_that_look_like_slices(cases, slices):
    assert look_like_slices(cases) is slices


def test_slices_are_refused_unless_patients_are_named(tmp_path):
    rows = "".join(f"P{p}_{s},0.5,{p}\n" for p in (1, 2) for s in (1, 2, 3))
    path = table(tmp_path, "case,dice,who\n" + rows)
    with pytest.raises(DataError, match="P1_1 and P1_2 look like slices") as caught:
        read(path)
    assert "--patient-column NAME" in caught.value.hint
    for named, patients in (
        ({"patient_regex": r"(P\d)"}, {"P1", "P2"}),
        ({"patient_column": "who"}, {"1", "2"}),
        ({"patient_regex": ".+"}, {"P1_1", "P1_2", "P1_3", "P2_1", "P2_2", "P2_3"}),
    ):
        assert set(read(path, **named)[""]["patient"]) == patients


class TestBrokenTables:
    @pytest.mark.parametrize(
        ("name", "rows"),
        [
            ("00_control_good", [30, 30, 30]),
            ("01_one_case_missing", [30, 30, 29]),
            ("03_nan_value", [30, 30, 30]),
            ("04_blank_value", [30, 30, 30]),
            ("06_semicolons", [30, 30, 30]),
            ("07_one_model_only", [30]),
            ("08_two_patients", [2, 2, 2]),
            ("09_identical_models", [30, 30]),
        ],
    )
    def test_sound_ones(self, faulty_tables, name, rows):
        frames = read(faulty_tables / f"{name}.csv")
        assert sorted(len(frame) for frame in frames.values()) == sorted(rows)
        undefined = sum(int(frame["dice"].isna().sum()) for frame in frames.values())
        assert undefined == (name in ("03_nan_value", "04_blank_value"))

    @pytest.mark.parametrize(
        ("name", "fault"),
        [
            ("02_duplicate_row", "line 92 (attention_unet, P011): the same case as line 42"),
            ("05_out_of_range", "line 7 (unet, P006): dice '1.37' is outside 0..1"),
            ("10_text_in_number", "line 7 (unet, P006): dice '0.89 (good)' is not a number"),
        ],
    )
    def test_faulty_ones(self, faulty_tables, name, fault):
        message = refusal(faulty_tables / f"{name}.csv")
        assert fault in message
        assert "1 fault" in message
