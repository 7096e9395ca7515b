"""Weights on their way from rows to the pairs of a split."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.dataset import Duplicates, KCoreConfig
from graphrec_cli.config.split import RatioConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions, RawTable, UserItems
from graphrec_cli.data.preprocess import preprocess
from graphrec_cli.data.splits.ratio import ratio_split
from graphrec_cli.errors import DataError

Row = tuple[str, str, int, int, int, int]  # user, item, rating, time, weight, signal
ROWS = st.lists(
    st.tuples(
        st.sampled_from("uv"),
        st.sampled_from("pqr"),
        st.integers(1, 2),
        st.integers(0, 2),
        st.integers(1, 9),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=12,
)


def table_of(rows: list[Row]) -> RawTable:
    users, items, ratings, times, weights, signals = zip(*rows, strict=True)
    return RawTable(
        user_id=np.array(users),
        item_id=np.array(items),
        rating=np.array(ratings, dtype=np.float32),
        timestamp=np.array(times, dtype=np.int64),
        signal=np.array(signals, dtype=np.int8),
        signal_names=("strong", "weak"),
        weight=np.array(weights, dtype=np.float32),
    )


def pairs_of(rows: list[Row], policy: Duplicates, k_core: KCoreConfig) -> Interactions:
    table = table_of(rows)
    return preprocess(
        table, rating_threshold=None, k_core=k_core, funnel=Funnel(len(rows)), duplicates=policy
    )


def weights_by_id(pairs: Interactions, part: UserItems | None = None) -> dict[str, float]:
    users = pairs.user_index if part is None else part.user_index()
    items = pairs.item_index if part is None else part.item_index
    weight = pairs.weight if part is None else part.weight
    assert weight is not None
    ids = zip(pairs.users.ids[users], pairs.items.ids[items], strict=True)
    return {f"{user}{item}": float(each) for (user, item), each in zip(ids, weight, strict=True)}


def by_hand(rows: list[Row], policy: Duplicates) -> dict[str, float]:
    """The same by a loop over the rows of each pair."""
    order = {
        Duplicates.latest: lambda row: (row[3], row[2], row[4]),
        Duplicates.count: lambda row: (row[3], row[4]),
        Duplicates.earliest: lambda row: (-row[3], row[2], row[4]),
        Duplicates.highest: lambda row: (row[2], row[3], row[4]),
    }
    found = {}
    for pair in {row[0] + row[1] for row in rows}:
        of_pair = [row for row in rows if row[0] + row[1] == pair]
        strongest = [row for row in of_pair if row[5] == min(row[5] for row in of_pair)]
        if policy is Duplicates.sum:
            found[pair] = float(sum(row[4] for row in strongest))
        else:
            found[pair] = float(max(strongest, key=order[policy])[4])
    return found


NO_K_CORE = KCoreConfig(min_user_interactions=1, min_item_interactions=1)


@pytest.mark.parametrize("policy", [each for each in Duplicates if each is not Duplicates.first])
@given(rows=ROWS, seed=st.integers(0, 99))
def test_a_pair_has_the_weight_of_the_row_that_stands_for_it(
    policy: Duplicates, rows: list[Row], seed: int
) -> None:
    expected = by_hand(rows, policy)
    for order in (rows, random.Random(seed).sample(rows, len(rows))):
        assert weights_by_id(pairs_of(order, policy, NO_K_CORE)) == expected


def test_sums_of_weights_need_no_ratings() -> None:
    table = RawTable(
        user_id=np.array(["u", "u"]),
        item_id=np.array(["p", "p"]),
        rating=np.full(2, np.nan, dtype=np.float32),
        timestamp=None,
        signal=np.zeros(2, dtype=np.int8),
        signal_names=("interaction",),
        weight=np.array([2, 3e38], dtype=np.float32),
    )
    pairs = preprocess(
        table,
        rating_threshold=None,
        k_core=NO_K_CORE,
        funnel=Funnel(2),
        duplicates=Duplicates.sum,
    )
    assert weights_by_id(pairs) == {"up": float(np.float32(3e38))}
    assert table.weight is not None
    table.weight[0] = 3e38
    with pytest.raises(DataError, match=r"^the weights of a pair add up to more than a float32"):
        preprocess(
            table,
            rating_threshold=None,
            k_core=NO_K_CORE,
            funnel=Funnel(2),
            duplicates=Duplicates.sum,
        )


def test_weights_follow_their_pairs_through_a_k_core_and_a_split() -> None:
    rows: list[Row] = [
        (f"u{user}", f"i{item}", 1, 0, 10 * user + item + 1, 0)
        for user in range(6)
        for item in range(9 if user else 1)
    ]
    core = KCoreConfig(min_user_interactions=2, min_item_interactions=2)
    pairs = pairs_of(random.Random(0).sample(rows, len(rows)), Duplicates.latest, core)
    expected = {row[0] + row[1]: float(row[4]) for row in rows if row[0] != "u0"}
    assert weights_by_id(pairs) == expected
    rng = np.random.default_rng(0)
    split = ratio_split(pairs, RatioConfig(), rng=rng, funnel=Funnel(len(pairs)))
    parts = [weights_by_id(pairs, part) for part in split.parts().values()]
    assert {name: weight for part in parts for name, weight in part.items()} == expected


@pytest.mark.parametrize("weight", [[1.0], [1.0, 0.0], [1.0, np.inf], [np.nan, 1.0]])
def test_weights_that_are_no_weights_are_refused(weight: list[float]) -> None:
    sound = UserItems(np.array([0, 2]), np.array([0, 1], dtype=np.int32), 2)
    sound.check()
    with pytest.raises(ValueError, match="weight must"):
        UserItems(
            sound.indptr, sound.item_index, 2, weight=np.array(weight, dtype=np.float32)
        ).check()
