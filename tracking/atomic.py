"""Whole files: written under a hidden name beside their place, then renamed to it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a hidden path with the ending of `target`; it becomes `target` when the block succeeds.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> with replacing(file) as path:
        ...     _ = path.write_text("a,b")
        >>> file.read_text()
        'a,b'
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{uuid.uuid4().hex[:8]}-{target.name}")
    try:
        yield beside
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
