from __future__ import annotations

import random
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import OutputError
from graphrec_cli.rundir.data_npz import (
    load_attributes,
    load_run_data,
    save_arrays,
    save_run_data,
)

USER_IDS = np.array([-5, 3, 10**15], dtype=np.int64)
ITEM_IDS = np.array(["", "1e5", "null", "~é", "雪"])


def split(user_ids: NDArray[np.generic] = USER_IDS, *, valid: bool = True) -> Split:
    def part(*pairs: tuple[int, int]) -> UserItems:
        users, items = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        return UserItems.from_pairs(users, items, num_users=3, num_items=5)

    return Split(
        train=part((0, 0), (0, 4), (2, 1)),
        valid=part((0, 2)) if valid else None,
        test=part((0, 3), (2, 0)),
        users=IdMap(user_ids),
        items=IdMap(ITEM_IDS),
    )


@pytest.mark.parametrize("valid", [True, False])
def test_the_split_reads_back_with_its_hash(tmp_path: Path, valid: bool) -> None:
    path = tmp_path / "data.npz"
    save_run_data(path, split(valid=valid), None)
    data, title = load_run_data(path)
    assert data.users.text().tolist() == ["-5", "3", "1000000000000000"]
    assert data.items.text().tolist() == ITEM_IDS.tolist()
    assert title is None
    assert (data.valid is not None) is valid
    assert data.train.num_items == data.test.num_items == 5
    assert data.train.indptr.dtype == np.int64
    assert data.train.item_index.dtype == np.int32
    assert data.hash() == split(valid=valid).hash()


def rated(part: UserItems, *rating: float) -> UserItems:
    return UserItems(part.indptr, part.item_index, 5, np.array(rating, dtype=np.float32))


def test_ratings_read_back(tmp_path: Path) -> None:
    plain = split()
    train, test = rated(plain.train, 0.5, 3.0, 4.5), rated(plain.test, 1.0, 5.0)
    save_run_data(
        tmp_path / "data.npz",
        Split(train=train, valid=None, test=test, users=plain.users, items=plain.items),
        None,
    )
    data, _ = load_run_data(tmp_path / "data.npz")
    assert data.train.rating is not None
    assert data.train.rating.tolist() == [0.5, 3.0, 4.5]
    assert data.test.rating is not None
    assert data.test.rating.tolist() == [1.0, 5.0]


def test_titles_read_back(tmp_path: Path) -> None:
    titles = np.array(["", "A, B", "été", "x" * 300, "雪\n"])
    save_run_data(tmp_path / "data.npz", split(), titles)
    _, got = load_run_data(tmp_path / "data.npz")
    assert got is not None
    assert got.tolist() == titles.tolist()


def test_attributes_read_back_and_do_not_disturb_the_split(tmp_path: Path) -> None:
    path, cells = tmp_path / "data.npz", np.array(["b|a", "", "雪", "a", ""], dtype=object)
    save_run_data(path, split(), None, ItemAttributes.from_cells(cells))
    data, _ = load_run_data(path)
    assert data.hash() == split().hash()
    found = load_attributes(path, 5)
    assert found is not None
    assert found.name.tolist() == ["a", "b", "雪"]
    assert found.index.tolist() == [0, 1, 2, 0]
    assert found.indptr.tolist() == [0, 2, 2, 3, 4, 4]
    with pytest.raises(OutputError, match=r"data\.npz: attribute_indptr must have 5 values"):
        load_attributes(path, 4)


def test_a_run_of_an_earlier_release_has_no_attributes(tmp_path: Path) -> None:
    save_run_data(tmp_path / "data.npz", split(), None)
    assert load_attributes(tmp_path / "data.npz", 5) is None


def test_the_file_holds_the_documented_arrays_and_no_pickles(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    save_run_data(path, split(), np.array(["t"] * 5))
    parts = {f"{part}_{name}" for part in ("train", "valid", "test") for name in ("indptr",)}
    parts |= {f"{part}_item_index" for part in ("train", "valid", "test")}
    with np.load(path, allow_pickle=False) as archive:
        assert set(archive.files) == {"user_id", "item_id", "title"} | parts
        assert all(archive[name].dtype.kind in "Ui" for name in archive.files)


def test_objects_are_not_pickled(tmp_path: Path) -> None:
    path = tmp_path / "ranks.npz"
    with pytest.raises(ValueError, match="allow_pickle=False"):
        save_arrays(path, {"rank": np.array([{}], dtype=object)})
    assert list(tmp_path.iterdir()) == []


def test_a_pickle_inside_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, item_id=np.array([{"a": 1}], dtype=object))
    with pytest.raises(
        OutputError, match=r"^cannot read .*data\.npz: the array item_id has the type object"
    ):
        load_run_data(path)


@pytest.mark.parametrize("missing", ["item_id", "train_indptr", "test_item_index"])
def test_a_missing_array_is_named(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "data.npz"
    save_run_data(path, split(), None)
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files if name != missing}
    save_arrays(path, arrays)
    with pytest.raises(OutputError, match=missing):
        load_run_data(path)


@pytest.mark.slow
def test_damage_anywhere_is_refused_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    save_run_data(path, split(), None)
    data = path.read_bytes()
    draws = random.Random(0)
    refused = 0
    for round_number in range(400):
        damaged = bytearray(data)
        if round_number % 4:
            damaged[draws.randrange(len(data))] ^= 1 << draws.randrange(8)
        else:
            del damaged[draws.randrange(len(data)) :]
        path.write_bytes(damaged)
        try:
            assert load_run_data(path)[0].hash() == split().hash()
        except OutputError:
            refused += 1
    assert refused > 200


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot read .*data\.npz"):
        load_run_data(tmp_path / "data.npz")


def test_arrays_are_compressed_and_keep_type_and_shape(tmp_path: Path) -> None:
    path = tmp_path / "ranks.npz"
    arrays = {"rank": np.zeros(100_000, dtype=np.int64), "flag": np.array([[True], [False]])}
    save_arrays(path, arrays)
    assert path.stat().st_size < 10_000
    assert zipfile.ZipFile(path).testzip() is None
    with np.load(path, allow_pickle=False) as archive:
        assert set(archive.files) == set(arrays)
        for name, array in arrays.items():
            assert archive[name].dtype == array.dtype
            assert np.array_equal(archive[name], array)
