"""Configurations, study definitions and identities of earlier versions are read as they were."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ablation.config import Config, build_config, with_values
from ablation.config.versions import (
    SCHEMA,
    definition_of,
    identity_1,
    read_config,
    read_definition,
)
from ablation.errors import AblateError

SCHEMA_1 = Path(__file__).parents[2] / "fixtures" / "schema1"
PLANS = sorted(SCHEMA_1.glob("*/*/*/study/.plan.json"))


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.parts[-3])
def test_a_stored_configuration_of_schema_1_is_read(plan: Path) -> None:
    stored = json.loads(plan.read_text())
    config = read_config(stored["config"], stored.get("schema", 1))
    assert config.model.name == stored["config"]["model"]["name"]
    for key in stored["config"]["training"]:
        assert getattr(config.training, key) == stored["config"]["training"][key]
    assert config.model.base == stored["config"]["model"]["base"]


RUNS = sorted(SCHEMA_1.glob("*/*/*/*/run.json"))


@pytest.mark.parametrize("run", RUNS, ids=lambda path: "/".join(path.parts[-4:-1]))
def test_the_identity_that_schema_1_gave_is_computed_again(run: Path) -> None:
    record = json.loads(run.read_text())
    if record["kind"] not in ("trial", "final"):
        assert not record["identity"] or record["kind"] == "import"
        return
    plan = json.loads((run.parents[1] / "study" / ".plan.json").read_text())
    config = read_config(plan["config"], 1)
    searched = {
        k: float(record["params"][k]) for k in config.space or SEARCHED if k in record["params"]
    }
    seed = int(record["params"]["training.seed"])
    config = with_values(config, {**searched, "training.seed": seed})
    fingerprints = {
        "data fingerprint": record["tags"]["ablate.data"],
        "split fingerprint": record["tags"]["ablate.split"],
    }
    assert identity_1(config, "none", fingerprints) == record["identity"]


SEARCHED = (
    *("training.learning_rate", "model.dropout"),
    *("loss.dice_weight", "loss.fn_weight", "loss.exponent"),
)


def test_a_definition_of_schema_1_says_what_today_s_says() -> None:
    stored = {
        "model.name": '"unet"',
        "model.base": "16",
        "model.depth": "4",
        "model.gate": '"same"',
        "model.decoder_width": "0.25",
        "loss.name": '"combo"',
        "loss.fn_weight": "null",
        "loss.gamma": "2.0",
        "training.epochs": "12",
        "training.batch_size": "16",
        "data fingerprint": "abc",
    }
    today = definition_of(build_config({"model.base": 16, "training.epochs": 12}))
    names = {"model.name": '"unet"', "loss.name": '"combo"', "data fingerprint": "abc"}
    assert read_definition(stored, 1) == today | names


def test_a_setting_that_schema_1_did_not_know_has_no_identity_of_schema_1() -> None:
    assert identity_1(Config(), "none", {})
    other = Config().model_copy(
        update={"training": Config().training.model_copy(update={"epochs": 3})}
    )
    assert identity_1(other, "none", {}) != identity_1(Config(), "none", {})
    for key, value in {"data.neighbours": 1, "data.plane": "coronal"}.items():
        assert identity_1(build_config({key: value}), "none", {}) == ""
    assert identity_1(build_config({"data.path": "scans"}), "none", {})


def test_a_configuration_of_a_later_version_is_refused_in_one_line() -> None:
    with pytest.raises(AblateError, match=r"was written by ablate 9\.1") as caught:
        read_config({}, SCHEMA + 1, "9.1")
    assert caught.value.hint == "Upgrade ablate to 9.1 or later."
    assert "\n" not in caught.value.message
