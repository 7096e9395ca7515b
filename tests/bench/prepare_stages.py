"""Run ``graphrec data prepare`` and print the seconds and peak memory of its stages as JSON.

The stages are those whose progress the command shows: ``python prepare_stages.py WORDS ...``.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from unittest.mock import patch

from graphrec_cli import preparation
from graphrec_cli.cli import main

STAGES: list[dict[str, str | float]] = []


@contextmanager
def measured(stage: str) -> Iterator[None]:
    """Record a stage: its seconds, those of processor time, and the peak so far in bytes."""
    started, worked = time.perf_counter(), time.process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    STAGES.append(
        {
            "stage": stage,
            "seconds": time.perf_counter() - started,
            "processor": time.process_time() - worked,
            # Linux counts in KiB, macOS in bytes.
            "peak": peak if sys.platform == "darwin" else 1024 * peak,
        }
    )


def run(words: list[str]) -> int:
    """Returns the command's exit code; its own stdout goes to stderr."""
    with redirect_stdout(sys.stderr), patch.object(preparation, "progress", measured):
        code = main(["data", "prepare", *words])
    print(json.dumps(STAGES))
    return code


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
