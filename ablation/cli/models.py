"""`ablate models`: every design, its size, and where the weights its encoder can start from lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablation.cli.options import (
    AsJson,
    Assignments,
    ConfigFile,
    Data,
    Preset,
    print_json,
    say,
)

if TYPE_CHECKING:
    from ablation.config import Config

EXAMPLES = (
    "Examples:\n\nablate models\n\nablate models unet --preset laptop\n\n"
    "ablate models --count --preset laptop"
)


def models(
    name: Annotated[
        str | None, typer.Argument(help="Design whose blocks are listed; none: all designs.")
    ] = None,
    count: Annotated[
        bool,
        typer.Option("--count", help="Count parameters at the configured size; takes a while."),
    ] = False,
    data: Data = None,
    preset: Preset = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    as_json: AsJson = False,
) -> None:
    """List every design, or the blocks of one.

    Of a design with a ready-made encoder it says where the ImageNet weights lie. NAME: each block of
    its network at the configured size, with the shape it gives and its parameters.
    """
    from ablation.config.asked import resolve_asked
    from ablation.models import DESIGNS

    resolved, first_line = resolve_asked(
        data=data, preset=preset, file=config, assignments=assignments or ()
    )
    if name is not None:
        say(first_line, quiet=as_json)
        _list_blocks(name, resolved.config, as_json=as_json)
        return
    rows = [_row(one) for one in DESIGNS]
    if count:
        say(first_line, quiet=as_json)
        for row in rows:
            row |= _counted(str(row["name"]), resolved.config)
    if as_json:
        print_json(rows)
        return
    width = max(len(one) for one in DESIGNS)
    for row in rows:
        size = _size(row) if count else ""
        typer.echo(f"{str(row['name']).ljust(width)}  {size}{row['summary']}")
    for encoder, users in _encoders(rows).items():
        typer.echo(f"\n{encoder} ({', '.join(users)}): weights of ImageNet, {_place(encoder)}")


def _list_blocks(name: str, config: Config, *, as_json: bool) -> None:
    """Print what the network of a design is made of."""
    from ablation.config import with_values
    from ablation.experiments.inputs import input_shape
    from ablation.models import DESIGNS, Block, blocks
    from ablation.training.quiet import without_remarks

    DESIGNS.find(name)
    own = with_values(config, {"model.name": name})
    with without_remarks():
        found = blocks(own.model, input_shape(own))
    if as_json:
        print_json(
            [
                {
                    "block": one.name,
                    "shape": list(one.shape),
                    "parameters": one.parameters,
                    "trainable": one.trainable,
                    "frozen": one.frozen,
                }
                for one in found
            ]
        )
        return
    total = Block("in all", (), sum(b.parameters for b in found), sum(b.trainable for b in found))
    cells = [("block", "output", "parameters", "trainable", "not trained")]
    for one in (*found, total):
        shape = " x ".join(map(str, one.shape))
        cells.append(
            (one.name, shape, f"{one.parameters:,}", f"{one.trainable:,}", f"{one.frozen:,}")
        )
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        left = [text.ljust(width) for text, width in zip(row[:2], widths[:2], strict=True)]
        right = [text.rjust(width) for text, width in zip(row[2:], widths[2:], strict=True)]
        typer.echo("  ".join([*left, *right]))


def _row(name: str) -> dict[str, object]:
    from ablation.models import DESIGNS
    from ablation.models.encoders import ENCODERS
    from ablation.models.weights import imagenet_path

    design = DESIGNS[name]
    row: dict[str, object] = {"name": name, "summary": design.summary, "encoder": design.encoder}
    if design.encoder is not None:
        path = imagenet_path(design.encoder)
        encoder = ENCODERS[design.encoder]
        row["imagenet"] = {
            "path": str(path),
            "state": _state(path, encoder.md5),
            "md5": encoder.md5,
            "url": encoder.url,
        }
    return row


def _counted(name: str, config: Config) -> dict[str, object]:
    from ablation.config import with_values
    from ablation.errors import UsageError
    from ablation.experiments.inputs import input_shape
    from ablation.models import count_parameters
    from ablation.training.quiet import without_remarks

    own = with_values(config, {"model.name": name})
    try:
        with without_remarks():
            return {"parameters": count_parameters(own.model, input_shape(own))}
    except UsageError as error:  # one design may not take the size that another takes
        return {"parameters": None, "fault": error.message}


def _size(row: dict[str, object]) -> str:
    parameters = row["parameters"]
    text = f"{parameters:,}" if isinstance(parameters, int) else "-"
    return f"{text:>11}  " + (f"({row['fault']}) " if "fault" in row else "")


def _state(path: Path, md5: str | None) -> str:
    from ablation.models.weights import digests

    if not path.is_file():
        return "absent"
    return "present" if md5 is None or digests(path)[0] == md5 else "another file"


def _encoders(rows: list[dict[str, object]]) -> dict[str, list[str]]:
    users: dict[str, list[str]] = {}
    for row in rows:
        if row["encoder"] is not None:
            users.setdefault(str(row["encoder"]), []).append(str(row["name"]))
    return users


def _place(name: str) -> str:
    from ablation.models.encoders import ENCODERS
    from ablation.models.weights import imagenet_path

    path, encoder = imagenet_path(name), ENCODERS[name]
    state = _state(path, encoder.md5)
    said = f"{state}: {path}"
    return said if state == "present" else f"{said}\n  from {encoder.source}"
