"""The light install: the same code with fewer dependencies, small, and its commands work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIGHT = ROOT / "packaging/light"
MOST_BYTES = 400e6
LEFT_OUT = ("tensorflow", "keras", "mlflow", "optuna")


def project(folder: Path) -> dict[str, object]:
    return tomllib.loads((folder / "pyproject.toml").read_text())["project"]


def test_dependencies_are_those_of_the_plain_install():
    whole, light = project(ROOT), project(LIGHT)
    full = light["optional-dependencies"]["full"]
    assert sorted([*light["dependencies"], *full]) == sorted(whole["dependencies"])
    assert not {name for name in LEFT_OUT for one in light["dependencies"] if one.startswith(name)}
    assert (light["version"], light["scripts"]) == (whole["version"], whole["scripts"])
    assert light["requires-python"] == whole["requires-python"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """An empty environment with the light install."""
    if (uv := shutil.which("uv")) is None:
        pytest.skip("needs uv")
    folder = tmp_path_factory.mktemp("light")
    wheels, venv = folder / "wheels", folder / "venv"
    for words in (
        ["venv", "-q", "-p", sys.executable, str(venv)],
        ["build", "-q", "--wheel", str(LIGHT), "-o", str(wheels)],
    ):
        subprocess.run([uv, *words], check=True, timeout=300)
    [wheel] = wheels.glob("*.whl")
    subprocess.run(
        [uv, "pip", "install", "-q", "-p", str(venv / "bin/python"), str(wheel)],
        check=True,
        timeout=600,
    )
    return venv


def ablate(venv: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "MLFLOW_TRACKING_URI")}
    return subprocess.run(
        [str(venv / "bin/ablate"), *words],
        cwd=folder, env=clean, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_it_is_small_and_has_no_heavy_package(installed):
    files = [path for path in installed.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    packages = {path.name for path in installed.glob("lib/python*/site-packages/*")}
    assert "ablation" in packages
    assert packages.isdisjoint(LEFT_OUT)


@pytest.mark.slow
def test_compare_writes_its_page(installed, tmp_path):
    for name, gain in (("a", 0.0), ("b", 0.05)):
        rows = "".join(f"P{k},{0.5 + 0.03 * k + gain + 0.001 * k * k}\n" for k in range(10))
        (tmp_path / f"{name}.csv").write_text("case,dice\n" + rows)
    done = ablate(installed, tmp_path, "compare", "a.csv", "b.csv")
    assert done.returncode == 0, done.stderr
    assert "b scored higher than a" in done.stdout
    assert "ablate 0." in (tmp_path / "report/methods.txt").read_text()
    assert (tmp_path / "report/index.html").stat().st_size > 1e6


@pytest.mark.slow
def test_masks_are_scored_and_the_hint_that_follows_works(installed, tmp_path):
    script = (
        "import numpy as np, nibabel as nib, pathlib\n"
        "for side in ('pred', 'truth'):\n"
        "    pathlib.Path(side).mkdir()\n"
        "    for k in range(3):\n"
        "        mask = np.zeros((8, 8, 8), np.uint8); mask[2:5, 2:5, 2:5 + k * (side == 'pred')] = 1\n"
        "        nib.save(nib.Nifti1Image(mask, np.diag([1, 1, 2, 1])), f'{side}/c{k}.nii.gz')\n"
    )
    subprocess.run([str(installed / "bin/python"), "-c", script], cwd=tmp_path, check=True)
    masks = ("evaluate", "--pred", "pred", "--truth", "truth", "--target", "WT")
    done = [ablate(installed, tmp_path, *masks, "--name", name) for name in ("a", "b")]
    assert [one.returncode for one in done] == [0, 0], done[0].stderr
    assert "not published: MLflow is not installed" in done[0].stderr
    following = done[1].stderr.rsplit("next: ablate ", 1)[1].split()
    tables = sorted(str(path) for path in tmp_path.glob(following[1]))
    assert len(tables) == 2
    compared = ablate(installed, tmp_path, following[0], *tables, "--quiet")
    assert (compared.returncode, "a, b on 3" in compared.stdout) == (0, True), compared.stderr


@pytest.mark.slow
def test_a_sweep_says_which_extra_to_install(installed, tmp_path):
    done = ablate(installed, tmp_path, "sweep", "--model", "unet", "--trials", "1")
    assert done.returncode == 1
    assert "is not installed" in done.stderr
    assert "pip install 'ablate-light[full]'" in done.stderr
    assert "Traceback" not in done.stderr
