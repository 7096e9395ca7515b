"""Find, hash and unpack files: the order of the search, and the errors for damage."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
from pathlib import Path

import pytest

from graphrec_cli.data.files import files
from graphrec_cli.data.files.files import file_on_disk, find_file, open_unpacked, sha256_of
from graphrec_cli.errors import DataError


def read_all(path: Path) -> bytes:
    with open_unpacked(path) as stream:
        return stream.readall() or b""


def test_plain_comes_before_gz_before_zip(tmp_path: Path) -> None:
    assert find_file(tmp_path, "a.csv") is None
    assert find_file(tmp_path / "absent", "a.csv") is None
    (tmp_path / "a.csv").mkdir()
    assert find_file(tmp_path, "a.csv") is None
    for name in ("a.csv.zip", "a.csv.gz", "b.csv"):
        (tmp_path / name).write_bytes(b"")
    assert find_file(tmp_path, "a.csv") == tmp_path / "a.csv.gz"
    assert find_file(tmp_path, "b.csv") == tmp_path / "b.csv"
    (tmp_path / "a.csv.gz").unlink()
    assert find_file(tmp_path, "a.csv") == tmp_path / "a.csv.zip"


def test_sha256_is_that_of_the_bytes_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"some text"))
    assert sha256_of(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(DataError, match=r"absent cannot be read: No such file"):
        sha256_of(tmp_path / "absent")


def test_every_packing_gives_the_same_bytes(tmp_path: Path) -> None:
    content = bytes(range(1, 256)) * 2000
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content))
    with zipfile.ZipFile(tmp_path / "a.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/a.csv", content)
        archive.writestr("folder/other.csv", b"other")
        archive.writestr("__MACOSX/folder/a.csv", b"resource fork")
    for name in ("a.csv", "a.csv.gz", "a.csv.zip"):
        assert read_all(tmp_path / name) == content


def test_a_truncated_gz_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    packed = gzip.compress(bytes(range(256)) * 100)
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DataError, match=r"a\.csv\.gz is truncated"):
        read_all(path)


@pytest.mark.parametrize("content", [b"not packed at all", b"\x1f\x8b\x08\x00garbage" * 9])
def test_a_damaged_gz_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.csv\.gz is damaged"):
        read_all(path)


def test_a_damaged_zip_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.csv", b"0123456789")
    sound = path.read_bytes()
    for content in (b"no zip", sound[:40], sound.replace(b"0123456789", b"0123x56789")):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"a\.csv\.zip is damaged"):
            read_all(path)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", b"0123456789")
    content = bytearray(path.read_bytes())
    for signature, flag_offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flag_offset] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.csv\.zip cannot be unpacked"):
        read_all(path)


@pytest.mark.parametrize("members", [[], ["b.csv"], ["a.csv", "folder/a.csv"], ["a.csv/"]])
def test_a_zip_holds_exactly_one_file_of_its_name(tmp_path: Path, members: list[str]) -> None:
    path = tmp_path / "a.csv.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, b"")
    with pytest.raises(DataError, match=r"must contain exactly one file named a\.csv, found [02]"):
        read_all(path)


def test_a_packed_file_of_absurd_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_UNPACKED_BYTES", 1000)
    for size in (1000, 1001):
        (tmp_path / f"{size}.csv").write_bytes(bytes(size))
        (tmp_path / f"{size}.csv.gz").write_bytes(gzip.compress(bytes(size)))
        for name in (f"{size}.csv.zip", "all.zip"):
            with zipfile.ZipFile(tmp_path / name, "a", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(f"in/{size}.csv", bytes(size))
    assert len(read_all(tmp_path / "1001.csv")) == 1001
    for name in ("{}.csv.gz", "{}.csv.zip", "all.zip/{}.csv"):
        assert len(read_all(tmp_path / name.format(1000))) == 1000
        with pytest.raises(DataError, match=r"1001\.csv.* unpacks to more than 1000 bytes"):
            read_all(tmp_path / name.format(1001))


def test_a_bomb_is_read_in_pieces_and_no_further_than_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_UNPACKED_BYTES", 2**20)
    with gzip.open(tmp_path / "a.csv.gz", "wb", compresslevel=1) as packed:
        for _ in range(64):
            packed.write(bytes(2**20))
    sizes: list[int] = []

    def read_in_pieces() -> None:
        with open_unpacked(tmp_path / "a.csv.gz") as stream:
            while chunk := stream.read(2**16):
                sizes.append(len(chunk))

    with pytest.raises(DataError, match="unpacks to more than"):
        read_in_pieces()
    assert sum(sizes) == 2**20


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("a.csv", "a.csv.gz", "a.csv.zip"):
        with pytest.raises(DataError, match=rf"{name} cannot be read: No such file"):
            read_all(tmp_path / name)


def test_a_file_below_a_zip_is_found_and_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("all/a.csv", b"in the zip")
        archive.writestr("../b.csv", b"one")
        archive.writestr("all/b.csv", b"two")
    inside = find_file(tmp_path, "a.csv", "all.zip")
    assert inside == tmp_path / "all.zip" / "a.csv"
    assert read_all(inside) == b"in the zip"
    assert file_on_disk(inside) == tmp_path / "all.zip"
    assert find_file(tmp_path, "c.csv", "all.zip") is None
    assert find_file(tmp_path, "a.csv", "absent.zip") is None
    twice = find_file(tmp_path, "b.csv", "all.zip")
    assert twice is not None
    with pytest.raises(
        DataError, match=r"all\.zip must contain exactly one file named b\.csv, found 2"
    ):
        read_all(twice)
    (tmp_path / "a.csv").write_bytes(b"beside the zip")
    assert find_file(tmp_path, "a.csv", "all.zip") == tmp_path / "a.csv"
    (tmp_path / "all.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match=r"all\.zip is damaged"):
        find_file(tmp_path, "c.csv", "all.zip")
