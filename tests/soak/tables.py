"""Random tables, sound and damaged: read as by an independent reader, or refused in one line."""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from pathlib import Path

import numpy as np
from campaign import REFUSED, RIGHT, Case
from command import call, can_be_passed, sometimes
from table_files import TableDraw, draw_table, unpack
from table_truth import Faulty, Reading, read_table

from graphrec_cli.config.table import Separator, TableConfig
from graphrec_cli.data.interactions import RawTable
from graphrec_cli.data.sources.table import TABLE
from graphrec_cli.errors import ConfigError, DataError
from graphrec_cli.terminal_text import one_line

MOST_SECONDS = 30
MOST_BYTES = 2 * 2**30
"""Largest number of bytes that a case may add to the peak memory."""


def tables(folder: Path) -> Case:
    """The cases share only the folder."""

    def case(rng: random.Random) -> str:
        draw = draw_table(rng)
        for old in folder.iterdir():
            old.unlink()
        (folder / draw.name).write_bytes(draw.content)
        truth = truth_of(draw)
        started, peak = time.perf_counter(), _peak_memory()
        outcome = inspected(rng, draw, truth) if sometimes(rng, 0.1) else loaded(draw, truth)
        seconds, grown = time.perf_counter() - started, _peak_memory() - peak
        assert seconds < MOST_SECONDS, f"{seconds:.0f} s for {len(draw.content)} bytes"
        assert grown < MOST_BYTES, f"{grown} bytes more for {len(draw.content)} bytes"
        return outcome

    return case


def truth_of(draw: TableDraw) -> Reading | Faulty:
    """The content of the file by an independent reader."""
    content = unpack(draw.name, draw.content)
    if content is None:
        return Faulty("a damaged archive")
    try:
        return read_table(
            content,
            separator=draw.separator,
            quoted=draw.quoted,
            encoding=draw.encoding,
            columns=draw.columns,
        )
    except Faulty as fault:
        return fault


def loaded(draw: TableDraw, truth: Reading | Faulty) -> str:
    """Read it with the function that every command uses."""
    config = TableConfig(
        path=draw.name,
        user="user_id",
        item="item_id",
        rating="rating" if "rating" in draw.columns else "",
        timestamp="timestamp" if "timestamp" in draw.columns else "",
        separator=Separator(draw.separator),
        quoted=draw.quoted,
        encoding=draw.encoding,
    )
    try:
        table = TABLE.read(config, data_dir=Path("data"), seed=0).table
    except (DataError, ConfigError) as error:
        check_refusal(str(error), draw, truth)
        return REFUSED
    assert not isinstance(truth, Faulty), f"accepted in spite of {truth} (line {truth.line})"
    check_same(table, truth)
    return RIGHT


def inspected(rng: random.Random, draw: TableDraw, truth: Reading | Faulty) -> str:
    """The same through the command line."""
    words = [f"dataset.path={draw.name}", "dataset.user=user_id", "dataset.item=item_id"]
    words += [f"dataset.{name}=''" for name in ("rating", "timestamp") if name not in draw.columns]
    words += [f"dataset.separator={Separator(draw.separator).name}"]
    words += [f"dataset.quoted={str(draw.quoted).lower()}", f"dataset.encoding={draw.encoding}"]
    line = ["data", "inspect", "dataset=table", *words, "split=ratio", "--json"]
    called = call(line, own_process=sometimes(rng, 0.05) and can_be_passed(line))
    assert called.code in (0, 2, 3), f"an undocumented exit code: {called}"
    if called.code:
        # A table too small for any split is refused for that first.
        if draw.name in called.error():
            check_refusal(called.error(), draw, truth)
        return REFUSED
    assert not isinstance(truth, Faulty), f"accepted in spite of {truth}: {called}"
    report = json.loads(called.out)["table"]
    found = (report["rows"], report["users"], report["items"])
    wanted = (len(truth.users), len(set(truth.users)), len(set(truth.items)))
    assert found == wanted, f"{found} rows, users and items instead of {wanted}"
    return RIGHT


def check_refusal(message: str, draw: TableDraw, truth: Reading | Faulty) -> None:
    """Check that a refusal is right and names the file, and the line if it is known.

    Raises:
        AssertionError: it does not.
    """
    assert draw.name in message, f"the file is not named: {message}"
    assert len(message) < 1_000, f"an endless message: {message}"
    assert "a check failed" not in message, f"no reason is given: {message}"
    if isinstance(truth, Reading):
        assert not truth.sure, f"a sound table is refused: {message}"
    elif truth.line is not None and b"\r" not in (unpack(draw.name, draw.content) or b"\r"):
        where = f", line {truth.line}:"
        assert where in one_line(Exception(message)), f"{truth} in line {truth.line}: {message}"


def check_same(table: RawTable, truth: Reading) -> None:
    """The rows must be those of the other reader.

    Raises:
        AssertionError: they differ.
    """
    assert table.user_id.tolist() == truth.users, "other users"
    assert table.item_id.tolist() == truth.items, "other items"
    if truth.ratings is None:
        assert np.isnan(table.rating).all(), "ratings that were not requested"
    else:
        different = np.flatnonzero(table.rating != np.array(truth.ratings, dtype=np.float64))
        assert not len(different), (
            f"rating {table.rating[different[0]]} instead of {truth.ratings[different[0]]}"
        )
    if truth.times is not None:
        assert table.timestamp is not None, "no times"
        assert table.timestamp.tolist() == truth.times, "other times"


def _peak_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
