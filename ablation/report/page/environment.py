"""The one jinja2 environment that all HTML of a report comes from; it escapes every text."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from ablation.comparison import MARKS
from ablation.report.sections.blocks import Block, prose

ROOM = "ablation.report.page"


@cache
def environment() -> Environment:
    """Return the environment: `{{ text }}` is escaped, an unknown name is an error.

    Only our own scripts, styles and drawings are marked `|safe` in a template.
    """
    made = Environment(
        loader=PackageLoader(ROOM),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["json.dumps_kwargs"] = {"allow_nan": False}
    made.filters |= {
        "prose": prose,
        "template": _template,
        "base64": _base64,
        "mark": MARKS.__getitem__,
    }
    return made


def our_text(name: str) -> str:
    """Return a style or script of ours that stands beside the templates."""
    return files(ROOM).joinpath("templates", name).read_text(encoding="utf-8")


def _template(block: Block) -> str:
    """The template of a block, named after its class."""
    return f"blocks/{type(block).__name__.lower()}.html"


def _base64(content: bytes) -> str:
    return b64encode(content).decode("ascii")
