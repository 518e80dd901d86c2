"""`ablate config`: what a sweep would use, and where each value comes from."""

from __future__ import annotations

import typer

from ablation.cli.options import (
    AsJson,
    Assignments,
    ConfigFile,
    Data,
    Preset,
    print_json,
)

EXAMPLES = (
    "Examples:\n\nablate config show\n\nablate config show --preset laptop --set loss.fn_weight=0.7"
)
app = typer.Typer(
    no_args_is_help=True, help="Look at the configuration before a sweep.", epilog=EXAMPLES
)


@app.callback()
def _group() -> None:
    """Look at the configuration before a sweep."""


@app.command("show", short_help="Print every key and its value.", epilog=EXAMPLES)
def show(
    data: Data = None,
    preset: Preset = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    as_json: AsJson = False,
) -> None:
    """Print every key with its value, where the value comes from, and what the key means."""
    from ablation.config import flatten, known_keys
    from ablation.config.asked import resolve_asked
    from tracking.address import shown

    resolved, first_line = resolve_asked(
        data=data, preset=preset, file=config, assignments=assignments or ()
    )
    values = flatten(resolved.config)
    if values["tracking.uri"] is not None:
        values["tracking.uri"] = shown(values["tracking.uri"])  # it may hold a password
    if as_json:
        print_json(
            {key: {"value": value, "from": resolved.origin[key]} for key, value in values.items()}
        )
        return
    typer.echo(f"# {first_line}")
    meaning = known_keys()
    for key, value in values.items():
        typer.echo(
            f"{key} = {_written(value)}".ljust(44) + f" # {resolved.origin[key]}; {meaning[key]}"
        )


def _written(value: object) -> str:
    """Return a value as it can be given to --set."""
    import json

    if value is None or isinstance(value, str):
        return str(value or "none")
    return json.dumps(value)
