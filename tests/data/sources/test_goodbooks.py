"""GoodBooks-10k: files in any packing and column order, and the real first edition."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from builders import REAL_DATA, needs_real

from graphrec_cli.config.dataset import GoodBooksConfig, RemoteFileConfig
from graphrec_cli.config.split import LeaveOneOutConfig
from graphrec_cli.data.preprocess import preprocess
from graphrec_cli.data.sources.goodbooks import GOODBOOKS
from graphrec_cli.data.splits.leave_one_out import leave_one_out
from graphrec_cli.errors import DataError
from graphrec_cli.system.seeds import numpy_generator

RATINGS = b"user_id,book_id,rating\n7,30,5\n7,10,1\n9,30,4\n"
TO_READ = b"book_id,user_id\n30,7\n20,9\n"
real_data = needs_real("goodbooks-10k")


def config_of(
    *, signals: tuple[str, ...] = ("rating_pos", "to_read"), download: bool = False, url: str = ""
) -> GoodBooksConfig:
    url = url or "http://127.0.0.1:9"
    return GoodBooksConfig(
        signals=list(signals),
        download=download,
        ratings=RemoteFileConfig(url=f"{url}/ratings.csv"),
        to_read=RemoteFileConfig(url=f"{url}/to_read.csv"),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "goodbooks-10k"
    path.mkdir()
    return path


def test_signals_follow_one_another_in_order_of_precedence(folder: Path) -> None:
    (folder / "ratings.csv.gz").write_bytes(gzip.compress(RATINGS))
    with zipfile.ZipFile(folder / "to_read.csv.zip", "w") as archive:
        archive.writestr("to_read.csv", TO_READ)
    source = GOODBOOKS.read(config_of(), data_dir=folder.parent, seed=0)
    table = source.table
    assert table.signal_names == ("rating_pos", "to_read")
    assert table.user_id.tolist() == [7, 7, 9, 7, 9]
    assert table.item_id.tolist() == [30, 10, 30, 30, 20]
    np.testing.assert_array_equal(table.rating, np.array([5, 1, 4, np.nan, np.nan], np.float32))
    assert table.signal.tolist() == [0, 0, 0, 1, 1]
    assert table.timestamp is None
    assert source.funnel.rows_left == 5
    assert source.titles is None
    assert source.preferences is None
    assert [file.path.name for file in source.files] == ["ratings.csv.gz", "to_read.csv.zip"]
    packed = (folder / "ratings.csv.gz").read_bytes()
    assert source.files[0].sha256 == hashlib.sha256(packed).hexdigest()
    assert source.files[0].size == len(packed)


def test_the_other_precedence_turns_the_parts_round(folder: Path) -> None:
    (folder / "ratings.csv").write_bytes(RATINGS)
    (folder / "to_read.csv").write_bytes(TO_READ)
    config = config_of(signals=("to_read", "rating_pos"))
    table = GOODBOOKS.read(config, data_dir=folder.parent, seed=0).table
    assert table.signal_names == ("to_read", "rating_pos")
    assert table.user_id.tolist() == [7, 9, 7, 7, 9]
    assert table.signal.tolist() == [0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("signal", "name", "content", "rows"),
    [("rating_pos", "ratings.csv", RATINGS, 3), ("to_read", "to_read.csv", TO_READ, 2)],
)
def test_a_signal_that_is_not_asked_for_is_not_read(
    folder: Path, signal: str, name: str, content: bytes, rows: int
) -> None:
    (folder / name).write_bytes(content)
    source = GOODBOOKS.read(config_of(signals=(signal,)), data_dir=folder.parent, seed=0)
    assert len(source.table) == source.funnel.rows_left == rows
    assert len(source.files) == 1


def test_missing_files_are_named_with_their_folder_and_address(folder: Path) -> None:
    with pytest.raises(DataError) as caught:
        GOODBOOKS.read(config_of(), data_dir=folder.parent, seed=0)
    assert str(caught.value) == (
        f"ratings.csv and to_read.csv (plain, .gz or .zip) not found in {folder}; put them there "
        "from http://127.0.0.1:9/ratings.csv and http://127.0.0.1:9/to_read.csv, or set "
        "dataset.download=true"
    )


def test_without_a_network_the_missing_files_are_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphrec_cli.data.files.download.WAITS", ())
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    (folder / "ratings.csv").write_bytes(RATINGS)
    with pytest.raises(DataError) as caught:
        GOODBOOKS.read(config_of(download=True), data_dir=folder.parent, seed=0)
    assert "http://127.0.0.1:9/to_read.csv could not be fetched" in str(caught.value)
    assert f"put to_read.csv into {folder} by hand" in str(caught.value)
    assert "missing: to_read.csv)" in str(caught.value)


def test_a_missing_file_is_fetched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []

    def fake_download(remote: RemoteFileConfig, target: Path) -> None:
        fetched.append(remote.url)
        target.write_bytes(TO_READ)

    monkeypatch.setattr("graphrec_cli.data.sources.goodbooks.download", fake_download)
    (folder / "ratings.csv").write_bytes(RATINGS)
    config = config_of(download=True)
    assert len(GOODBOOKS.read(config, data_dir=folder.parent, seed=0).table) == 5
    assert len(GOODBOOKS.read(config, data_dir=folder.parent, seed=0).table) == 5
    assert fetched == ["http://127.0.0.1:9/to_read.csv"]


@pytest.mark.parametrize("rating", ["0", "5.5", "", "five"])
def test_a_rating_outside_the_scale_is_refused(folder: Path, rating: str) -> None:
    (folder / "ratings.csv").write_bytes(RATINGS + f"1,1,{rating}\n".encode())
    with pytest.raises(DataError, match=rf"ratings\.csv, line 5: rating '{rating}' is"):
        GOODBOOKS.read(config_of(signals=("rating_pos",)), data_dir=folder.parent, seed=0)


@pytest.mark.parametrize(
    "content",
    [
        b"id,book_id,title\n30,1,Emma\n10,2,NA\n",
        b"book_id,goodreads_book_id,title\n30,1,Emma\n10,2,NA\n",
    ],
)
def test_titles_come_with_the_ids_of_the_ratings(folder: Path, content: bytes) -> None:
    (folder / "ratings.csv").write_bytes(RATINGS)
    (folder / "books.csv.gz").write_bytes(gzip.compress(content))
    source = GOODBOOKS.read(config_of(signals=("rating_pos",)), data_dir=folder.parent, seed=0)
    assert source.titles is not None
    ids, titles = source.titles
    assert dict(zip(ids.tolist(), titles.tolist(), strict=True)) == {10: "NA", 30: "Emma"}
    assert [file.path.name for file in source.files] == ["ratings.csv", "books.csv.gz"]
    packed = (folder / "books.csv.gz").read_bytes()
    assert source.files[1].sha256 == hashlib.sha256(packed).hexdigest()
    assert len(source.table) == source.funnel.rows_left == 3


def test_faulty_titles_are_refused_by_the_name_of_their_file(folder: Path) -> None:
    (folder / "ratings.csv").write_bytes(RATINGS)
    (folder / "books.csv").write_bytes(b"id,title\n30,Emma\nten,Persuasion\n")
    with pytest.raises(DataError, match=r"books\.csv, line 3: id 'ten' is not a whole number"):
        GOODBOOKS.read(config_of(signals=("rating_pos",)), data_dir=folder.parent, seed=0)


@pytest.mark.slow
@real_data
def test_the_real_first_edition() -> None:
    source = GOODBOOKS.read(config_of(), data_dir=REAL_DATA, seed=0)
    table = source.table
    assert np.bincount(table.signal).tolist() == [981_756, 912_705]
    rated = table.signal == 0
    assert len(np.unique(table.user_id[rated])) == 53_424
    assert len(np.unique(table.item_id[rated])) == 10_000
    assert len(np.unique(table.user_id[~rated])) == 48_871
    assert len(np.unique(table.item_id[~rated])) == 9_986
    assert set(np.unique(table.rating[rated])) == {1, 2, 3, 4, 5}
    assert np.isnan(table.rating[~rated]).all()
    assert source.titles is not None
    ids, titles = source.titles
    assert ids.tolist() == list(range(1, 10_001))
    assert titles[0] == "The Hunger Games (The Hunger Games, #1)"


@pytest.mark.slow
@real_data
def test_every_real_row_is_accounted_for_as_far_as_the_split() -> None:
    config, split_config = config_of(), LeaveOneOutConfig()
    source = GOODBOOKS.read(config, data_dir=REAL_DATA, seed=0)
    interactions = preprocess(
        source.table,
        rating_threshold=config.positive_threshold(),
        k_core=config.k_core,
        funnel=source.funnel,
    )
    split = leave_one_out(
        interactions, split_config, rng=numpy_generator(42, "split"), funnel=source.funnel
    )
    account = source.funnel.to_dict()
    assert (account["rows_read"], account["rows_left"]) == (1_894_461, 1_551_430)
    assert [(step.stage, step.rows_dropped) for step in source.funnel.steps] == [
        ("threshold", 331_429),
        ("duplicates", 1_525),
        ("merge", 169),
        ("k_core", 9_904),
        ("k_core", 4),
    ]
    assert len(interactions) == 1_551_430
    assert (len(split.users), len(split.items)) == (49_678, 9_999)
    assert split.valid is not None
    parts = (split.train, split.valid, split.test)
    assert [part.num_pairs for part in parts] == [1_452_074, 49_678, 49_678]
