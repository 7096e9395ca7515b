"""Columns named, recognised, absent and ambiguous."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.data.tables.guess_columns import COMMON_NAMES, pick_column
from graphrec_cli.errors import DataError

FILE = Path("ratings.csv")


def pick(key: str, header: list[str], given: str | None = None) -> str | None:
    return pick_column(key, given, header, FILE, needed=True)


@given(st.sampled_from(sorted(COMMON_NAMES)), st.data())
def test_common_names_count_in_any_case_and_punctuation(key: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(COMMON_NAMES[key].split()))
    spelling = data.draw(
        st.sampled_from([name, name.upper(), name.title().replace("_", ""), name.replace("_", "-")])
    )
    suffix = data.draw(st.sampled_from(["", ":token", ":float", ":token_seq"]))
    assert pick(key, ["else", f"{spelling}{suffix}", "more"]) == f"{spelling}{suffix}"


def test_no_name_is_known_for_two_of_the_interactions_columns() -> None:
    by_key = [
        {name.replace("_", "") for name in COMMON_NAMES[key].split()}
        for key in ("user", "item", "rating", "timestamp")
    ]
    assert len(set().union(*by_key)) == sum(map(len, by_key))


@pytest.mark.parametrize(
    ("key", "header", "expected"),
    [
        ("user", ["userId", "movieId", "rating", "timestamp"], "userId"),
        ("item", ["userId", "movieId", "rating", "timestamp"], "movieId"),
        ("item", ["User-ID", "ISBN", "Book-Rating"], "ISBN"),
        ("rating", ["User-ID", "ISBN", "Book-Rating"], "Book-Rating"),
        ("user", ["rating", "asin", "parent_asin", "user_id"], "user_id"),
        ("user", ["reviewerID", "asin", "overall", "unixReviewTime"], "reviewerID"),
        ("timestamp", ["reviewerID", "asin", "overall", "unixReviewTime"], "unixReviewTime"),
        ("user", ["timestamp", "visitorid", "event", "itemid"], "visitorid"),
    ],
)
def test_published_headers(key: str, header: list[str], expected: str) -> None:
    assert pick(key, header) == expected


def test_a_named_column_is_taken_whatever_else_is_there() -> None:
    assert pick("item", ["book_id", "isbn"], "isbn") == "isbn"
    assert pick("item", ["x:token", "item_id:token"], "x") == "x:token"
    assert pick("rating", ["rating"], "") is None


def test_refusals_name_the_key_and_the_header() -> None:
    with pytest.raises(DataError, match=r"^ratings.csv has no column 'who', which dataset\.user"):
        pick("user", ["a", "b"], "who")
    with pytest.raises(DataError, match=r"book_id and isbn may each be the item column; "):
        pick("item", ["book_id", "isbn"])
    with pytest.raises(DataError, match=r"if the first line is data \(its columns are 196"):
        pick("user", ["196", "242", "3"])
    assert pick_column("rating", None, ["a"], FILE, needed=False) is None


MANY = [f"c{place}" for place in range(30)]


@pytest.mark.parametrize(
    ("key", "header", "is_said"),
    [
        ("item", ["user", *MANY], True),
        ("user", MANY, True),
        ("user", ["reader", "isbn", *MANY], False),
        ("item", ["user", "rating", *MANY], False),
        ("item", ["user", "when", *MANY[:10]], False),
        ("timestamp", ["user", "item", *MANY], False),
        ("items_id", MANY, False),
    ],
)
def test_a_matrix_is_guessed_only_where_nothing_else_fits(
    key: str, header: list[str], *, is_said: bool
) -> None:
    with pytest.raises(DataError) as refused:
        pick(key, header)
    assert ("it is a matrix of users by items" in str(refused.value)) is is_said
