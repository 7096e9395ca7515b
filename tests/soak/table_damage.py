"""Damage the bytes of a table: flipped, inserted, lost or repeated."""

from __future__ import annotations

import random
import string

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


def damaged(rng: random.Random, content: bytes) -> bytes:
    """The bytes of a file after up to three kinds of damage."""
    for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 3])):
        content = rng.choice(MUTATIONS)(rng, content)
    return content


def flip(rng: random.Random, content: bytes) -> bytes:
    """Flip one bit."""
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
    flip,
    _insert,
    _insert,
    _change_lines,
    _change_cell,
    _change_cell,
    _change_all,
    _lengthen,
)
