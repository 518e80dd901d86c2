"""Write docs/reference.md from the code: commands, configuration, tables, tags.

    uv run python docs/make_reference.py

A test fails while the page differs from what this prints.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import io
import itertools
import json
import re
import tokenize
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import typer.main

PAGE = Path(__file__).with_name("reference.md")
INTRODUCTION = """# Reference

Made from the code by `uv run python docs/make_reference.py`; edit the code, not this page.
The [guide](guide.md) shows how the parts are used together.

- [Commands](#commands)
- [Configuration](#configuration)
- [Search space](#search-space)
- [Presets](#presets)
- [Designs and losses](#designs-and-losses)
- [The per-case table](#the-per-case-table)
- [Keys of `--json`](#keys-of---json)
- [Tags in MLflow](#tags-in-mlflow)
"""
MANNERS = """Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 the work failed or the input
is unusable, 2 wrong usage, 130 interrupted. `ablate --debug COMMAND` shows the traceback of an error.
"""
SOURCES = """A value comes from the last of these that names it: the default below, the preset, `ablate.toml` of the
working folder (or `--config FILE`), the environment (`ABLATE_LOSS__FN_WEIGHT=0.7`), `--set
loss.fn_weight=0.7`, a flag of the command (`--trials`). `ablate config show` prints the result and
the source of each value. `--set KEY=none` and the environment can unset a value; in TOML leave the key out.
"""
SPACE = """What a sweep varies. A `[space]` of your own replaces the default; its keys are those of the sections
{sections}. `{{low, high}}` is a range of numbers (with `log = true` on a log scale, with
`step` in steps; whole numbers where both ends are), `{{choices = [...]}}` a list.
"""
SPACE_DEFAULT = """The default of each loss, here with the preset cpu-demo; the learning rate ranges from a tenth of the
configuration's to three times it:
"""
CASES = """`per_case.csv` of every run, UTF-8, one row per patient's volume. Trials hold the validation patients,
finals also the test patients. A cell is empty where the formula defines nothing (0/0, a distance
without a surface), and `status` says why; what an empty prediction is worth is decided when runs are
compared. A reader needs `patient`, `case`, `split`, `target` and `status`: another column that a table
lacks was not recorded, and one that is not listed here is a further score.
"""
SCORES = """`ablate import --json`, and `ablate evaluate --json` of masks and of other scans: one object.

| key | meaning |
| --- | --- |
| `run` | the run folder, below the workspace |
| `experiment`, `design` | whom it is compared with, and under which name |
| `new` | false: the same scores were there already |
| `superseded` | of an import: older ones of the same name |
| `left_out` | of other scans: patients that the run was trained or tuned on |
| `cases` | the rows of the per-case table; null where a column is not defined |
| `means` | for each target the means over patients with a tumour, and the counts of cases, missed and false alarms |

"""
COMPARISON = """`ablate report --json` and `ablate compare --json`, and the file comparison.json: one object with `source` and these keys.
Numbers are not rounded; what does not exist is null. A difference is the candidate minus the reference, of the
scores as they stand: a better HD95 is a negative difference.
"""
TAGS = "How a run is found on any MLflow server, with any client.\n"
COLUMNS = {
    "patient": "whose volume it is",
    "case": "the scored image; the patient's id for a volume",
    "split": "`train`, `validation` or `test`",
    "target": "region: `WT` whole tumour, `TC` core, `ET` enhancing",
    "status": "`scored`; `missed`: truth, but nothing predicted; `false_alarm`: the reverse; `both_empty`",
    "tp": "voxels: true positives",
    "fp": "voxels: false positives",
    "fn": "voxels: false negatives",
    "tn": "voxels: true negatives",
    "truth_voxels": "TP + FN",
    "pred_voxels": "TP + FP",
    "lesions_truth": "connected parts of the truth; voxels that share a face, edge or corner belong together",
    "lesions_found": "of these, touched by the prediction",
    "lesions_false": "connected parts of the prediction that touch no truth",
    "shape": "(slice, row, column), as `28x128x128`",
    "spacing": "voxel size in mm in the same order",
    "distance_unit": "`mm`, or `px` where the spacing is not known",
    "truth_hash": "hash of the truth, with hashed ids a keyed one: scores against different truths are never compared",
}
"""Beside the metrics, which say it themselves."""
KEYS = {
    "acceleration": "Acceleration of BCa.",
    "alpha": "Level of each of the two one-sided tests.",
    "attained_level": "Level that the interval really has.",
    "best_number": "Number of the best trial.",
    "best_value": "Validation Dice of the best trial.",
    "by_wins": "Ranks of the designs by `wins`.",
    "candidate": "The first design of the difference.",
    "cases": "Number of cases.",
    "chi2": "Friedman's chi-squared, corrected for ties.",
    "choice": "The choice, in words.",
    "contrast": "The comparison under this rule.",
    "count": "Number of missed tumours.",
    "d_av": "Mean difference divided by the average standard deviation of the two designs.",
    "d_z": "Mean difference divided by the standard deviation of the differences.",
    "design": "Name of the design.",
    "designs": "Names of the designs, in the order of all columns.",
    "df": "Degrees of freedom.",
    "df_f": "Degrees of freedom of F: above and below.",
    "draws": "Number of random draws.",
    "estimate": "The estimate, in the unit of the values.",
    "f": "F of Iman and Davenport.",
    "fact": "Name of the fact, as in the tags of a run.",
    "failed": "Number of failed trials.",
    "false_alarms": "Cases without truth in which the design predicts a tumour.",
    "finals_total": "Number of final runs that are planned.",
    "found": "Lesions of the truth that a prediction touches.",
    "g_av": "d_av with Hedges' small-sample correction.",
    "g_high": "Upper limit of the interval of `g_z`.",
    "g_low": "Lower limit of the interval of `g_z`.",
    "headline": "The verdict, as the page shows it first.",
    "high": "Upper limit of the interval.",
    "higher_is_better": "Whether a higher score is the better one.",
    "intercept": "Value of the line at x = 0.",
    "k": "Number of designs.",
    "label": "Name of the fact in words.",
    "largest": "Largest truth volume of the third.",
    "level": "Confidence level, 0.95 for 95 %.",
    "low": "Lower limit of the interval.",
    "margin": "Smallest difference that matters, in the metric's unit.",
    "maximum": "Largest score.",
    "mean": "The mean, in the unit of the values.",
    "mean_ranks": "Mean over patients of each design's rank within the patient.",
    "mean_then_rank": "Ranks of the designs by `means`.",
    "mean_x": "Mean of x over the patients.",
    "means": "Mean score of each design.",
    "median": "Median score.",
    "metric": "Name of the metric.",
    "minimum": "Smallest score.",
    "missed": "Cases with truth in which the design predicts nothing.",
    "ms_between": "Mean square between patients.",
    "ms_within": "Mean square within patients.",
    "n": "Number of patients.",
    "n_nonzero": "Patients whose difference is not 0.",
    "name": "Name of the study.",
    "number": "Number of the trial, from 0.",
    "of": "Number of tumours in the truth.",
    "only_reference": "Tumours that the reference alone found.",
    "other_experiments": "Further experiments of the workspace.",
    "p_f": "p of F.",
    "p_greater": "One-sided p that the differences lie above 0.",
    "p_less": "One-sided p that the differences lie below 0.",
    "p_two_sided": "Two-sided p.",
    "p_uncorrected": "p of `chi2_uncorrected`.",
    "params": "The setting: a value for each key of the search space.",
    "patients": "Number of patients.",
    "pruned": "Number of pruned trials.",
    "quartiles": "First and third quartile of the scores.",
    "rank_high": "Of each design the upper limit of the interval of its rank.",
    "rank_then_mean": "Ranks of the designs by `mean_ranks`.",
    "reference": "The design that the candidate is compared with.",
    "remark": "What is unequal or not known, in words; empty where nothing is.",
    "residual_sd": "Standard deviation of the points around the line.",
    "rule": "The rule, in words.",
    "sd_candidate": "Standard deviation of the candidate's scores over patients.",
    "sd_reference": "Standard deviation of the reference's scores over patients.",
    "sentences": "The further sentences of the verdict.",
    "share": "Share of patients in which the candidate is better.",
    "smallest": "Smallest truth volume of the third.",
    "state": "State of the trial: waiting, running, complete, pruned or failed.",
    "t": "Student's t.",
    "target": "The target, such as WT.",
    "test_dice": "Mean Dice over the test patients.",
    "text": "The caveat in words.",
    "ties": "Patients in which both are equal.",
    "total": "Number of trials that the study has to finish.",
    "truth": "Lesions of the truth.",
    "value": "The estimate, in the unit of the differences.",
    "w_minus": "Sum of the ranks of the negative differences.",
    "with_tumour": "Cases with truth.",
    "without_tumour": "Cases without truth.",
    "Ahead.estimate": "Side of the estimate that belongs to the planned test.",
    "Ahead.mean": "Side of the mean difference.",
    "Ahead.test": "Side of the planned test.",
    "Comparison.reference": "The design that the others are compared with; null: all pairs.",
    "Equivalence.mean": "Mean difference, in the metric's unit.",
    "DesignResult.patients": "Number of test patients.",
    "Regions.better": "The candidate is better by more than the margin.",
    "Regions.rope": "The difference lies within the margin.",
    "Regions.worse": "The candidate is worse by more than the margin.",
    "Superiority.better": "Patients in which the candidate is better.",
    "Validation.mean": "Mean score over validation patients.",
    "Validation.patients": "Number of validation patients.",
}
"""Of keys of `--json`, whose field has no docstring; of one record as RECORD.KEY."""


def main() -> None:
    """Write the page."""
    PAGE.write_text(reference(), encoding="utf-8")
    print(f"wrote {PAGE}")


def reference() -> str:
    """Return the whole page."""
    parts = [
        INTRODUCTION,
        "## Commands\n",
        MANNERS,
        *commands(),
        "## Configuration\n",
        SOURCES,
        *configuration(),
        "## Search space\n",
        *space(),
        "## Presets\n",
        presets(),
        "## Designs and losses\n",
        *families(),
        "## The per-case table\n",
        CASES,
        cases(),
        "## Keys of `--json`\n",
        *json_keys(),
        SCORES,
        "## Tags in MLflow\n",
        TAGS,
        tags(),
    ]
    return "\n".join(parts)


def commands() -> Iterator[str]:
    """Yield a section for each command: help, options, examples."""
    for name, command in leaves():
        yield f"### `{name}`\n"
        yield f"{command.help}\n"
        yield f"`{' '.join([name, *arguments(command), '[OPTIONS]'])}`\n"
        yield table(("argument or option", "meaning"), [option(p) for p in command.params])
        yield "\n".join(["```console", *examples(command.epilog), "```\n"])


def leaves() -> list[tuple[str, Any]]:
    """Return every command that does something, by its full name."""
    from ablation.cli.app import app

    def below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        for word, sub in (inner or {}).items():
            yield from below(f"{name} {word}", sub)

    return list(below("ablate", typer.main.get_command(app)))


def examples(epilog: str) -> list[str]:
    """Return the command lines a help text ends with."""
    return [line for line in epilog.split("\n\n") if line.startswith("ablate ")]


def is_option(parameter: Any) -> bool:
    """Tell an option from an argument."""
    return bool(parameter.opts[0].startswith("-"))


def arguments(command: Any) -> list[str]:
    """Return the arguments of a command as its usage line has them."""
    found = [p for p in command.params if not is_option(p)]
    return [p.name.upper() if p.required else f"[{p.name.upper()}]" for p in found]


def option(parameter: Any) -> tuple[str, str]:
    """Return the names of a parameter and what it means, with default and environment variable."""
    names = [*parameter.opts, *parameter.secondary_opts]
    shown = " / ".join(f"`{name if is_option(parameter) else name.upper()}`" for name in names)
    text = parameter.help
    if parameter.required:
        text += " Required."
    elif parameter.default is not None and not isinstance(parameter.default, bool):
        text += f" Default: `{parameter.default}`."
    if parameter.envvar:
        text += f" Environment: `{parameter.envvar}`."
    return shown, text


def configuration() -> Iterator[str]:
    """Yield a table of keys for each section."""
    from ablation.config import Config, known_keys
    from ablation.config.build import CHOSEN_BY_NAME
    from ablation.plugins.keys import Section

    meaning = known_keys()
    for name, field in Config.model_fields.items():
        section = field.annotation
        if name in CHOSEN_BY_NAME:
            entries = CHOSEN_BY_NAME[name].values()
            fields = {
                k: f for one in reversed([*entries]) for k, f in one.keys.model_fields.items()
            }
            doc = (
                f"Keys of one {CHOSEN_BY_NAME[name].point}; in brackets whose they are, if not all."
            )
        elif isinstance(section, type) and issubclass(section, Section):
            fields, doc = section.model_fields, section.__doc__
        else:
            continue
        rows = [
            (
                f"`{name}.{key}`",
                f"`{text(inner.get_default(call_default_factory=True))}`",
                meaning[f"{name}.{key}"] + words(inner),
            )
            for key, inner in fields.items()
        ]
        yield f"### `[{name}]`\n"
        yield f"{doc}\n"
        yield table(("key", "default", "meaning"), rows)


def words(field: Any) -> str:
    """Return the values a key can have, where they are a list of words."""
    from ablation.config.sections import DataConfig
    from ablation.data import READERS
    from ablation.losses import LOSSES
    from ablation.models import DESIGNS
    from ablation.statistics.paired_tests import TESTS
    from ablation.training.augmentations import AUGMENTATIONS

    targets = dict.fromkeys(target for reader in READERS.values() for target in reader.targets)
    listed = {
        "design": DESIGNS,
        "loss": LOSSES,
        DataConfig.model_fields["source"].description: ("auto", *READERS),
        DataConfig.model_fields["target"].description: targets,
        DataConfig.model_fields["augmentation"].description: AUGMENTATIONS,
        "test that decides": TESTS,
    }.get(field.description)
    known = listed or (
        get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    )
    return f" ({', '.join(f'`{word}`' for word in known)})" if known else ""


def space() -> Iterator[str]:
    """Yield how a space is written, and the default one."""
    from ablation.config import resolve
    from ablation.experiments.space import SEARCHED, space_of
    from ablation.losses import LOSSES
    from sweeps import describe

    yield SPACE.format(sections=", ".join(f"`{name}`" for name in SEARCHED))
    yield SPACE_DEFAULT
    rows = []
    for name in LOSSES:
        config = resolve(preset="cpu-demo", assignments=[f"loss.name={name}"]).config
        dimensions = describe(space_of(config))
        rows.append((f"`{name}`", "; ".join(f"`{key}` {range_}" for key, range_ in dimensions)))
    yield table(("loss", "dimensions"), rows)


def presets() -> str:
    """Return a table of what each preset sets; an empty cell is the default."""
    from ablation.config import PRESETS

    keys = list(dict.fromkeys(key for preset in PRESETS.values() for key in preset))
    rows = [
        (
            f"`{key}`",
            *(f"`{text(preset[key])}`" if key in preset else "" for preset in PRESETS.values()),
        )
        for key in sorted(keys)
    ]
    return table(("key", *PRESETS), rows)


def families() -> Iterator[str]:
    """Yield tables of designs and losses with the keys each has."""
    from ablation.config.build import CHOSEN_BY_NAME

    for section, known in CHOSEN_BY_NAME.items():
        rows = []
        for name, one in known.items():
            own = ", ".join(f"`{section}.{key}`" for key in one.keys.model_fields if key != "name")
            rows.append((f"`{name}`", one.summary, own))
        title = {"model": "design"}.get(section, section)
        yield table((title, "what it is", "keys"), rows)


def cases() -> str:
    """Return a table of the columns of per_case.csv; a column without a meaning is an error."""
    from ablation.metrics.cases import columns
    from ablation.metrics.registry import METRICS

    def empty(name: str) -> str:
        if name not in METRICS:
            known = "where it is not known (`distance_unit` is `px`)"
            return known if name == "spacing" else "never"
        metric = METRICS[name]
        under = ", ".join(f"`{status}`" for status in metric.undefined)
        words = (f"under status {under}" if under else "", metric.also_undefined)
        return "; ".join(filter(None, words)) or "never"

    meanings = {**COLUMNS, **{name: metric.meaning for name, metric in METRICS.items()}}
    rows = [(f"`{name}`", meanings[name], empty(name)) for name in columns()]
    return table(("column", "meaning", "cell is empty"), rows)


def json_keys() -> Iterator[str]:
    """Yield the keys of listings that come from a dataclass, with what stands under each field."""
    from ablation.experiments.results import DesignResult
    from sweeps import StudyProgress, TrialRow

    listings = {
        "ablate sweep": DesignResult,
        "ablate studies list": StudyProgress,
        "ablate studies show": TrialRow,
    }
    for command, row in listings.items():
        rows = key_rows(row, dataclasses.fields(row))
        yield f"`{command} --json`: a list of\n"
        yield table(("key", "meaning"), rows)
    yield COMPARISON
    yield from comparison_keys()


def comparison_keys() -> Iterator[str]:
    """Yield the keys of a comparison and of every record in it, under the path that leads there."""
    from ablation.comparison import Comparison
    from ablation.fairness import FairnessFacts
    from ablation.report import Source

    shown: dict[type, str] = {Comparison: "", Source: "source"}
    found = {**shown, FairnessFacts: "ledger"}  # in the file these are the rows of the ledger
    for row in (*shown, *_records(Comparison, "", found)):
        rows = key_rows(row, stated(row))
        place = found[row]
        yield f"`{place}`: {sentence(row)}\n" if place else f"{sentence(row)}\n"
        yield table(("key", "meaning"), rows)


def key_rows(row: type, fields: Sequence[dataclasses.Field[Any]]) -> list[tuple[str, str]]:
    """Return key and meaning of the fields of a record; one without a meaning is an error."""
    notes, hints = notes_of(row), get_type_hints(row)
    rows = []
    for one in fields:
        named = KEYS.get(f"{row.__name__}.{one.name}") or KEYS.get(one.name, "")
        note = notes.get(one.name) or meaning_of(hints[one.name]) or named
        note = re.sub(r"\bNone\b", "null", note)
        if note.startswith("null ") and note != named:  # a note that says only when there is none
            note = f"{named.removesuffix('.')}; {note}"
        if not note:
            raise KeyError(f"{row.__name__}.{one.name} has no docstring and is not in KEYS")
        rows.append((f"`{one.name}`", " ".join(note.split())))
    return rows


def _records(row: type, place: str, found: dict[type, str]) -> Iterator[type]:
    """Yield the records inside a record that are not known yet, outer ones first."""
    hints = get_type_hints(row)
    new = []
    for one in stated(row):
        many = "[]" if get_origin(hints[one.name]) is tuple else ""
        for inner in parts(hints[one.name]):
            if inner not in found:
                found[inner] = f"{place}.{one.name}{many}".lstrip(".")
                new.append(inner)
                yield inner
    for inner in new:
        yield from _records(inner, found[inner], found)


def stated(row: type) -> list[dataclasses.Field[Any]]:
    """Return the fields of a record that comparison.json holds; of a metric those for readers."""
    from ablation.metrics.metric import Metric
    from ablation.report.formats.tables import METRIC_KEYS

    every = dataclasses.fields(row)
    return [one for one in every if row is not Metric or one.name in METRIC_KEYS]


def parts(hint: Any) -> list[type]:
    """Return the dataclasses that a type is made of."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return [hint]
    return [inner for part in get_args(hint) for inner in parts(part)]


def meaning_of(hint: Any) -> str:
    """Return what a field without a note tells by its type: its records, or its words."""
    if get_origin(hint) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(hint))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return ", ".join(f"`{word}`" for word in hint)
    return "; ".join(sentence(part) for part in parts(hint))


def sentence(row: type) -> str:
    """Return what a class is for, in its own words."""
    return (inspect.getdoc(row) or "").split("\n")[0]


def notes_of(row: type) -> dict[str, str]:
    """Return the docstring under each field of a dataclass."""
    body = ast.parse(inspect.getsource(row)).body[0].body  # type: ignore[attr-defined]
    return {
        field.target.id: note.value.value
        for field, note in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(note, ast.Expr)
        and isinstance(note.value, ast.Constant)
    }


def tags() -> str:
    """Return a table of our tags with the comment beside each in tracking/names.py."""
    from tracking import names

    source = inspect.getsource(names)
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    rows = []
    for number, line in enumerate(source.splitlines(), 1):
        if found := re.match(r'[A-Z_]+ = "(ablate\.[a-z_.]+)"', line):
            name = found[1] + ("<fact>" if found[1].endswith(".") else "")
            rows.append((f"`{name}`", comments[number]))
    return table(("tag", "meaning"), rows)


def text(value: object) -> str:
    """Return a value as TOML writes it, `none` for nothing."""
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return json.dumps(list(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(c.replace('|', chr(92) + '|') for c in r)} |\n" for r in lines)


if __name__ == "__main__":
    main()
