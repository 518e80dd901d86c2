"""The worked examples of CONTRIBUTING.md: each registers an entry and tests it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"
SECTIONS = re.split(r"^### ", PAGE.read_text().split("## A worked example of each")[1], flags=re.M)[
    1:
]
EXAMPLES = {
    section.splitlines()[0]: "\n".join(re.findall(r"^```python\n(.*?)^```", section, re.M | re.S))
    for section in SECTIONS
}


@pytest.mark.parametrize("title", EXAMPLES)
def test_the_example_runs(title: str, tmp_path: Path) -> None:
    """In a process of its own, so that the entry is in no other test's registry."""
    assert re.search(r"^(assert|    assert) ", EXAMPLES[title], re.M)
    assert re.search(r"\.add\(|LAUNCHERS\[", EXAMPLES[title])
    done = subprocess.run(
        [sys.executable, "-c", EXAMPLES[title]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_point_has_an_example() -> None:
    points = {"A design", "An encoder", "A loss", "A metric", "A paired test", "An augmentation"}
    assert set(EXAMPLES) == points | {"A layout of scans", "A way to start workers"}
    assert all(EXAMPLES.values())
