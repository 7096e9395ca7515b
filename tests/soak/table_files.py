"""Random tables in random layouts, damaged or not, packed or not."""

from __future__ import annotations

import csv
import gzip
import io
import random
import zipfile
import zlib
from dataclasses import dataclass

from table_damage import ODD_IDS, damaged, flip
from table_truth import NO_IDS

NAME = "ratings.csv"


@dataclass(slots=True)
class TableDraw:
    """A file and how to read it.

    Attributes:
        name: of the file.
        content: its bytes on disk.
        separator, quoted, encoding: of the text in it.
        columns: the columns to read.
    """

    name: str
    content: bytes
    separator: str
    quoted: bool
    encoding: str
    columns: list[str]


def draw_table(rng: random.Random) -> TableDraw:
    """A random table, valid or damaged."""
    separator = rng.choice([",", ",", ",", "\t", ";", "|", " "])
    quoted = rng.random() < 0.85
    encoding = rng.choice(["utf-8"] * 5 + ["latin-1", "cp1252"])
    columns = ["user_id", "item_id"]
    columns += [name for name in ("rating", "timestamp") if rng.random() < 0.6]
    content = _sound(rng, columns, separator, quoted)
    if encoding != "utf-8":
        content = content.decode("utf-8").encode(encoding, "ignore")
    name, content = _packed(rng, damaged(rng, content))
    return TableDraw(name, content, separator, quoted, encoding, columns)


def unpack(name: str, content: bytes) -> bytes | None:
    """The unpacked bytes of a file, None if the standard library finds it damaged."""
    try:
        if name.endswith(".gz"):
            return gzip.decompress(content)
        if name.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                files = [file for file in archive.infolist() if not file.is_dir()]
                found = [file for file in files if file.filename.rpartition("/")[2] == NAME]
                found = [file for file in found if not file.filename.startswith("__MACOSX/")]
                return archive.read(found[0]) if len(found) == 1 else None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, ValueError, RuntimeError):
        return None
    except (NotImplementedError, KeyError, OverflowError):
        return None
    return content


def _sound(rng: random.Random, columns: list[str], separator: str, quoted: bool) -> bytes:
    header = [*columns, *(["note"] if rng.random() < 0.5 else [])]
    rng.shuffle(header)
    rows = rng.choice([1, 2, 5, 20, 60]) if rng.random() < 0.97 else rng.randint(9_000, 30_000)
    odd = rng.choice([0.0, 0.0, 0.02, 0.3])
    dates = rng.random() < 0.3
    text = io.StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter=separator,
        quoting=rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]) if quoted else csv.QUOTE_NONE,
        escapechar=None if quoted else "^",
        quotechar='"' if quoted else None,
        lineterminator=rng.choice(["\n", "\n", "\r\n"]),
    )
    types = {"rating": ":float", "timestamp": ":float"} if rng.random() < 0.1 else {}
    writer.writerow([f"{name}{types.get(name, '')}" for name in header])
    for _ in range(rows):
        writer.writerow([_cell(rng, name, odd, dates) for name in header])
    content = text.getvalue().encode("utf-8", "replace")
    return b"\xef\xbb\xbf" + content if rng.random() < 0.2 else content


def _cell(rng: random.Random, name: str, odd: float, dates: bool) -> str:
    strange = rng.random() < odd
    if name in ("user_id", "item_id"):
        if strange:
            return rng.choice([id for id in ODD_IDS if id.strip() and id not in NO_IDS])
        return str(rng.randrange(10 ** rng.choice([1, 2, 9])))
    if name == "rating":
        if strange:
            return rng.choice(["5.", ".5", "+5", "-0", "1e0", "1E+2", "1e38", repr(rng.random())])
        return str(rng.choice([1, 2, 3, 4, 5, 3.5, -1]))
    if name == "timestamp":
        seconds = rng.randrange(10**9, 2 * 10**9)
        return (
            f"20{seconds % 90 + 10}-0{seconds % 9 + 1}-1{seconds % 10}" if dates else str(seconds)
        )
    return rng.choice(["", "x", "a note", "é", *(ODD_IDS if strange else [])])


def _packed(rng: random.Random, content: bytes) -> tuple[str, bytes]:
    draw = rng.random()
    if draw < 0.85:
        return NAME, content
    if draw < 0.92:
        name, packed = f"{NAME}.gz", gzip.compress(content, 1, mtime=0)
    else:
        name, buffer = f"{NAME}.zip", io.BytesIO()
        members = [[NAME], [NAME], [f"deep/{NAME}"], ["other.csv"], [], [NAME, f"b/{NAME}"]]
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for member in rng.choice(members):
                archive.writestr(zipfile.ZipInfo(member), content)
        packed = buffer.getvalue()
    way = rng.randrange(4)
    if way == 0:
        return name, packed[: rng.randrange(len(packed))]
    if way == 1:
        return name, flip(rng, packed)
    return name, packed
