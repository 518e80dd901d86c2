"""`ablate models`: every design in a line, counts on request, where weights lie."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ablation.cli.app import app
from ablation.models import DESIGNS
from ablation.models.encoders import ENCODERS
from ablation.plugins import Registry

runner = CliRunner()
RESNET50 = ENCODERS["ResNet50"]


@pytest.fixture(autouse=True)
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "models" / RESNET50.file


def test_every_design_has_a_line_and_the_missing_file_is_named(keras_home: Path) -> None:
    shown = runner.invoke(app, ["models"])
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert [line.split()[0] for line in lines[: len(DESIGNS)]] == list(DESIGNS)
    assert "ResNet50 (resupnet, resnet_fcn, transunet)" in shown.stdout
    assert f"absent: {keras_home}" in shown.stdout
    assert RESNET50.md5 in shown.stdout
    assert RESNET50.url in shown.stdout


def test_a_file_is_present_or_another(keras_home: Path, monkeypatch) -> None:
    keras_home.parent.mkdir()
    keras_home.write_bytes(b"weights")
    assert f"another file: {keras_home}" in runner.invoke(app, ["models"]).stdout
    own = replace(RESNET50, md5=hashlib.md5(b"weights").hexdigest())
    with ENCODERS.having(own):
        shown = runner.invoke(app, ["models"]).stdout
    assert f"present: {keras_home}" in shown
    assert RESNET50.url not in shown


def test_json_for_other_programs(keras_home: Path) -> None:
    rows = json.loads(runner.invoke(app, ["models", "--json"]).stdout)
    by_name = {row["name"]: row for row in rows}
    assert list(by_name) == list(DESIGNS)
    assert by_name["unet"]["encoder"] is None
    assert by_name["resupnet"]["imagenet"] == {
        "path": str(keras_home),
        "state": "absent",
        "md5": RESNET50.md5,
        "url": RESNET50.url,
    }


def test_parameters_are_counted_at_the_configured_size(monkeypatch) -> None:
    monkeypatch.setattr("ablation.models.DESIGNS", Registry("model", [DESIGNS["unet"]]))
    # 1 -> 2 filters, one pooling: worked by hand from kernels and biases.
    # encoder 20 + 38, bottleneck 76 + 148, upsampling 34, decoder 74 + 38, head 3.
    small = ["--set", "model.base=2", "--set", "model.depth=1", "--preset", "cpu-demo"]
    plain = [*small, "--set", "model.batch_norm=false"]
    shown = runner.invoke(app, ["models", "--count", *plain])
    assert shown.stdout.split()[:2] == ["unet", "431"]
    rows = json.loads(runner.invoke(app, ["models", "--count", "--json", *plain]).stdout)
    assert rows[0]["parameters"] == 431


def test_the_blocks_of_a_design_are_listed_with_what_is_trained() -> None:
    small = ["models", "unet", "--preset", "cpu-demo", "--set", "model.base=2"]
    options = [*small, "--set", "model.depth=1"]
    lines = runner.invoke(app, options).stdout.splitlines()
    cells = [line.split() for line in lines if line.startswith(("encoder0", "logits", "in all"))]
    # 20 + 38 of two convolutions, two batch normalisations of 2 filters: 4 numbers for each.
    assert cells[0] == ["encoder0", "32", "x", "32", "x", "2", "74", "66", "8"]
    assert cells[1] == ["logits", "64", "x", "64", "x", "1", "3", "3", "0"]
    # 431 without batch normalisation, which adds four numbers for 2, 2, 4, 4, 2 and 2 filters.
    assert cells[2] == ["in", "all", "495", "463", "32"]
    rows = json.loads(runner.invoke(app, [*options, "--json"]).stdout)
    assert rows[1] == {
        "block": "encoder0", "shape": [32, 32, 2], "parameters": 74, "trainable": 66, "frozen": 8
    }  # fmt: skip
    assert sum(row["parameters"] for row in rows) == 495


def test_blocks_of_an_unknown_design_are_refused_with_the_nearest() -> None:
    shown = runner.invoke(app, ["models", "unett"])
    assert shown.exit_code != 0
    assert "unett" in str(shown.exception)


def test_a_design_that_does_not_take_the_size_says_so(monkeypatch) -> None:
    monkeypatch.setattr("ablation.models.DESIGNS", Registry("model", [DESIGNS["unet"]]))
    shown = runner.invoke(app, ["models", "--count", "--set", "data.image_size=40"])
    assert shown.exit_code == 0
    assert "multiples of 16, not 40x40" in shown.stdout


def test_listing_loads_no_tensorflow() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom ablation.cli.app import app\n"
        "assert CliRunner().invoke(app, ['models']).exit_code == 0\n"
        "print({'tensorflow', 'keras'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"
