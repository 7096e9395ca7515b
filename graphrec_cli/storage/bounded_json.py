"""Read JSON from untrusted run directories with size and depth limits."""

from __future__ import annotations

import json
import math
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from graphrec_cli.errors import ConfigError
from graphrec_cli.terminal_text import printable

MAX_JSON_BYTES = 4 * 2**20
"""Maximum size of a JSON file."""
MAX_JSON_DEPTH = 12
"""Maximum nesting of objects and lists."""
MAX_JSON_VALUES = 200_000
"""Maximum number of values."""
MAX_JSON_KEY = 256
"""Maximum length of a key, in characters."""
MAX_JSON_TEXT = 2**17
"""Maximum length of a string, in characters: that of one command-line argument."""
MAX_JSON_DIGITS = 4_300
"""Maximum length of a whole number: that of Python."""
MAX_ZIP_DIRECTORY = 2**18
"""Maximum size of a zip's central directory, in bytes."""


def refuse_links_out(folder: Path, entries: Iterable[Path]) -> None:
    """Refuse links that point outside ``folder``, and special files, whose reading may never end.

    Args:
        folder: may be a link itself.
        entries: paths below it, whether or not they exist.

    Raises:
        ConfigError: a link points outside, or an entry is neither a file nor a folder.
    """
    home = folder.resolve()
    for entry in entries:
        try:
            target = entry.resolve()
            plain = entry.is_file() or entry.is_dir() or not (entry.exists() or entry.is_symlink())
        except (OSError, RuntimeError):  # a link to itself
            target, plain = entry, False
        if not target.is_relative_to(home):
            raise ConfigError(
                f"{entry} is a link that points outside the run directory; replace it by the file "
                "itself"
            )
        if not plain:
            raise ConfigError(
                f"{entry} is neither a plain file nor a folder; remove it from the run directory"
            )


def read_json(path: Path, max_bytes: int = MAX_JSON_BYTES) -> object:
    """Read a JSON file with limits on its size, depth and length.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not JSON, names a key twice, or exceeds a limit.
    """
    return parse_json(_read_bytes(path, max_bytes))


def read_json_lines(path: Path, max_bytes: int) -> Iterator[object]:
    """Yield the values of a file of one JSON value a line, each with the limits of ``read_json``.

    A last line without its line break is left out: its writer has not finished it.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too large, or a line is not JSON or exceeds a limit; the message begins
            with the number of the line.
    """
    for number, line in enumerate(BytesIO(_read_bytes(path, max_bytes)), 1):
        if not line.endswith(b"\n"):
            return
        try:
            yield parse_json(line)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error


def _read_bytes(path: Path, max_bytes: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ValueError(f"it is larger than the limit of {max_bytes:,} bytes")
    return data


def parse_json(data: bytes) -> object:
    """Parse JSON with limits on its depth and length.

    Raises:
        ValueError: it is not JSON, names a key twice, or exceeds a limit.
    """
    try:
        content = json.loads(
            data.decode(),
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=distinct_keys,
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except MemoryError as error:
        raise ValueError("not enough memory") from error
    _refuse_excess(content)
    return content


def is_number(value: object) -> bool:
    """Whether a JSON value is a number that fits into 64 bits: neither text nor true or false."""
    if isinstance(value, float):
        return True
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def is_numbers(value: object) -> bool:
    """Whether a JSON value is an object of such numbers."""
    return isinstance(value, dict) and all(map(is_number, value.values()))


def refuse_crowded_zip(file: IO[bytes]) -> None:
    """Refuse a zip whose central directory is too large, before it is read.

    Args:
        file: open for reading; its position changes.

    Raises:
        ValueError: the central directory is too large, or not at the end of the file.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - 98))
    # The last 22 bytes locate the central directory; in zip64, the 20 and 56 bytes before them do.
    tail = file.read().rjust(98, b"\0")
    if tail[-22:-18] != b"PK\5\6":
        raise ValueError("it is not a zip file, or it is cut off")
    (length,) = struct.unpack("<I", tail[-10:-6])
    if tail[-42:-38] == b"PK\6\7":
        if tail[:4] != b"PK\6\6":
            raise ValueError("its central directory is not where it should be")
        (length,) = struct.unpack("<Q", tail[40:48])
    if length > MAX_ZIP_DIRECTORY:
        raise ValueError(
            f"its central directory has {length:,} bytes, above the limit of {MAX_ZIP_DIRECTORY:,}"
        )
    file.seek(0)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def _whole(text: str) -> int:
    if len(text) > MAX_JSON_DIGITS:
        raise ValueError(f"it has a number of {len(text):,} digits")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text:.20} is too large for a number")
    return value


def distinct_keys(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs, for ``object_pairs_hook``.

    Raises:
        ValueError: a key is named twice.
    """
    content = dict(pairs)
    if len(content) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise ValueError(f"it has the key '{printable(twice):.80}' twice")
    return content


def _refuse_excess(content: object) -> None:
    waiting: list[tuple[object, int]] = [(content, 1)]
    values = 0
    while waiting:
        value, depth = waiting.pop()
        values += 1
        if depth > MAX_JSON_DEPTH:
            raise ValueError("it is nested too deeply")
        if isinstance(value, str) and len(value) > MAX_JSON_TEXT:
            raise ValueError(f"a string of {len(value):,} characters exceeds {MAX_JSON_TEXT:,}")
        if isinstance(value, dict):
            longest = max(map(len, value), default=0)
            if longest > MAX_JSON_KEY:
                raise ValueError(f"a key of {longest:,} characters exceeds {MAX_JSON_KEY:,}")
            waiting += [(entry, depth + 1) for entry in value.values()]
        elif isinstance(value, list):
            waiting += [(entry, depth + 1) for entry in value]
        if values + len(waiting) > MAX_JSON_VALUES:
            raise ValueError(f"it has more than {MAX_JSON_VALUES:,} values")
