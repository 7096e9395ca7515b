"""Adjacency lists: one line per user, with the user's id before the ids of its items."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.adjacency_list import AdjacencyListConfig, Lines
from graphrec_cli.data.files.download import download
from graphrec_cli.data.files.files import find_file, open_unpacked
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import PART_NAMES, RawTable
from graphrec_cli.data.source import FoundFiles, Source, SourceData
from graphrec_cli.data.tables.columns import IdColumn
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import counted, shorten

LINE_ENDS = b"\r\n"
BLANKS = b" \t"
HEAD_BYTES = 2**20
"""Of a file, which are checked before a run begins."""
SURE_DIGITS = 18
"""A number with this many digits always fits int64."""
MIN_LINES = 3
"""In fewer lines a user may well be the number of its items by chance."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def find_adjacency_list(config: AdjacencyListConfig, *, data_dir: Path) -> dict[str, Path]:
    """The file of every part; downloads a missing one if the config allows it.

    Args:
        config: folder, files and address.
        data_dir: holds ``config.folder`` if the working directory does not.

    Returns:
        Paths by the part's name, in the order of train, valid and test.

    Raises:
        DataError: a file is missing and cannot be fetched.
    """
    names = config.files()
    places = list(dict.fromkeys([Path(config.folder), data_dir / config.folder]))
    held = (place for place in places if find_file(place, config.train) is not None)
    folder = next(held, data_dir / config.folder)
    missing = [name for name in names.values() if find_file(folder, name) is None]
    fetched = [name for name in missing if config.may_download(name)]
    if missing and fetched != missing:
        raise DataError(_what_is_missing(config, missing, folder, places))
    for name in missing:
        download(config.remote(name), folder / name)
    found = {part: find_file(folder, name) for part, name in names.items()}
    return {part: path for part, path in found.items() if path is not None}


def check_adjacency_list(config: AdjacencyListConfig, paths: Mapping[str, Path]) -> None:
    """Refuse files whose first lines are faulty.

    What the numbers of a line are is decided by all lines, so by the head of a small file only.

    Raises:
        DataError: as ``read_adjacency_list``.
    """
    for path in paths.values():
        with open_unpacked(path) as stream:
            head = io.BufferedReader(stream).read(HEAD_BYTES + 1)
        if len(head) <= HEAD_BYTES:
            _parse(path, head.removeprefix(BYTE_ORDER_MARK), config.lines)
        elif whole_lines := head[: head.rfind(b"\n") + 1].removeprefix(BYTE_ORDER_MARK):
            _parse(path, whole_lines, config.lines or Lines.user_items)


def load_adjacency_list(config: AdjacencyListConfig, files: FoundFiles, *, seed: int) -> SourceData:
    """Read the file of every part.

    Args:
        config: what the numbers of a line are.
        files: what ``find_adjacency_list`` found.
        seed: not used: nothing is drawn.

    Returns:
        Rows of the one signal ``interaction``, in the order of train, valid and test and of their
        files, without ratings and timestamps. The note ``lines_without_items`` counts lines with
        a user and no item. Without a valid and a test file the table has no parts.

    Raises:
        DataError: a file is faulty.
    """
    lists = [read_adjacency_list(path, config.lines) for path in files.paths.values()]
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


def read_adjacency_list(
    path: Path, lines: Lines | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """The pairs of a file of lines ``user item item ...``, in its order.

    Numbers are separated by spaces or tabs. Blank lines are skipped, but counted where the number
    of a line is the user. All numbers are parsed at once; the bytes before a number tell whether it
    starts a line.

    Args:
        path: the file.
        lines: what the numbers of a line are; None: a user and its items, unless they look like
            something else.

    Returns:
        Users and items, each of shape (pairs,), and the number of users without an item.

    Raises:
        DataError: the file is damaged or empty, contains something that is not an id, or its lines
            are of another layout; the error names the line.
    """
    with open_unpacked(path) as stream:
        content = (stream.readall() or b"").removeprefix(BYTE_ORDER_MARK)
    return _parse(path, content, lines)


def _parse(
    path: Path, content: bytes, lines: Lines | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """What ``read_adjacency_list`` returns, from the bytes of whole lines."""
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
    is_first = np.diff(line, prepend=-1) > 0
    row = np.cumsum(is_first) - 1
    num_items = np.bincount(row) - 1
    # A line is ended by LF, so that CR LF is one end.
    line_number = np.cumsum(data == ord("\n"))[starts][is_first]
    if lines is Lines.items:
        return line_number[row], numbers, 0
    first = numbers[is_first]
    if lines is None:
        refuse_other_lines(path, first, num_items)
    if lines is Lines.count_items:
        wrong = np.flatnonzero(first != num_items)
        if len(wrong):
            place = wrong[0]
            raise DataError(
                f"{path}, line {line_number[place] + 1}: {first[place]:,} is not the number of the "
                f"{counted(int(num_items[place]), 'item')} behind it (dataset.lines=count_items)"
            )
        first = line_number
    return first[row[~is_first]], numbers[~is_first], int((num_items == 0).sum())


def refuse_other_lines(path: Path, first: NDArray[np.int64], num_items: NDArray[np.int64]) -> None:
    """Refuse lines that do not look like a user and its items.

    Args:
        path: the file, for messages.
        first: the first number of every line, shape (lines,).
        num_items: how many numbers are behind it, shape (lines,).

    Raises:
        DataError: the first number is that of the items behind it, or most of them come again.
    """
    way_out = "or dataset.lines=user_items if the first number is the user all the same"
    if len(first) >= MIN_LINES and (first == num_items).all():
        raise DataError(
            f"{path}: the first number of every line is the number of ids behind it, so it looks "
            f"like a count and not like a user; set dataset.lines=count_items, {way_out}"
        )
    users, times = np.unique(first, return_counts=True)
    again = int((times > 1).sum())
    repeated = len(first) >= MIN_LINES and 2 * again > len(users)
    if repeated and (num_items == 1).all():
        raise DataError(
            f"{path}: every line has two numbers, and {again:,} of {len(users):,} users have "
            "several lines, so it looks like a table of a user and an item a line; read it by "
            f"dataset=table dataset.path={path} dataset.separator=blanks "
            "dataset.columns=[user,item], or set dataset.lines=user_items if each line is a user "
            "and its items all the same"
        )
    if repeated:
        raise DataError(
            f"{path}: {again:,} of {len(users):,} users have several lines, so the first number "
            "may not be a user; set dataset.lines=items if each line is the items of one user, "
            f"dataset.lines=count_items if it begins with their number, {way_out}"
        )


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


def _what_is_missing(
    config: AdjacencyListConfig, missing: list[str], folder: Path, places: list[Path]
) -> str:
    where = " nor in ".join(map(str, places)) if config.train in missing else str(folder)
    message = (
        f"{' and '.join(missing)} (plain, .gz or .zip) not found in {where}; put "
        f"{'it' if len(missing) == 1 else 'them'} there"
    )
    public = replace(config, download=True)
    if not config.download and all(map(public.may_download, missing)):
        urls = " and ".join(config.remote(name).url for name in missing)
        return f"{message} from {urls}, or set dataset.download=true"
    if config.test in missing and config.train not in missing:
        return f"{message}, or set dataset.test=null to split {config.train} by split=..."
    return message


ADJACENCY_LIST = Source(find_adjacency_list, load_adjacency_list, check_adjacency_list)
