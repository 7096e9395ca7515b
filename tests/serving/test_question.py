"""Questions are parsed strictly: what is not understood is refused, and never guessed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.serving.limits import MAX_IDS, MAX_LISTED, Limits
from graphrec_cli.serving.question import Question, question_in_body, question_in_query
from graphrec_cli.serving.refused import Refused

LIMITS = Limits(max_k=100)


def in_query(query: str) -> Question:
    return question_in_query(query.encode(), "user", LIMITS, seen=True)


def in_body(content: object) -> Question:
    return question_in_body(json.dumps(content).encode(), LIMITS)


def test_a_query_has_an_id_and_defaults() -> None:
    assert in_query("user=17") == Question(key="user", ids=["17"], k=10)
    asked = in_query("k=3&user=a%2Cb+%C3%A9&seen=keep")
    assert asked == Question(key="user", ids=["a,b é"], k=3, exclude_seen=False)


def test_a_small_limit_of_k_is_the_default() -> None:
    few = Limits(max_k=5)
    assert question_in_query(b"user=17", "user", few, seen=True).k == 5
    assert question_in_body(b'{"users": ["17"]}', few).k == 5


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 100))
def test_every_id_survives_a_query(user: str, k: int) -> None:
    asked = in_query(urlencode({"user": user, "k": k}))
    assert asked == Question(key="user", ids=[user], k=k)


@given(st.lists(st.text(max_size=9), min_size=1, max_size=5), st.integers(1, 100))
def test_every_id_survives_a_body(items: list[str], k: int) -> None:
    asked = in_body({"items": items, "k": k})
    assert asked == Question(key="items", ids=list(dict.fromkeys(items)), k=k)


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("", 422, "name a user: user=ID"),
        ("k=3", 422, "name a user: user=ID"),
        ("user=1&k=0", 422, "k must be a whole number from 1 to 100"),
        ("user=1&k=-1", 422, "k must be"),
        ("user=1&k=101", 422, "k must be"),
        ("user=1&k=1e1", 422, "k must be"),
        ("user=1&k=NaN", 422, "k must be"),
        ("user=1&k=+1", 422, "k must be"),
        ("user=1&k=" + quote("٣"), 422, "k must be"),
        ("user=1&k=" + "9" * 4_000, 422, "k must be"),
        ("user=1&k=", 422, "k must be"),
        ("user=1&seen=", 422, "seen must be exclude or keep"),
        ("user=1&seen=true", 422, "seen must be"),
        ("user=1&user=2", 422, "given twice"),
        ("user=1&path=/etc/passwd", 422, "unknown parameter 'path'; use user, k, seen"),
        ("user", 400, "percent-encoded UTF-8"),
        ("user=1&&k=2", 400, "percent-encoded"),
        ("user=%ff", 400, "percent-encoded"),
        ("user=%ED%A0%80", 400, "percent-encoded"),
        ("&".join(f"a{number}=1" for number in range(50)), 400, "percent-encoded"),
    ],
)
def test_a_wrong_query_is_refused(query: str, status: int, message: str) -> None:
    with pytest.raises(Refused, match=message) as refused:
        in_query(query)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "must be an object"),
        ("items", "must be an object"),
        ({}, "either users or items"),
        ({"items": ["1"], "users": ["1"]}, "either users or items"),
        ({"items": "1"}, "list of ids as text"),
        ({"items": [1]}, "list of ids as text"),
        ({"items": [None]}, "list of ids as text"),
        ({"items": [["1"]]}, "list of ids as text"),
        ({"items": []}, f"1 to {MAX_IDS} ids, got 0"),
        ({"items": ["1"] * (MAX_IDS + 1)}, f"got {MAX_IDS + 1}"),
        ({"items": ["1"], "k": "3"}, "k must be"),
        ({"items": ["1"], "k": True}, "k must be"),
        ({"items": ["1"], "k": 3.0}, "k must be"),
        ({"items": ["1"], "k": -3}, "k must be"),
        ({"items": ["1"], "k": None}, "k must be"),
        ({"items": ["1"], "k": 10**400}, "k must be"),
        ({"items": ["1"], "seen": True}, "seen must be"),
        ({"items": ["1"], "seen": ["keep"]}, "seen must be"),
        ({"items": ["1"], "out": "/tmp/x"}, "unknown parameter 'out'"),
        ({"users": [str(user) for user in range(501)], "k": 100}, f"at most {MAX_LISTED}"),
    ],
)
def test_a_wrong_body_is_refused(content: object, message: str) -> None:
    with pytest.raises(Refused, match=message) as refused:
        in_body(content)
    assert refused.value.status == 422


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"items": ["1"], "k": NaN}',
        b'{"items": ["1"], "k": 1e999}',
        b'{"items": ["1"], "items": ["2"]}',
        b'{"items": ["1"], "k": ' + b"9" * 5_000 + b"}",
        b'{"items": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"items": ' + b"[" * 20 + b"]" * 20 + b"}",
        b"{" + b",".join(b'"%d": 0' % (number % 5_000) for number in range(5_001)) + b"}",
    ],
)
def test_a_body_that_is_not_the_expected_json_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="not the JSON") as refused:
        question_in_body(body, LIMITS)
    assert refused.value.status == 400


def question_or_status(parse: Callable[[], Question]) -> Question | int:
    try:
        return parse()
    except Refused as refused:
        return refused.status


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
KEYS = st.sampled_from(["items", "users", "k", "seen", "other"])


@given(st.dictionaries(KEYS, JSON) | JSON)
def test_any_json_gives_a_question_or_a_refusal(content: Any) -> None:
    asked = question_or_status(lambda: in_body(content))
    if isinstance(asked, Question):
        assert asked.ids == list(dict.fromkeys(content[asked.key]))
    else:
        assert asked in (400, 422)


@given(st.binary())
def test_any_bytes_are_refused(data: bytes) -> None:
    for parse in (
        lambda: question_in_query(data, "user", LIMITS, seen=True),
        lambda: question_in_body(data, LIMITS),
    ):
        assert question_or_status(parse) in (400, 422)
