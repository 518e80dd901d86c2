"""What a command says to input it cannot use, and what it leaves behind: nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ablation.cli.app import main

from .conftest import TINY, Shell

BAD = Path(__file__).parents[3] / "shared/data/bad/lgg"
needs_scans = pytest.mark.skipif(not BAD.is_dir(), reason="needs the scans of ../shared/data")
ACCEPTED = {
    "08_mask_values_0_1",
    "09_mask_grey_edges",
    "13_all_masks_empty",
    "16_same_patient_twice",
}
"""Edge cases that are used, with a warning that says what was assumed."""
CONTROL = "00_control_good"


@pytest.mark.parametrize(
    ("words", "code", "named", "hint"),
    [
        (("sweep", "--model", "unett"), 2, "unknown model 'unett'", "Did you mean unet?"),
        (("sweep", "--model", "unet", "--trials", "0"), 2, "--trials", ""),
        (("sweep", "--model", "unet", "--set", "loss.name=dise"), 2, "unknown loss 'dise'", "dice"),
        (("sweep", "--model", "unet", "--set", "loss.fnweight=1"), 2, "loss.fnweight", "fn_weight"),
        (("sweep", "--model", "unet", "--preset", "laptopp"), 2, "laptopp", "laptop"),
        (("sweep", "--model", "unet", "--data", "nowhere"), 1, "nowhere", "--data"),
        (("sweep", "--model", "unet,resupnet", "--study", "x"), 2, "--study x", "--experiment"),
        (("sweep", "--model", "resupnet", "--set", "model.pretrained=imagenet", *TINY), 1,
         "imagenet", "model.pretrained=none"),
        (("sweep", "--model", "unet", "--set", "data.image_size=50", *TINY[:2]), 2, "50", "image_size"),
        (("report", "--compare", "all"), 1, "nothing to report", "ablate sweep"),
        (("evaluate", "phantom/unet/0"), 1, "no run phantom/unet/0", "ablate runs list"),
        (("studies", "show", "phantom/unet"), 1, "no studies yet", "ablate sweep"),
        (("config", "show", "--set", "training.epochs=x"), 2, "training.epochs", "config show"),
    ],
)  # fmt: skip
def test_wrong_words_get_one_error_and_one_hint(
    words: tuple[str, ...],
    code: int,
    named: str,
    hint: str,
    tmp_path: Path,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ABLATE_CACHE", str(cache))
    monkeypatch.setattr(sys, "argv", ["ablate", *words])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # the command sets one that redacts
    with pytest.raises(SystemExit) as ended:
        main()
    err = capsys.readouterr().err
    assert ended.value.code == code, err
    assert named in err
    assert hint in err
    assert "Traceback" not in err
    assert not Path("runs/optuna.db").exists()


def test_an_empty_folder_is_refused_by_name(shell: Shell) -> None:
    (shell.folder / "scans").mkdir()
    _, err = shell("sweep", "--model", "unet", "--data", "scans", code=1)
    assert "scans" in err
    assert "hint:" in err


@needs_scans
def test_one_patient_cannot_be_split(shell: Shell) -> None:
    scans = str(BAD / CONTROL / "kaggle_3m")
    _, err = shell("sweep", "--model", "unet", "--data", scans, code=1)
    assert "1 labelled patients; training, validation and test need one each" in err


@needs_scans
@pytest.mark.parametrize("name", sorted(p.name for p in BAD.glob("*")) or ["none"])
def test_each_broken_folder_is_refused_or_accepted_with_a_warning(shell: Shell, name: str) -> None:
    fine = name == CONTROL or name in ACCEPTED
    out, err = shell("data", "check", str(BAD / name), code=0 if fine else 1)
    if name in ACCEPTED:
        assert "warning" in out + err
    elif name != CONTROL:
        assert "error:" in err, err
        assert "TCGA" in err or name == "22_no_patients"


def test_a_file_where_the_workspace_should_be(shell: Shell) -> None:
    (shell.folder / "runs").write_text("not a folder")
    _, err = shell("sweep", "--model", "unet", *TINY, code=1)
    assert "runs: File exists" in err
    assert "--workspace" in err


@pytest.mark.slow
def test_a_gpu_that_tensorflow_does_not_see_is_refused_unless_hidden_on_purpose(
    shell: Shell,
) -> None:
    program = shell.folder / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA H200 (UUID: GPU-1)'\n")
    program.chmod(0o755)
    path = {"PATH": f"{program.parent}:{os.environ['PATH']}"}
    sweep = ("sweep", "--model", "unet", "--trials", "1", *TINY)
    _, err = shell(*sweep, env=path, code=1)
    assert "TensorFlow sees none" in err
    assert "CUDA_VISIBLE_DEVICES=-1" in err
    assert not (shell.folder / "runs" / "optuna.db").exists()
    shell(*sweep, "--dry-run", env=path | {"CUDA_VISIBLE_DEVICES": "-1"})


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of six megabytes, where the machine lets us mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.getuid() != 0:
        pytest.skip("mounting a small tmpfs needs root")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.slow
@pytest.mark.sample
def test_a_full_disk_ends_the_sweep_and_freeing_it_goes_on(shell: Shell, small_disk: Path) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 6_050_000)
    sweep = (
        "sweep",
        "--model",
        "unet",
        "--trials",
        "2",
        *TINY,
        "--workspace",
        str(small_disk / "runs"),
    )
    _, err = shell(*sweep, code=2)
    assert "free disk" in err  # said before anything is started
    _, err = shell(*sweep, "--yes", code=1)
    assert "No space left on device" in err or "disk is full" in err
    assert "error:" in err, err
    assert "Traceback" not in err
    filler.unlink()
    out, _ = shell(*sweep)
    assert out.splitlines()[1].split()[:2] == ["unet", "2"]
