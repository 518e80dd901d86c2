"""`ablate worker`: train the trials of a study; what `ablate sweep` starts."""

from __future__ import annotations

from typing import Annotated

import typer

from ablation.cli.explain import explain
from ablation.cli.options import Cache, Workspace, say
from ablation.files.places import DEFAULT_WORKSPACE

EXAMPLES = (
    "Examples:\n\nablate worker --study phantom/unet"
    "\n\nablate worker --study phantom/unet --workspace runs"
)


def worker(
    study: Annotated[str, typer.Option("--study", help="Study to work on: EXPERIMENT/DESIGN.")],
    workspace: Workspace = DEFAULT_WORKSPACE,
    cache: Cache = None,
) -> None:
    """Train trials of a study until none is left; what `ablate sweep` starts."""
    from ablation.experiments.machine import machine_warnings
    from ablation.experiments.study import read_plan, run_worker
    from ablation.files.places import cache_folder
    from sweeps import HOPELESS_CODE, stop_on_signals

    stop = stop_on_signals()
    folder = cache_folder(cache)
    try:
        experiment = read_plan(workspace, study, folder)
        for line in machine_warnings(experiment, workspace):
            say(f"warning: {line}")
        end = run_worker(experiment, workspace, folder, stop)
    except Exception as error:  # explained, or raised again as the bug it is
        explain(error)
        raise typer.Exit(HOPELESS_CODE) from error  # another start would meet the same fault
    raise typer.Exit(end.exit_code)
