"""Adjacency lists: any spacing against a line-by-line reading, faults, and the real Gowalla."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from builders import REAL_DATA, needs_real
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.adjacency_list import PUBLISHED_URL, AdjacencyListConfig, Lines
from graphrec_cli.config.dataset import KCoreConfig, RemoteFileConfig
from graphrec_cli.config.split import PredefinedConfig
from graphrec_cli.config.table import Separator, TableConfig
from graphrec_cli.data.preprocess import preprocess
from graphrec_cli.data.sources.adjacency_list import ADJACENCY_LIST, read_adjacency_list
from graphrec_cli.data.sources.table import TABLE
from graphrec_cli.data.splits.predefined import predefined
from graphrec_cli.errors import ConfigError, DataError


@given(
    lines=st.lists(st.lists(st.integers(0, 2**63 - 1), max_size=5), max_size=8),
    blank=st.sampled_from([" ", "  ", "\t", " \t"]),
    newline=st.sampled_from(["\n", "\r\n", " \n", "\n\n"]),
)
def test_every_line_is_a_user_and_its_items(
    tmp_path: Path, lines: list[list[int]], blank: str, newline: str
) -> None:
    path = tmp_path / "train.txt"
    text = "".join(blank.join(map(str, line)) + newline for line in [[1, 2], *lines])
    path.write_bytes(text.encode())
    users, items, lonely = read_adjacency_list(path, Lines.user_items)
    expected = [(line[0], item) for line in [[1, 2], *lines] for item in line[1:]]
    assert list(zip(users.tolist(), items.tolist(), strict=True)) == expected
    assert lonely == sum(len(line) == 1 for line in lines)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"0 1 2\n3 x\n", r"line 2: id 'x' is not a whole number"),
        (b"0 1 -2\n", r"line 1: id '-2' is outside 0\.\."),
        (b"0 1.5\n", r"line 1: id '1\.5' is not a whole number"),
        (b"0 +1\n", r"line 1: id '\+1' is not a whole number"),
        (b"0 1\n1 9223372036854775808\n", r"line 2: id '9223372036854775808' is outside"),
        (b"0 1\x00\n", r"line 1: id '1\?' is not a whole number"),
        (b"\n \n", r"train\.txt is empty"),
        (b"", r"train\.txt is empty"),
    ],
)
def test_a_faulty_line_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "train.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_adjacency_list(path)


def test_parts_come_from_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "gowalla"
    folder.mkdir()
    (folder / "train.txt").write_bytes(b"\xef\xbb\xbf4 1 2\n5 1\n")
    (folder / "valid.txt").write_bytes(b"4 3\n5\n")
    (folder / "test.txt").write_bytes(b"4 9\n5 ")
    config = AdjacencyListConfig(valid="valid.txt")
    source = ADJACENCY_LIST.read(config, data_dir=tmp_path, seed=0)
    assert source.table.user_id.tolist() == [4, 4, 5, 4, 4]
    assert source.table.item_id.tolist() == [1, 2, 1, 3, 9]
    assert source.table.part is not None
    assert source.table.part.tolist() == [0, 0, 0, 1, 2]
    assert source.funnel.to_dict()["notes"] == {"lines_without_items": 2}
    alone = AdjacencyListConfig(test=None)
    assert ADJACENCY_LIST.read(alone, data_dir=tmp_path, seed=0).table.part is None


def test_a_missing_file_is_named_or_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        DataError, match=r"train\.txt and test\.txt \(plain, \.gz or \.zip\) not found in"
    ):
        ADJACENCY_LIST.read(AdjacencyListConfig(base_url=None), data_dir=tmp_path, seed=0)
    fetched: list[str] = []

    def fake_download(remote: RemoteFileConfig, target: Path) -> None:
        fetched.append(remote.url)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(b"1 2\n")

    monkeypatch.setattr("graphrec_cli.data.sources.adjacency_list.download", fake_download)
    config = AdjacencyListConfig(base_url="http://127.0.0.1:9/data")
    ADJACENCY_LIST.read(config, data_dir=tmp_path, seed=0)
    assert fetched == [f"http://127.0.0.1:9/data/gowalla/{name}.txt" for name in ("train", "test")]


@given(lists=st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=5), min_size=3, max_size=9))
def test_lines_without_users_number_them(tmp_path: Path, lists: list[list[int]]) -> None:
    path = tmp_path / "users.dat"
    expected = [(user, item) for user, items in enumerate(lists) for item in items]
    counted = [[len(items), *items] for items in lists]
    for lines, rows in ((Lines.items, lists), (Lines.count_items, counted)):
        for newline in ("\n", "\r\n"):
            path.write_bytes("".join(" ".join(map(str, row)) + newline for row in rows).encode())
            users, items, lonely = read_adjacency_list(path, lines)
            assert list(zip(users.tolist(), items.tolist(), strict=True)) == expected
            assert lonely == 0
    with pytest.raises(DataError, match=r"looks like a count .*; set dataset\.lines=count_items"):
        read_adjacency_list(path)


@pytest.mark.parametrize("between", [" ", "\t"])
def test_the_advice_for_pairs_reads_them_as_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, between: str
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [("1", "5"), ("1", "6"), ("2", "5"), ("2", "7"), ("3", "6")]
    path = Path("pairs.txt")
    path.write_text("".join(f"{between.join(row)}\n" for row in rows))
    with pytest.raises(
        DataError, match=r"looks like a table .*; read it by dataset=table"
    ) as error:
        read_adjacency_list(path)
    assert "dataset.lines=items" not in str(error.value)
    words = dict(re.findall(r"dataset\.(\w+)=([^\s,]+(?:,\w+\])?)", str(error.value)))
    assert words["columns"] == "[user,item]"
    config = TableConfig(
        path=words["path"], separator=Separator[words["separator"]], columns=["user", "item"]
    )
    table = TABLE.read(config, data_dir=tmp_path, seed=0).table
    assert list(zip(table.user_id.tolist(), table.item_id.tolist(), strict=True)) == rows


def test_lines_whose_first_number_is_no_user_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "users.dat"
    path.write_bytes(b"7 1 2\n7 3\n8 4\n8 5 6\n")
    with pytest.raises(DataError, match=r"2 of 2 users have several lines.*dataset\.lines=items"):
        read_adjacency_list(path)
    assert len(read_adjacency_list(path, Lines.user_items)[0]) == 6
    path.write_bytes(b"2 1 2\n0\n\n1 3 4\n")
    with pytest.raises(DataError, match=r"line 4: 1 is not the number of the 2 items behind it"):
        read_adjacency_list(path, Lines.count_items)


def test_a_folder_of_ones_own_is_found_and_never_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def no_download(remote: RemoteFileConfig, target: Path) -> None:
        raise AssertionError(remote.url)

    monkeypatch.setattr("graphrec_cli.data.sources.adjacency_list.download", no_download)
    config = AdjacencyListConfig(folder="d/adj", base_url=PUBLISHED_URL)
    with pytest.raises(DataError, match=r"train\.txt and test\.txt .* in d/adj nor in data/d/adj;"):
        ADJACENCY_LIST.read(config, data_dir=Path("data"), seed=0)
    Path("d/adj").mkdir(parents=True)
    Path("d/adj/train.txt").write_bytes(b"4 1 2\n5 1\n")
    with pytest.raises(DataError, match=r"test\.txt .* not found in d/adj; .*dataset\.test=null"):
        ADJACENCY_LIST.read(config, data_dir=Path("data"), seed=0)
    for folder in ("d/adj", str(tmp_path / "d/adj")):
        config = AdjacencyListConfig(folder=folder, base_url=PUBLISHED_URL, test=None)
        assert len(ADJACENCY_LIST.read(config, data_dir=Path("data"), seed=0).table) == 3
    published = AdjacencyListConfig(folder="yelp2018", base_url=f"{PUBLISHED_URL}/")
    assert published.may_download("train.txt")
    assert not published.may_download("mine.txt")


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="must not name a value twice"):
        AdjacencyListConfig(test="train.txt")
    with pytest.raises(ConfigError, match=r"dataset\.valid must name a file or be null"):
        AdjacencyListConfig(valid="")


@needs_real("gowalla")
def test_the_real_gowalla_as_far_as_the_split() -> None:
    source = ADJACENCY_LIST.read(AdjacencyListConfig(), data_dir=REAL_DATA, seed=0)
    everything = KCoreConfig(min_user_interactions=1, min_item_interactions=1)
    interactions = preprocess(
        source.table, rating_threshold=None, k_core=everything, funnel=source.funnel
    )
    split = predefined(
        interactions, PredefinedConfig(), rng=np.random.default_rng(0), funnel=source.funnel
    )
    assert (len(split.users), len(split.items)) == (29_858, 40_981)
    assert split.valid is None
    assert (split.train.num_pairs, split.test.num_pairs) == (810_128, 217_242)


def test_only_the_head_of_a_large_file_is_checked_early(tmp_path: Path) -> None:
    line = "1 " + " ".join(map(str, range(10_000, 12_000)))
    (tmp_path / "train.txt").write_text("\n".join([line] * 200 + ["2 x"]))
    config = AdjacencyListConfig(folder=str(tmp_path), test=None)
    ADJACENCY_LIST.check(config, data_dir=tmp_path)
    (tmp_path / "train.txt").write_text("\n".join(["2 x"] + [line] * 200))
    with pytest.raises(DataError, match="line 1: id 'x'"):
        ADJACENCY_LIST.check(config, data_dir=tmp_path)
