"""`ablate predict`: masks of new scans from a trained network."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablation.cli.options import AsJson, Cache, Quiet, SkipBad, Workspace, print_json, say
from ablation.files.places import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from ablation.deploy.predict import Predictions

EXAMPLES = (
    "Examples:\n\n"
    "ablate predict phantom/unet/final-101 scans --out masks\n\n"
    "ablate predict phantom/unet/final-101 scans --out masks --probabilities"
)


def predict(
    run: Annotated[
        str, typer.Argument(help="Run folder, EXPERIMENT/DESIGN/NUMBER or MLflow run id.")
    ],
    images: Annotated[
        Path, typer.Argument(help="Scans: a folder in a known layout, a folder of images, a file.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the masks and predictions.csv.")
    ],
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Write the probability maps, too.")
    ] = False,
    skip_bad: SkipBad = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results that are in the folder already.")
    ] = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    cache: Cache = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the masks of scans, labelled or not, as a trained network segments them.

    Threshold, test-time augmentation and post-processing are those of the run. Each mask has the
    shape, affine and orientation of its scan. Known layouts: those of ablate data check.
    """
    from ablation.deploy.predict import predict as segment

    made = segment(
        run, images, out, probabilities=probabilities, skip_bad=skip_bad, overwrite=overwrite,
        workspace=workspace, cache=cache, progress=partial(say, quiet=quiet),
    )  # fmt: skip
    _print(made, as_json=as_json)


def _print(made: Predictions, *, as_json: bool) -> None:
    if as_json:
        cases = [one._asdict() for one in made.cases]
        print_json({"run": made.run, "left_out": made.left_out, "cases": cases})
        return
    for one in made.cases:
        volume = "" if one.volume_ml is None else f"  {one.volume_ml:.2f} ml"
        typer.echo(f"{one.case}  {one.target}  {one.voxels} voxels{volume}")
    for fault in made.left_out:
        say(f"left out: {fault}")
    typer.echo(f"masks and predictions.csv: {made.out}")
