"""K-cores against plain loops and pandas: both modes, and rows that repeat a pair."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphrec_cli.config.dataset import KCoreConfig, KCoreMode
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.k_core import k_core_rows
from graphrec_cli.errors import DataError

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=60)


def codes(pairs: list[tuple[int, int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    user, item = np.array(pairs, dtype=np.int64).T
    return user, item


def run(
    pairs: list[tuple[int, int]], mode: KCoreMode, minimums: tuple[int, int]
) -> tuple[list[int], Funnel]:
    """The kept positions, [] if nothing would be left, and the funnel."""
    config = KCoreConfig(
        mode=mode, min_user_interactions=minimums[0], min_item_interactions=minimums[1]
    )
    funnel = Funnel(len(pairs))
    user, item = codes(pairs)
    left = np.ones(len(pairs), dtype=np.bool_)
    counted = ~pd.DataFrame({"user": user, "item": item}).duplicated().to_numpy()
    try:
        kept = k_core_rows(user, item, left, counted, config, funnel)
    except DataError:
        return [], funnel
    return np.flatnonzero(kept).tolist(), funnel


def one_pass_by_pandas(
    pairs: list[tuple[int, int]], minimums: tuple[int, int]
) -> tuple[list[int], int]:
    """As the Book-Crossing notebook does it, on distinct pairs; positions, and rows of users."""
    frame = pd.DataFrame(pairs, columns=["user", "item"])
    for column, minimum in zip(("user", "item"), minimums, strict=True):
        counts = frame.drop_duplicates()[column].value_counts()
        frame = frame[frame[column].isin(counts[counts >= minimum].index)]
        if column == "user":
            by_user = len(pairs) - len(frame)
    return frame.index.tolist(), by_user


@given(PAIRS, st.tuples(st.integers(1, 4), st.integers(1, 4)))
def test_one_pass_drops_users_once_then_items_once(
    pairs: list[tuple[int, int]], minimums: tuple[int, int]
) -> None:
    kept, funnel = run(pairs, KCoreMode.one_pass, minimums)
    expected, by_user = one_pass_by_pandas(pairs, minimums)
    assert kept == expected
    dropped = (by_user, len(pairs) - by_user - len(expected))
    assert [step.rows_dropped for step in funnel.steps] == [
        rows for rows, minimum in zip(dropped, minimums, strict=True) if minimum > 1
    ]
    assert funnel.rows_left == len(expected)


@given(PAIRS, st.tuples(st.integers(1, 4), st.integers(1, 4)))
def test_the_fixpoint_is_one_pass_again_and_again(
    pairs: list[tuple[int, int]], minimums: tuple[int, int]
) -> None:
    left, before = list(range(len(pairs))), -1
    while len(left) != before and left:
        before = len(left)
        positions, _ = one_pass_by_pandas([pairs[place] for place in left], minimums)
        left = [left[place] for place in positions]
    kept, funnel = run(pairs, KCoreMode.fixpoint, minimums)
    assert kept == left
    assert funnel.rows_left == len(left)


def test_one_pass_leaves_users_that_lost_their_items() -> None:
    pairs = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (2, 2)]
    kept, funnel = run(pairs, KCoreMode.one_pass, (2, 2))
    assert kept == [0, 1, 2, 3, 4]
    assert funnel.to_dict()["notes"] == {
        "k_core_iterations": 1,
        "k_core_users_dropped": 0,
        "k_core_items_dropped": 1,
    }
    assert run(pairs, KCoreMode.fixpoint, (2, 2))[0] == [0, 1, 2, 3]


@pytest.mark.parametrize("mode", list(KCoreMode))
def test_minimums_of_one_keep_everything(mode: KCoreMode) -> None:
    kept, funnel = run([(0, 0), (0, 0), (1, 2)], mode, (1, 1))
    assert kept == [0, 1, 2]
    assert funnel.to_dict() == Funnel(3).to_dict()


@pytest.mark.parametrize(("minimums", "name"), [((2, 1), "user"), ((1, 2), "item")])
def test_a_minimum_of_one_is_no_cause(minimums: tuple[int, int], name: str) -> None:
    _, funnel = run([(0, 0), (0, 1), (1, 0)], KCoreMode.fixpoint, minimums)
    assert [step.cause for step in funnel.steps] == [f"{name} with fewer than 2 interactions"]
