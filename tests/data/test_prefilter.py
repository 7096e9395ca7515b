"""The prefilter: an earlier threshold and k-core, as the published notebook does it in pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.dataset import (
    KCoreConfig,
    KCoreMode,
    PrefilterConfig,
    PrefilterKCoreConfig,
)
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions, RawTable
from graphrec_cli.data.preprocess import preprocess
from graphrec_cli.errors import DataError

Row = tuple[int, int, int]  # user_id, item_id, rating
IDS = st.integers(0, 5)
ALL = KCoreConfig(min_user_interactions=1, min_item_interactions=1)


def run(
    rows: list[Row], prefilter: PrefilterConfig, k_core: KCoreConfig, funnel: Funnel
) -> Interactions:
    """The rows rated 7 or more, their numbers as timestamps."""
    user, item, rating = np.array(rows, dtype=np.int64).T
    table = RawTable(
        user_id=user,
        item_id=item,
        rating=rating.astype(np.float32),
        timestamp=np.arange(len(rows), dtype=np.int64),
        signal=np.zeros(len(rows), dtype=np.int8),
        signal_names=("rating",),
    )
    return preprocess(
        table, rating_threshold=7.0, k_core=k_core, funnel=funnel, prefilter=prefilter
    )


def source_rows(result: Interactions) -> list[int]:
    assert result.timestamp is not None
    return [int(row) for row in result.timestamp]


@given(
    ratings=st.dictionaries(st.tuples(IDS, IDS), st.integers(0, 10), min_size=1, max_size=30),
    minimum=st.integers(1, 3),
)
def test_two_stages_of_one_pass_each_as_in_the_notebook(
    ratings: dict[tuple[int, int], int], minimum: int
) -> None:
    rows = [(user, item, rating) for (user, item), rating in ratings.items()]
    frame = pd.DataFrame(rows, columns=["user", "item", "rating"])
    for threshold in (1, 7):
        frame = frame[frame["rating"] >= threshold]
        for column in ("user", "item"):
            counts = frame[column].value_counts()
            frame = frame[frame[column].isin(counts[counts >= minimum].index)]

    one_pass, funnel = KCoreMode.one_pass, Funnel(len(rows))
    first = PrefilterKCoreConfig(
        mode=one_pass, min_user_interactions=minimum, min_item_interactions=minimum
    )
    second = KCoreConfig(
        mode=one_pass, min_user_interactions=minimum, min_item_interactions=minimum
    )
    prefilter = PrefilterConfig(rating_threshold=1.0, k_core=first)
    if frame.empty:
        with pytest.raises(DataError, match=r"; lower dataset\."):
            run(rows, prefilter, second, funnel)
    else:
        assert source_rows(run(rows, prefilter, second, funnel)) == frame.index.tolist()
    assert funnel.rows_left == len(frame)


def test_it_has_stages_of_its_own_and_counts_a_pair_once() -> None:
    funnel = Funnel(4)
    rows = [(1, 1, 0), (1, 2, 5), (1, 2, 8), (2, 2, 9)]
    core = PrefilterKCoreConfig(min_item_interactions=2)
    result = run(rows, PrefilterConfig(rating_threshold=1.0, k_core=core), ALL, funnel)
    # Both rows of a pair stay: the one that reaches the later threshold may be the second.
    assert source_rows(result) == [2, 3]
    assert [(step.stage, step.rows_dropped) for step in funnel.steps] == [
        ("prefilter.threshold", 1),
        ("prefilter.k_core", 0),
        ("threshold", 1),
        ("duplicates", 0),
        ("merge", 0),
    ]
    core = PrefilterKCoreConfig(min_item_interactions=3)
    with pytest.raises(DataError, match=r"lower dataset\.prefilter\.k_core\.min_user_interactions"):
        run(rows, PrefilterConfig(k_core=core), ALL, Funnel(4))


def test_a_threshold_that_no_row_reaches_is_named_in_full() -> None:
    with pytest.raises(DataError, match=r"lower dataset\.prefilter\.rating_threshold"):
        run([(1, 1, 8)], PrefilterConfig(rating_threshold=9.0), ALL, Funnel(1))


def test_by_default_it_leaves_no_trace() -> None:
    funnel = Funnel(2)
    result = run([(1, 1, 8), (1, 2, 3)], PrefilterConfig(), ALL, funnel)
    assert source_rows(result) == [0]
    assert [step.stage for step in funnel.steps if "prefilter" in step.stage] == []
