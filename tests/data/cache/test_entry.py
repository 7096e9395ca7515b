"""An entry is read back as written; damaged or hostile content is reported and never used."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.data.cache.entry import DamagedEntry, read_entry, write_entry
from graphrec_cli.data.cache.key import digest_of
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.prepared import Prepared
from graphrec_cli.data.splits.split import Split
from graphrec_cli.data.tables.quarantine import BadLine

INGREDIENTS = {"format": 1, "seed": 7, "dataset": {"threshold": 0.1}}
DAMAGES_OF_A_FILE = 12
"""Of each kind; may be raised."""

PAIRS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 7), st.integers(0, 2)),
    unique_by=lambda row: row[:2],
    max_size=30,
)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


def prepared_of(
    pairs: list[tuple[int, int, int]],
    *,
    users: np.ndarray[Any, Any],
    items: np.ndarray[Any, Any],
    rated: bool = True,
    timed: bool = True,
    weighted: bool = True,
    has_valid: bool = True,
    title: np.ndarray[Any, Any] | None = None,
    quarantine: tuple[BadLine, ...] = (),
    attributes: ItemAttributes | None = None,
) -> Prepared:
    rows = np.array(pairs, dtype=np.int64).reshape(-1, 3)

    def part(number: int) -> UserItems:
        chosen = rows[rows[:, 2] == number]
        return UserItems.from_pairs(
            chosen[:, 0],
            chosen[:, 1],
            num_users=len(users),
            num_items=len(items),
            rating=chosen[:, 1].astype(np.float32) / 3 if rated else None,
            timestamp=chosen[:, 1] * 10**9 + chosen[:, 0] if timed else None,
            weight=chosen[:, 0].astype(np.float32) / 7 + 1 if weighted else None,
        )

    funnel = Funnel(len(rows) + 3)
    funnel.drop("threshold", "rating below 4", 3)
    funnel.note("pairs_train", 5)
    return Prepared(
        split=Split(
            train=part(0),
            valid=part(1) if has_valid else None,
            test=part(2),
            users=IdMap(users),
            items=IdMap(items),
        ),
        title=title,
        funnel=funnel,
        quarantine=quarantine,
        num_rows=len(rows) + 3,
        own_split_unused=has_valid,
        files=(),
        preferences=None,
        notes=("columns: user=a, é", "no times"),
        attributes=attributes,
    )


def assert_same(one: Prepared, two: Prepared) -> None:
    parts = [(one.split.train, two.split.train), (one.split.test, two.split.test)]
    assert (one.split.valid is None) == (two.split.valid is None)
    assert one.notes == two.notes
    if one.split.valid is not None and two.split.valid is not None:
        parts.append((one.split.valid, two.split.valid))
    arrays: list[tuple[Any, Any]] = [(one.title, two.title)]
    assert (one.attributes is None) == (two.attributes is None)
    if one.attributes is not None and two.attributes is not None:
        arrays += zip(
            one.attributes.arrays().values(), two.attributes.arrays().values(), strict=True
        )
    for first, second in parts:
        assert first.num_items == second.num_items
        arrays += [(first.indptr, second.indptr), (first.item_index, second.item_index)]
        arrays += [(first.rating, second.rating), (first.timestamp, second.timestamp)]
        arrays += [(first.weight, second.weight)]
    arrays += [(one.split.users.ids, two.split.users.ids)]
    arrays += [(one.split.items.ids, two.split.items.ids)]
    for first_array, second_array in arrays:
        if first_array is None:
            assert second_array is None
            continue
        assert first_array.dtype == second_array.dtype
        np.testing.assert_array_equal(first_array, second_array)
    assert one.split.hash() == two.split.hash()
    assert one.funnel.to_dict() == two.funnel.to_dict()
    assert one.quarantine == two.quarantine
    assert (one.num_rows, one.own_split_unused) == (two.num_rows, two.own_split_unused)


@settings(max_examples=30)
@given(
    pairs=PAIRS,
    rated=st.booleans(),
    timed=st.booleans(),
    weighted=st.booleans(),
    has_valid=st.booleans(),
    user_ids=st.lists(TEXT, min_size=6, max_size=6, unique=True) | st.none(),
    titles=st.lists(TEXT, min_size=8, max_size=8) | st.none(),
    cells=st.lists(TEXT, min_size=8, max_size=8) | st.none(),
    bad=st.lists(st.builds(BadLine, TEXT, st.integers(1, 10**9), TEXT, TEXT), max_size=3),
)
def test_what_is_read_is_what_was_written(
    pairs: list[tuple[int, int, int]],
    rated: bool,
    timed: bool,
    weighted: bool,
    has_valid: bool,
    user_ids: list[str] | None,
    titles: list[str] | None,
    cells: list[str] | None,
    bad: list[BadLine],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    prepared = prepared_of(
        [pair for pair in pairs if has_valid or pair[2] != 1],
        users=np.arange(6) * 3 if user_ids is None else np.array(sorted(user_ids), dtype=np.str_),
        items=np.arange(8, dtype=np.int64) + 10**15,
        rated=rated,
        timed=timed,
        weighted=weighted,
        has_valid=has_valid,
        title=None if titles is None else np.array(titles, dtype=np.str_),
        quarantine=tuple(bad),
        attributes=None if cells is None else ItemAttributes.from_cells(np.array(cells)),
    )
    folder = tmp_path_factory.mktemp("entry")
    write_entry(folder, prepared, INGREDIENTS)
    again = read_entry(folder, INGREDIENTS, ())
    assert_same(prepared, again)
    # Training may write to its arrays, as to those read from files.
    assert again.split.train.item_index.flags.writeable
    shutil.rmtree(folder)


@pytest.fixture
def sound() -> Prepared:
    pairs = [(user, (user + step) % 8, step % 3) for user in range(6) for step in range(6)]
    return prepared_of(
        pairs,
        users=np.arange(6) * 3,
        items=np.array([f"item {n}" for n in range(8)]),
        title=np.array([f"Title {n} é" for n in range(8)]),
        quarantine=(BadLine("x.csv", 7, "no number", "a;b"),),
        attributes=ItemAttributes.from_cells(np.array(["é|b", "", "b", "c", "", "", "", "a|b"])),
    )


@pytest.fixture
def folder(tmp_path: Path, sound: Prepared) -> Path:
    """A sound entry."""
    path = tmp_path / "entry"
    path.mkdir()
    write_entry(path, sound, INGREDIENTS)
    return path


def test_damage_of_any_file_at_any_place_is_told(folder: Path, sound: Prepared) -> None:
    rng = np.random.default_rng(3)
    names = sorted(path.name for path in folder.iterdir())
    # entry, quarantine, users, items, title, three of attributes, five arrays of each part
    assert len(names) == 23
    for name in names:
        path = folder / name
        content = path.read_bytes()
        for _ in range(DAMAGES_OF_A_FILE):
            place, bit = int(rng.integers(len(content))), int(rng.integers(8))
            flipped = bytearray(content)
            flipped[place] ^= 1 << bit
            longer = content + bytes(rng.integers(256, size=3, dtype=np.uint8))
            for damaged in (bytes(flipped), content[:place], longer):
                path.write_bytes(damaged)
                with pytest.raises(DamagedEntry):
                    read_entry(folder, INGREDIENTS, ())
        path.unlink()
        with pytest.raises(DamagedEntry, match=r"No such file"):
            read_entry(folder, INGREDIENTS, ())
        path.write_bytes(content)
    assert_same(read_entry(folder, INGREDIENTS, ()), sound)


def test_an_entry_made_from_something_else_is_not_taken(folder: Path) -> None:
    for other in (INGREDIENTS | {"seed": 8}, INGREDIENTS | {"format": 0}, {}):
        with pytest.raises(DamagedEntry, match="other data"):
            read_entry(folder, other, ())


def npy(array: Any, *, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), allow_pickle=pickled)
    return file.getvalue()


def header_of(shape: tuple[int, ...], descr: str) -> bytes:
    """An npy file with a header and no data."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"shape": shape, "fortran_order": False, "descr": descr}
    )
    return file.getvalue()


class Runs:
    """Unpickling it creates a file."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, ("pickle_was_read",)


Files = dict[str, bytes]
FORGED: dict[str, Callable[[dict[str, Any], Files], object]] = {
    "a pickle": lambda _, files: files.update({"title.npy": npy([Runs()] * 8, pickled=True)}),
    "pickled ids": lambda _, files: files.update({"users.npy": npy([Runs()] * 6, pickled=True)}),
    "endless": lambda _, files: files.update({"users.npy": header_of((10**15,), "<i8")}),
    "negative": lambda _, files: files.update({"users.npy": header_of((-1,), "<i8")}),
    "wide text": lambda _, files: files.update({"title.npy": header_of((8,), "<U99999999")}),
    "no width": lambda _, files: files.update({"title.npy": header_of((8,), "<U0")}),
    "no text": lambda _, files: files.update(
        {"title.npy": npy(np.full(8, 0xFFFFFFFF, dtype=np.uint32).view("<U1"))}
    ),
    "two dimensions": lambda _, files: files.update({"users.npy": npy(np.zeros((6, 1), int))}),
    "other bytes": lambda _, files: files.update({"users.npy": npy(np.arange(6, dtype=">i8"))}),
    "no npy": lambda _, files: files.update({"users.npy": b"PK\3\4"}),
    "few titles": lambda _, files: files.update({"title.npy": npy(["a", "b"])}),
    "an attribute beyond": lambda _, files: files.update(
        {"attribute_index.npy": npy(np.arange(6, dtype=np.int32))}
    ),
    "attributes of fewer items": lambda _, files: files.update(
        {"attribute_indptr.npy": npy(np.array([0, 6]))}
    ),
    "unsorted ids": lambda _, files: files.update({"users.npy": npy([3, 2, 1, 4, 5, 6])}),
    "equal ids": lambda _, files: files.update({"users.npy": npy([1, 1, 2, 3, 4, 5])}),
    "other ids": lambda _, files: files.update({"users.npy": npy([1, 2, 3, 4, 5, 6])}),
    "indices too high": lambda _, files: files.update(
        {"train_item_index.npy": npy(np.arange(12, dtype=np.int32))}
    ),
    "negative indices": lambda _, files: files.update(
        {"train_item_index.npy": npy(np.arange(12, dtype=np.int32) - 4)}
    ),
    "floats": lambda _, files: files.update({"train_item_index.npy": npy(np.zeros(12))}),
    "rows out of order": lambda _, files: files.update(
        {"train_indptr.npy": npy([0, 4, 2, 6, 8, 10, 12])}
    ),
    "rows beyond the pairs": lambda _, files: files.update(
        {"train_indptr.npy": npy([0, 2, 4, 6, 8, 10, 99])}
    ),
    "too few rows": lambda _, files: files.update({"train_indptr.npy": npy([0, 12])}),
    "one pair twice": lambda _, files: files.update(
        {"train_item_index.npy": npy(np.repeat(np.arange(6, dtype=np.int32), 2))}
    ),
    "a pair in two parts": lambda _, files: files.update(
        {
            "test_item_index.npy": files["train_item_index.npy"],
            "test_indptr.npy": files["train_indptr.npy"],
            "test_rating.npy": files["train_rating.npy"],
            "test_timestamp.npy": files["train_timestamp.npy"],
        }
    ),
    "few ratings": lambda _, files: files.update({"train_rating.npy": npy(np.zeros(3, "<f4"))}),
    "few times": lambda _, files: files.update({"train_timestamp.npy": npy(np.arange(3))}),
    "no test part": lambda _, files: [files.pop(n) for n in list(files) if n.startswith("test")],
    "a file elsewhere": lambda _, files: files.update({"../elsewhere": b"x"}),
    "an absolute file": lambda _, files: files.update({"/etc/hostname": b"x"}),
    "no quarantine": lambda _, files: files.pop("quarantine.json"),
    "a quarantine of numbers": lambda _, files: files.update({"quarantine.json": b"[1]"}),
    "a deep quarantine": lambda _, files: files.update({"quarantine.json": b"[" * 10**5}),
    "another split hash": lambda content, _: content.update(split_hash="0" * 64),
    "no split hash": lambda content, _: content.pop("split_hash"),
    "a list for the funnel": lambda content, _: content.update(funnel=[1]),
    "a wrong funnel": lambda content, _: content["funnel"].update(rows_left=1),
    "a funnel that drops too much": lambda content, _: content["funnel"]["steps"].append(
        {"stage": "x", "cause": "y", "rows_dropped": 10**9, "rows_left": 0}
    ),
    "rows of text": lambda content, _: content.update(num_rows="many"),
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_content_with_right_digests_is_refused(
    name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").write_bytes(b"x")
    content = json.loads((folder / "entry.json").read_bytes())["content"]
    files = {path.name: path.read_bytes() for path in folder.iterdir() if "entry" not in path.name}
    FORGED[name](content, files)
    content["files"] = {of: hashlib.sha256(data).hexdigest() for of, data in files.items()}
    for of, data in files.items():
        if os.path.basename(of) == of:
            (folder / of).write_bytes(data)
    entry = {"sha256": digest_of(content), "content": content}
    (folder / "entry.json").write_text(json.dumps(entry))
    with pytest.raises(DamagedEntry) as told:
        read_entry(folder, INGREDIENTS, ())
    assert 0 < len(str(told.value)) < 160
    assert "\n" not in str(told.value)
    assert not Path("pickle_was_read").exists()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "7", "{}", '{"content": [], "sha256": ""}', "[" * 10**5, "\xff", "NaN"],
)
def test_an_entry_of_another_form_is_refused(text: str, folder: Path) -> None:
    (folder / "entry.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DamagedEntry):
        read_entry(folder, INGREDIENTS, ())
    content = {"ingredients": INGREDIENTS, "files": text}
    entry = {"sha256": digest_of(content), "content": content}
    (folder / "entry.json").write_text(json.dumps(entry))
    with pytest.raises(DamagedEntry):
        read_entry(folder, INGREDIENTS, ())


def test_links_and_pipes_are_not_followed(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    with pytest.raises(DamagedEntry):
        read_entry(link, INGREDIENTS, ())
    for name in ("users.npy", "entry.json"):
        aside = tmp_path / name
        (folder / name).rename(aside)
        (folder / name).symlink_to(aside)
        with pytest.raises(DamagedEntry, match=r"symbolic link|not a file"):
            read_entry(folder, INGREDIENTS, ())
        (folder / name).unlink()
        os.mkfifo(folder / name)
        with pytest.raises(DamagedEntry, match="not a regular file"):
            read_entry(folder, INGREDIENTS, ())
        (folder / name).unlink()
        (folder / name).mkdir()
        with pytest.raises(DamagedEntry):
            read_entry(folder, INGREDIENTS, ())
        (folder / name).rmdir()
        aside.rename(folder / name)
    read_entry(folder, INGREDIENTS, ())


def test_a_file_that_grows_without_end_is_not_read(folder: Path) -> None:
    with (folder / "users.npy").open("r+b") as file:
        file.truncate(2**36)  # takes no room on the disk
    with pytest.raises(DamagedEntry, match="not a regular file"):
        read_entry(folder, INGREDIENTS, ())


def test_an_entry_says_what_it_was_made_from(folder: Path, sound: Prepared) -> None:
    content = json.loads((folder / "entry.json").read_bytes())["content"]
    assert content["ingredients"] == INGREDIENTS
    assert content["split_hash"] == sound.split.hash()
    assert_same(replace(sound, files=()), read_entry(folder, INGREDIENTS, ()))
