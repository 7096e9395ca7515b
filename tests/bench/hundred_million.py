"""A hundred million rows from parquet and from csv, prepared by ``graphrec data prepare``."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from measure import Row, Settings, at_most

NUM_ROWS = 100_000_000
QUICK_ROWS = 20_000
FORMATS = ("parquet", "csv")
PREPARATION = (
    "dataset=table",
    "dataset.rating_threshold=2",
    "dataset.k_core.min_user_interactions=5",
    "dataset.k_core.min_item_interactions=5",
    "split=ratio",
)
MOST_GIGABYTES = 6
BENCH = Path(__file__).resolve().parent


def hundred_million_rows(settings: Settings) -> list[Row]:
    """Every format: the stages in order, then the whole command with the peak of its memory.

    A file and the cache take 5 GB in the folder for temporary files.
    """
    num_rows = QUICK_ROWS if settings.quick else NUM_ROWS
    return [row for ending in FORMATS for row in _rows_of(ending, num_rows, settings.threads)]


def _rows_of(ending: str, num_rows: int, threads: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / f"table.{ending}"
        _run(["large_table.py", str(table), str(num_rows)])
        case = f"{num_rows:,} rows of {ending} ({table.stat().st_size / 1e9:.1f} GB)"
        started = time.perf_counter()
        words = [f"dataset.path={table}", f"cache_dir={folder}/cache", f"num_threads={threads}"]
        stages = json.loads(_run(["prepare_stages.py", *PREPARATION, *words]))
        seconds = time.perf_counter() - started
    rows = [Row(f"{case}: {stage['stage']}", _figures(stage), *"----") for stage in stages]
    peak, processor = stages[-1]["peak"], sum(stage["processor"] for stage in stages)
    figures = _figures({"seconds": seconds, "processor": processor, "peak": peak})
    target, reached = f"<= {MOST_GIGABYTES} GB", at_most([peak / 1e9], MOST_GIGABYTES)
    return [*rows, Row(f"{case}: the whole command", figures, "-", "-", target, reached)]


def _figures(measured: Mapping[str, Any]) -> str:
    seconds = f"{measured['seconds']:.1f} s ({measured['processor']:.1f} s of processor time)"
    return f"{seconds}, peak {measured['peak'] / 1e9:.2f} GB"


def _run(words: list[str]) -> str:
    """The stdout of a script of this folder, whose stderr is shown.

    Raises:
        CalledProcessError: it failed.
    """
    command = [sys.executable, str(BENCH / words[0]), *words[1:]]
    root = BENCH.parents[1]
    return subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=True).stdout
