"""What the tests of sweeps share: the toy sweep as a module, and a storage with a study."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    """The script the kill tests run, for its objective and spec."""
    path = Path(__file__).with_name("toy_sweep.py")
    found = importlib.util.spec_from_file_location("toy_sweep", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
