"""Files of several xz or bzip2 streams, and what may be behind a stream."""

from __future__ import annotations

import bz2
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.data.files.files import open_unpacked
from graphrec_cli.errors import DataError

PACKERS: dict[str, Callable[[bytes], bytes]] = {".xz": lzma.compress, ".bz2": bz2.compress}
BOTH = pytest.mark.parametrize("ending", PACKERS)


def read_all(path: Path) -> bytes:
    with open_unpacked(path) as stream:
        return stream.readall() or b""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("streams")


@BOTH
@given(parts=st.lists(st.binary(max_size=50), min_size=1, max_size=5), times=st.integers(1, 2000))
def test_all_streams_are_read(folder: Path, ending: str, parts: list[bytes], times: int) -> None:
    path = folder / f"a.csv{ending}"
    path.write_bytes(b"".join(PACKERS[ending](part * times) for part in parts))
    assert read_all(path) == b"".join(part * times for part in parts)


@pytest.mark.parametrize("zeros", [4, 8, 2**17])
def test_padding_between_and_behind_xz_streams_is_skipped(tmp_path: Path, zeros: int) -> None:
    path = tmp_path / "a.csv.xz"
    first, second = lzma.compress(b"user,item\n"), lzma.compress(b"1,2\n")
    path.write_bytes(first + bytes(zeros) + second + bytes(zeros))
    assert read_all(path) == b"user,item\n1,2\n"


@BOTH
@pytest.mark.parametrize(
    "behind", [b"x", b"\n", b"\0", b"1,2\n" * 50_000, bytes(6), bytes(4) + b"x"]
)
@pytest.mark.parametrize("more", [False, True])
def test_anything_else_behind_a_stream_is_damage(
    tmp_path: Path, ending: str, behind: bytes, more: bool
) -> None:
    path = tmp_path / f"a.csv{ending}"
    stream = PACKERS[ending](b"user,item\n1,2\n")
    path.write_bytes(stream + behind + (stream if more else b""))
    with pytest.raises(DataError, match=r"is damaged: the bytes behind .* download it again"):
        read_all(path)


@BOTH
@pytest.mark.parametrize("lost", [1, 10, 30])
def test_a_truncated_second_stream_is_named(tmp_path: Path, ending: str, lost: int) -> None:
    path = tmp_path / f"a.csv{ending}"
    stream = PACKERS[ending](b"user,item\n1,2\n")
    path.write_bytes(stream + stream[:-lost])
    with pytest.raises(DataError, match=r"is (truncated|damaged)"):
        read_all(path)


def test_zero_bytes_behind_a_bz2_stream_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.bz2"
    path.write_bytes(bz2.compress(b"user,item\n1,2\n") + bytes(4))
    with pytest.raises(DataError, match=r"is damaged: the bytes behind"):
        read_all(path)


def test_a_member_of_a_zip_that_has_a_second_stream_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.zip"
    first, second = b"user,item\n", b"1,2\n" * 1000
    packed = bz2.compress(first) + bz2.compress(second)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", packed)
    content = bytearray(path.read_bytes())
    central = content.index(b"PK\x01\x02")
    # The method, the CRC and the unpacked size of the member, in both of its headers.
    for at in (8, central + 10):
        struct.pack_into("<H", content, at, zipfile.ZIP_BZIP2)
        struct.pack_into("<I", content, at + 6, zlib.crc32(first + second))
        struct.pack_into("<I", content, at + 14, len(first + second))
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"is damaged: Bad CRC"):
        read_all(path)
