"""Random tables, and what may befall a file of one: bytes lost, put in, turned round or packed."""

from __future__ import annotations

import csv
import gzip
import io
import random
import string
import zipfile
import zlib
from dataclasses import dataclass

NAME = "ratings.csv"
ODD_IDS = (
    *("NA", "NaN", "null", "None", "true", "1e5", "1.0", "007", "-5", "+5", "0x1F", "9" * 19),
    *("9" * 40, " a", "a ", "\ta", "Bob 7", "é", "漢字", "😀", "e\u0301", "a\u2028b", "a\x0bb"),
    *("a\x85b", "a\x1cb", "\xa0", "\x1f", "#a", "=1+1", "a'b", "\\", "a\\", "a" * 256, "a" * 257),
    *("\ufeff", "a\ufeff", "", " ", "N/A", "-", "1,5", 'a"b', 'a""b', '"', "a\nb", "a\r\nb", "a;b"),
)
ODD_NUMBERS = (
    *("5.", ".5", "+5", "-0", "1e0", "1E+2", "1e-400", "1e400", "1e38", "4e38", "-4e38", "nan"),
    *("inf", "-Infinity", "", " ", " 3", "3 ", "3\t", "1_0", "0x10", "3,5", "1e", "e5", "--1", "٣"),
    *("true", "9" * 19, "9" * 400, "0." + "3" * 400, "16777217", "0.30000001192092896", "1e1e1"),
    *("3.4028234663852886e38", "3.4028235677973366e38", "1.17549435e-38", "1e-45", "7e-46", "3/4"),
)
ODD_TIMES = (
    *(
        "0",
        "-1",
        "1e9",
        "1700000000.5",
        "1700000000000",
        "1700000000000000",
        "1" * 18,
        "99999999999",
    ),
    *("100000000000", "2024-02-30", "2024-01-31", "2024-01-31T18:30:00+01:00", "31.01.2024", "nan"),
    *(
        "2024-01-31 18:30:00",
        "1969-12-31T23:59:59.5",
        "2024",
        "now",
        "",
        "9999-12-31",
        "0001-01-01",
    ),
)


@dataclass(slots=True)
class TableDraw:
    """A file and how it is to be read.

    Attributes:
        name: of the file.
        content: its bytes as they lie on disk.
        separator, quoted, encoding: of the text in it.
        columns: those that are asked for.
    """

    name: str
    content: bytes
    separator: str
    quoted: bool
    encoding: str
    columns: list[str]


def draw_table(rng: random.Random) -> TableDraw:
    """A table, sound or not."""
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


def damaged(rng: random.Random, content: bytes) -> bytes:
    """The bytes of a file after up to three mishaps."""
    for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 3])):
        content = rng.choice(MUTATIONS)(rng, content)
    return content


def unpack(name: str, content: bytes) -> bytes | None:
    """The bytes that a file holds, None if the standard library finds it damaged."""
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
            return rng.choice([id for id in ODD_IDS if id.strip()])
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


def _flip(rng: random.Random, content: bytes) -> bytes:
    place = rng.randrange(len(content) + 1)
    flipped = bytes(byte ^ (1 << rng.randrange(8)) for byte in content[place : place + 1])
    return content[:place] + flipped + content[place + 1 :]


def _insert(rng: random.Random, content: bytes) -> bytes:
    pieces = [
        b"\0",
        b"\xff",
        b"\xe9",
        b"\xef\xbb\xbf",
        b"\r",
        b"\n",
        b"\r\n",
        b'"',
        b'""',
        b'",',
        b",",
    ]
    pieces += [
        b"\t",
        b" ",
        b"\x1a",
        b"\x1b[2J",
        b"\x0b",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\x1f",
        b"::",
    ]
    pieces += [bytes([rng.randrange(256)]), b"\n\n", b"\n \n", b'\n""\n', b"\\", b"\n\xc2\xa0\n"]
    place = rng.randrange(len(content) + 1)
    return content[:place] + rng.choice(pieces) + content[place:]


def _change_lines(rng: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    place, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    way = rng.randrange(6)
    if way == 0:
        del lines[place]
    elif way == 1:
        lines[place], lines[other] = lines[other], lines[place]
    elif way == 2:
        lines.insert(place, lines[other])
    elif way == 3:
        lines.insert(place, rng.choice([b"", b" ", b"\t", b" \t ", b",", b",,,", b"\r"]))
    elif way == 4:
        lines[place] = lines[place].rpartition(b",")[0]
    else:
        lines[place] += rng.choice([b",", b"\t", b" ", b",5", b'"', b"\r", b";"])
    return b"\n".join(lines)


def _change_cell(rng: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    place = rng.randrange(len(lines))
    cells = lines[place].split(b",")
    odd = rng.choice([*ODD_IDS, *ODD_NUMBERS, *ODD_NUMBERS, *ODD_TIMES, *ODD_TIMES])
    cells[rng.randrange(len(cells))] = odd.encode("utf-8")
    lines[place] = b",".join(cells)
    return b"\n".join(lines)


def _change_all(rng: random.Random, content: bytes) -> bytes:
    way = rng.randrange(10)
    if way == 0:
        return content.replace(b"\r\n", b"\n").replace(b"\n", rng.choice([b"\r", b"\r\n", b"\n\r"]))
    if way == 1:
        return content.replace(b"\n", rng.choice([b",\n", b" \n", b"\n ", b"\n\n", b"\n\t"]))
    if way == 2:
        return content[: rng.randrange(len(content) + 1)]
    if way == 3:
        return content.partition(b"\n")[0] + rng.choice([b"", b"\n"])
    if way == 4:
        return content.partition(b"\n")[2]
    if way == 5:
        return content.rstrip(b"\r\n")
    if way == 6:
        return rng.choice([b"", b"\n", b" ", b"\xef\xbb\xbf", b"\0", b'"', b"\r"])
    if way == 7:
        return rng.randbytes(rng.choice([1, 10, 1000]))
    if way == 8:
        soup = rng.choices('\n\r",;a1 \t', k=rng.choice([10, 100, 1000]))
        return content.partition(b"\n")[0] + b"\n" + "".join(soup).encode()
    return content.replace(b",", rng.choice([b";", b", ", b"\t", b" ,"]))


def _lengthen(rng: random.Random, content: bytes) -> bytes:
    length = rng.choice([200, 10_000, 140_000, 300_000])
    if rng.random() < 0.1:
        length = 10_000_000
    letters = string.ascii_letters.encode()
    pieces = [
        b"x",
        b",",
        b'"',
        b'""',
        b"\n",
        b" ",
        b"1",
        b"a,",
        letters,
        b"\r",
        b'a"',
        "é".encode(),
    ]
    piece = rng.choice(pieces)
    place = rng.randrange(len(content) + 1)
    return content[:place] + piece * (length // len(piece)) + content[place:]


MUTATIONS = (
    _flip,
    _insert,
    _insert,
    _change_lines,
    _change_cell,
    _change_cell,
    _change_all,
    _lengthen,
)


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
        return name, _flip(rng, packed)
    return name, packed
