"""Run a command for as long as the process that started it lives, however that ends.

    python -m tracking.guard COMMAND...

with a pipe as standard input: when no process holds its other end any more, the starter is gone, also
by SIGKILL, and the whole process group is stopped.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

GRACE_S = 10.0


def main() -> None:
    """Run as the process that a starter starts, as the leader of a group of its own."""
    signal.signal(signal.SIGTERM, lambda *_: None)  # it ends with its command
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=_stop_without_starter, daemon=True).start()
    sys.exit(process.wait())


def _stop_without_starter() -> None:
    while os.read(0, 1024):
        continue
    os.killpg(0, signal.SIGTERM)  # the group includes this process, which outlives the first signal
    time.sleep(GRACE_S)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
