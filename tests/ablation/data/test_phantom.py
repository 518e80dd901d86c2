"""The phantom is deterministic, has the parts it promises, and can be written and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ablation.config.sections import DataConfig
from ablation.data import Dataset, open_dataset, write_phantom
from ablation.data.readers.brain import MODALITIES
from ablation.data.readers.patients import raw_hash, truth_hash
from ablation.data.readers.phantom_patients import draw_lesion, generate
from ablation.errors import DataError, UsageError

FIRST = ("241ed44e427c", "2fb3e3b63461")
"""Images and truth of patient 0, seed 0: a change means another VERSION of the phantom."""


def test_the_first_patient_is_what_it_always_was() -> None:
    patient = generate(0, seed=0)
    assert (raw_hash(patient)[:12], truth_hash(patient)[:12]) == FIRST


def test_patients_do_not_depend_on_each_other(phantom: Dataset) -> None:
    alone = generate(5, seed=0)
    assert phantom.patient("phantom_005").raw_hash == raw_hash(alone)
    assert raw_hash(generate(5, seed=1)) != raw_hash(alone)


def test_shape_labels_and_free_slices(phantom: Dataset) -> None:
    for facts in phantom.patients:
        assert facts.shape[1:] == (128, 128)
        assert 24 <= facts.slices <= 32
        assert facts.spacing_mm == (3.0, 1.0, 1.0)
        assert 1 <= facts.tumour_slices <= 0.75 * facts.slices
    tiny = phantom.patient("phantom_006")
    assert 0.25 <= tiny.tumour_voxels * 3 / 1000 <= 0.6
    assert phantom.generated
    assert phantom.distance_unit == "mm"


def test_tumours_are_where_the_sequences_say() -> None:
    patient = generate(2, seed=0)
    t1ce, t2, flair = (
        patient.volumes[MODALITIES.index(m)].astype(float) for m in ("t1ce", "t2", "flair")
    )
    truth = patient.truth
    assert truth is not None
    assert set(np.unique(truth)) == {0, 1, 2, 4}
    head = (patient.volumes[0] > 0) & (truth == 0)
    assert flair[truth == 2].mean() > 1.25 * flair[head].mean()
    assert t1ce[truth == 4].mean() > 1.5 * t1ce[truth == 2].mean()
    assert t2[truth == 1].mean() > t2[truth == 2].mean()


def test_air_is_exactly_zero_and_the_head_is_not() -> None:
    patient = generate(1, seed=0)
    air = patient.volumes[0] == 0
    assert 0.4 < air.mean() < 0.8
    assert all(np.array_equal(volume == 0, air) for volume in patient.volumes)


def test_of_forty_three_are_tiny_and_two_are_half_hidden() -> None:
    lesions = [draw_lesion(index, np.random.default_rng(index)) for index in range(40)]
    assert sum(lesion.volume_ml < 1 for lesion in lesions) == 3
    assert [lesion.hidden_in for lesion in lesions if lesion.hidden_in] == ["flair", "t2"]
    assert sum(not lesion.enhances for lesion in lesions) == 2
    assert {lesion.parts for lesion in lesions} <= {1, 2, 3, 4}


def test_a_hidden_lesion_is_hardly_there() -> None:
    hidden = generate(13, seed=0)
    flair, t2 = (hidden.volumes[MODALITIES.index(m)].astype(float) for m in ("flair", "t2"))
    assert hidden.truth is not None
    # Against the white matter's own signal, next to the tumour and away from the sulci.
    assert flair[hidden.truth == 2].mean() < 1.15 * np.median(flair[flair > 0])
    assert t2[hidden.truth == 2].mean() > 1.3 * np.median(t2[t2 > 0])


def test_more_patients_keep_the_first_ones(phantom: Dataset, phantom_cache: Path) -> None:
    fewer = open_dataset(DataConfig(phantom_patients=3), phantom_cache)
    assert fewer.patients == phantom.patients[:3]


def test_a_damaged_file_of_the_cache_is_named(tmp_path: Path) -> None:
    data = DataConfig(phantom_patients=1, skip_bad=False)
    place = open_dataset(data, tmp_path).places["phantom_000"]
    place.write_bytes(place.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"phantom_000\.npz: cannot be read .*delete it"):
        open_dataset(data, tmp_path)


def test_written_as_tiff_it_reads_back_the_same(tmp_path: Path) -> None:
    write_phantom(tmp_path / "scans", patients=2, seed=3, progress=lambda _: None)
    dataset = open_dataset(DataConfig(path=str(tmp_path / "scans")), tmp_path / "cache")
    assert dataset.name == "lgg"
    assert dataset.findings == ()
    patient = generate(1, seed=3)
    from ablation.data.readers.lgg import read

    again = read(tmp_path / "scans/phantom_001").patient
    assert again is not None
    assert np.array_equal(again.volumes[1], patient.volumes[MODALITIES.index("flair")])
    assert np.array_equal(again.truth == 1, patient.truth > 0)  # type: ignore[operator]
    with pytest.raises(UsageError, match="is no empty folder"):
        write_phantom(tmp_path / "scans", patients=1, seed=0, progress=lambda _: None)
