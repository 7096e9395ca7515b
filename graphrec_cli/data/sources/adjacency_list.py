"""Adjacency lists: one line per user, with the user's id before the ids of its items."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.adjacency_list import AdjacencyListConfig
from graphrec_cli.data.files.download import download
from graphrec_cli.data.files.files import find_file, open_unpacked
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import PART_NAMES, RawTable
from graphrec_cli.data.source import FoundFiles, Source, SourceData
from graphrec_cli.data.tables.columns import IdColumn
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import shorten

LINE_ENDS = b"\r\n"
BLANKS = b" \t"
SURE_DIGITS = 18
"""A number with this many digits always fits int64."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def find_adjacency_list(config: AdjacencyListConfig, *, data_dir: Path) -> dict[str, Path]:
    """The file of every part; downloads a missing one if the config allows it.

    Args:
        config: folder, files and address.
        data_dir: the folder that holds ``config.folder``.

    Returns:
        Paths by the part's name, in the order of train, valid and test.

    Raises:
        DataError: a file is missing and cannot be fetched.
    """
    folder = data_dir / config.folder
    return {part: _find_file(config, folder, name) for part, name in config.files().items()}


def load_adjacency_list(config: AdjacencyListConfig, files: FoundFiles, *, seed: int) -> SourceData:
    """Read the file of every part.

    Args:
        config: not used.
        files: what ``find_adjacency_list`` found.
        seed: not used: nothing is drawn.

    Returns:
        Rows of the one signal ``interaction``, in the order of train, valid and test and of their
        files, without ratings and timestamps. The note ``lines_without_items`` counts lines with
        a user and no item. Without a valid and a test file the table has no parts.

    Raises:
        DataError: a file is faulty.
    """
    lists = [read_adjacency_list(path) for path in files.paths.values()]
    user_id = np.concatenate([users for users, _, _ in lists])
    part = np.repeat(
        np.array([PART_NAMES.index(name) for name in files.paths], dtype=np.int8),
        [len(users) for users, _, _ in lists],
    )
    funnel = Funnel(len(user_id))
    funnel.note("lines_without_items", sum(lonely for _, _, lonely in lists))
    table = RawTable(
        user_id=user_id,
        item_id=np.concatenate([items for _, items, _ in lists]),
        rating=np.full(len(user_id), np.nan, dtype=np.float32),
        timestamp=None,
        signal=np.zeros(len(user_id), dtype=np.int8),
        signal_names=("interaction",),
        part=part if len(files.paths) > 1 else None,
    )
    return SourceData(table=table, funnel=funnel, files=files.on_disk)


def read_adjacency_list(path: Path) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """The pairs of a file of lines ``user item item ...``, in its order.

    Fields are separated by spaces or tabs; blank lines are skipped. All numbers are parsed at
    once; the bytes before a number tell whether it starts a line.

    Returns:
        Users and items, each of shape (pairs,), and the number of users without an item.

    Raises:
        DataError: the file is damaged or empty, or contains something that is not an id; the
            error names its line.
    """
    with open_unpacked(path) as stream:
        content = (stream.readall() or b"").removeprefix(BYTE_ORDER_MARK)
    data = np.frombuffer(content, dtype=np.uint8)
    line_end = np.isin(data, np.frombuffer(LINE_ENDS, dtype=np.uint8))
    in_number = (data >= ord("0")) & (data <= ord("9"))
    sound = (in_number | line_end | np.isin(data, np.frombuffer(BLANKS, dtype=np.uint8))).all()
    edges = np.flatnonzero(np.diff(in_number, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    if not sound or (ends - starts > SURE_DIGITS).any():
        _refuse_faults(path, content)
    if not len(starts):
        raise DataError(f"{path} is empty; it needs lines of 'user item item ...'")

    numbers = np.fromstring(content, dtype=np.int64, sep=" ")
    line = np.cumsum(line_end)[starts]
    is_user = np.diff(line, prepend=-1) > 0
    row = np.cumsum(is_user) - 1
    users = numbers[is_user]
    num_items = np.bincount(row) - 1
    return users[row[~is_user]], numbers[~is_user], int((num_items == 0).sum())


def _refuse_faults(path: Path, content: bytes) -> None:
    """Find the first token that is not an id, line by line; slow, so only after a fault."""
    column = IdColumn("id")
    for number, line in enumerate(content.splitlines(), start=1):
        for field in line.decode("utf-8", errors="replace").split(" "):
            for text in field.split("\t"):
                fault = column.fault(text) if text else None
                if fault is None and text and not text.isdecimal():
                    fault = "not a whole number"
                if fault is not None:
                    shown = shorten(text, 40)
                    raise DataError(f"{path}, line {number}: id '{shown}' is {fault}")


def _find_file(config: AdjacencyListConfig, folder: Path, name: str) -> Path:
    path = find_file(folder, name)
    if path is not None:
        return path
    url = config.remote(name).url
    if config.base_url is None or not config.download:
        hint = "" if config.base_url is None else f" from {url}, or set dataset.download=true"
        raise DataError(f"{name} (plain, .gz or .zip) not found in {folder}; put it there{hint}")
    download(config.remote(name), folder / name)
    return folder / name


ADJACENCY_LIST = Source(find_adjacency_list, load_adjacency_list)
