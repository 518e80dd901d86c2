"""Hostile names and files: nothing is read or written outside, nothing in any output is live."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ablation.cli.app import app
from ablation.errors import AblateError
from tracking.errors import TrackingError

SINGLE = Path(__file__).parents[1] / "fixtures/schema1/single"
REFUSED = (
    "../x", "/tmp/x", "a/b", "a\\b", "..", "a\nb", "a\x1b[31mb", "a\u202eb", "a\u2066b", "a\x00b",
    "<b>x</b>", "=1+1", "@SUM(A1)", "\\input{x}", "$(touch pwned)", "; touch pwned", "n" * 300,
)  # fmt: skip
"""As names of studies, experiments and imports."""
DEAD = (
    "=HYPERLINK('http://evil')", "@SUM(A1)", "+1+cmd|x", "-1+cmd|x", "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>", "\\input{/etc/passwd}",
    "\\write18{touch pwned}", "$(touch pwned)", "[x](javascript:alert(1))", "{{ 7*7 }}", "../../x",
)  # fmt: skip
"""As names of designs, patients and files: kept, and live in no output."""
CONTROL = ("a\nb", "a\x1b[31mb", "a\u202eb", "a\u2066b", "a\u2028b", "a\x07b", "a\x9bb")
LIVE = re.compile(r"<script>alert|<img src=x|<a href=['\"]javascript")
LIVE_IN_MARKDOWN = re.compile(rf"{LIVE.pattern}|(?<!\\)\]\(javascript")
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
SECRET = "what lies outside"

_watched: list[tuple[str, str]] | None = None
_OPENS = {"open", "os.open", "os.listdir", "os.scandir", "sqlite3.connect"}
_CHANGES = {
    *("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate"),
    *("os.chmod", "os.utime", "os.chown"),
}


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _watched is None or event not in _OPENS | _CHANGES:
        return
    writes = event in _CHANGES
    if event == "open":
        flags = arguments[2] if isinstance(arguments[2], int) else 0
        writes = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))
    for name in arguments[: 2 if event in ("os.rename", "os.link", "os.symlink") else 1]:
        if isinstance(name, (str, bytes, os.PathLike)):
            path = os.path.realpath(os.fsdecode(name).removeprefix("file:").partition("?mode")[0])
            _watched.append(("write" if writes else "read", path))


@contextmanager
def watching() -> Iterator[list[tuple[str, str]]]:
    """Yield what this process reads and writes in the block: "read" or "write", and the real path."""
    global _watched
    if not getattr(sys, "_ablate_watched", False):
        sys.addaudithook(_hook)  # for the rest of the process: it cannot be taken away
        sys._ablate_watched = True  # type: ignore[attr-defined]
    _watched = seen = []
    try:
        yield seen
    finally:
        _watched = None


def outside(seen: list[tuple[str, str]], home: Path) -> list[tuple[str, str]]:
    """Return what was read or written below `home` but not in its folders `in`, `out` and `cache`."""
    own = tuple(f"{home / name}" for name in ("in", "out", "cache"))
    return sorted(
        {
            (how, path)
            for how, path in seen
            if Path(path).is_relative_to(home)
            and path != str(home)
            and not any(Path(path).is_relative_to(place) for place in own)
        }
    )


def refuse_live(*places: Path) -> int:
    """Look through every file of reports for what a program would run; return how many there are."""
    count = 0
    for file in (path for place in places for path in place.rglob("*") if path.is_file()):
        count += 1
        text = file.read_text(encoding="utf-8", errors="replace")
        if file.suffix in (".html", ".md", ".svg"):
            assert not (LIVE_IN_MARKDOWN if file.suffix == ".md" else LIVE).search(text), file
        if file.suffix in (".html", ".md", ".csv", ".tex", ".txt", ".json", ".bib"):
            assert not UNSEEN.search(re.sub(r"<script.*?</script>", "", text, flags=re.S)), file
            assert SECRET not in text, file
        if file.suffix == ".csv":
            for cell in (cell for row in csv.reader(text.splitlines()) for cell in row):
                assert cell[:1] not in ("=", "@", "+", "-", "\t") or float(cell) is not None, file
        if file.suffix == ".tex":
            for macro in ("\\input{", "\\write18"):
                assert macro not in text, file
    return count


def plant(home: Path) -> Path:
    """Make a workspace with hostile files in `home/in`, what they point to beside it; return it."""
    secret = home / "secret"
    secret.mkdir(parents=True)
    (secret / "secret.txt").write_text(SECRET)
    workspace = Path(shutil.copytree(SINGLE, home / "in"))
    final = workspace / "phantom/unet/final-101.0"
    shutil.copytree(final, secret / "run")
    shutil.copytree(workspace / "phantom", secret / "experiment")

    # Files that a list of pictures names.
    up = "../" * 12
    rows = list(csv.reader((final / "figures/overlays.csv").read_text().splitlines()))
    wanted = [f"{up}{secret}/secret.txt", f"{secret}/secret.txt", "../run.json", "..\\x", *CONTROL]
    rows += [[name, "phantom_001", "tumour", "1", "1", "1", "0.5"] for name in (*wanted, *DEAD)]
    with (final / "figures/overlays.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)

    # Links: to a file, a folder, nothing, each other; a run and an experiment that lie elsewhere.
    for name, target in {
        "notes.txt": secret / "secret.txt",
        "pictures": secret,
        "gone.txt": secret / "nothing",
        "loop": final / "loop",
        "checkpoint/more.npz": secret / "secret.txt",
    }.items():
        (final / name).symlink_to(target)
    (workspace / "phantom/unet/final-102.0").symlink_to(secret / "run")
    (workspace / "elsewhere").symlink_to(secret / "experiment")

    # Names of files in a run folder, and of folders beside the runs.
    for name in (*DEAD, *CONTROL, "-rf", "%2e%2e%2fup", "..%2fup"):
        (final / name.replace("/", "_")).write_text("1")
        (workspace / "phantom" / name.replace("/", "_")).mkdir()

    # Fields of records.
    for number, (key, value) in enumerate(
        [("experiment", "../../../up"), ("model", "/up"), ("name", "..\\up"), ("study", "a/b/c")]
    ):
        copy = workspace / f"phantom/unet/final-{900 + number}.0"
        shutil.copytree(secret / "run", copy)
        edit(copy / "run.json", **{key: value})
    record = json.loads((final / "run.json").read_text())
    hostile = {f"note.{number}": name for number, name in enumerate((*DEAD, *CONTROL))}
    edit(
        final / "run.json",
        params=record["params"] | hostile,
        tags=record["tags"] | hostile,
        reason="<script>alert(1)</script>",
    )

    # Patients of an import; hyperparameters and reasons of a study.
    table = workspace / "phantom/other-tool/import.0/per_case.csv"
    table.write_text(table.read_text().replace("phantom_003", "<img src=x onerror=alert(1)>"))
    study = workspace / "phantom/unet/study"
    trials = (study / "trials.csv").read_text()
    for name in (*DEAD, "a\x1b[31mb"):
        trials += f'9,failed,,0,"{name}",0.5,0.5,0.5,0.001\n'
    (study / "trials.csv").write_text(trials.replace("model.dropout", "<script>alert(1)</script>"))
    (study / "split.json").write_text(
        json.dumps({"train": list(DEAD), "validation": [], "test": []})
    )
    return workspace


def edit(record: Path, **fields: object) -> None:
    record.write_text(json.dumps(json.loads(record.read_text()) | fields))


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_name_of_a_study_or_import_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    monkeypatch.chdir(inside)
    (inside / "t.csv").write_text("case,dice\nP1,0.5\nP2,0.6\n")
    commands = (
        ["sweep", "--model", "unet", "--trials", "1", "--study", name],
        ["sweep", "--model", "unet", "--trials", "1", "--experiment", name],
        ["import", "per-case", "t.csv", "--name", name],
        ["import", "per-case", "t.csv", "--name", "x", "--experiment", name],
    )
    with watching() as seen:
        for words in commands:
            done = CliRunner().invoke(app, words)
            assert isinstance(done.exception, AblateError | TrackingError), (words, done.output)
            said = done.exception.message + done.exception.hint + done.output
            assert not UNSEEN.search(said)
            assert "pwned" not in [path.name for path in tmp_path.rglob("*")]
    assert outside(seen, tmp_path) == []
    assert [path.name for path in inside.iterdir()] == ["t.csv"]


def test_hostile_names_in_a_table_are_dead_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    monkeypatch.chdir(inside)
    table = inside / "t.csv"

    def write(names: tuple[str, ...]) -> None:
        with table.open("w", newline="") as file:
            rows = [(name, f"{name} {n}", 0.5 + n / 20) for name in names for n in range(3)]
            csv.writer(file).writerows([("model", "case", "dice"), *rows])

    with watching() as seen:
        for name in CONTROL:
            write((name, "b"))
            done = CliRunner().invoke(app, ["compare", "t.csv", "--out", f"{tmp_path}/out"])
            said = done.output + str(getattr(done.exception, "message", ""))
            assert done.exit_code == 1, name
            assert not UNSEEN.search(said)
    assert outside(seen, tmp_path) == []
    assert not (tmp_path / "out").exists()


def test_the_watch_sees_reads_and_writes_over_links(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.txt").write_text("x")
    (tmp_path / "in/link").symlink_to(tmp_path / "secret.txt")
    with watching() as seen:
        (tmp_path / "in/link").read_text()
        (tmp_path / "in/../new").mkdir()
    assert [how for how, _ in outside(seen, tmp_path)] == ["read", "write"]


@pytest.mark.slow
def test_a_workspace_of_hostile_files_is_synced_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    workspace = plant(tmp_path)
    monkeypatch.chdir(workspace)
    said = ""
    with watching() as seen:
        for words in (
            ["runs", "list", "--workspace", str(workspace)],
            ["sync", str(workspace)],
            ["report", "--workspace", str(workspace), "--out", str(tmp_path / "out")],
        ):
            done = CliRunner().invoke(app, words)
            assert done.exit_code in (0, 1), (words, done.exception)
            assert done.exception is None or isinstance(done.exception, (AblateError, SystemExit))
            said += done.output
    assert outside(seen, tmp_path) == []
    assert not UNSEEN.search(said)
    for link in ("notes.txt", "pictures", "gone.txt", "loop", "final-102.0", "elsewhere"):
        assert re.search(rf"not published, a symbolic link: .*{link}", said), link
    assert refuse_live(tmp_path / "out") > 6
    artifacts = (path for path in (workspace / "mlartifacts").rglob("*") if path.is_file())
    assert not [path for path in artifacts if SECRET.encode() in path.read_bytes()]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs Debian's strace")
@pytest.mark.parametrize("command", ["sync", "report", "compare", "import"])
def test_the_kernel_sees_nothing_outside_too(tmp_path: Path, command: str) -> None:
    workspace, log = plant(tmp_path), tmp_path / "out/strace"
    log.parent.mkdir()
    designs = [f"{name}={workspace}/phantom/{design}/final-101.0/per_case.csv"
               for name, design in ((DEAD[4], "unet"), (DEAD[7], "attention_unet"))]  # fmt: skip
    words = {
        "sync": ["sync", str(workspace)],
        "report": ["report", "--workspace", str(workspace), "--out", str(tmp_path / "out/report")],
        "compare": ["compare", *designs, "--out", str(tmp_path / "out/report")],
        "import": ["import", "per-case", designs[0].rpartition("=")[2], "--name", "x", "--workspace",
                   str(workspace)],
    }[command]  # fmt: skip
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "ABLATE_"))}
    home = {"HOME": str(tmp_path / "cache"), "PYTHONPATH": str(Path(__file__).parents[2])}
    calls = "openat,open,creat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,link,linkat,symlink,symlinkat,truncate"
    done = subprocess.run(
        ["strace", "-f", "-qq", "-y", "-s", "4096", "-e", f"trace={calls}", "-o", str(log),
         sys.executable, "-m", "ablation", *words],
        cwd=workspace, env=clean | home | {"TMPDIR": str(tmp_path / "cache")},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    assert not UNSEEN.search(done.stdout + done.stderr)
    seen = []
    for line in log.read_text(errors="replace").splitlines():
        if not (found := re.search(r"\d+ +(\w+)\((.*)\) += (\d+)(?:<(.*)>)?$", line)):
            continue  # it failed, or is a signal
        call, arguments, _, real = found.groups()
        writes = call not in ("openat", "open") or re.search("O_(WRONLY|RDWR|CREAT)", arguments)
        how = "write" if writes else "read"
        paths = [real] if real else re.findall(r'"([^"]*)"', arguments)
        seen += [(how, os.path.realpath(workspace / path)) for path in paths]
    assert len(seen) > 100
    assert outside(seen, tmp_path) == []
    if command in ("report", "compare"):
        assert refuse_live(tmp_path / "out/report") > 5
