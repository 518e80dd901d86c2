"""What the tests of the report share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ablation.report.page.environment import environment
from ablation.report.sections.blocks import Section


@pytest.fixture
def html() -> Callable[[Section], str]:
    """Return a section as it stands on the page."""
    template = environment().get_template("section.html")
    return lambda section: template.render(section=section)
