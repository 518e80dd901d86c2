"""Layouts of scans: one file each, registered here.

READERS["lgg"].detect(Path("scans"))
"""

from __future__ import annotations

from ablation.data.readers import brats, lgg, phantom
from ablation.data.readers.reader import Reader
from ablation.plugins import Registry

READERS: Registry[Reader] = Registry("layout", [lgg.READER, brats.READER, phantom.READER])
"""Every layout that can be read, in the order in which a folder is tried."""

__all__ = ["READERS", "Reader"]
