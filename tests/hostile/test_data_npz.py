"""A malicious data.npz."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from graphrec_cli.rundir.data_npz import save_arrays

Arrays = dict[str, NDArray[Any]]
Refused = Callable[..., str]


def arrays_of(run: Path) -> Arrays:
    with np.load(run / "data.npz", allow_pickle=False) as archive:
        return {name: archive[name].copy() for name in archive.files}


def header(type_name: str, shape: str) -> bytes:
    """The header of an npy file with the given claims."""
    text = f"{{'descr': {type_name}, 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def rewrite(run: Path, entries: dict[str, bytes], *, leave_out: tuple[str, ...] = ()) -> None:
    """The same zip with some entries replaced or added; names are taken as they are."""
    path = run / "data.npz"
    with zipfile.ZipFile(path) as archive:
        content = {
            name: archive.read(name)
            for name in archive.namelist()
            if name not in (*entries, *leave_out)
        }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (content | entries).items():
            archive.writestr(name, data)


def change(name: str, place: int, value: float) -> Callable[[Arrays], None]:
    def apply(arrays: Arrays) -> None:
        arrays[name][place] = value

    return apply


def put(name: str, make: Callable[[Arrays], NDArray[Any]]) -> Callable[[Arrays], None]:
    def apply(arrays: Arrays) -> None:
        arrays[name] = make(arrays)

    return apply


def swapped(arrays: Arrays) -> None:
    items = arrays["train_item_index"]
    items[[0, 1]] = items[[1, 0]]


def no_users(arrays: Arrays) -> None:
    arrays["user_id"] = arrays["user_id"][:0]
    for part in ("train", "valid", "test"):
        arrays[f"{part}_indptr"] = np.zeros(1, dtype=np.int64)
        arrays[f"{part}_item_index"] = np.zeros(0, dtype=np.int32)


def rated(arrays: Arrays, value: float = 3.0) -> None:
    for part in ("train", "valid", "test"):
        size = len(arrays[f"{part}_item_index"])
        arrays[f"{part}_rating"] = np.full(size, value, dtype=np.float32)


def shared_with_train(arrays: Arrays) -> None:
    arrays["test_item_index"][0] = arrays["train_item_index"][0]


WRONG: list[tuple[str, Callable[[Arrays], None], str]] = [
    ("indptr does not begin at 0", change("train_indptr", 0, 1), "train_*: indptr must rise"),
    ("indptr falls", change("train_indptr", 3, 10**6), "train_*: indptr must rise"),
    ("indptr is negative", change("train_indptr", 3, -5), "train_*: indptr must rise"),
    ("indptr ends elsewhere", change("test_indptr", -1, 10**9), "test_*: indptr must rise"),
    ("item too large", change("valid_item_index", 0, 10**6), "item_index must lie in"),
    ("item negative", change("train_item_index", 0, -1), "item_index must lie in"),
    ("items not ascending", swapped, "item_index must be ascending"),
    (
        "item twice",
        put("train_item_index", lambda arrays: np.zeros_like(arrays["train_item_index"])),
        "item_index must be ascending",
    ),
    ("test in train", shared_with_train, "pairs-shared-between-parts: 1 user-item pairs"),
    ("ids too few", put("user_id", lambda arrays: arrays["user_id"][1:]), "are expected"),
    ("items too few", put("item_id", lambda arrays: arrays["item_id"][1:]), "must lie in"),
    ("titles too few", put("title", lambda arrays: arrays["item_id"][1:]), "title has"),
    ("id twice", put("user_id", lambda arrays: np.full_like(arrays["user_id"], "1")), "distinct"),
    ("no users", no_users, "user_id is empty"),
    ("no items", put("item_id", lambda arrays: arrays["item_id"][:0]), "item_id is empty"),
    ("rating NaN", lambda arrays: rated(arrays, np.nan), "rating must be finite"),
    (
        "ratings of one part",
        put("train_rating", lambda a: np.ones(len(a["train_item_index"]), np.float32)),
        "some of its parts have ratings",
    ),
    ("wrong type", put("train_indptr", lambda a: a["train_indptr"].astype(np.int32)), "not int64"),
    ("floats", put("test_item_index", lambda a: a["test_item_index"] * 1.0), "not int32"),
    ("bytes for text", put("item_id", lambda a: a["item_id"].astype("S9")), "not str_"),
    ("two dimensions", put("user_id", lambda a: a["user_id"][:, None]), "has 2 dimensions"),
    (
        "beyond unicode",
        put("item_id", lambda a: np.full(len(a["item_id"]), 2**32 - 1, np.uint32).view("<U1")),
        "characters that are not Unicode",
    ),
    (
        "half a character",
        put("title", lambda a: np.full(len(a["item_id"]), 0xD83D, np.uint32).view("<U1")),
        "characters that are not Unicode",
    ),
    ("another array", put("more", lambda a: a["user_id"]), "which is not an array of a run"),
]


@pytest.mark.parametrize(("spoil", "said"), [case[1:] for case in WRONG], ids=[c[0] for c in WRONG])
def test_arrays_that_are_no_split(
    spoil: Callable[[Arrays], None], said: str, run: Path, refused: Refused
) -> None:
    arrays = arrays_of(run)
    spoil(arrays)
    save_arrays(run / "data.npz", arrays)
    for command in ("evaluate", "recommend"):
        line = refused(command, "run")
        assert "cannot read run/data.npz: " in line
        assert said in line


def attributes(index: list[int], *, size: int = 1) -> Callable[[Arrays], None]:
    """Attributes whose first item has all of ``index``."""

    def apply(arrays: Arrays) -> None:
        indptr = np.full(len(arrays["item_id"]) + size, len(index), dtype=np.int64)
        indptr[0] = 0
        arrays["attribute"] = np.array(["a", "b"])
        arrays["attribute_indptr"] = indptr
        arrays["attribute_index"] = np.array(index, dtype=np.int32)

    return apply


def one_of_three(arrays: Arrays) -> None:
    arrays["attribute"] = np.array(["a"])


def broken_text(arrays: Arrays) -> None:
    attributes([0])(arrays)
    arrays["attribute"] = np.array([1, 0xD83D], np.uint32).view("<U1")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (attributes([0, 2]), "attribute_index must lie in 0..1"),
        (attributes([1, 0]), "attribute_index must be ascending"),
        (attributes([0, 1], size=0), "attribute_indptr must have"),
        (one_of_three, "it has no array attribute_indptr"),
        (broken_text, "its array attribute has characters that are not Unicode"),
    ],
)
def test_arrays_that_are_no_attributes(
    spoil: Callable[[Arrays], None], said: str, run: Path, refused: Refused
) -> None:
    arrays = arrays_of(run)
    spoil(arrays)
    save_arrays(run / "data.npz", arrays)
    line = refused("evaluate", "run")
    assert "cannot read run/data.npz: " in line
    assert said in line


HEADS = [
    pytest.param("'<i8'", "(1000000000000,)", "claims 1,000,000,000,000 values", id="huge"),
    pytest.param("'<i8'", "(-1,)", "claims a length of -1", id="negative"),
    pytest.param("'<i8'", f"({10**30},)", "claims", id="beyond int64"),
    pytest.param("'<i8'", "(True,)", "claims a length of True", id="boolean"),
    pytest.param("'|O'", "(61,)", "has the type object", id="objects"),
    pytest.param("[('a', '<i8'), ('b', '|O')]", "(61,)", "has the type", id="structured"),
    pytest.param("('<i8', (2, 2))", "(61,)", "cannot read", id="subarray"),
    pytest.param("'>i8'", "(61,)", "has the type >i8", id="byte order"),
    pytest.param("__import__('os')", "(61,)", "cannot read", id="code"),
    pytest.param("(" * 3000 + ")" * 3000, "(61,)", "cannot read", id="deep"),
]


@pytest.mark.parametrize(("type_name", "shape", "said"), HEADS)
def test_a_head_that_claims_what_is_not_there(
    type_name: str, shape: str, said: str, run: Path, refused: Refused
) -> None:
    rewrite(run, {"train_indptr.npy": header(type_name, shape) + bytes(8 * 61)})
    line = refused("evaluate", "run")
    assert "cannot read run/data.npz: " in line
    assert said in line


def test_texts_of_no_width_cannot_be_without_number(run: Path, refused: Refused) -> None:
    rewrite(run, {"user_id.npy": header("'<U0'", "(1000000000000,)")})
    assert "has the type <U0" in refused("recommend", "run")


@pytest.mark.parametrize("gibibytes", [1, 4.25])
def test_a_bomb_goes_off_within_bounds(gibibytes: float, run: Path, refused: Refused) -> None:
    count = int(gibibytes * 2**27)
    with zipfile.ZipFile(run / "data.npz") as old:
        kept = {name: old.read(name) for name in old.namelist() if name != "user_id.npy"}
    with zipfile.ZipFile(run / "data.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in kept.items():
            archive.writestr(name, data)
        with archive.open("user_id.npy", "w", force_zip64=True) as entry:
            entry.write(header("'<U2'", f"({count},)"))
            zeros = bytes(2**26)
            for _ in range(count * 8 // len(zeros)):
                entry.write(zeros)
    assert (run / "data.npz").stat().st_size < 40 * 2**20
    said = "it unpacks to" if gibibytes > 4 else "values where"
    assert said in refused("evaluate", "run")


def test_an_array_that_fits_and_is_far_larger_than_memory(run: Path, refused: Refused) -> None:
    width = 2**16
    titles = header(f"'<U{width}'", "(40,)")
    rewrite(run, {"title.npy": titles + bytes(10)})
    assert "claims 40 values, which do not match its size" in refused("recommend", "run")
    rewrite(run, {"title.npy": header(f"'<U{width + 1}'", "(40,)") + bytes(10)})
    assert "has strings of 65,537 characters" in refused("recommend", "run")


@pytest.mark.parametrize("name", ["../user_id.npy", "/etc/user_id.npy", "user_id", "a\x1b[2J.npy"])
def test_other_names_are_refused(name: str, run: Path, refused: Refused, tmp_path: Path) -> None:
    rewrite(run, {name: b"x"})
    assert "which is not an array of a run" in refused("evaluate", "run")
    assert not (tmp_path / "user_id.npy").exists()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_given_twice_is_refused(run: Path, refused: Refused) -> None:
    with zipfile.ZipFile(run / "data.npz", "a") as archive:
        archive.writestr("user_id.npy", archive.read("user_id.npy"))
    assert "contains the array user_id twice" in refused("evaluate", "run")


def test_a_list_of_files_without_end_is_not_read(run: Path, refused: Refused) -> None:
    with zipfile.ZipFile(run / "data.npz", "w") as archive:
        for number in range(10_000):
            archive.writestr(f"{number}.npy", b"")
    assert "its central directory has" in refused("evaluate", "run")


def test_an_encrypted_entry_is_refused(run: Path, refused: Refused) -> None:
    data = bytearray((run / "data.npz").read_bytes())
    local, listed = data.find(b"PK\3\4"), data.find(b"PK\1\2")
    data[local + 6] |= 1
    data[listed + 8] |= 1
    (run / "data.npz").write_bytes(data)
    assert "password required" in refused("evaluate", "run")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_packings_are_refused(method: int, run: Path, refused: Refused) -> None:
    arrays = arrays_of(run)
    with zipfile.ZipFile(run / "data.npz", "w", method) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, array, allow_pickle=False)
            archive.writestr(f"{name}.npy", buffer.getvalue())
    assert "is neither stored nor deflated" in refused("evaluate", "run")
