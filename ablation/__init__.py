"""The Python API: what the `ablate` command does, as functions that return typed values.

import ablation
result = ablation.sweep(["unet", "resupnet"], trials=3)
made = ablation.report(out="report")
made.table()

Each name is loaded when it is first used, so that `import ablation` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ablation.comparison import Comparison, Design
    from ablation.deploy.export import Exported, export
    from ablation.deploy.predict import Predictions, predict
    from ablation.errors import AblateError
    from ablation.experiments.evaluate import Evaluated, evaluate
    from ablation.experiments.sweep import SweepResult, sweep
    from ablation.report.from_runs import Report, report
    from ablation.report.from_tables import compare
    from ablation.report.page.plotly_figures import figures

__all__ = [
    "AblateError",
    "Comparison",
    "Design",
    "Evaluated",
    "Exported",
    "Predictions",
    "Report",
    "SweepResult",
    "compare",
    "evaluate",
    "export",
    "figures",
    "predict",
    "report",
    "sweep",
]

_HOMES = {
    "AblateError": "ablation.errors",
    "Comparison": "ablation.comparison",
    "Design": "ablation.comparison",
    "Evaluated": "ablation.experiments.evaluate",
    "Exported": "ablation.deploy.export",
    "Predictions": "ablation.deploy.predict",
    "Report": "ablation.report.from_runs",
    "SweepResult": "ablation.experiments.sweep",
    "compare": "ablation.report.from_tables",
    "evaluate": "ablation.experiments.evaluate",
    "figures": "ablation.report.page.plotly_figures",
    "export": "ablation.deploy.export",
    "predict": "ablation.deploy.predict",
    "sweep": "ablation.experiments.sweep",
}


def __getattr__(name: str) -> object:
    if name == "report":  # the package of that name can be called
        return import_module("ablation.report")
    if name not in _HOMES:
        raise AttributeError(f"module 'ablation' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
