"""Recommendations with any ids and titles are read back unchanged."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec_cli.errors import OutputError
from graphrec_cli.evaluation.top_k import TopItems
from graphrec_cli.reporting.recommendations import (
    Block,
    Recommendations,
    csv_texts,
    json_texts,
    table_texts,
    write_recommendations,
)

# Lone surrogates are not valid text.
TEXT = st.one_of(
    st.text(st.sampled_from('a0 ,"\n\r;\t\\\u2028雪'), max_size=4),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)
Row = dict[str, Any]


@st.composite
def tables(draw: st.DrawFn) -> tuple[Recommendations, list[Row]]:
    """Recommendations in blocks, and their rows in plain Python."""
    num_items = draw(st.integers(1, 6))
    item_id = draw(st.lists(TEXT, min_size=num_items, max_size=num_items, unique=True))
    title = draw(st.none() | st.lists(TEXT, min_size=num_items, max_size=num_items))
    marks_cold = draw(st.booleans())
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    blocks, rows = [], []
    for _ in range(draw(st.integers(1, 3))):
        user_id = draw(st.lists(TEXT, min_size=1, max_size=3))
        cold = draw(st.lists(st.booleans(), min_size=len(user_id), max_size=len(user_id)))
        length, item_index, score = [], [], []
        for name, is_cold in zip(user_id, cold, strict=True):
            own = draw(st.lists(st.integers(0, num_items - 1), unique=True))
            length.append(len(own))
            for rank, item in enumerate(own, start=1):
                value = draw(st.floats(width=32, allow_nan=False, allow_infinity=False))
                item_index.append(item)
                score.append(value)
                row = {"user_id": name, "rank": rank, "item_id": item_id[item], "score": value}
                row |= {} if title is None else {"title": title[item]}
                rows.append(row | ({"cold": is_cold} if marks_cold else {}))
        top = TopItems(
            np.array(length, dtype=np.int64),
            np.array(item_index, dtype=np.int64),
            np.array(score, dtype=dtype),
        )
        names = np.array(user_id, dtype=np.object_)
        blocks.append(Block(user_id=names, cold=np.array(cold), top=top))
    recommendations = Recommendations(
        item_id=np.array(item_id, dtype=np.object_),
        title=None if title is None else np.array(title, dtype=np.object_),
        marks_cold=marks_cold,
        blocks=iter(blocks),
    )
    return recommendations, rows


def small(*titles: str, user_id: str | None = "7") -> Recommendations:
    """One user who gets every item, the last one first."""
    count = len(titles)
    top = TopItems(
        np.array([count]), np.arange(count)[::-1].copy(), np.linspace(2, 1, count, dtype=np.float32)
    )
    names = np.array([user_id], dtype=np.object_)
    return Recommendations(
        item_id=np.array([f"00{number}" for number in range(count)], dtype=np.object_),
        title=np.array(titles, dtype=np.object_),
        marks_cold=False,
        blocks=iter([Block(user_id=names, cold=np.array([False]), top=top)]),
    )


@given(tables())
def test_csv_reads_back(table: tuple[Recommendations, list[Row]]) -> None:
    recommendations, rows = table
    text = "".join(csv_texts(recommendations))
    assert text.endswith("\n")
    read = []
    for row in csv.DictReader(io.StringIO(text, newline=""), strict=True):
        typed: Row = dict(row) | {"rank": int(row["rank"]), "score": np.float32(row["score"])}
        if "cold" in row:
            typed["cold"] = {"true": True, "false": False}[row["cold"]]
        read.append(typed)
    assert read == rows


@given(tables())
def test_json_reads_back(table: tuple[Recommendations, list[Row]]) -> None:
    recommendations, rows = table
    users = json.loads("".join(json_texts(recommendations)).encode())
    read = []
    for user in users:
        cold = {"cold": user["cold"]} if "cold" in user else {}
        for rank, item in enumerate(user["items"], start=1):
            title = {"title": item["title"] or ""} if "title" in item else {}
            read.append(
                {"user_id": user["user_id"], "rank": rank, "item_id": item["item_id"]}
                | {"score": np.float32(item["score"])}
                | title
                | cold
            )
            assert item.get("title") != ""
    assert read == rows


@settings(max_examples=40)
@given(table=tables())
def test_parquet_reads_back(
    table: tuple[Recommendations, list[Row]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    recommendations, rows = table
    out = tmp_path_factory.getbasetemp() / "read_back.parquet"
    write_recommendations(recommendations, "parquet", out)
    read = pq.read_table(out).to_pylist()
    assert [row | ({"title": row["title"] or ""} if "title" in row else {}) for row in read] == rows
    assert all(row.get("title") != "" for row in read)


@given(tables())
def test_a_table_has_a_line_an_item(table: tuple[Recommendations, list[Row]]) -> None:
    recommendations, rows = table
    lines = "".join(table_texts(recommendations)).split("\n")
    headings = [line for line in lines if line.startswith("user ")]
    empty = [line for line in lines if line == "no items to recommend"]
    gaps = len(headings)  # one after every table
    tables_shown = len(headings) - len(empty)
    assert len(lines) == len(headings) + len(empty) + 2 * tables_shown + len(rows) + gaps
    assert all(line.isprintable() for line in lines)


def test_a_table_looks_like_this() -> None:
    assert "".join(table_texts(small("Emma", "Line\nbreak \x1b[31m", "雪国"))) == (
        "user 7\n"
        "rank  item_id  score  title\n"
        "----  -------  -----  --------------------\n"
        "   1      002      2  雪国\n"
        "   2      001    1.5  Line\\nbreak \\x1b[31m\n"
        "   3      000      1  Emma\n"
    )


def test_a_user_without_an_id() -> None:
    texts = csv_texts(small("Emma", user_id=None))
    assert "".join(texts) == "user_id,rank,item_id,score,title\n,1,000,2.0,Emma\n"
    (user,) = json.loads("".join(json_texts(small("Emma", user_id=None))))
    assert user["user_id"] is None


def test_float32_scores_are_written_as_short_as_they_are() -> None:
    top = TopItems(np.array([1]), np.array([0]), np.array([0.1], dtype=np.float32))

    def blocks() -> Iterator[Block]:
        yield Block(user_id=np.array(["u"], dtype=np.object_), cold=np.array([False]), top=top)

    def recommendations() -> Recommendations:
        item_id = np.array(["i"], dtype=np.object_)
        return Recommendations(item_id=item_id, title=None, marks_cold=False, blocks=blocks())

    assert "".join(csv_texts(recommendations())).endswith("u,1,i,0.1\n")
    assert "".join(json_texts(recommendations())) == (
        '[\n{"user_id": "u", "items": [{"item_id": "i", "score": 0.1}]}\n]\n'
    )


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    def failing() -> Iterator[Block]:
        yield from small("Emma").blocks
        raise RuntimeError("no more")

    out = tmp_path / "a.csv"
    out.write_text("old", encoding="utf-8")
    broken = small("Emma")
    broken = Recommendations(
        item_id=broken.item_id, title=broken.title, marks_cold=False, blocks=failing()
    )
    with pytest.raises(RuntimeError, match="no more"):
        write_recommendations(broken, "csv", out)
    assert out.read_text(encoding="utf-8") == "old"
    write_recommendations(small("雪国"), "csv", out)
    assert out.read_bytes().decode() == "user_id,rank,item_id,score,title\n7,1,000,2.0,雪国\n"
    assert list(tmp_path.iterdir()) == [out]


def test_a_file_that_cannot_be_written_says_what_to_change(tmp_path: Path) -> None:
    out = tmp_path / f"{'a' * 250}.csv"
    with pytest.raises(OutputError, match="File name too long; free disk space or choose another"):
        write_recommendations(small("Emma"), "csv", out)


def test_stdout_that_lacks_a_character(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    write_recommendations(small("Emma"), "csv", None)
    with pytest.raises(
        OutputError, match="stdout uses ascii, which cannot encode '雪'; set PYTHONIOENC"
    ):
        write_recommendations(small("雪国"), "csv", None)
