"""Run a command and print the peak of its resident memory in bytes.

A process inherits the peak of the one that starts it, so a large one must start its measurement
through this small script: ``python peak_memory.py COMMAND ...``.
"""

from __future__ import annotations

import resource
import subprocess
import sys


def main(command: list[str]) -> int:
    """Returns the command's exit code; its own stdout goes to stderr."""
    code = subprocess.run(command, stdout=sys.stderr, check=False).returncode
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    print(peak if sys.platform == "darwin" else 1024 * peak)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
