"""Files of recommendation lists as other tools write them, and files that are none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec_cli.config.list_file import ListFile
from graphrec_cli.data.lists.raw_lists import RawLists
from graphrec_cli.data.lists.read_lists import read_lists
from graphrec_cli.errors import ConfigError, DataError

LISTS = {"1": ["919", "007"], "2": ["50"]}
"""What most of the files below say."""


def read(path: Path, **words: str) -> RawLists:
    return read_lists(path, ListFile.from_words(words))


def lists_of(raw: RawLists) -> dict[str, list[str]]:
    """The items of every user in the order of the rows."""
    lists: dict[str, list[str]] = {str(user): [] for user in raw.users.text}
    for user, item in zip(raw.users, raw.items, strict=True):
        lists[user].append(item)
    return lists


LENSKIT_CSV = "user_id,item_id,score,rank\n1,919,1.6462407,1\n1,007,1.5882573,2\n2,50,0.9,1\n"
LENSKIT_KNN = "user_id,item_id,score,nbr_counts,rank\n1,919,2.1,20,1\n1,007,2.0,19,2\n2,50,1,3,1\n"
WARPREC = "user_id\titem_id\trating\r\n1\t919\t4.2\r\n1\t007\t-inf\r\n2\t50\t0.1\r\n"
RECBOLE_JOINED = "user_id,prediction\n1,919 007\n2,50\n"
RECBOLE_LONG = "user_id:token\titem_id:token\tscore:float\n1\t919\t3\n1\t007\t2\n2\t50\t1\n"
TREC = "1 Q0 919 1 0.9 als\n1 Q0 007 2 0.8 als\n2 Q0 50 1 0.7 als\n"


@pytest.mark.parametrize(
    ("name", "text", "order", "unread"),
    [
        ("recs.csv", LENSKIT_CSV, "score", ()),
        ("recs.csv", LENSKIT_KNN, "score", ("nbr_counts",)),
        ("recs.tsv", WARPREC, "score", ()),
        ("recs.csv", RECBOLE_JOINED, "rows", ()),
        ("recs.inter", RECBOLE_LONG, "score", ()),
        ("recs.csv", "rank,item,user\n1,919,1\n2,007,1\n1,50,2\n", "rank", ()),
        ("recs.csv", "uid,iid\n1,919\n1,007\n2,50\n", "rows", ()),
        ("recs.csv", "\ufeffuser,item\n1,919\n1,007\n2,50\n", "rows", ()),
        ("recs.csv", 'user,items\n1,"[""919"", ""007""]"\n2,"[""50""]"\n', "rows", ()),
        ("recs.csv", "user,items\n1,\"['919', '007']\"\n2,['50']\n", "rows", ()),
        ("recs.csv", "user,items\n1,\"['919'\n '007']\"\n2,['50']\n", "rows", ()),
        ("recs.csv", "user,item\n1,['919' '007']\n2,['50']\n", "rows", ()),
        ("recs.csv", "user,recommendations\n1,919|007\n2,50\n", "rows", ()),
        ("recs.csv", 'user,recommendations\n1,"919, 007"\n2,50\n', "rows", ()),
        ("recs.json", json.dumps(LISTS), "rows", ()),
        ("recs.json", json.dumps(LISTS, indent=2), "rows", ()),
        ("recs.json", '{"1": {"919": 2, "007": 1e-3}, "2": {"50": 0}}', "score", ()),
        ("recs.json", '{"1": [["919", 2], ["007", 1]], "2": [["50", 0]]}', "score", ()),
        (
            "recs.json",
            '{"1": [{"item_id": "919", "score": 2}, {"item_id": "007", "score": 1}], '
            '"2": [{"item_id": 50, "score": 1}]}',
            "score",
            (),
        ),
        (
            "recs.jsonl",
            '{"user": 1, "items": ["919", "007"], "note": 1}\n{"user": 2, "items": [50]}\n',
            "rows",
            ("note",),
        ),
        (
            "recs.ndjson",
            '{"u": 1, "user": 1, "item": "919"}\n\n{"user": 1, "item": "007"}\n'
            '{"user": "2", "item": 50}',
            "rows",
            ("u",),
        ),
        (
            "recs.json",
            '[{"user": 1, "item": 919, "score": 2}, {"user": 1, "item": "007", "score": 1},\n'
            '{"user": 2, "item": 50, "score": 1}]',
            "score",
            (),
        ),
    ],
)
def test_a_format(
    name: str, text: str, order: str, unread: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode())
    raw = read(path)
    assert lists_of(raw) == LISTS
    assert (raw.order, raw.unread) == (order, unread)
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    assert lists_of(read(packed)) == LISTS


def test_a_file_without_a_header_line(tmp_path: Path) -> None:
    (tmp_path / "run.txt").write_text(TREC)
    names = "[user,_q0,item,rank,score,_tag]"
    raw = read(tmp_path / "run.txt", separator="blanks", columns=names)
    assert lists_of(raw) == LISTS
    assert raw.score is not None
    assert raw.score.tolist() == [0.9, 0.8, 0.7]
    ranked = read(tmp_path / "run.txt", separator="blanks", columns=names, score="")
    assert (ranked.order, ranked.score) == ("rank", None)


def test_columns_that_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("who,what,how,item\n1,919,0.5,x\n1,007,0.4,y\n2,50,1,z\n")
    raw = read(tmp_path / "a.csv", user="who", item="what", score="how")
    assert lists_of(raw) == LISTS
    assert raw.order == "score"
    assert raw.columns == {"user": "who", "item": "what", "score": "how"}


def test_ratings_are_scores_only_where_no_other_column_is(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user,item,rating,prediction\n1,2,5,0.5\n")
    raw = read(tmp_path / "a.csv")
    assert raw.columns["score"] == "prediction"
    assert raw.unread == ("rating",)
    assert read(tmp_path / "a.csv", score="rating").columns["score"] == "rating"


def lenskit_native(path: Path, items: list[list[dict[str, Any]]]) -> None:
    """LensKit's layout: a row a user, its items as objects in a list."""
    entry = pa.struct([("item_id", pa.string()), ("rank", pa.int32()), ("score", pa.float32())])
    columns = [pa.array(["1", "2", "3"]), pa.array(items, pa.list_(entry))]
    pq.write_table(pa.table(columns, names=["user_id", "items"]), path)


def test_the_native_parquet_of_lenskit(tmp_path: Path) -> None:
    items: list[list[dict[str, Any]]] = [
        [{"item_id": "919", "rank": 1, "score": 1.5}, {"item_id": "007", "rank": 2, "score": 1.0}],
        [{"item_id": "50", "rank": 1, "score": 0.5}],
        [],
    ]
    lenskit_native(tmp_path / "recs.parquet", items)
    raw = read(tmp_path / "recs.parquet")
    assert lists_of(raw) == {**LISTS, "3": []}
    assert raw.score is not None
    assert raw.rank is not None
    assert raw.score.tolist() == [1.5, 1.0, 0.5]
    assert raw.rank.tolist() == [1, 2, 1]
    items[0][1]["item_id"] = None
    lenskit_native(tmp_path / "recs.parquet", items)
    with pytest.raises(DataError, match="in the list of user '1': item_id '' is empty"):
        read(tmp_path / "recs.parquet")


@pytest.mark.parametrize("kind", [pa.list_(pa.int64()), pa.large_list(pa.string())])
def test_parquet_with_lists_of_ids(kind: pa.DataType, tmp_path: Path) -> None:
    values = [[919, 7], None, [50]]
    texts = [None if row is None else [str(item) for item in row] for row in values]
    items = pa.array(values if kind == pa.list_(pa.int64()) else texts, kind)
    table = pa.table({"user": pa.array([1, 3, 2]), "recs": items})
    pq.write_table(table, tmp_path / "recs.parquet")
    assert lists_of(read(tmp_path / "recs.parquet")) == {"1": ["919", "7"], "3": [], "2": ["50"]}


ids = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=4).filter(
    lambda text: text.lower() not in ("nan", "null", "none", "nat")
)


@settings(max_examples=12, deadline=None)
@given(st.dictionaries(ids, st.lists(ids, max_size=4), min_size=1, max_size=5))
def test_all_forms_of_the_same_lists_read_the_same(
    tmp_path_factory: pytest.TempPathFactory, lists: dict[str, list[str]]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    rows = [f"{user},{item}" for user, items in lists.items() for item in items]
    wide = [f'{user},"{items}"' for user, items in lists.items()]
    joined = [f"{user},{' '.join(items)}" for user, items in lists.items()]
    objects = [json.dumps({"user": user, "items": items}) for user, items in lists.items()]
    files = {
        "long.csv": "\n".join(["user,item", *rows]),
        "wide.csv": "\n".join(["user,items", *wide]),
        "joined.csv": "\n".join(["user,items", *joined]),
        "all.json": json.dumps(lists),
        "lines.jsonl": "\n".join(objects),
    }
    for name, text in files.items():
        if name == "long.csv" and not rows:
            continue
        (folder / name).write_text(text)
        found = {user: items for user, items in lists_of(read(folder / name)).items() if items}
        assert found == {user: items for user, items in lists.items() if items}, name


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"user,item\n", "no rows"),
        ("a.csv", b"user,item\n1\n", "line 2"),
        ("a.csv", b"user,item\n1,\n", "line 2: item '' is empty"),
        ("a.csv", b"user,item,score\n1,2,x\n", "line 2: score 'x' is not a number"),
        ("a.csv", b"user,item,score\n1,2,\n", "line 2: score '' is empty"),
        ("a.csv", b"user,item,score\n1,2," + b"9" * 400 + b"\n", "line 2: score"),
        ("a.csv", b"user,item\n1," + b"9" * 4000 + b"\n", "longer than 256 characters"),
        ("a.csv", b"user,item,score,prediction\n1,2,3,4\n", "may each be the score column"),
        ("a.csv", b"user,item\n\xff\xfe1,2\n", "set its encoding, such as encoding=cp1252"),
        ("a.csv", b"user;item\n1;2\n", "set separator=semicolon"),
        ("a.csv", b"a,b\n1,2\n", "no column with a known name for user; set user=NAME"),
        ("a.csv", b"user,b\n1,2\n", "no column with a known name for item; set item=NAME"),
        ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a.csv"),
        ("a.csv", b"user,items\n1,['919' '7' ... '8']\n", "shortened by '...'"),
        ("a.csv", b'user,items\n1,"[[1], 2]"\n', "which is no id"),
        ("a.parquet", b"PAR1 and no more", "cannot be read as parquet"),
        ("a.json", b"[1, 2]", "is no JSON of lists"),
        ("a.json", b"[]", "is no JSON of lists"),
        ("a.json", b'{"user": 1, "item": 2', "line 1: not JSON"),
        ("a.json", b'{"user": "a"}', "no column with a known name for items"),
        ("a.json", b'{"1": ["a"], "1": ["b"]}', "the key '1' twice"),
        ("a.json", b'{"1": ["a", ["b"]]}', "entries of several kinds"),
        ("a.json", b'{"1": [true]}', "entries of several kinds"),
        ("a.json", b'{"1": [{"id": "a"}]}', "no column with a known name for item"),
        ("a.json", b'{"1": {"a": "x"}}', "is not a number"),
        ("a.json", b'{"1": {"a": null}}', "in the list of user '1': inner values is empty"),
        ("a.json", b'{"user": 1, "item": true}', "neither a text nor a number"),
        ("a.json", b"[" * 100_000, "not JSON (nested too deeply)"),
        ("a.json", b'{"1": ' + b"[" * 100_000, "a.json"),
        ("a.json", b"\xff\xfe{", "no UTF-8 at byte 1"),
        ("a.csv.gz", b"\x1f\x8b\x08 not gzip", "a.csv.gz"),
    ],
)
def test_a_file_that_is_none_is_one_line(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(path)
    assert message in str(caught.value)
    assert "dataset." not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"user": ""}, "user must name a column"),
        ({"item": "a", "items": "b"}, "set one of them"),
        ({"separator": "tabs"}, "separator must be one of .*did you mean 'tab'"),
        ({"columns": "[a,a]"}, "columns must list distinct names"),
        ({"columns": "[]"}, "columns must list distinct names"),
        ({"encoding": "utf-9"}, "encoding 'utf-9' is unknown"),
        ({"quoted": "no"}, "quoted must be true or false"),
    ],
)
def test_words_that_are_refused(words: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ListFile.from_words(words)


def test_words_about_text_do_not_apply_to_other_formats(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(LISTS))
    pq.write_table(pa.table({"user": ["1"], "item": ["2"]}), tmp_path / "a.parquet")
    for name in ("a.json", "a.parquet"):
        with pytest.raises(ConfigError, match=r"separator applies only to text"):
            read(tmp_path / name, separator="tab")


def test_a_named_column_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "dataset.csv").write_text("user,item\n1,2\n")
    with pytest.raises(DataError, match=r"dataset\.csv has no column 'x', which score names"):
        read(tmp_path / "dataset.csv", score="x")


def test_scores_keep_every_bit(tmp_path: Path) -> None:
    scores = np.random.default_rng(0).normal(size=50).astype(np.float32)
    rows = [f"1,{item},{score!r}" for item, score in enumerate(scores.tolist())]
    (tmp_path / "a.csv").write_text("\n".join(["user,item,score", *rows]))
    raw = read(tmp_path / "a.csv")
    assert raw.score is not None
    assert np.array_equal(raw.score.astype(np.float32), scores)
