"""Ranks in lists: an obvious count, and the ranks that the scores of a whole catalog give."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
import torch
from builders import items_of_users
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec_cli.config.evaluation import ColdItems, Ties
from graphrec_cli.evaluation.exact_ranks.ranks import HeldOutPairs, RankingRules, rank_held_out
from graphrec_cli.evaluation.exact_ranks.tie_order import tie_hash, user_tie_keys
from graphrec_cli.evaluation.listed_ranks import ItemLists, ListedRanks, rank_listed
from graphrec_cli.evaluation.metrics import MISS

USERS, ITEMS, KS = 4, 6, (1, 2, 3)
SEED = 5


@dataclass(frozen=True)
class Case:
    """A split of four users and six items, and rows of lists: user, item, key."""

    train: list[list[int]]
    valid: list[list[int]]
    test: list[list[int]]
    rows: list[tuple[int, int, float]]
    keyed: bool


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Every pair of user and item is in one part or in none; users and items may be unknown."""
    parts: list[list[list[int]]] = [[[] for _ in range(USERS)] for _ in range(4)]
    for user in range(USERS):
        for item in range(ITEMS):
            parts[draw(st.integers(0, 3))][user].append(item)
    # A cold item now and then.
    for user in range(USERS):
        parts[0][user] = [item for item in parts[0][user] if item != ITEMS - 1]
    row = st.tuples(
        st.integers(-1, USERS - 1),
        st.integers(0, ITEMS + 1),
        st.sampled_from([0.0, 1.0, 2.0, np.inf]),
    )
    train, valid, test, _ = parts
    return Case(train, valid, test, draw(st.lists(row, max_size=25)), draw(st.booleans()))


def judged(case: Case, *, ties: Ties, cold: ColdItems, masks_valid: bool) -> ListedRanks:
    train, valid, test = (
        items_of_users(part, ITEMS) for part in (case.train, case.valid, case.test)
    )
    user, item, key = (np.array(column) for column in zip(*case.rows, strict=True))
    return rank_listed(
        ItemLists(
            user_index=user.astype(np.int64),
            item_index=item.astype(np.int64),
            key=key.astype(np.float64) if case.keyed else None,
        ),
        HeldOutPairs(held_out=test, train=train, masked=[valid] if masks_valid else []),
        RankingRules(tie_seed=SEED, ties=ties, cold_items=cold),
        KS,
    )


@cache
def hash_of(user: int, item: int) -> int:
    key = user_tie_keys(SEED, torch.tensor([user]))
    return int(tie_hash(key, torch.tensor([item])))


def list_of(case: Case, user: int, ties: Ties, *, masks_valid: bool) -> list[tuple[float, int]]:
    """The key and the item of each place in a user's list, by the definitions, one row a time."""
    catalog = set().union(*map(set, case.train))
    gone = set(case.train[user]) | (set(case.valid[user]) if masks_valid else set())
    rows = []
    for number, (of, item, key) in enumerate(case.rows):
        in_catalog = item >= ITEMS or item in catalog
        if of != user or item in gone or not in_catalog or (case.keyed and key == np.inf):
            continue
        own = item in case.test[user]
        among_ties = {Ties.random: 0, Ties.pessimistic: int(own), Ties.optimistic: int(not own)}
        order = (key, among_ties[ties], hash_of(user, item)) if case.keyed else (0.0, 0, number)
        rows.append((order, item))
    places: list[tuple[float, int]] = []
    for order, item in sorted(rows):
        if item not in [listed for _, listed in places]:
            places.append((order[0], item))
    return places


@settings(max_examples=150, deadline=None)
@given(
    case=cases().filter(lambda case: case.rows),
    ties=st.sampled_from(Ties),
    cold=st.sampled_from(ColdItems),
    masks_valid=st.booleans(),
)
def test_the_ranks_are_those_of_an_obvious_count(
    case: Case, ties: Ties, cold: ColdItems, masks_valid: bool
) -> None:
    result = judged(case, ties=ties, cold=cold, masks_valid=masks_valid)
    catalog = set().union(*map(set, case.train))
    expected, lengths, evaluated = [], [], []
    tied_at = dict.fromkeys(KS, 0)
    short = dict.fromkeys(KS, 0)
    for user in range(USERS):
        places = list_of(case, user, ties, masks_valid=masks_valid)
        lengths.append(len(places))
        counted = [
            item for item in case.test[user] if item in catalog or cold is ColdItems.miss
        ] * bool(case.train[user])
        for item in counted:
            listed = [other for _, other in places]
            found = item in listed and listed.index(item) < ITEMS
            expected.append((user, item, listed.index(item) if found else MISS))
        if not counted:
            continue
        evaluated.append(user)
        masked = set(case.train[user]) | (set(case.valid[user]) if masks_valid else set())
        for k in KS:
            short[k] += len(places) < min(k, len(catalog - masked))
            crosses = case.keyed and len(places) > k and places[k - 1][0] == places[k][0]
            tied_at[k] += crosses
    ranks = result.ranks
    found_ranks = zip(
        ranks.user_index.tolist(), ranks.item_index.tolist(), ranks.rank.tolist(), strict=True
    )
    assert list(found_ranks) == expected
    assert result.length.tolist() == lengths
    assert (result.short, result.tied_at) == (short, tied_at)
    with_rows = {user for user, _, _ in case.rows}
    assert result.no_list.tolist() == [user for user in evaluated if user not in with_rows]


@settings(max_examples=100, deadline=None)
@given(case=cases().filter(lambda case: case.rows), masks_valid=st.booleans())
def test_every_row_has_a_place_or_one_reason_for_having_none(case: Case, masks_valid: bool) -> None:
    result = judged(case, ties=Ties.random, cold=ColdItems.exclude, masks_valid=masks_valid)
    reasons = [result.unknown_user, result.masked, result.outside_catalog, *result.seen]
    without = np.sum([*reasons, result.repeated], axis=0)
    assert without.max(initial=0) <= 1
    assert len(case.rows) - without.sum() == result.length.sum()


class Table:
    """Scores from a fixed table."""

    def __init__(self, scores: torch.Tensor) -> None:
        self.scores = scores

    def score_users(self, user_index: torch.Tensor) -> torch.Tensor:
        return self.scores[user_index]


@pytest.mark.parametrize("ties", list(Ties))
@pytest.mark.parametrize("cold", list(ColdItems))
def test_the_scores_of_a_whole_catalog_give_the_ranks_of_the_catalog(
    ties: Ties, cold: ColdItems
) -> None:
    rng = np.random.default_rng(3)
    num_users, num_items = 30, 40
    part = rng.choice(4, size=(num_users, num_items), p=[0.2, 0.1, 0.1, 0.6])
    part[:, -3:][part[:, -3:] == 0] = 3
    train, valid, test = (
        items_of_users([np.flatnonzero(row == number).tolist() for row in part], num_items)
        for number in range(3)
    )
    scores = torch.from_numpy(rng.integers(0, 12, (num_users, num_items)).astype(np.float32))
    pairs = HeldOutPairs(held_out=test, train=train, masked=[valid])
    rules = RankingRules(tie_seed=SEED, ties=ties, cold_items=cold)
    expected = rank_held_out(Table(scores), pairs, rules)
    shuffled = rng.permutation(num_users * num_items)
    lists = ItemLists(
        user_index=np.repeat(np.arange(num_users), num_items)[shuffled],
        item_index=np.tile(np.arange(num_items), num_users)[shuffled],
        key=-scores.numpy().ravel()[shuffled].astype(np.float64),
    )
    result = rank_listed(lists, pairs, rules, [5])
    assert np.array_equal(result.ranks.rank, expected.rank)
    assert np.array_equal(result.ranks.item_index, expected.item_index)
    assert np.array_equal(result.ranks.tied, expected.tied)
    assert np.array_equal(result.ranks.candidates, expected.candidates)
    assert result.ranks.counts == expected.counts
    assert 0 < expected.counts["tie_rate"] <= 1
    assert (result.short, result.partial) == ({5: 0}, 0)


def test_a_place_behind_more_items_than_there_are_counts_as_not_found() -> None:
    """Ranks stay below the number of items, as in every ranks.npz."""
    case = Case(
        train=[[0], [], [], []],
        valid=[[], [], [], []],
        test=[[1], [], [], []],
        rows=[(0, item, 0.0) for item in range(ITEMS, 2 * ITEMS)] + [(0, 1, 0.0)],
        keyed=False,
    )
    case.train[1].append(1)  # so that item 1 is in the catalog
    found = judged(case, ties=Ties.random, cold=ColdItems.exclude, masks_valid=False)
    assert found.ranks.rank.tolist() == [MISS]
    shorter = Case(case.train, case.valid, case.test, case.rows[1:], keyed=False)
    found = judged(shorter, ties=Ties.random, cold=ColdItems.exclude, masks_valid=False)
    assert found.ranks.rank.tolist() == [ITEMS - 1]
