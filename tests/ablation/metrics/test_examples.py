from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = ["masks", "overlap", "surface", "lesions", "pair", "metric", "empty"]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_the_documentation_run(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"ablation.metrics.{module}"))
    assert result.attempted > 0
    assert result.failed == 0
