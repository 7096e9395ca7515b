"""MovieLens: every layout, packing and fold, and the real data sets' published counts."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest
from builders import REAL_DATA, needs_real

from graphrec_cli.config.dataset import RemoteFileConfig
from graphrec_cli.config.movielens import (
    MovieLens1MConfig,
    MovieLens100KConfig,
    MovieLensLatestConfig,
)
from graphrec_cli.data.source import SourceData
from graphrec_cli.data.sources.movielens import (
    MOVIELENS_1M,
    MOVIELENS_100K,
    MOVIELENS_LATEST,
)
from graphrec_cli.errors import ConfigError, DataError

real_data = needs_real("ml-100k")
GENRES = b"|0" * 19


def archive(name: str) -> RemoteFileConfig:
    return RemoteFileConfig(url=f"http://127.0.0.1:9/{name}.zip")


def ml_100k(fold: str | None = None, *, download: bool = False) -> MovieLens100KConfig:
    return MovieLens100KConfig(fold=fold, archive=archive("ml-100k"), download=download)


def ml_1m() -> MovieLens1MConfig:
    return MovieLens1MConfig(archive=archive("ml-1m"), download=False)


def latest(folder: str = "ml-latest-small", *, download: bool = False) -> MovieLensLatestConfig:
    return MovieLensLatestConfig(
        folder=folder, archive=archive("ml-latest-small"), download=download
    )


def make_folder(root: Path, name: str, files: dict[str, bytes]) -> Path:
    folder = root / name
    folder.mkdir()
    for file, content in files.items():
        (folder / file).write_bytes(content)
    return folder


def test_u_data_with_latin_1_titles(tmp_path: Path) -> None:
    item = b'5|Les Mis\xe9rables, "1995"|01-Jan-1995||' + GENRES + b"\n"
    make_folder(tmp_path, "ml-100k", {"u.data": b"7\t5\t3\t99\n8\t5\t1\t98\n", "u.item": item})
    source = MOVIELENS_100K.read(ml_100k(), data_dir=tmp_path, seed=0)
    assert source.table.user_id.tolist() == [7, 8]
    assert source.table.item_id.tolist() == [5, 5]
    assert source.table.rating.tolist() == [3.0, 1.0]
    assert source.table.timestamp is not None
    assert source.table.timestamp.tolist() == [99 * 10**9, 98 * 10**9]
    assert source.table.part is None
    assert source.titles is not None
    assert source.titles[1].tolist() == ['Les Misérables, "1995"']


def test_a_fold_is_read_out_of_the_zip_as_it_was_published(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "ml-100k", {})
    with zipfile.ZipFile(folder / "ml-100k.zip", "w") as opened:
        opened.writestr("ml-100k/u1.base", b"1\t1\t5\t1\n1\t2\t5\t1\n")
        opened.writestr("ml-100k/u1.test", b"1\t3\t5\t1\n")
    source = MOVIELENS_100K.read(ml_100k("u1", download=True), data_dir=tmp_path, seed=0)
    assert source.table.item_id.tolist() == [1, 2, 3]
    assert source.table.part is not None
    assert source.table.part.tolist() == [0, 0, 2]
    assert [file.path.name for file in source.files] == ["ml-100k.zip"]
    with pytest.raises(DataError, match=r"^ua\.base and ua\.test .* not found in .*ml-100k\.zip$"):
        MOVIELENS_100K.read(ml_100k("ua", download=True), data_dir=tmp_path, seed=0)


def test_missing_files_are_named_with_their_address(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        MOVIELENS_100K.read(ml_100k(), data_dir=tmp_path, seed=0)
    assert str(caught.value) == (
        f"u.data (plain, .gz, .zip or in ml-100k.zip) not found in {tmp_path}/ml-100k; put them "
        "there from http://127.0.0.1:9/ml-100k.zip, or set dataset.download=true"
    )


def test_the_archive_is_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []

    def fake_download(remote: RemoteFileConfig, target: Path) -> None:
        fetched.append(remote.url)
        target.parent.mkdir()
        with zipfile.ZipFile(target, "w") as opened:
            opened.writestr("ml-100k/u.data", b"1\t2\t3\t4\n")

    monkeypatch.setattr("graphrec_cli.data.files.archive.download", fake_download)
    for _ in range(2):
        source = MOVIELENS_100K.read(ml_100k(download=True), data_dir=tmp_path, seed=0)
        assert len(source.table) == 1
    assert fetched == ["http://127.0.0.1:9/ml-100k.zip"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_double_colons_across_every_chunk_boundary(tmp_path: Path, ending: str) -> None:
    rows = [(n + 1, n * 7919 % 3000, 1 + n % 5, 10**9 + n) for n in range(5000)]
    text = ending.join("::".join(map(str, row)) for row in rows)
    make_folder(
        tmp_path,
        "ml-1m",
        {
            "ratings.dat.gz": gzip.compress(text.encode()),
            "movies.dat": b"1::Star Wars: Episode IV::A|B\n2::Am\xe9lie: x:::Drama\n",
        },
    )
    source = MOVIELENS_1M.read(ml_1m(), data_dir=tmp_path, seed=0)
    table = source.table
    assert table.timestamp is not None
    columns = (
        table.user_id,
        table.item_id,
        table.rating.astype(np.int64),
        table.timestamp // 10**9,
    )
    np.testing.assert_array_equal(np.stack(columns, axis=1), rows)
    assert source.titles is not None
    assert source.titles[1].tolist() == ["Star Wars: Episode IV", "Amélie: x"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"1::2::3", r"line 2: 3 fields where the layout has 4"),
        (b"1:2:3:4", r"line 2: 1 field where the layout has 4"),
        (b"1::2::3::4::5", r"line 2: 5 fields where the layout has 4"),
        (b"1::2::6::4", r"line 2: Rating '6' is outside 0\.5\.\.5"),
        (b"1::x::5::4", r"line 2: MovieID 'x' is not a whole number"),
        (b"1:::2::5::4", r"line 2: MovieID ':2' is not a whole number"),
        (b"1::\xff::5::4", r"line 2: byte 0xff is not valid UTF-8"),
    ],
)
def test_the_faulty_line_is_named(tmp_path: Path, line: bytes, message: str) -> None:
    make_folder(tmp_path, "ml-1m", {"ratings.dat": b"1::1::5::1\n" + line + b"\n"})
    with pytest.raises(DataError, match=message):
        MOVIELENS_1M.read(ml_1m(), data_dir=tmp_path, seed=0)


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    make_folder(tmp_path, "ml-1m", {"ratings.dat": content})
    with pytest.raises(DataError, match=r"ratings\.dat (is empty|holds blank lines and no rows)"):
        MOVIELENS_1M.read(ml_1m(), data_dir=tmp_path, seed=0)


def genres_of(source: SourceData) -> dict[int, list[str]]:
    """The genres of every film that has one."""
    assert source.attributes is not None
    ids, genres = source.attributes
    rows = np.split(genres.name[genres.index], genres.indptr[1:-1])
    genres.check(len(ids))
    return {int(id): row.tolist() for id, row in zip(ids, rows, strict=True) if len(row)}


def test_genres_of_every_edition(tmp_path: Path) -> None:
    # The flags begin with "unknown", which is no genre.
    flags = [b"0" * 18 + b"1", b"1" + b"0" * 18, b"0110" + b"0" * 15]
    films = [
        b"%d|T|x||y|" % n + b"|".join(flag[i : i + 1] for i in range(19))
        for n, flag in enumerate(flags, 5)
    ]
    files = {"u.data": b"7\t5\t3\t99\n", "u.item": b"\n".join(films)}
    make_folder(tmp_path, "ml-100k", files)
    source = MOVIELENS_100K.read(ml_100k(), data_dir=tmp_path, seed=0)
    assert genres_of(source) == {5: ["Western"], 7: ["Action", "Adventure"]}
    movies = b"3::B::Drama\n1::A::Sci-Fi|Action\n3::Again::War\n2::C::\n"
    make_folder(tmp_path, "ml-1m", {"ratings.dat": b"1::1::5::1\n", "movies.dat": movies})
    source = MOVIELENS_1M.read(ml_1m(), data_dir=tmp_path, seed=0)
    assert genres_of(source) == {1: ["Action", "Sci-Fi"], 3: ["Drama"]}
    movies = b'movieId,title,genres\n31,"A, B",Comedy|IMAX\n4,C,(no genres listed)\n'
    ratings = b"userId,movieId,rating,timestamp\r\n1,31,2.5,1260759144\r\n"
    folder = make_folder(tmp_path, "ml-25m", {"ratings.csv": ratings, "movies.csv": movies})
    source = MOVIELENS_LATEST.read(latest("ml-25m"), data_dir=tmp_path, seed=0)
    assert genres_of(source) == {31: ["Comedy", "IMAX"]}
    (folder / "movies.csv").write_bytes(b"movieId,title\n31,A\n")
    assert MOVIELENS_LATEST.read(latest("ml-25m"), data_dir=tmp_path, seed=0).attributes is None


def test_a_flag_of_a_genre_that_is_no_flag_is_refused(tmp_path: Path) -> None:
    item = b"5|T|x||y|" + b"|".join([b"0", b"7", *[b"0"] * 17]) + b"\n"
    make_folder(tmp_path, "ml-100k", {"u.data": b"7\t5\t3\t99\n", "u.item": item})
    with pytest.raises(DataError, match=r"u\.item, line 1: Action '7' is outside 0\.\.1"):
        MOVIELENS_100K.read(ml_100k(), data_dir=tmp_path, seed=0)


def test_latest_and_an_address_of_another_edition(tmp_path: Path) -> None:
    content = b"userId,movieId,rating,timestamp\r\n1,31,2.5,1260759144\r\n"
    files = {"ratings.csv": content, "movies.csv": b'movieId,title,genres\n31,"A, B",x\n'}
    make_folder(tmp_path, "ml-25m", files)
    source = MOVIELENS_LATEST.read(latest("ml-25m", download=True), data_dir=tmp_path, seed=0)
    assert source.table.rating.tolist() == [2.5]
    assert source.titles is not None
    assert source.titles[1].tolist() == ["A, B"]
    with pytest.raises(DataError, match=r"set dataset\.archive\.url to the address of ml-9\.zip"):
        MOVIELENS_LATEST.read(latest("ml-9", download=True), data_dir=tmp_path, seed=0)


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"dataset\.fold must be null or one of u1, .* got 'u6'"):
        ml_100k("u6")
    with pytest.raises(ConfigError, match=r"dataset\.rating_threshold must lie between"):
        MovieLens1MConfig(archive=archive("ml-1m"), rating_threshold=6.0)
    with pytest.raises(ConfigError, match=r"dataset\.archive\.url must be the address of a \.zip"):
        MovieLens1MConfig(archive=RemoteFileConfig(url="http://127.0.0.1/a.tar"))


@real_data
def test_the_real_100k() -> None:
    table = MOVIELENS_100K.read(ml_100k(), data_dir=REAL_DATA, seed=0).table
    assert (len(table), len(np.unique(table.user_id))) == (100_000, 943)
    assert len(np.unique(table.item_id)) == 1_682
    source = MOVIELENS_100K.read(ml_100k("ua"), data_dir=REAL_DATA, seed=0)
    assert source.table.part is not None
    assert np.bincount(source.table.part).tolist() == [90_570, 0, 9_430]
    assert source.titles is not None
    assert len(source.titles[0]) == 1_682


@real_data
def test_the_real_1m() -> None:
    source = MOVIELENS_1M.read(ml_1m(), data_dir=REAL_DATA, seed=0)
    assert len(source.table) == 1_000_209
    stars = np.bincount(source.table.rating.astype(np.int64)).tolist()
    assert stars == [0, 56_174, 107_557, 261_197, 348_971, 226_310]
    assert source.titles is not None
    assert source.titles[1][0] == "Toy Story (1995)"


@real_data
def test_the_real_latest_small() -> None:
    source = MOVIELENS_LATEST.read(latest(), data_dir=REAL_DATA, seed=0)
    assert len(source.table) == 100_836
    assert len(np.unique(source.table.item_id)) == 9_724
    assert source.titles is not None
    assert len(source.titles[0]) == 9_742


@real_data
def test_the_real_genres() -> None:
    hundred = genres_of(MOVIELENS_100K.read(ml_100k(), data_dir=REAL_DATA, seed=0))
    # Two of the 1,682 films are "unknown".
    assert len(hundred) == 1_680
    assert hundred[1] == ["Animation", "Children's", "Comedy"]
    small = genres_of(MOVIELENS_LATEST.read(latest(), data_dir=REAL_DATA, seed=0))
    assert small[1] == ["Adventure", "Animation", "Children", "Comedy", "Fantasy"]
    assert len({genre for row in small.values() for genre in row}) == 19
