"""methods.txt of a sweep lets a reader repeat it: its list rebuilds the configuration of every final."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from ablation.config import Config, resolve, with_values
from ablation.data import write_splits
from ablation.experiments.experiment import Experiment, configured, open_experiment, params_of
from ablation.experiments.objective import data_tags
from ablation.fairness import FairnessFacts, to_tags
from ablation.report.material import Recipe
from ablation.report.methods.recipe import sentences, settings
from ablation.report.recipes import recipes_of
from sweeps import to_json
from tracking import names
from tracking.finals import PulledRun, PulledStudy
from tracking.provenance import collect
from tracking.record import RunFolder, RunRecord

CHOSEN = {"training.learning_rate": 0.00123456789012345678, "loss.fn_weight": 1 / 3}
ASKED = {
    "data.phantom_patients": 6,
    "data.image_size": 32,
    "model.base": 4,
    "training.plateau_patience": None,
    "training.max_batches": 7,
    "data.modalities": "flair",
    "inference.threshold": 0.4,
    "sweep.pruner": "median",
}
PLACES = {"data.path", "data.split", "data.folds", "training.seed"}


@pytest.fixture(scope="module")
def experiment(tmp_path_factory) -> Experiment:
    config = with_values(resolve(preset="cpu-demo").config, ASKED)
    return open_experiment(config, preset="cpu-demo", cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture
def finals(experiment, tmp_path) -> list[PulledRun]:
    """Two finals of a study as their records say it."""
    return [final(experiment, tmp_path, seed) for seed in (101, 102)]


def final(experiment: Experiment, folder: Path, seed: int) -> PulledRun:
    config = configured(experiment, CHOSEN, seed)
    tags = data_tags(experiment) | to_tags(FairnessFacts(layout=experiment.dataset.name))
    tags |= {
        names.SEED: str(seed),
        names.SETTING: json.dumps(CHOSEN),
        names.STUDY: experiment.study,
    }
    record = RunRecord(
        kind="final",
        experiment=experiment.name,
        model=experiment.design,
        name=f"final-{seed}.0",
        study=experiment.study,
        identity=experiment.identity_of(config),
        params=params_of(config),
        tags=tags,
        provenance=collect(),
    )
    made = RunFolder.create(folder, record)
    return PulledRun(f"run{seed}", record.name, tags, dict(record.params), {}, made.path)


@pytest.fixture
def study(experiment, tmp_path) -> PulledStudy:
    folder = tmp_path / "study"
    folder.mkdir()
    write_splits([experiment.split], folder / names.SPLIT_FILE, "json")
    space = {"space": json.loads(to_json(experiment.space))}
    (folder / names.IMPORTANCE).write_text(json.dumps(space))
    return PulledStudy("study", experiment.study, {}, folder)


def rebuilt(listed: dict[str, object]) -> Config:
    """The configuration of a list, read as its first line says."""
    values = {k: None if v == "none" else v for k, v in listed["settings"].items()}  # type: ignore[attr-defined]
    return with_values(Config(), {**values, "space": listed["space"]})


def test_the_list_rebuilds_every_setting_and_the_same_experiment(experiment, finals, study):
    text = settings(recipes_of("unet", finals, [study]))
    listed = tomllib.loads(text)["unet"]
    assert listed["seeds"] == [101, 102]
    config = rebuilt(listed)
    for run, seed in zip(finals, listed["seeds"], strict=True):
        own = with_values(config, {"training.seed": seed})
        record = json.loads((run.folder / names.RUN).read_text())
        assert experiment.identity_of(own) == record["identity"]
        for section in ("data", "model", "loss", "training", "inference", "sweep"):
            wanted = getattr(configured(experiment, CHOSEN, seed), section).model_dump()
            kept = {
                k: v
                for k, v in wanted.items()
                if f"{section}.{k}" not in PLACES - {"training.seed"}
            }
            found = getattr(own, section).model_dump()
            assert {k: found[k] for k in kept} == kept
    assert listed["chosen"] == CHOSEN


def test_the_list_rebuilds_the_search_and_names_every_patient(experiment, finals, study):
    from ablation.experiments.space import space_of

    listed = tomllib.loads(settings(recipes_of("unet", finals, [study])))["unet"]
    assert space_of(rebuilt(listed)) == experiment.space
    split = experiment.split
    assert listed["patients"] == {
        part: [*getattr(split, part)] for part in ("train", "validation", "test")
    }
    assert listed["data_fingerprint"] == experiment.dataset.fingerprint
    assert {"tensorflow", "optuna", "ablate", "python"} <= listed["versions"].keys()
    assert {"platform", "cores"} <= listed["machine"].keys()


def test_the_sentences_name_what_a_paper_needs(finals, study):
    text = " ".join(sentences(recipes_of("unet", finals, [study])))
    for part in (
        "Scans in the layout phantom, sequence flair; region WT",
        "3 train, 1 validation, 2 test",
        "32 x 32 pixels",
        "z-scores over the brain",
        "Adam minimised the loss in batches of 16 slices for at most 12 epochs of at most 7 steps",
        "20 trials of the tpe sampler (seed 0, pruner median) searched",
        "training.learning_rate (learning rate of Adam) 0.0002 to 0.006 on a log scale",
        "Chosen: training.learning_rate (learning rate of Adam) 0.001235",
        "with seeds 101, 102.",
        "tensorflow 2",
        "cores.",
    ):
        assert part in text, (part, text)
    assert "learning rate was multiplied" not in text


def test_what_differs_between_designs_is_said_of_each(finals, study):
    (one,) = recipes_of("unet", finals, [study])
    other = Recipe(
        **{name: getattr(one, name) for name in Recipe.__dataclass_fields__}
        | {"name": "tversky", "settings": {**one.settings, "training.batch_size": 4}}
    )
    text = " ".join(sentences([one, other]))
    assert "unet: Adam minimised the loss in batches of 16" in text
    assert "tversky: Adam minimised the loss in batches of 4" in text
    assert text.count("z-scores") == 1


def test_settings_of_an_own_network_stay_as_they_were_written(finals):
    run = finals[0]
    run.params["model.name"] = "my_net"
    run.params["model.levels"] = "3"
    (recipe,) = recipes_of("my_net", [run], [])
    assert (recipe.settings["model.name"], recipe.settings["model.levels"]) == ("my_net", "3")
    assert recipe.settings["training.plateau_patience"] is None
    assert tomllib.loads(settings([recipe]))["unet"]["settings"]["model.levels"] == "3"


def test_results_of_others_have_no_recipe(tmp_path):
    imported = PulledRun("r", "import.0", {names.KIND: "import"}, {}, {}, tmp_path)
    assert recipes_of("nnunet", [imported], []) == ()
    assert settings(()) == ""


def test_the_plane_and_the_neighbours_of_the_slices_are_named(finals, study):
    (one,) = recipes_of("unet", finals, [study])
    own = {**one.settings, "data.plane": "coronal", "data.neighbours": 2}
    text = " ".join(sentences([replace(one, settings=own)]))
    assert "Coronal slices were resampled to 32 x 32 pixels and given with 2 neighbours" in text


def test_the_patches_of_a_3d_network_are_named(finals, study):
    (one,) = recipes_of("unet", finals, [study])
    own = {**one.settings, "model.name": "unet3d", "training.batch_size": 2}
    own |= {"data.patch_slices": 16, "data.patch_size": 64, "data.foreground": 0.33}
    text = " ".join(sentences([replace(one, settings=own)]))
    assert "patches of 16 x 32 x 32 voxels, 33 % of them drawn to hold a target" in text
    assert "in batches of 2 patches" in text
