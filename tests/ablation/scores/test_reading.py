"""Tables as other tools write them: empty masks, names, layouts, scales, seeds and folds."""

from __future__ import annotations

import math
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from ablation import compare
from ablation.comparison.analysis.contrasts import MEAN_OF_TARGETS
from ablation.errors import ComparisonError, DataError, UsageError

N = 12
CASES = [f"P{number:03d}" for number in range(1, N + 1)]
BASE = np.round(np.linspace(0.6, 0.9, N), 4)
GAIN = 0.02 + 0.001 * np.arange(N)


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(name: str, header: str, rows: list[str], encoding: str = "utf-8") -> str:
    Path(name).write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
    return name


def dice(
    name: str, gain: float | np.ndarray = 0.0, ids: list[str] = CASES, head: str = "case"
) -> str:
    rows = [f"{case},{value:.4f}" for case, value in zip(ids, BASE + gain, strict=True)]
    return write(name, f"{head},dice", rows)


def said_in(*tables: str, **options: object) -> tuple[object, list[str]]:
    said: list[str] = []
    return compare(list(tables), progress=said.append, **options), said


class TestEmptyMasks:
    def tables(
        self, form: str, beside: str = "", head: str = "", found: object = 0.8
    ) -> tuple[str, str]:
        """Six of twelve distances of one design written as `form`."""
        bold = [
            f"{case},{form if at % 2 else f'{10 + at}.5'}{beside.format(0 if at % 2 else found)}"
            for at, case in enumerate(CASES)
        ]
        careful = [f"{case},{11 + at}.5{beside.format(found)}" for at, case in enumerate(CASES)]
        return (
            write("bold.csv", f"case,hd95{head}", bold),
            write("careful.csv", f"case,hd95{head}", careful),
        )

    def hd95(self, *tables: str, **options: object):
        return said_in(*tables, metric="hd95", assume_hd95_method="pooled", **options)

    @pytest.mark.parametrize("form", ["inf", "-inf", "Infinity"])
    def test_infinity_is_a_missed_case_that_ranks_last(self, form):
        result, said = self.hd95(*self.tables(form))
        analysis = result.primary
        assert len(analysis.patients) == N
        assert analysis.scores["bold"][1] == 2 * 22.5
        assert [one.missed for one in result.detection] == [6, 0]
        assert analysis.contrasts[0].t.interval.mean > 0  # of the distances as they stand
        assert any(one.colour == "red" and "bold 6 of 12" in one.text for one in result.cautions)
        assert "hd95 infinite in lines 3, 5, 7, 9, 11, 13" in said[0]

    @pytest.mark.parametrize(
        "form",
        ["-1", "0", "0.0", "373.13", "373.1287", "374", "1000", "nan", "", "n/a", "None", "-"],
    )
    @pytest.mark.parametrize(
        ("beside", "head", "found"),
        [
            (",{}", ",dice", 0.8),
            (",{},,", ",dice,asd,iou", 0.8),
            (",{}", ",iou", 0.7),
            (",{}", ",pred_voxels", 70),
        ],
    )
    def test_the_row_says_that_a_mask_was_empty(self, form, beside, head, found):
        result, _ = self.hd95(*self.tables(form, beside, head, found))
        assert [one.missed for one in result.detection] == [6, 0]
        assert result.primary.scores["bold"][0] == 10.5
        assert result.primary.scores["bold"][1] >= 2 * 22.5
        assert len(result.primary.patients) == N

    @pytest.mark.parametrize("form", ["-1", "373.13", "999", "nan"])
    def test_the_user_says_what_stands_for_an_empty_mask(self, form):
        result, _ = self.hd95(*self.tables(form), undefined_distance=form)
        assert [one.missed for one in result.detection] == [6, 0]

    @pytest.mark.parametrize("form", ["0", "373.13", "374", "1000"])
    def test_where_nobody_says_so_the_value_stands_and_the_rows_are_named(self, form):
        result, said = self.hd95(*self.tables(form))
        assert [one.missed for one in result.detection] == [0, 0]
        assert result.primary.scores["bold"][1] == float(form)
        (remark,) = [line for line in said if "--undefined-distance" in line]
        assert f"hd95 {form} in lines 3, 5, 7, 9, 11, 13: taken as it stands" in remark
        assert remark.startswith("warning: " if form == "0" else "caution: ")

    @pytest.mark.parametrize("form", ["-1", "nan", ""])
    def test_a_distance_that_does_not_exist_under_one_design_is_a_red_caveat(self, form):
        result, _ = self.hd95(*self.tables(form))
        (caveat,) = [one for one in result.cautions if "is not defined" in one.text]
        assert caveat.colour == "red"
        assert "bold 6 of 12, careful 0 of 12" in caveat.text

    def test_the_size_of_the_scan_gives_the_diagonal(self):
        head, beside = ",shape,spacing", ",30x40,1x1"
        result, _ = self.hd95(*self.tables("inf", beside, head))
        assert result.primary.scores["bold"][1] == 2 * 22.5  # no unit: not known to be mm
        result, _ = self.hd95(*self.tables("inf", f"{beside},mm", f"{head},distance_unit"))
        assert result.primary.scores["bold"][1] == 50.0

    @pytest.mark.parametrize(
        ("row", "fault"),
        [
            ("P1,0.8,inf,,", "hd95 infinite says that one mask was empty, but the overlap is 0.8"),
            ("P1,0,inf,10,12", "hd95 infinite says that one mask was empty, but both masks hold"),
            ("P1,0.8,-5,,", "hd95 -5 is outside 0 and above"),
        ],
    )
    def test_rows_that_contradict_an_empty_mask(self, row, fault):
        path = write("a.csv", "case,dice,hd95,n_ref,n_pred", [row, "P2,0.7,2,,"])
        with pytest.raises(DataError) as caught:
            compare([path])
        assert f"line 2 (P1): {fault}" in caught.value.message

    @pytest.mark.parametrize("column", ["truth_voxels", "n_ref"])
    def test_a_case_without_truth_is_no_patient_with_a_tumour(self, column):
        for name, empty, gain in (("quiet", 1, 0.0), ("loud", 0, 0.02)):
            rows = [f"E{n},{empty},0" for n in range(5)]
            rows += [f"{c},{v + gain:.4f},9" for c, v in zip(CASES, BASE, strict=True)]
            write(f"{name}.csv", f"case,dice,{column}", rows)
        result = compare(["quiet.csv", "loud.csv"])
        assert len(result.primary.patients) == N
        assert result.primary.contrasts[0].t.interval.mean == pytest.approx(-0.02)
        assert [one.false_alarms for one in result.detection] == [0, 5]

    def test_sizes_follow_from_counts(self):
        rows = ["P1,0,0,0", "P2,0,7,0", "P3,0,0,7", "P4,6,2,4"]
        path = write("a.csv", "case,tp,fp,fn", rows)
        result, said = said_in(path)
        assert result.primary.patients == ("P3", "P4")
        assert result.primary.scores["a"] == (0.0, pytest.approx(12 / 18))
        assert any(
            "computed from the voxel counts: dice, iou, precision, recall" in s for s in said
        )


class TestNames:
    @pytest.mark.parametrize(
        "head",
        ["ID", "Subject", "subject_id", "Patient ID", "image", "Case", "filename", "case_id"],
    )
    def test_the_usual_names_of_case_columns(self, head):
        result = compare([dice("a.csv"), dice("b.csv", GAIN, head=head)])
        assert result.primary.patients == tuple(CASES)

    def test_a_column_of_one_file(self):
        tables = [dice("a.csv", head="Fall"), dice("b.csv", GAIN, head="ID")]
        with pytest.raises(DataError) as caught:
            compare(tables)
        assert "--case-column a.csv=NAME" in caught.value.hint
        assert len(compare(tables, case_column="a.csv=Fall").primary.patients) == N
        both = ["a.csv=Fall", "b.csv=ID"]
        assert len(compare(tables, case_column=both).primary.patients) == N
        with pytest.raises(UsageError, match="no table c"):
            compare(tables, case_column="c.csv=Fall")

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (str.lower, "upper and lower case"),
            (lambda name: f"{name}.nii.gz", "file endings"),
            (lambda name: f"out/{name}_seg.nii.gz", "file endings"),
            (lambda name: f"P{int(name[1:])}", "leading zeros"),
            (lambda name: f"p{int(name[1:])}_pred.mha", "leading zeros"),
            (lambda name: f"{name}\u200b", ""),
            (lambda name: f"\ufeff{name}\u00a0", ""),
        ],
    )
    def test_ids_of_one_case_written_differently(self, change, words):
        other = dice("b.csv", GAIN, ids=[change(name) for name in CASES])
        result, said = said_in(dice("a.csv"), other)
        assert result.primary.patients == tuple(CASES)
        assert any("without regard to" in line and words in line for line in said) is bool(words)

    def test_composed_and_decomposed_letters(self):
        names = [f"Müller-{n:02d}" for n in range(N)]
        forms = [[unicodedata.normalize(form, n) for n in names] for form in ("NFC", "NFD")]
        result = compare([dice("a.csv", ids=forms[0]), dice("b.csv", GAIN, ids=forms[1])])
        assert result.primary.patients == tuple(names)

    def test_ids_that_differ_in_more_are_not_mixed_up(self):
        ids = [*CASES[:-1], "p001"]  # beside P001
        with pytest.raises(ComparisonError, match="lacks"):
            compare([dice("a.csv", ids=ids), dice("b.csv", GAIN)])

    @pytest.mark.parametrize("missing", ["error", "worst", "intersection"])
    def test_tables_without_a_shared_id_show_three_of_each(self, missing):
        other = dice("b.csv", GAIN, ids=[f"X{n}" for n in range(N)])
        with pytest.raises(ComparisonError) as caught:
            compare([dice("a.csv"), other], missing=missing)
        assert caught.value.message == (
            "no case id is in all of these tables: a has P001, P002, P003; b has X0, X1, X2"
        )


class TestLayouts:
    def test_a_column_for_each_design(self):
        rows = [f"{c},{v:.4f},{v + 0.02:.4f},M" for c, v in zip(CASES, BASE, strict=True)]
        path = write("wide.csv", "case,unet,resupnet,sex", rows)
        result, said = said_in(path, metric="dice")
        assert result.designs == ("unet", "resupnet")
        assert "columns read as designs, their cells as dice: unet, resupnet" in said[0]
        with pytest.raises(DataError) as caught:
            compare([path])
        assert "--metric NAME" in caught.value.hint

    @pytest.mark.parametrize(
        "head",
        [
            "case,dice_WT,dice_TC",
            "case,WT_Dice,TC_Dice",
            "case,Dice (WT),Dice (TC)",
            "id,DSC.WT,DSC.TC",
        ],
    )
    def test_a_column_for_each_target(self, head):
        rows = [f"{c},{v:.4f},{v / 2:.4f}" for c, v in zip(CASES, BASE, strict=True)]
        more = [f"{c},{v + 0.02:.4f},{v / 2:.4f}" for c, v in zip(CASES, BASE, strict=True)]
        result = compare([write("a.csv", head, rows), write("b.csv", head, more)])
        assert {one.target for one in result.analyses} == {MEAN_OF_TARGETS, "WT", "TC"}
        assert result.designs == ("a", "b")

    def test_targets_or_designs_is_asked_where_it_cannot_be_told(self):
        rows = [f"{c},{v:.4f},{v + 0.02:.4f}" for c, v in zip(CASES, BASE, strict=True)]
        path = write("wide.csv", "case,dice_unet,dice_resupnet", rows)
        with pytest.raises(UsageError) as caught:
            compare([path])
        assert "--wide targets or --wide designs" in caught.value.hint
        assert compare([path], wide="designs").designs == ("unet", "resupnet")
        assert {one.target for one in compare([path], wide="targets").analyses} == {
            MEAN_OF_TARGETS,
            "unet",
            "resupnet",
        }

    def test_a_column_of_means_beside_its_parts_is_no_target(self):
        rows = [f"{c},{v:.4f},0.1,0.02" for c, v in zip(CASES, BASE, strict=True)]
        result, said = said_in(write("a.csv", "case,dice,dice_std,dice_WT", rows))
        assert result.primary.target == ""
        assert "columns left out: dice_std, dice_WT" in said[0]

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    @pytest.mark.parametrize(
        ("above", "mark", "point"),
        [
            ("", ",", "."),
            ("sep=;\n", ";", ","),
            ("", ";", ","),
            ("", "\t", ","),
            ("sep=|\n", "|", "."),
        ],
    )
    def test_separators_and_encodings(self, encoding, above, mark, point):
        rows = [f"{c}{mark}{v:.4f}".replace(".", point) for c, v in zip(CASES, BASE, strict=True)]
        path = write("a.csv", f"{above}case{mark}dice", rows, encoding)
        assert compare([path]).primary.scores["a"] == tuple(BASE)

    def test_lines_are_counted_as_in_the_file(self):
        path = write("a.csv", "sep=;\ncase;dice", ["P1;0,5", "P2;good"])
        with pytest.raises(DataError, match=r"line 4 \(P2\)"):
            compare([path])

    def test_columns_without_any_value_give_one_remark(self):
        metrics = ("iou", "precision", "recall", "hd", "hd95", "asd", "masd", "nsd", "tp", "fp")
        rows = [f"{c},{v:.4f}" + "," * len(metrics) for c, v in zip(CASES, BASE, strict=True)]
        _, said = said_in(
            *(write(f"{n}.csv", f"case,dice,{','.join(metrics)}", rows) for n in "ab")
        )
        assert [line for line in said if "without any value" in line] == [
            f"a.csv, b.csv: columns without any value: {', '.join(metrics)}"
        ]
        assert not any("not defined" in line or "HD95" in line for line in said)


class TestScales:
    def percent(self, name: str) -> str:
        rows = [f"{c},{100 * v:.2f}" for c, v in zip(CASES, BASE, strict=True)]
        return write(name, "case,dice", rows)

    @pytest.mark.parametrize("declared", [(), "dice"])
    def test_a_table_in_per_cent_beside_one_that_is_not(self, declared):
        with pytest.raises((DataError, ComparisonError)) as caught:
            compare([self.percent("a.csv"), dice("b.csv")], higher_is_better=declared)
        assert "100" in caught.value.hint

    def test_two_tables_in_per_cent(self):
        tables = [self.percent("a.csv"), self.percent("b.csv")]
        result = compare(tables, higher_is_better="dice")
        assert result.primary.summaries[0].interval.mean == pytest.approx(100 * BASE.mean())

    def test_a_percent_sign_is_never_passed_over(self):
        path = write("a.csv", "case,dice", ["P1,0.9%", "P2,0.8%"])
        with pytest.raises(DataError, match=r"dice '0\.9%' is a percentage"):
            compare([path])

    @pytest.mark.parametrize(
        ("flag", "name"),
        [
            *(("lower_is_better", name) for name in ("dice", "DSC", "IoU", "nsd")),
            *(("higher_is_better", name) for name in ("hd95", "HD95 (mm)", "assd")),
        ],
    )
    def test_a_direction_against_a_known_metric(self, flag, name):
        with pytest.raises(UsageError, match="is better when"):
            compare([dice("a.csv"), dice("b.csv", GAIN)], **{flag: name})


class TestTrainings:
    def seeds(self, name: str, gain: float) -> list[str]:
        return [dice(f"{name}{seed}.csv", gain + 0.001 * seed) for seed in (1, 2, 3)]

    def test_several_tables_of_one_design(self):
        a, b = self.seeds("a", 0.0), self.seeds("b", 0.02)
        joined = compare([f"A={','.join(a)}", f"B={','.join(b)}"])
        apart = compare([*(f"A={path}" for path in a), *(f"B={path}" for path in b)])
        for result in (joined, apart):
            assert result.designs == ("A", "B")
            assert result.trainings == (3, 3)
            assert result.primary.scores["A"] == pytest.approx(tuple(BASE + 0.002))

    @pytest.mark.parametrize(("head", "options"), [("seed", {}), ("run", {"seed_column": "run"})])
    def test_a_column_of_seeds(self, head, options):
        rows = [
            f"{design},{case},{seed},{value + gain + 0.001 * seed:.4f}"
            for design, gain in (("A", 0.0), ("B", 0.02))
            for seed in (1, 2, 3)
            for case, value in zip(CASES, BASE, strict=True)
        ]
        result = compare([write("long.csv", f"model,case,{head},dice", rows)], **options)
        assert result.trainings == (3, 3)
        assert result.primary.scores["A"] == pytest.approx(tuple(BASE + 0.002))

    @pytest.mark.parametrize(
        ("head", "options"),
        [("fold", {}), ("cv_fold", {}), ("split", {}), ("part", {"fold_column": "part"})],
    )
    def test_a_column_of_folds(self, head, options):
        for name, gain in (("a", 0.0), ("b", 0.02)):
            rows = [f"{c},{v + gain:.4f},{at % 4}" for at, (c, v) in enumerate(zip(CASES, BASE, strict=True))]  # fmt: skip
            write(f"{name}.csv", f"case,dice,{head}", rows)
        result, said = said_in("a.csv", "b.csv", **options)
        assert result.folds == (4, 4)
        assert any("taken as the fold" in line for line in said) is not bool(options)

    def test_tables_without_a_common_case_are_folds(self):
        parts = [dice(f"{n}.csv", 0.0, CASES) for n in ("x",)]
        rows = Path(parts[0]).read_text().splitlines()[1:]
        files = [write(f"f{k}.csv", "case,dice", rows[k::3]) for k in range(3)]
        result = compare([f"A={','.join(files)}", dice("b.csv", GAIN)])
        assert result.folds == (3, 0)
        assert result.trainings == (1, 1)

    def test_a_file_given_twice(self):
        path = dice("a.csv")
        with pytest.raises(UsageError, match="given twice"):
            compare([path, path])


def test_slices_with_counts_are_missing_values_no_more(tmp_path):
    """A slice without truth and prediction has no Dice and does not lower the patient's mean."""
    rows = [f"P{p}_{s},{0 if s == 3 else 6},0,{0 if s == 3 else 4},{p}" for p in (1, 2) for s in (1, 2, 3)]  # fmt: skip
    path = write("a.csv", "case,tp,fp,fn,person", rows)
    result, said = said_in(path, patient_column="person")
    assert not any("is the mean over slices" in line for line in said)
    assert "those of the volume, from the voxel counts of 6 slices of 2 patients" in result.notes[0]
    assert result.primary.patients == ("1", "2")
    assert not any(math.isnan(value) for value in result.primary.scores["a"])
    assert result.primary.scores["a"] == pytest.approx((0.75, 0.75))
