"""How much memory the process has, and how much it had at most."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path


def resident_memory() -> int:
    """Bytes of the process that are in memory now; the most so far where the system keeps no more.

    Only Linux has the number for now in a file.
    """
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return peak_memory()


def peak_memory() -> int:
    """Bytes of the process that have been in memory at most."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return peak if sys.platform == "darwin" else 1024 * peak
