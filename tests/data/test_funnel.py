from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.data.funnel import Funnel
from graphrec_cli.errors import DataError


def test_accounts_for_every_step_in_order() -> None:
    funnel = Funnel(12)
    funnel.drop("threshold", "rating below 4", 5)
    funnel.drop("duplicates", "duplicate of the same signal", 0)
    funnel.note("users_only_in_train", 3)
    funnel.note("users_only_in_train", 2)

    assert funnel.to_dict() == {
        "rows_read": 12,
        "steps": [
            {"stage": "threshold", "cause": "rating below 4", "rows_dropped": 5, "rows_left": 7},
            {
                "stage": "duplicates",
                "cause": "duplicate of the same signal",
                "rows_dropped": 0,
                "rows_left": 7,
            },
        ],
        "rows_left": 7,
        "notes": {"users_only_in_train": 2},
    }


@given(st.integers(0, 1000), st.lists(st.integers(0, 50), max_size=20))
def test_rows_read_are_rows_dropped_plus_rows_left(slack: int, drops: list[int]) -> None:
    funnel = Funnel(slack + sum(drops))
    for number, rows in enumerate(drops):
        funnel.drop("stage", f"cause {number}", rows)
    assert funnel.rows_left == slack
    funnel.check(slack)
    with pytest.raises(DataError, match="does not add up"):
        funnel.check(slack + 1)


@pytest.mark.parametrize("rows", [-1, 4])
def test_refuses_what_cannot_be_dropped(rows: int) -> None:
    funnel = Funnel(3)
    with pytest.raises(DataError, match=f"cannot drop {rows} rows at stage"):
        funnel.drop("stage", "cause", rows)
    assert funnel.rows_left == 3


def test_what_it_returns_is_a_copy_fit_for_json() -> None:
    funnel = Funnel(3)
    funnel.drop("stage", "cause", 1)
    before = json.dumps(funnel.to_dict())
    steps = funnel.to_dict()["steps"]
    assert isinstance(steps, list)
    steps[0]["rows_dropped"] = 99
    steps.clear()
    assert json.dumps(funnel.to_dict()) == before
