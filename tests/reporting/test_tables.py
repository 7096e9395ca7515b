"""Tables: alignment, content and errors."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.reporting.tables import metrics_table, text_table

WORDS = st.text(string.ascii_letters + string.digits + "._@-,%", min_size=1, max_size=12)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    width = draw(st.integers(1, 5))
    row = st.lists(WORDS, min_size=width, max_size=width)
    return draw(row), draw(st.lists(row, max_size=6))


def test_words_stand_left_and_numbers_right() -> None:
    text = text_table(
        ["model", "epochs", "ndcg@10"],
        [["lightgcn", "20", "0.1234"], ["mf", "5", "-"], ["a much longer name", "1,000", "0.1"]],
    )
    assert text.split("\n") == [
        "model               epochs  ndcg@10",
        "------------------  ------  -------",
        "lightgcn                20   0.1234",
        "mf                       5        -",
        "a much longer name   1,000      0.1",
    ]


def test_one_word_makes_a_column_of_words() -> None:
    assert text_table(["k"], [["10"], ["all"]]).split("\n") == ["k", "---", "10", "all"]


def test_a_table_without_rows_is_its_heading() -> None:
    assert text_table(["a", "bc"], []) == "a  bc\n-  --"


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        text_table(["a", "b"], [["1"]])


@given(tables())
def test_every_cell_stands_in_its_column(table: tuple[list[str], list[list[str]]]) -> None:
    header, rows = table
    lines = text_table(header, rows).split("\n")
    assert len(lines) == len(rows) + 2
    assert [line.split() for line in (lines[0], *lines[2:])] == [header, *rows]
    start = 0
    for column, rule in enumerate(lines[1].split()):
        end = start + len(rule)
        for line, row in zip((lines[0], *lines[2:]), (header, *rows), strict=True):
            assert line[start:end].strip() == row[column]
            assert line[end : end + 2].strip() == ""
        start = end + 2


def test_metrics_are_rows_and_models_are_columns() -> None:
    text = metrics_table(
        {
            "lightgcn": {"hit@10": 0.5, "ndcg@10": 0.25006, "mrr": 1.0},
            "popularity": {"ndcg@10": 0.12344, "hit@10": 1 / 3},
            "ceiling": {"ndcg@10": 0.4},
        },
        ["hit@10", "ndcg@10"],
    )
    assert [line.split() for line in text.split("\n")] == [
        ["metric", "lightgcn", "popularity", "ceiling"],
        ["-------", "--------", "----------", "-------"],
        ["hit@10", "0.5000", "0.3333", "-"],
        ["ndcg@10", "0.2501", "0.1234", "0.4000"],
    ]
