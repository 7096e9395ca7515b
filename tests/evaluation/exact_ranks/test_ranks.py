from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.config.evaluation import ColdItems, MapDenominator, Ties
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import DataError, NonFiniteError
from graphrec_cli.evaluation.exact_ranks.ranks import (
    HeldOutPairs,
    HeldOutRanks,
    RankingRules,
    rank_held_out,
)
from graphrec_cli.evaluation.exact_ranks.tie_order import tie_hash, user_tie_keys
from graphrec_cli.evaluation.metrics import MISS, ranking_metrics
from graphrec_cli.evaluation.scorer import Scorer

NOWHERE, TRAIN, VALID, TEST = range(4)
Parts = NDArray[np.int64]


class Table:
    """Scores from a fixed table; records how many users are requested per call."""

    def __init__(self, scores: Sequence[Sequence[float]] | Tensor) -> None:
        self.scores = torch.as_tensor(scores, dtype=torch.float32)
        self.batches: list[int] = []

    def score_users(self, user_index: Tensor) -> Tensor:
        """Rows of the table."""
        self.batches.append(len(user_index))
        return self.scores[user_index]


class Constant:
    """The same score for everything, as an expanded view that must not be written to."""

    def __init__(self, num_items: int) -> None:
        self.num_items = num_items

    def score_users(self, user_index: Tensor) -> Tensor:
        """Ones, expanded from a single value."""
        return torch.ones(1, 1).expand(len(user_index), self.num_items)


def part(parts: Parts, which: int) -> UserItems:
    """The pairs of a table that are in one part of the split."""
    users, items = np.nonzero(parts == which)
    return UserItems.from_pairs(users, items, num_users=parts.shape[0], num_items=parts.shape[1])


def rank_test_part(
    scorer: Scorer,
    parts: Parts,
    *,
    mask_valid: bool = True,
    users: NDArray[np.int64] | None = None,
    ties: Ties = Ties.random,
    cold_items: ColdItems = ColdItems.exclude,
    seed: int = 0,
    chunk_users: int | None = None,
) -> HeldOutRanks:
    """The ranks of a table's test part."""
    return rank_held_out(
        scorer,
        HeldOutPairs(
            held_out=part(parts, TEST),
            train=part(parts, TRAIN),
            masked=[part(parts, VALID)] if mask_valid else [],
            users=users,
        ),
        RankingRules(tie_seed=seed, ties=ties, cold_items=cold_items, chunk_users=chunk_users),
    )


def sorted_ranks(
    parts: Parts, scores: Tensor, *, ties: Ties, seed: int, mask_valid: bool, cold: ColdItems
) -> dict[tuple[int, int], int]:
    """The rank of every held-out pair, by sorting each user's candidates in plain Python."""
    num_users, num_items = parts.shape
    catalog = [item for item in range(num_items) if TRAIN in parts[:, item]]
    hidden = {TRAIN, VALID} if mask_valid else {TRAIN}
    expected: dict[tuple[int, int], int] = {}
    for user in range(num_users):
        if TRAIN not in parts[user]:
            continue
        keys = user_tie_keys(seed, torch.full((num_items,), user))
        hashes = tie_hash(keys, torch.arange(num_items)).tolist()

        def order(
            item: int, user: int = user, hashes: list[int] = hashes
        ) -> tuple[float, bool, int]:
            own = bool(parts[user, item] == TEST)
            behind = {Ties.random: False, Ties.pessimistic: own, Ties.optimistic: not own}[ties]
            return -float(scores[user, item]), behind, hashes[item]

        ranking = sorted((i for i in catalog if parts[user, i] not in hidden), key=order)
        for item in np.flatnonzero(parts[user] == TEST).tolist():
            if item in catalog:
                expected[user, item] = ranking.index(item)
            elif cold is ColdItems.miss:
                expected[user, item] = MISS
    return expected


def as_dict(ranks: HeldOutRanks) -> dict[tuple[int, int], int]:
    """Ranks by pair."""
    pairs = zip(ranks.user_index.tolist(), ranks.item_index.tolist(), strict=True)
    return dict(zip(pairs, ranks.rank.tolist(), strict=True))


@st.composite
def splits(draw: st.DrawFn) -> tuple[Parts, Tensor]:
    """A small split, and scores with few distinct values and so with many ties."""
    num_users, num_items = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    cell = st.sampled_from([NOWHERE, TRAIN, VALID, TEST])
    row = st.lists(cell, min_size=num_items, max_size=num_items)
    parts = draw(st.lists(row, min_size=num_users, max_size=num_users))
    distinct = draw(st.sampled_from([1, 2, 3, 50]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scores = rng.integers(-distinct, distinct, size=(num_users, num_items)) / 4
    return np.array(parts), torch.as_tensor(scores, dtype=torch.float32)


@settings(max_examples=150)
@given(
    split=splits(),
    ties=st.sampled_from(Ties),
    cold=st.sampled_from(ColdItems),
    mask_valid=st.booleans(),
    seed=st.integers(0, 2**63 - 1),
)
def test_agrees_with_sorting_every_users_candidates(
    split: tuple[Parts, Tensor], ties: Ties, cold: ColdItems, mask_valid: bool, seed: int
) -> None:
    parts, scores = split
    expected = sorted_ranks(parts, scores, ties=ties, seed=seed, mask_valid=mask_valid, cold=cold)
    for chunk_users in (1, 7, None):
        got = rank_test_part(
            Table(scores),
            parts,
            mask_valid=mask_valid,
            ties=ties,
            cold_items=cold,
            seed=seed,
            chunk_users=chunk_users,
        )
        assert as_dict(got) == expected
        assert list(as_dict(got)) == sorted(expected)
        for user, item, tied in zip(got.user_index, got.item_index, got.tied, strict=True):
            hidden = [TRAIN, VALID] if mask_valid else [TRAIN]
            open_items = ~np.isin(parts[user], hidden) & (parts == TRAIN).any(0)
            same = open_items & (scores[user] == scores[user, item]).numpy()
            assert tied == (bool(open_items[item]) and same.sum() > 1)


class Dots(Table):
    """Scores that are products of two tables."""

    def __init__(self, users: Tensor, items: Tensor) -> None:
        super().__init__(users @ items)
        self.tables = users, items

    def product_tables(self) -> tuple[Tensor, Tensor]:
        """Both tables."""
        return self.tables


@settings(max_examples=150)
@given(
    split=splits(),
    ties=st.sampled_from(Ties),
    cold=st.sampled_from(ColdItems),
    mask_valid=st.booleans(),
    dim=st.integers(1, 3),
    chunk_users=st.integers(1, 9),
    seed=st.integers(0, 2**32 - 1),
)
def test_products_rank_like_their_scores(
    split: tuple[Parts, Tensor],
    ties: Ties,
    cold: ColdItems,
    mask_valid: bool,
    dim: int,
    chunk_users: int,
    seed: int,
) -> None:
    parts, _ = split
    rng = np.random.default_rng(seed)
    # Small whole numbers, so that products are exact, with many ties and many lengths of items.
    users = torch.from_numpy(rng.integers(-1, 4, size=(parts.shape[0], dim))).float()
    items = torch.from_numpy(rng.integers(-3, 9, size=(dim, parts.shape[1]))).float()
    expected = sorted_ranks(
        parts, users @ items, ties=ties, seed=seed, mask_valid=mask_valid, cold=cold
    )
    scorer = Dots(users, items)
    for chunk in (chunk_users, None):
        got = rank_test_part(
            scorer,
            parts,
            mask_valid=mask_valid,
            ties=ties,
            cold_items=cold,
            seed=seed,
            chunk_users=chunk,
        )
        assert as_dict(got) == expected
    assert scorer.batches == []


class ItemScores(Table):
    """The same row for all users."""

    def item_scores(self) -> Tensor:
        """That row."""
        return self.scores[0]


@settings(max_examples=150)
@given(
    split=splits(),
    ties=st.sampled_from(Ties),
    cold=st.sampled_from(ColdItems),
    mask_valid=st.booleans(),
    seed=st.integers(0, 2**63 - 1),
)
def test_the_same_scores_for_all_users_need_no_rows(
    split: tuple[Parts, Tensor], ties: Ties, cold: ColdItems, mask_valid: bool, seed: int
) -> None:
    parts, scores = split
    scorer = ItemScores(scores[:1].expand(scores.shape))
    expected = sorted_ranks(
        parts, scorer.scores, ties=ties, seed=seed, mask_valid=mask_valid, cold=cold
    )
    got = rank_test_part(
        scorer, parts, mask_valid=mask_valid, ties=ties, cold_items=cold, seed=seed
    )
    by_rows = rank_test_part(
        Table(scorer.scores), parts, mask_valid=mask_valid, ties=ties, cold_items=cold, seed=seed
    )
    assert scorer.batches == []
    assert as_dict(got) == as_dict(by_rows) == expected
    assert got.tied.tolist() == by_rows.tied.tolist()


def test_many_tied_items_are_compared_in_blocks() -> None:
    rng = np.random.default_rng(0)
    parts = rng.choice(4, size=(120, 2_000), p=[0.9, 0.05, 0.02, 0.03])
    scorer = ItemScores(torch.from_numpy(rng.integers(0, 2, 2_000)).float().expand(120, 2_000))
    got, by_rows = (rank_test_part(kind, parts) for kind in (scorer, Table(scorer.scores)))
    assert got.rank.tolist() == by_rows.rank.tolist()


@pytest.mark.slow
@settings(max_examples=100)
@given(split=splits(), seed=st.integers(0, 1000))
def test_random_ties_lie_between_the_extremes_and_own_items_stay_apart(
    split: tuple[Parts, Tensor], seed: int
) -> None:
    parts, scores = split
    ranks = {ties: rank_test_part(Table(scores), parts, ties=ties, seed=seed) for ties in Ties}
    assert (ranks[Ties.optimistic].rank <= ranks[Ties.random].rank).all()
    assert (ranks[Ties.random].rank <= ranks[Ties.pessimistic].rank).all()
    for got in ranks.values():
        places = set(zip(got.user_index.tolist(), got.rank.tolist(), strict=True))
        assert len(places) == len(got.rank)


def test_hand_ranked_users() -> None:
    # Item 4 is cold. User 0: train 0, valid 1, test 2 and 3. User 1: train 1, 2, 3, test 0.
    parts = np.array([[1, 2, 3, 3, 0], [3, 1, 1, 1, 0]])
    scores = [[9.0, 8.0, 1.0, 2.0, 7.0], [5.0, 6.0, 6.0, 6.0, 7.0]]
    got = rank_test_part(Table(scores), parts)
    assert as_dict(got) == {(0, 2): 1, (0, 3): 0, (1, 0): 0}
    assert not got.tied.any()
    unmasked_valid = rank_test_part(Table(scores), parts, mask_valid=False)
    assert as_dict(unmasked_valid) == {(0, 2): 2, (0, 3): 1, (1, 0): 0}


def test_extremes_with_two_own_items_among_four_tied() -> None:
    parts = np.array([[TRAIN, TEST, TEST, NOWHERE, NOWHERE], [TRAIN] * 5])
    for ties, places in ((Ties.optimistic, {0, 1}), (Ties.pessimistic, {2, 3})):
        got = rank_test_part(Constant(5), parts, ties=ties)
        assert set(got.rank.tolist()) == places
        assert got.counts["tie_rate"] == 1.0


def test_left_out_users_and_pairs_are_counted() -> None:
    # Item 3 is cold. Users: 0 fine, 1 without train, 2 all cold, 3 without held-out, 4 half cold.
    parts = np.array([[1, 3, 0, 0], [3, 3, 0, 3], [1, 1, 0, 3], [0, 1, 1, 0], [1, 0, 3, 3]])
    table = Table(torch.zeros(5, 4))
    excluded = rank_test_part(table, parts).counts
    assert excluded.pop("tie_rate") == 1.0
    assert excluded == {
        "users_held_out": 4,
        "pairs_held_out": 7,
        "users_evaluated": 2,
        "pairs_evaluated": 2,
        "users_without_held_out": 1,
        "users_without_train": 1,
        "pairs_without_train": 3,
        "users_all_cold": 1,
        "cold_pairs": 2,
        "catalog_size": 3,
    }
    assert table.batches == [2]
    missed = rank_test_part(table, parts, cold_items=ColdItems.miss)
    assert missed.rank[[1, 3]].tolist() == [MISS, MISS]
    assert missed.counts == {
        **excluded,
        "users_evaluated": 3,
        "pairs_evaluated": 4,
        "users_all_cold": 0,
        "tie_rate": 1.0,
    }


def test_a_subset_of_users_ranks_as_it_does_among_all() -> None:
    rng = np.random.default_rng(5)
    parts = rng.choice(4, size=(40, 30), p=[0.5, 0.3, 0.1, 0.1])
    scores = torch.from_numpy(rng.integers(0, 5, size=(40, 30)))
    users = np.array([31, 2, 17])
    everyone = as_dict(rank_test_part(Table(scores), parts))
    table = Table(scores)
    some = as_dict(rank_test_part(table, parts, users=users, chunk_users=2))
    assert some == {pair: rank for pair, rank in everyone.items() if pair[0] in {2, 17, 31}}
    assert table.batches == [2, 1]


def test_constant_scores_give_a_random_ranking() -> None:
    num_users, num_items, k = 4000, 60, 10
    parts = np.tile(np.array([TRAIN] * 10 + [TEST] + [NOWHERE] * 49), (num_users, 1))
    parts = np.random.default_rng(0).permuted(parts, axis=1)
    got = rank_test_part(Constant(num_items), parts)
    chance = k / 50
    hit = ranking_metrics(got.user_index, got.rank, ks=[k], map_denominator=MapDenominator.min)
    standard_error = (chance * (1 - chance) / num_users) ** 0.5
    assert abs(hit[f"hit@{k}"] - chance) < 4 * standard_error
    # All places have the same probability: chi-square, 49 degrees of freedom, p = 1e-4.
    places = np.bincount(got.rank, minlength=50)
    assert len(places) == 50
    assert ((places - num_users / 50) ** 2 / (num_users / 50)).sum() < 96.2


def test_the_tie_seed_alone_decides_among_equal_scores() -> None:
    parts = np.full((50, 40), NOWHERE)
    parts[:, 0], parts[:, 1], parts[0, 1:] = TRAIN, TEST, TRAIN
    ranks = [rank_test_part(Constant(40), parts, seed=seed).rank.tolist() for seed in (0, 0, 1)]
    assert ranks[0] == ranks[1]
    assert ranks[0] != ranks[2]


def test_a_perfect_scorer_gets_one() -> None:
    rng = np.random.default_rng(1)
    parts = rng.choice(4, size=(30, 50), p=[0.5, 0.3, 0.1, 0.1])
    scores = torch.from_numpy((parts == TEST) + rng.random(parts.shape) / 2)
    got = rank_test_part(Table(scores), parts)
    metrics = ranking_metrics(
        got.user_index, got.rank, ks=[5, 20], map_denominator=MapDenominator.min
    )
    assert metrics["ndcg@5"] == metrics["ndcg@20"] == metrics["mrr"] == metrics["recall@20"] == 1.0


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("place", [0, 2])
def test_a_non_finite_score_ends_the_ranking(bad: float, place: int) -> None:
    # Place 0 is masked for its user: a non-finite score is refused even if it would not count.
    parts = np.array([[1, 3, 0], [1, 3, 1], [0, 1, 0]])
    scores = torch.zeros(3, 3)
    scores[1, place] = bad
    with pytest.raises(NonFiniteError, match="a score of user index 1 is NaN or infinite"):
        rank_test_part(Table(scores), parts)


def test_a_held_out_pair_that_is_masked_too_is_refused() -> None:
    train = part(np.array([[1, 1, 0], [1, 0, 1]]), TRAIN)
    held_out = part(np.array([[3, 0, 3], [0, 3, 0]]), TEST)
    with pytest.raises(DataError, match="user index 0 and item index 0 is also in a masked part"):
        rank_held_out(
            Constant(3), HeldOutPairs(held_out=held_out, train=train), RankingRules(tie_seed=0)
        )


def test_item_scores_are_checked_likewise() -> None:
    parts = np.array([[1, 1, 3], [1, 0, 1]])
    with pytest.raises(NonFiniteError, match="item index 1 is NaN or infinite"):
        rank_test_part(ItemScores([[0.0, np.nan, 1.0]] * 2), parts)
    train, held_out = part(parts, TRAIN), part(np.array([[3, 0, 3], [0, 3, 0]]), TEST)
    pairs = HeldOutPairs(held_out=held_out, train=train)
    with pytest.raises(DataError, match="user index 0 and item index 0 is also in a masked part"):
        rank_held_out(ItemScores(torch.ones(2, 3)), pairs, RankingRules(tie_seed=0))


def test_scores_that_the_scorer_keeps_are_not_written_to() -> None:
    class Owner(Table):
        def score_users(self, user_index: Tensor) -> Tensor:
            """The table itself instead of a copy; correct only for all users in order."""
            assert user_index.tolist() == list(range(len(self.scores)))
            return self.scores

    parts = np.array([[1, 3, 0], [3, 1, 0]])
    owner = Owner(torch.ones(2, 3))
    rank_test_part(owner, parts)
    assert torch.equal(owner.scores, torch.ones(2, 3))


def test_with_nothing_to_rank_the_scorer_is_not_called() -> None:
    parts = np.array([[1, 0], [1, 1]])
    table = Table(torch.zeros(2, 2))
    got = rank_test_part(table, parts)
    assert len(got.rank) == 0
    assert table.batches == []
    assert got.counts["tie_rate"] == 0.0


class OnDevice:
    """Products of whole numbers, with ties, on the device of the users asked for."""

    def __init__(self, users: Tensor, items: Tensor) -> None:
        self.users, self.items = users, items

    def score_users(self, user_index: Tensor) -> Tensor:
        """Products of the users' rows with all items."""
        device = user_index.device
        return self.users.to(device)[user_index] @ self.items.to(device)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize("ties", list(Ties))
def test_every_device_gives_the_same_ranks(device: str, ties: Ties) -> None:
    rng = np.random.default_rng(0)
    parts = rng.choice(4, size=(60, 50), p=[0.6, 0.2, 0.1, 0.1])
    scorer = OnDevice(
        *(torch.from_numpy(rng.integers(-3, 4, shape)).float() for shape in ((60, 3), (3, 50)))
    )
    scores = Table(scorer.score_users(torch.arange(60)))
    expected = rank_test_part(scores, parts, ties=ties, chunk_users=1)
    found = rank_held_out(
        scorer,
        HeldOutPairs(
            held_out=part(parts, TEST), train=part(parts, TRAIN), masked=[part(parts, VALID)]
        ),
        RankingRules(tie_seed=0, ties=ties, device=torch.device(device)),
    )
    assert found.rank.tolist() == expected.rank.tolist()
    assert found.tied.tolist() == expected.tied.tolist()
    assert found.tied.any()
