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


def test_everything_public_is_exported_once() -> None:
    names = ablation.statistics.__all__
    assert len(set(names)) == len(names)
    assert all(hasattr(ablation.statistics, name) for name in names)
