"""Sources of a configuration: later ones win, and every fault is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from ablation.config import PRESETS, Config, flatten, identity, known_keys, resolve, with_values
from ablation.config.sources import parse_value
from ablation.errors import UsageError
from ablation.losses import LOSSES
from ablation.models import DESIGNS


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_later_sources_win(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[training]\nepochs = 3\nbatch_size = 3\nl2 = 0.3\nseed = 3\n")
    resolved = resolve(
        preset="cpu-demo",
        file=file,
        environment={
            "ABLATE_TRAINING__BATCH_SIZE": "4",
            "ABLATE_TRAINING__L2": "0.4",
            "ABLATE_TRAINING__SEED": "4",
            "ABLATE_WORKSPACE": "not a key",
        },
        assignments=["training.l2=0.5", "training.seed=5"],
        flags={"training.seed": 6},
    )
    training = resolved.config.training
    assert (training.epochs, training.batch_size, training.l2, training.seed) == (3, 4, 0.5, 6)
    assert resolved.origin["data.image_size"] == "preset cpu-demo"
    assert resolved.origin["training.epochs"] == str(file)
    assert resolved.origin["training.batch_size"] == "environment"
    assert resolved.origin["training.l2"] == "--set"
    assert resolved.origin["training.seed"] == "flag"
    assert resolved.origin["model.depth"] == "default"


def test_ablate_toml_of_the_working_folder_is_read() -> None:
    Path("ablate.toml").write_text('[loss]\nname = "tversky"\n')
    assert resolve().config.loss.name == "tversky"


@pytest.mark.parametrize(
    ("assignment", "named"),
    [
        ("loss.fn_wieght=0.7", "loss.fn_weight"),
        ("trainig.epochs=3", "training.epochs"),
        ("training.epochs=0", "training.epochs = 0"),
        ("training.epochs=many", "training.epochs = 'many'"),
        ("model.dropout=1.0", "model.dropout"),
        ("epochs=3", "section.key=value"),
        ("loss.alpha=0.7", "loss.fn_weight=0.7"),
        ("loss.beta=0.3", "loss.fn_weight"),
    ],
)
def test_a_wrong_assignment_is_named_with_the_way_out(assignment: str, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(assignments=[assignment])
    assert named in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.exit_code == 2


def test_all_faults_come_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        resolve(assignments=["training.epochs=0", "training.batch_size=-1"])
    assert "training.epochs" in caught.value.message
    assert "training.batch_size" in caught.value.message


def test_the_faults_of_all_sources_come_at_once(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[loss]\nfnweight = 0.7\n[training]\nepochs = 0\n")
    with pytest.raises(UsageError) as caught:
        resolve(
            preset="cpu-dmo",
            file=file,
            environment={"ABLATE_MODEL__DROPOUT": "2.0"},
            assignments=["nonsense", "loss.alpha=1"],
        )
    said = caught.value.message
    for fault in ("cpu-dmo", "loss.fnweight", "training.epochs", "model.dropout", "'nonsense'"):
        assert said.count(fault) == 1
    assert "loss.alpha means opposite things" in said
    assert "cpu-demo" in caught.value.hint
    assert "loss.fn_weight" in caught.value.hint


def test_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="cpu-dmo") as caught:
        resolve(preset="cpu-dmo")
    assert "cpu-demo" in caught.value.hint


@pytest.mark.parametrize("content", ["[training\n", "epochs = 3\n"])
def test_a_broken_file_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "broken.toml"
    file.write_text(content)
    with pytest.raises(UsageError, match=r"broken\.toml"):
        resolve(file=file)


def test_both_ways_to_write_a_space_are_one(tmp_path: Path) -> None:
    nested, dotted = tmp_path / "nested.toml", tmp_path / "dotted.toml"
    nested.write_text("[space.loss]\nfn_weight = {low = 0.3, high = 0.9}\n")
    dotted.write_text('[space]\n"loss.fn_weight" = {low = 0.3, high = 0.9}\n')
    wanted = {"loss.fn_weight": {"low": 0.3, "high": 0.9}}
    assert resolve(file=nested).config.space == wanted
    assert resolve(file=dotted).config.space == wanted


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_is_valid(name: str) -> None:
    assert isinstance(resolve(preset=name).config, Config)


@pytest.mark.parametrize(
    ("preset", "values"),
    [
        (
            "journal",
            {
                "model.name": "attention_resunet_se",
                "model.base": 32,
                "model.bridge": 256,
                "loss.name": "edge_combo",
                "loss.edge_weight": 3.0,
                "inference.tta": "seed8",
                "inference.morphology": "adaptive",
            },
        ),
        (
            "student-report",
            {
                "model.name": "unet",
                "model.batch_norm": True,
                "model.base": 64,
                "data.image_size": 128,
                "loss.name": "bce",
                "training.learning_rate": 1e-3,
                "training.stop_patience": None,
            },
        ),
        (
            "book-small",
            {
                "model.depth": 2,
                "model.dropout": 0.0,
                "model.batch_norm": False,
                "loss.name": "dice",
                "loss.smooth": 1.0,
                "training.batch_size": 8,
            },
        ),
        (
            "book-large",
            {
                "model.depth": 4,
                "loss.dice_weight": 1.0,
                "loss.bce_weight": 1.0,
                "loss.smooth": 1e-6,
                "training.stop_patience": 5,
                "training.plateau_patience": 3,
            },
        ),
    ],
)
def test_presets_of_the_sources_are_what_these_say(preset: str, values: dict[str, object]) -> None:
    flat = flatten(resolve(preset=preset).config)
    assert {key: flat[key] for key in values} == values


def test_the_student_report_s_transunet_is_its_own_variant() -> None:
    [config] = resolve(preset="student-report").of_designs(["transunet"])
    assert flatten(config)["model.variant"] == "report"


def test_every_key_says_what_it_means() -> None:
    assert [key for key, meaning in known_keys().items() if not meaning] == []
    designs = [with_values(Config(), {"model.name": name}) for name in DESIGNS]
    losses = [with_values(Config(), {"loss.name": name}) for name in LOSSES]
    every = {key for config in (*designs, *losses) for key in flatten(config)}
    assert set(known_keys()) == every


def test_a_design_has_its_own_keys_only() -> None:
    unet, resupnet = (
        with_values(Config(), {"model.name": name, "model.base": 8, "model.skips": False})
        for name in ("unet", "resupnet")
    )
    assert flatten(unet)["model.base"] == 8
    assert "model.skips" not in flatten(unet)
    assert flatten(resupnet)["model.skips"] is False
    assert "model.base" not in flatten(resupnet)
    assert known_keys()["model.gate"].endswith("(attention_unet)")


def test_values_of_several_designs_reach_the_design_that_has_them(tmp_path: Path) -> None:
    file = tmp_path / "both.toml"
    file.write_text(
        "[model]\nbase = 8\ndecoder_width = 0.5\n"
        "[space.model]\nbase = {choices = [4, 8]}\ndropout = {low = 0.0, high = 0.4}\n"
    )
    unet, resupnet = resolve(file=file).of_designs(["unet", "resupnet"])
    assert (unet.model.base, resupnet.model.decoder_width) == (8, 0.5)
    assert list(unet.space) == ["model.base", "model.dropout"]
    assert list(resupnet.space) == ["model.dropout"]


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("model.base=8", "model.base is not a key of resupnet"),
        ("loss.gamma=1.0", "loss.gamma is not a key of combo"),
    ],
)
def test_a_value_set_by_hand_that_nothing_reads_is_said(assignment: str, words: str) -> None:
    resolved = resolve(assignments=[assignment])
    (line,) = resolved.unread(resolved.of_designs(["resupnet"]))
    assert line.startswith(words)
    assert line.endswith("ignored")


def test_a_space_over_a_key_that_no_design_has_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "space.toml"
    file.write_text("[space.model]\nbase = {choices = [4, 8]}\n")
    with pytest.raises(UsageError, match=r"model\.base is not a key of resupnet") as caught:
        resolve(file=file).of_designs(["resupnet"])
    assert "unet, attention_unet" in caught.value.message
    assert list(resolve(file=file).of_designs(["resupnet", "unet"])[1].space) == ["model.base"]


def test_values_are_read_as_toml_does() -> None:
    texts = ("3", "0.5", "true", '"a b"', "combo", "none", '["t1", "flair"]')
    wanted = [3, 0.5, True, "a b", "combo", None, ["t1", "flair"]]
    assert [parse_value(text) for text in texts] == wanted


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("flair", ("flair",)),
        ("flair, t1ce", ("flair", "t1ce")),
        ('["flair", "t1ce"]', ("flair", "t1ce")),
    ],
)
def test_names_may_stand_with_commas_between(text: str, names: tuple[str, ...]) -> None:
    assert resolve(assignments=[f"data.modalities={text}"]).config.data.modalities == names
    assert (
        resolve(assignments=[f"comparison.secondary={text}"]).config.comparison.secondary == names
    )


@pytest.mark.parametrize("text", ["[]", "", "none", "3"])
def test_no_channel_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"data\.modalities"):
        resolve(assignments=[f"data.modalities={text}"])


@pytest.mark.parametrize(
    "key",
    [
        *("model.pretrained", "data.augmentation", "sweep.pruner"),
        *("inference.tta", "inference.morphology"),
    ],
)
def test_none_is_a_word_where_it_is_a_value(key: str) -> None:
    config = resolve(assignments=["model.name=resupnet", f"{key}=none"]).config
    assert flatten(config)[key] == "none"


def test_with_values_checks_like_any_other_source() -> None:
    assert with_values(Config(), {"model.dropout": 0.25}).model.dropout == 0.25
    with pytest.raises(UsageError):
        with_values(Config(), {"model.dropout": 2.0})


def test_a_configuration_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().training.epochs = 3


def test_identity_depends_on_values_not_on_order() -> None:
    assert identity({"a": 1, "b": 0.1}) == identity({"b": 0.1, "a": 1})
    assert identity({"a": 1}) != identity({"a": 2})
    assert len(identity({})) == 16
