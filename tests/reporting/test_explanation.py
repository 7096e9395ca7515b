"""An explained score as text, CSV, JSON and a picture, whatever ids and titles hold."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec_cli.reporting.explanation import (
    Contribution,
    Explanation,
    Paths,
    explanation_csv,
    explanation_json,
    explanation_text,
)
from graphrec_cli.reporting.explanation_plot import draw_explanation

TEXTS = st.text(max_size=100)
NUMBERS = st.floats(-1e6, 1e6)


@settings(max_examples=15)
@given(
    st.lists(st.tuples(TEXTS, st.none() | TEXTS, NUMBERS, NUMBERS), min_size=1, max_size=3),
    st.tuples(TEXTS, TEXTS, NUMBERS, st.integers(1, 10**9), st.integers(0, 10**6)),
    st.sampled_from([None, "train", "valid", "test"]),
    st.booleans(),
)
def test_every_form_keeps_what_it_is_given(
    drawn: list[tuple[str, str | None, float, float]],
    other: tuple[str, str, float, int, int],
    part: str | None,
    has_graph: bool,
) -> None:
    user_id, item_id, score, rank, more = other
    explanation = Explanation(
        user_id=user_id,
        item_id=item_id,
        title=drawn[0][1],
        model="lightgcn",
        score=score,
        rank=rank,
        candidates=rank,
        part=part,
        fixed={"own": score, "user_bias": -score} if has_graph else {},
        contributions=[
            Contribution(
                item_id=item,
                title=title,
                value=value,
                change_without=change if has_graph else None,
                paths=Paths(
                    own=value, users=[(user_id, change)], other_users=more, of_other_users=score
                )
                if has_graph and part
                else None,
            )
            for item, title, value, change in drawn
        ],
        other_items=more,
        of_other_items=score,
    )
    lines = explanation_text(explanation).splitlines()
    assert all(line.isprintable() for line in lines)
    assert max(map(len, lines)) <= 80

    content = json.loads(explanation_json(explanation))
    assert [each["item_id"] for each in content["contributions"]] == [
        each.item_id for each in explanation.contributions
    ]
    rows = list(csv.DictReader(io.StringIO(explanation_csv(explanation), newline=""), strict=True))
    items = [row for row in rows if row["term"] == "item"]
    assert [(row["item_id"], row["title"]) for row in items] == [
        (each.item_id, each.title or "") for each in explanation.contributions
    ]
    added = [each.value for each in explanation.contributions]
    added += [explanation.of_other_items] * bool(explanation.other_items)
    added += explanation.fixed.values()
    assert [float(row["contribution"]) for row in rows] == added


def test_numbers_have_five_digits_of_the_largest() -> None:
    each = Contribution(
        item_id="7", title="Seven", value=0.00123456, change_without=None, paths=None
    )
    explanation = Explanation(
        user_id="1",
        item_id="2",
        title=None,
        model="ease",
        score=0.0123456,
        rank=3,
        candidates=1234,
        part=None,
        fixed={},
        contributions=[each],
        other_items=1,
        of_other_items=0.0111110,
    )
    assert explanation_text(explanation).splitlines() == [
        "user 1, item 2: score 0.012346",
        "rank 3 of 1,234 items; the user is not known to have it",
        "",
        "     adds  item_id  train item",
        "---------  -------  -----------------",
        "+0.001235        7  Seven",
        "+0.011111           1 more train item",
        " 0.012346           score of ease",
    ]


@pytest.mark.slow
def test_a_picture_takes_any_title(tmp_path: Path) -> None:
    titles = ["$\\frac{1}$ costs $5", "\u96ea\u56fd", "a\x1b[31mb\nc", "", "x" * 300]
    contributions = [
        Contribution(item_id=str(n), title=title, value=n - 1.5, change_without=None, paths=None)
        for n, title in enumerate(titles * 20)
    ]
    explanation = Explanation(
        user_id="\u96ea" * 50,
        item_id="2",
        title="$x",
        model="ease",
        score=0.0,
        rank=1,
        candidates=1,
        part=None,
        fixed={"own": 0.0},
        contributions=contributions,
        other_items=0,
        of_other_items=0.0,
    )
    draw_explanation(explanation, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
