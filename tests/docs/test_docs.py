"""Help and pages: every command explains itself, every example works, every link leads somewhere."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from ablation.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
IMAGE_BYTES = 300_000
TINY = {
    "ABLATE_DATA__PHANTOM_PATIENTS": "8",
    "ABLATE_DATA__IMAGE_SIZE": "32",
    "ABLATE_MODEL__DECODER_WIDTH": "0.1",
    "ABLATE_TRAINING__EPOCHS": "1",
    "ABLATE_TRAINING__MAX_BATCHES": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
"""Makes every example a matter of seconds, without changing a word of it."""
CHEAP = (
    "ablate compare",
    "ablate plan",
    "ablate data",
    "ablate config",
    "ablate runs list",
    "ablate studies list",
)
DICE = {
    "unet": (0.71, 0.64, 0.82, 0.77, 0.58, 0.69, 0.74, 0.8, 0.66, 0.72),
    "resupnet": (0.75, 0.69, 0.81, 0.8, 0.6, 0.7, 0.79, 0.82, 0.65, 0.76),
}
TABLES = {
    **{
        f"{name}.csv": "case,dice\n" + "".join(f"P{i},{dice}\n" for i, dice in enumerate(scores))
        for name, scores in DICE.items()
    },
    "results.csv": "architecture,patient,dice\n"
    + "".join(f"{name},P{i},{x}\n" for name, scores in DICE.items() for i, x in enumerate(scores)),
    "aucs.csv": "model,case,auc\nunet,P1,0.91\nunet,P2,0.94\nresupnet,P1,0.95\nresupnet,P2,0.97\n",
}
"""Scores of other tools that examples read."""
NEEDS_MORE = ("ablate ui", "--tracking-uri http", "--trials 20 --data scans")
"""Examples that end with Ctrl-C, need a server, or take hours; their dry runs do not."""


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = _load(ROOT / "docs" / "make_reference.py")


def _commands(name: str = "ablate", command: Any = None) -> Iterator[tuple[str, Any]]:
    command = command or typer.main.get_command(app)
    yield name, command
    for word, inner in getattr(command, "commands", {}).items():
        yield from _commands(f"{name} {word}", inner)


COMMANDS = dict(_commands())
WIDTH = 78
"""Columns of a help page on an ordinary terminal, its indent left out."""
EPILOGS = [line for one in COMMANDS.values() for line in REFERENCE.examples(one.epilog or "")]


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def _lines(page: Path) -> list[str]:
    """Return the commands of a page, from its blocks and from `uv run ...` in its text."""
    text = page.read_text()
    lines = [line for block in _blocks(page, "console") for line in block.splitlines()]
    lines += re.findall(r"`(uv run [^`\n]+)`", text)
    parts = [part.strip() for line in lines for part in line.split("&&")]
    return [part.split("  #")[0].strip() for part in parts]


def _of_ablate(lines: list[str]) -> list[str]:
    bare = (line.removeprefix("uv run ") for line in lines)
    return [line for line in bare if line.startswith("ablate ")]


WRITTEN = sorted({line for page in PAGES for line in _of_ablate(_lines(page))})


@pytest.mark.parametrize("name", COMMANDS)
def test_help_opens_with_one_sentence_and_ends_with_examples(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # no example is broken into two lines
    command = COMMANDS[name]
    first = command.help.split("\n\n")[0]
    assert re.fullmatch(r"[A-Z][^.]*(\.\w[^.]*)*\.", first), first
    assert 1 <= len(REFERENCE.examples(command.epilog or "")) <= 3
    assert (
        max(map(len, REFERENCE.examples(command.epilog))) <= WIDTH
    )  # a wrapped line cannot be pasted
    shown = CliRunner().invoke(app, [*name.split()[1:], "--help"])
    assert shown.exit_code == 0
    assert shown.stdout.rstrip().endswith(REFERENCE.examples(command.epilog)[-1])


@pytest.mark.parametrize(
    "name", ["", *sorted({name.split()[1] for name in COMMANDS if " " in name[7:]})]
)
def test_no_line_of_a_list_of_commands_is_cut(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(app, [*name.split(), "--help"]).stdout
    listed = shown.split("Commands:")[1].split("\n\n  ")[0]
    assert "..." not in listed, listed


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is(name: str) -> None:
    silent = [p.name for p in COMMANDS[name].params if not getattr(p, "help", "")]
    assert silent == []


@pytest.mark.parametrize("line", sorted({*EPILOGS, *WRITTEN}))
def test_every_example_parses(line: str) -> None:
    from ablation.config import resolve
    from ablation.experiments.experiment import check_names

    name, words = "ablate", shlex.split(line)[1:]
    while words and f"{name} {words[0]}" in COMMANDS:
        name = f"{name} {words.pop(0)}"
    context = COMMANDS[name].make_context(name, words)
    assert context.args == []
    given = context.params
    config = resolve(preset=given.get("preset"), assignments=given.get("assignments") or ()).config
    check_names(config, tuple((given.get("model") or "unet").split(",")))


def test_the_tutorial_has_only_commands_that_run_elsewhere() -> None:
    elsewhere = {
        *_of_ablate(_lines(ROOT / "README.md")),
        *_of_ablate(_lines(ROOT / "docs/guide.md")),
    }
    lines = _of_ablate(_lines(ROOT / "docs/tutorial.md"))
    assert len(lines) >= 5
    assert set(lines) - elsewhere == set()


def test_the_cheap_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ABLATE_DATA__PHANTOM_PATIENTS", "4")
    _write_tables(tmp_path)
    for line in dict.fromkeys(line for line in EPILOGS if line.startswith(CHEAP)):
        if line.startswith("ablate data phantom") and (tmp_path / "scans").exists():
            continue
        done = CliRunner().invoke(app, shlex.split(line)[1:])
        assert (done.exit_code, done.exception) == (0, None), f"{line}\n{done.output}"


def test_the_guide_shows_what_cheap_commands_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    _write_tables(tmp_path)
    page = (ROOT / "docs" / "guide.md").read_text()
    pairs = re.findall(r"^```console\n([^`]*)^```\n\n```text\n([^`]*)^```", page, re.MULTILINE)
    cheap = ("ablate compare", "ablate plan", "ablate data", "ablate config", "ablate models")
    checked = 0
    for commands, shown in pairs:
        if all(line.startswith(cheap) for line in commands.splitlines()):
            done = [CliRunner().invoke(app, shlex.split(x)[1:]) for x in commands.splitlines()]
            _expect_lines(shown, "".join(one.output for one in done))
            checked += 1
    assert checked >= 7


def test_the_guide_shows_what_listings_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "tests" / "fixtures" / "schema1" / "single", tmp_path / "runs")
    page = (ROOT / "docs" / "guide.md").read_text()
    pairs = re.findall(
        r"^`(ablate (?:studies|runs) [^`]*)`.*:\n\n```text\n([^`]*)^```", page, re.MULTILINE
    )
    assert len(pairs) == 4
    for line, shown in pairs:
        _expect_lines(shown, CliRunner().invoke(app, shlex.split(line)[1:]).output)


def _expect_lines(shown: str, output: str) -> None:
    """Check that each line of a page was printed, up to what the page leaves out."""
    starts = [re.split(r"\.\.\.|/home/me|~/", line)[0] for line in shown.splitlines()]
    assert [start for start in starts if start not in output] == []


def _write_tables(folder: Path) -> None:
    for name, text in TABLES.items():
        (folder / name).write_text(text)


@pytest.mark.slow
@pytest.mark.usefixtures("files_of_others")
@pytest.mark.parametrize("source", ["help", "README.md", "docs/guide.md"])
def test_every_example_runs_as_it_stands(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess

    environment = TINY | {"ABLATE_CACHE": str(tmp_path / "cache")}
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    _write_tables(tmp_path)
    lines = EPILOGS if source == "help" else _of_ablate(_lines(ROOT / source))
    # What makes the scans stands in the text of the README, below the commands that read them.
    lines = sorted(
        dict.fromkeys(lines), key=lambda line: not line.startswith("ablate data phantom")
    )
    for line in lines:
        if any(part in line for part in NEEDS_MORE) and "--dry-run" not in line:
            continue
        done = subprocess.run(
            [sys.executable, "-m", "ablation", *shlex.split(line)[1:]],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_named_files_exist(page: Path) -> None:
    missing = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if link.startswith(("http://", "https://")):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            missing.append(link)
    words = {word for line in _lines(page) for word in shlex.split(line)}
    missing += [w for w in words if w.startswith(("tests/", "benchmarks/", "docs/")) and not (ROOT / w).exists()]  # fmt: skip
    assert missing == []


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_configuration_shown_is_one(page: Path, tmp_path: Path) -> None:
    from ablation.config import resolve
    from ablation.experiments.space import space_of

    for block in _blocks(page, "toml"):
        assert tomllib.loads(block)
        file = tmp_path / "ablate.toml"
        file.write_text(block)
        space_of(resolve(file=file).config)


def test_the_reference_is_fresh() -> None:
    fresh = REFERENCE.reference() == (ROOT / "docs" / "reference.md").read_text()
    assert fresh, "write it anew: uv run python docs/make_reference.py"


def test_every_key_and_column_has_a_meaning() -> None:
    page = (ROOT / "docs" / "reference.md").read_text()
    tables = re.findall(
        r"^\| (?:key|column|tag) \| .*?meaning.*\n((?:\|.*\n)+)", page, re.MULTILINE
    )
    assert len(tables) > 40
    rows = [line for one in tables for line in one.splitlines()]
    assert [line for line in rows if re.search(r"\|\s*\|", line)] == []
    assert "PydanticUndefined" not in page


@pytest.fixture(scope="module")
def made_from_the_phantom() -> Iterator[Callable[[str], ModuleType]]:
    """Load a script of docs; they share the designs, which are made once."""
    sys.path.insert(0, str(ROOT / "docs"))
    yield lambda name: _load(ROOT / "docs" / f"{name}.py")
    sys.path.remove(str(ROOT / "docs"))


@pytest.mark.parametrize("page", ["guide.md", "tutorial.md"])
def test_the_report_shown_is_what_is_printed(
    page: str, made_from_the_phantom: Callable[[str], ModuleType]
) -> None:
    from ablation.report import Source, printed

    output = printed(made_from_the_phantom("make_pictures").compared(), Source("phantom"))
    text = (ROOT / "docs" / page).read_text()
    (shown,) = re.findall(r"^```text\n(experiment phantom: [^`]*)^```", text, re.MULTILINE)
    _expect_lines(shown, output)


def test_the_misleading_ways_are_fresh(
    made_from_the_phantom: Callable[[str], ModuleType],
) -> None:
    fresh = made_from_the_phantom("make_misleading").page()
    written = (ROOT / "docs" / "misleading.md").read_text()
    assert fresh == written, "write it anew: uv run python docs/make_misleading.py"


def test_the_pictures_show_the_report_of_this_code(
    made_from_the_phantom: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    pictures = made_from_the_phantom("make_pictures")
    shown = pictures.fingerprint(pictures.report(tmp_path).read_text())
    again = "the report looks different now; take the pictures anew: uv run python docs/make_pictures.py"
    assert shown == pictures.FINGERPRINT.read_text().strip(), again
    assert {path.name for path in pictures.IMAGES.glob("*.png")} == set(pictures.SIZES)


def test_pictures_are_small() -> None:
    for picture in (ROOT / "docs" / "images").iterdir():
        assert picture.stat().st_size < IMAGE_BYTES, picture.name


def test_every_benchmark_has_its_line() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()
    scripts = {path.name for path in (ROOT / "benchmarks").glob("*.py")}
    assert {name for name in scripts if f"benchmarks/{name}" not in page} == set()
