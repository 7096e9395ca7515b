"""Figures of lists, against loops over users and pairs, and against values computed by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphrec_cli.evaluation.list_figures import ListFigures, gini


def rows(sets: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Attribute sets in compressed rows."""
    indptr = np.cumsum([0, *map(len, sets)])
    return indptr, np.array([a for one in sets for a in sorted(one)], dtype=np.int32)


def figures(
    lists: Sequence[Sequence[int]],
    degree: Sequence[int],
    *,
    num_users: int,
    ks: Sequence[int],
    sets: Sequence[Sequence[int]] | None = None,
    block: int | None = None,
) -> dict[str, float]:
    found = ListFigures(
        item_degree=np.array(degree, dtype=np.int64),
        num_users=num_users,
        ks=ks,
        attributes=None if sets is None else rows(sets),
    )
    size = block or max(len(lists), 1)
    for start in range(0, len(lists), size):
        some = lists[start : start + size]
        items = np.array([item for one in some for item in one], dtype=np.int64)
        found.add(np.array([len(one) for one in some], dtype=np.int64), items)
    return found.result()


def test_figures_computed_by_hand() -> None:
    # Item 3 has no train interaction, so the catalog is three items.
    found = figures(
        [[0, 1], [0, 2], [0]],
        [4, 2, 1, 0],
        num_users=4,
        ks=[1, 2],
        sets=[[0, 1], [1], [], [0]],
    )
    assert found == pytest.approx(
        {
            "coverage@1": 1 / 3,
            "gini@1": 2 / 3,
            "popularity@1": 4.0,
            # Two items are below and itself is half.
            "popularity_percentile@1": 2.5 / 3,
            "novelty@1": 0.0,
            "coverage@2": 1.0,
            # Counts 1, 1, 3: (2 * (1 + 2 + 9) - 4 * 5) / (3 * 5).
            "gini@2": 4 / 15,
            "popularity@2": ((4 + 2) / 2 + (4 + 1) / 2 + 4) / 3,
            "popularity_percentile@2": ((2.5 + 1.5) / 2 + (2.5 + 0.5) / 2 + 2.5) / 3 / 3,
            "novelty@2": ((0 + 1) / 2 + (0 + 2) / 2 + 0) / 3,
            # Only the first list has two items with attributes: {0, 1} and {1}.
            "diversity@2": 1 - 1 / math.sqrt(2),
        },
        abs=1e-12,
    )


def test_equal_counts_have_gini_0_and_one_item_alone_the_largest() -> None:
    assert gini(np.full(7, 3)) == 0
    assert gini(np.array([0, 0, 0, 9])) == pytest.approx(1 - 1 / 4)


def test_equal_attribute_sets_have_no_diversity_and_disjoint_ones_have_all_of_it() -> None:
    degree, sets = [1] * 5, [[0, 1, 2], [0, 1, 2], [0, 1, 2], [3], [4, 5]]
    same = figures([[0, 1, 2]], degree, num_users=1, ks=[3], sets=sets)
    other = figures([[0, 3, 4]], degree, num_users=1, ks=[3], sets=sets)
    assert same["diversity@3"] == pytest.approx(0, abs=1e-12)
    assert other["diversity@3"] == pytest.approx(1)


def test_without_lists_or_attributes_there_are_no_such_figures() -> None:
    assert figures([], [1, 1], num_users=1, ks=[2]) == {}
    assert figures([[]], [1, 1], num_users=1, ks=[2], sets=[[0], [0]]) == {}
    assert "diversity@2" not in figures([[0, 1]], [1, 1], num_users=1, ks=[2])
    alone = figures([[0, 1]], [1, 1], num_users=1, ks=[2], sets=[[0], []])
    assert "diversity@2" not in alone
    assert "diversity@1" not in figures([[0]], [1, 1], num_users=1, ks=[1], sets=[[0], [0]])


Case = tuple[list[list[int]], list[int], list[list[int]]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Lists of items with a train interaction, the items' degrees and their attributes."""
    num_items = draw(st.integers(2, 9))
    degree = draw(st.lists(st.integers(0, 6), min_size=num_items, max_size=num_items))
    degree[0] = max(degree[0], 1)
    catalog = [item for item in range(num_items) if degree[item]]
    one = st.lists(st.sampled_from(catalog), unique=True, max_size=5)
    lists = draw(st.lists(one, min_size=1, max_size=6))
    attribute = st.lists(st.integers(0, 4), unique=True, max_size=3)
    return lists, degree, draw(st.lists(attribute, min_size=num_items, max_size=num_items))


@settings(max_examples=40)
@given(cases(), st.integers(1, 3))
def test_agrees_with_loops_over_users_and_pairs(case: Case, block: int) -> None:
    lists, degree, sets = case
    ks, num_users = [1, 3, 5], max(degree) + 2
    found = figures(lists, degree, num_users=num_users, ks=ks, sets=sets, block=block)
    assert found == pytest.approx(
        figures(lists, degree, num_users=num_users, ks=ks, sets=sets), abs=1e-12
    )
    catalog = [item for item in range(len(degree)) if degree[item]]
    expected: dict[str, float] = {}
    for k in ks:
        heads = [one[:k] for one in lists if one]
        if not heads:
            continue
        times = [sum(one.count(item) for one in heads) for item in catalog]
        number, total = len(catalog), sum(times)
        # The mean absolute difference of two counts, relative to twice their mean.
        differences = sum(abs(a - b) for a in times for b in times)
        expected[f"coverage@{k}"] = sum(map(bool, times)) / number
        expected[f"gini@{k}"] = differences / (2 * number * total)
        values = {
            "popularity": [float(one) for one in degree],
            "popularity_percentile": [
                sum((degree[other] < one) + (degree[other] == one) / 2 for other in catalog)
                / number
                for one in degree
            ],
            "novelty": [-math.log2(one / num_users) if one else 0.0 for one in degree],
        }
        for name, value in values.items():
            means = [np.mean([value[item] for item in one]) for one in heads]
            expected[f"{name}@{k}"] = float(np.mean(means))
        distances = []
        for one in heads:
            known = [set(sets[item]) for item in one if sets[item]]
            pairs = [1 - len(a & b) / math.sqrt(len(a) * len(b)) for a, b in combinations(known, 2)]
            if pairs:
                distances.append(np.mean(pairs))
        if distances:
            expected[f"diversity@{k}"] = float(np.mean(distances))
    assert found == pytest.approx(expected, abs=1e-12)
