from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import ablation.statistics

MODULES = [module.name for module in pkgutil.iter_modules(ablation.statistics.__path__)]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_the_documentation_run(module: str) -> None:
    assert doctest.testmod(importlib.import_module(f"ablation.statistics.{module}")).failed == 0
