"""`ablate export`: a trained network as a file for other programs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ablation.cli.options import AsJson, Cache, Quiet, Workspace, print_json, say
from ablation.errors.words import counted
from ablation.files.places import DEFAULT_WORKSPACE

EXAMPLES = (
    "Examples:\n\n"
    "ablate export phantom/unet/final-101 --out network.keras\n\n"
    "ablate export phantom/unet/final-101 --format onnx --out network.onnx"
)


def export(
    run: Annotated[
        str, typer.Argument(help="Run folder, EXPERIMENT/DESIGN/NUMBER or MLflow run id.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file: NAME.keras or NAME.onnx.")],
    form: Annotated[
        str, typer.Option("--format", help="keras, or onnx, which needs ablate[onnx].")
    ] = "keras",
    images: Annotated[
        Path | None,
        typer.Option("--images", help="Scans to compare masks on; default: the run's own."),
    ] = None,
    accept_rounding: Annotated[
        bool,
        typer.Option(
            "--accept-rounding", help="Accept voxels within 1e-5 of the threshold that differ."
        ),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file where it exists.")
    ] = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    cache: Cache = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the network of a run as a file that Keras or an ONNX runtime loads by itself.

    The file is kept only if it gives the masks of the run's network on some scans, voxel for voxel.
    NAME.json beside it says how scans are prepared and how probabilities become masks.
    """
    from dataclasses import asdict

    from ablation.deploy.export import export as write

    made = write(
        run, out, format=form, images=images, accept_rounding=accept_rounding, overwrite=overwrite, workspace=workspace,
        cache=cache, progress=partial(say, quiet=quiet),
    )  # fmt: skip
    if as_json:
        print_json(asdict(made))
        return
    ties = f", but for {counted(made.ties, 'voxel')} by rounding" if made.ties else ""
    typer.echo(f"same masks as the run's network on {counted(len(made.scans), 'scan')}{ties}")
    typer.echo(f"{made.file}, described in {made.about}")
