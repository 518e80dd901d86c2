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
Numbers are not rounded; what does not exist is null. Differences are oriented: above 0 the candidate is better.
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
    "truth_hash": "hash of the truth: scores against different truths are never compared",
}
"""Beside the metrics, which say it themselves."""


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
        notes = notes_of(row)
        rows = [(f"`{one.name}`", notes.get(one.name, "")) for one in dataclasses.fields(row)]
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
        notes = notes_of(row)
        hints = get_type_hints(row)
        rows = []
        for one in stated(row):
            note = notes.get(one.name) or meaning_of(hints[one.name])
            rows.append((f"`{one.name}`", " ".join(note.split())))
        place = found[row]
        yield f"`{place}`: {sentence(row)}\n" if place else f"{sentence(row)}\n"
        yield table(("key", "meaning"), rows)


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
