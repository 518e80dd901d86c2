"""What it costs to check prepared slices once per process: seconds per GB, beside other hashes.

    python benchmarks/cache_check.py [--megabytes 512]

An entry of the cache with random images, masks and truths is made in a temporary folder. Its
CRC-32 is taken as `ablation.data.cache` takes it, with the files in the memory of the system, as
they are when they were just written; beside it stand the hashes of hashlib on the same bytes. A
flipped bit must change the checksum. Exit code 1 where it does not.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ablation.data.cache import BLOCK, IMAGES, MASKS, TRUTH, _checksums

HASHES = ("sha256", "sha1", "blake2b")
REPEATS = 3


def entry(folder: Path, megabytes: int) -> int:
    """Write an entry of the cache; return its bytes."""
    rng = np.random.default_rng(1)
    (folder / TRUTH).mkdir()
    for name, share in ((IMAGES, 0.8), (MASKS, 0.1), (f"{TRUTH}/0.npy", 0.1)):
        size = int(megabytes * 1e6 * share)
        np.save(folder / name, rng.integers(0, 256, size, dtype=np.uint8))
    return sum(path.stat().st_size for path in folder.rglob("*.npy"))


def seconds(work: Callable[[], object]) -> float:
    """Return the least CPU seconds of some repeats."""
    found = []
    for _ in range(REPEATS):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return min(found)


def hashed(folder: Path, name: str) -> None:
    """Take a hash of hashlib of each file."""
    for path in folder.rglob("*.npy"):
        state = hashlib.new(name)
        with path.open("rb") as content:
            while block := content.read(BLOCK):
                state.update(block)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=512)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        size = entry(folder, parser.parse_args().megabytes) / 1e9
        print(f"CRC-32 of the cache: {seconds(lambda: _checksums(folder)) / size:.2f} CPU s per GB")
        for name in HASHES:
            taken = seconds(lambda name=name: hashed(folder, name))
            print(f"{name}: {taken / size:.2f} CPU s per GB")
        before = _checksums(folder)
        with (folder / IMAGES).open("r+b") as images:
            images.seek(1000)
            byte = images.read(1)[0]
            images.seek(1000)
            images.write(bytes([byte ^ 1]))
        return int(_checksums(folder) == before)


if __name__ == "__main__":
    sys.exit(main())
