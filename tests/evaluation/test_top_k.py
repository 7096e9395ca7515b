"""The best items of every user, compared with sorting in numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from builders import CPU
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import NonFiniteError
from graphrec_cli.evaluation.exact_ranks.norm_order import ordered_by_norm
from graphrec_cli.evaluation.exact_ranks.ranks import HeldOutPairs, RankingRules, rank_held_out
from graphrec_cli.evaluation.top_k import TopFinder, TopItems, top_k


class Table:
    """Scores from a fixed table; records how many users are requested per call."""

    def __init__(self, scores: Sequence[Sequence[float]] | Tensor) -> None:
        self.scores = torch.as_tensor(scores)
        self.batches: list[int] = []

    def score_users(self, user_index: Tensor) -> Tensor:
        """Rows of the table."""
        self.batches.append(len(user_index))
        return self.scores[user_index]


def pairs(has: NDArray[np.bool_]) -> UserItems:
    """The pairs where a boolean table is true."""
    users, items = np.nonzero(has)
    return UserItems.from_pairs(users, items, num_users=has.shape[0], num_items=has.shape[1])


def lists(top: TopItems) -> list[list[int]]:
    """The items of every user."""
    return [part.tolist() for part in np.split(top.item_index, np.cumsum(top.length)[:-1])]


@st.composite
def tables(draw: st.DrawFn) -> tuple[Tensor, NDArray[np.bool_], NDArray[np.int64]]:
    """Scores with few distinct values, the masked pairs and the degrees of the items."""
    shape = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    distinct = draw(st.sampled_from([1, 2, 3, 50]))
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    scores = torch.as_tensor(rng.integers(-distinct, distinct, size=shape) / 4, dtype=dtype)
    masked = rng.random(shape) < draw(st.sampled_from([0.0, 0.3, 0.9]))
    degree = rng.integers(1, draw(st.sampled_from([2, 4, 100])), size=shape[1])
    degree[rng.random(shape[1]) < draw(st.sampled_from([0.5, 0.0]))] = 0
    return scores, masked, degree


@pytest.mark.slow
@settings(max_examples=150)
@given(tables(), st.integers(1, 15), st.integers(0, 1000))
def test_agrees_with_sorting_every_users_candidates(
    table: tuple[Tensor, NDArray[np.bool_], NDArray[np.int64]], k: int, seed: int
) -> None:
    scores, masked, degree = table
    users = np.random.default_rng(seed).integers(0, len(scores), size=9)
    expected = []
    for user in users:
        items = [i for i in range(len(degree)) if degree[i] and not masked[user, i]]
        items.sort(key=lambda i: (-scores[user, i].item(), -degree[i], i))
        expected.append(items[:k])
    # The masked pairs are given in two overlapping parts.
    parts = [pairs(masked), pairs(masked & (scores.numpy() > 0))]
    for chunk_users in (1, 7, None):
        top = top_k(
            Table(scores), users, k=k, item_degree=degree, masked=parts, chunk_users=chunk_users
        )
        assert lists(top) == expected
        assert top.score.dtype == scores.numpy().dtype
        owners = np.repeat(users, top.length)
        assert (top.score == scores.numpy()[owners, top.item_index]).all()


class SameForAll(Table):
    """The first row of a table for every user."""

    def item_scores(self) -> Tensor:
        """The scores of the items."""
        return self.scores[0]


@settings(max_examples=30)
@given(tables(), st.integers(1, 15), st.integers(0, 1000))
def test_equal_scores_for_all_users_give_the_lists_that_rows_of_them_give(
    table: tuple[Tensor, NDArray[np.bool_], NDArray[np.int64]], k: int, seed: int
) -> None:
    scores, masked, degree = table
    users = np.random.default_rng(seed).integers(0, len(scores), size=9)
    parts = [pairs(masked), pairs(masked & (scores.numpy() > 0))]
    by_row, by_item = (
        top_k(scorer, users, k=k, item_degree=degree, masked=parts)
        for scorer in (Table(scores[:1].expand(len(scores), -1)), SameForAll(scores))
    )
    assert lists(by_item) == lists(by_row)
    assert by_item.length.tolist() == by_row.length.tolist()
    assert (by_item.score == by_row.score).all()
    assert by_item.score.dtype == by_row.score.dtype


def test_an_equal_score_that_is_not_finite_is_refused() -> None:
    with pytest.raises(NonFiniteError, match="the score of item index 1 is NaN or infinite"):
        top_k(
            SameForAll([[1.0, float("nan")]]),
            np.array([0]),
            k=1,
            item_degree=np.ones(2, dtype=np.int64),
            masked=[],
        )


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1))
def test_a_held_out_item_is_at_its_rank(seed: int) -> None:
    rng = np.random.default_rng(seed)
    part = rng.choice(4, size=(20, 15), p=[0.4, 0.3, 0.1, 0.2])
    train, valid, test = (pairs(part == number) for number in (1, 2, 3))
    scorer = Table(torch.from_numpy(rng.permuted(np.arange(300.0)).reshape(20, 15)))
    ranks = rank_held_out(
        scorer, HeldOutPairs(held_out=test, train=train, masked=[valid]), RankingRules(tie_seed=0)
    )
    degree = train.item_degree
    top = top_k(scorer, np.arange(20), k=15, item_degree=degree, masked=[train, valid])
    first = np.cumsum(top.length) - top.length
    assert (top.item_index[first[ranks.user_index] + ranks.rank] == ranks.item_index).all()


def test_ties_are_ordered_by_popularity_then_item_index() -> None:
    scores, degree = [[1.0, 3.0, 2.0, 2.0, 3.0, 2.0]], np.array([9, 1, 4, 4, 2, 5])
    for k, expected in ((1, [4]), (2, [4, 1]), (3, [4, 1, 5]), (4, [4, 1, 5, 2])):
        top = top_k(Table(scores), np.array([0]), k=k, item_degree=degree, masked=[])
        assert lists(top) == [expected]


def test_users_come_in_chunks_and_in_the_order_given() -> None:
    table = Table(torch.eye(5))
    users = np.array([4, 0, 2])
    top = top_k(table, users, k=1, item_degree=np.ones(5, dtype=np.int64), masked=[], chunk_users=2)
    assert lists(top) == [[4], [0], [2]]
    assert table.batches == [2, 1]


def test_a_user_may_have_nothing_left() -> None:
    top = top_k(
        Table([[1.0, 2.0], [1.0, 2.0]]),
        np.array([0, 1]),
        k=2,
        item_degree=np.array([3, 0]),
        masked=[pairs(np.array([[True, False], [False, False]]))],
    )
    assert top.length.tolist() == [0, 1]
    assert top.item_index.tolist() == [0]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_score_that_is_not_finite_is_refused_even_where_it_is_masked(bad: float) -> None:
    masked = [pairs(np.array([[False, False], [True, False]]))]
    with pytest.raises(NonFiniteError, match="a score of user index 1 is NaN or infinite"):
        top_k(
            Table([[1.0, 2.0], [bad, 1.0]]),
            np.array([0, 1]),
            k=1,
            item_degree=np.ones(2, dtype=np.int64),
            masked=masked,
        )


def test_a_finder_of_another_k_finds_what_a_new_one_finds() -> None:
    rng = np.random.default_rng(0)
    tables = rng.integers(-2, 3, size=(25, 3)), rng.integers(-2, 3, size=(3, 40))
    scorer = Product(*(torch.from_numpy(table.astype(np.float32)) for table in tables))
    masked, degree = [pairs(rng.random((25, 40)) < 0.3)], rng.integers(0, 3, size=40)
    finder = TopFinder(scorer, k=1, item_degree=degree, masked=masked, device=CPU)
    for k in (5, 1, 39, 40, 100, 2):
        new = top_k(scorer, np.arange(25), k=k, item_degree=degree, masked=masked)
        assert lists(finder.for_k(k).find(np.arange(25))) == lists(new)


@pytest.mark.gpu
def test_the_same_lists_on_a_gpu() -> None:
    rng = np.random.default_rng(0)
    scores = torch.from_numpy(rng.integers(0, 40, size=(300, 200)) / 4)
    degree, masked = rng.integers(0, 9, size=200), [pairs(rng.random((300, 200)) < 0.3)]
    on_cpu, on_gpu = (
        top_k(
            Table(scores.to(device)),
            np.arange(300),
            k=20,
            item_degree=degree,
            masked=masked,
            device=device,
        )
        for device in ("cpu", "cuda")
    )
    assert lists(on_gpu) == lists(on_cpu)
    assert (on_gpu.score == on_cpu.score).all()


def test_only_candidates_are_listed() -> None:
    table = Table([[5.0, 4.0, 3.0, 2.0], [1.0, 2.0, 3.0, 4.0]])
    masked = pairs(np.array([[False, False, True, False], [False] * 4]))
    top = top_k(
        table,
        np.array([0, 1]),
        k=3,
        item_degree=np.array([1, 0, 1, 1]),
        masked=[masked],
        candidate=np.array([False, True, True, True]),
    )
    assert lists(top) == [[3], [3, 2]]


class Product:
    """Scores that are products of two tables."""

    def __init__(self, users: Tensor, items: Tensor) -> None:
        self.users, self.items = users, items

    def score_users(self, user_index: Tensor) -> Tensor:
        """Products of the users' rows with all items."""
        return self.users[user_index] @ self.items

    def product_tables(self) -> tuple[Tensor, Tensor]:
        """Both tables."""
        return self.users, self.items


def note_widths(finder: TopFinder, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of columns of each chunk that is scored from now on."""
    widths: list[int] = []
    rows = finder.scores.rows

    def noted(chunk: NDArray[np.int64], width: int | None = None) -> Tensor:
        widths.append(len(finder.scores.order) if width is None else width)
        return rows(chunk, width)

    monkeypatch.setattr(finder.scores, "rows", noted)
    return widths


@pytest.mark.parametrize("k", [1, 4, 60])
def test_items_that_a_bound_leaves_out_are_in_no_list(
    k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(k)
    for spread in (0, 1, 3):
        # Whole numbers, so that products are exact in any order of items and ties are many.
        items = rng.integers(-2, 3, size=(4, 90)) * rng.integers(1, 2 + spread, size=90) ** spread
        users = rng.integers(-3, 4, size=(25, 4))
        users[0] = 0
        scorer = Product(*(torch.from_numpy(t.astype(np.float32)) for t in (users, items)))
        masked, degree = [pairs(rng.random((25, 90)) < 0.3)], rng.integers(0, 5, size=90)
        expected = top_k(scorer, np.arange(25), k=k, item_degree=degree, masked=masked)
        ordered = ordered_by_norm(scorer)
        finder = TopFinder(ordered, k=k, item_degree=degree, masked=masked, device=CPU)
        widths = note_widths(finder, monkeypatch)
        for size in (7, None, 1):
            order = rng.permutation(25)
            widths.clear()
            found = finder.find(order, size)
            assert lists(found) == [lists(expected)[user] for user in order]
            back = top_k(scorer, order, k=k, item_degree=degree, masked=masked)
            assert (found.score == back.score).all()
        # User by user: a first look at each, then only as many columns as it needs; but all at once
        # if k is large.
        assert len(widths) == (50 if k < 60 else 25)
        assert spread < 3 or (min(widths[25:], default=90) < 45) is (k < 60)


@pytest.mark.gpu
def test_the_same_lists_by_norm_on_a_gpu() -> None:
    rng = np.random.default_rng(0)
    tables = rng.integers(-3, 4, size=(300, 8)), rng.integers(-3, 4, size=(8, 900)) ** 3
    degree, masked = rng.integers(0, 9, size=900), [pairs(rng.random((300, 900)) < 0.3)]
    on_cpu, on_gpu = (
        TopFinder(
            ordered_by_norm(
                Product(*(torch.from_numpy(t.astype(np.float32)).to(device) for t in tables))
            ),
            k=20,
            item_degree=degree,
            masked=masked,
            device=torch.device(device),
        ).find(np.arange(300), 64)
        for device in ("cpu", "cuda")
    )
    assert lists(on_gpu) == lists(on_cpu)
    assert (on_gpu.score == on_cpu.score).all()
