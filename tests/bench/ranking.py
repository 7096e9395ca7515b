"""Ranks of all test users, against a Python loop over users that does the same."""

from __future__ import annotations

import numpy as np
import torch
from full_size import synthetic_split
from measure import Row, Settings, alternate, at_least, at_most, ratios, spread
from numpy.typing import NDArray
from scaled_data import Products

from graphrec_cli.data.splits.split import Split
from graphrec_cli.evaluation.exact_ranks.ranks import HeldOutPairs, RankingRules, rank_held_out
from graphrec_cli.evaluation.exact_ranks.tie_order import tie_hash, user_tie_keys

DIM = 64
LOOP_USERS = 1000
TIE_SEED = 4


def ranking_rows(settings: Settings) -> list[Row]:
    """Seconds for all test users, and the speed-up over the loop.

    Raises:
        RuntimeError: the two ways disagree, so their times cannot be compared.
    """
    split = synthetic_split(settings.quick)
    scorer = Products(split.test.num_users, split.test.num_items)
    test_users = np.flatnonzero(split.test.user_degree)
    sample = np.random.default_rng(6).permutation(test_users)[:LOOP_USERS]

    def ours() -> NDArray[np.int64]:
        return rank_held_out(
            scorer,
            HeldOutPairs(
                held_out=split.test,
                train=split.train,
                masked=[] if split.valid is None else [split.valid],
            ),
            RankingRules(tie_seed=TIE_SEED),
        ).rank

    def loop() -> NDArray[np.int64]:
        return ranks_by_loop(scorer, split, sample)

    # One test pair a user, so the ranks stand in the order of the test users.
    differ = ours()[np.searchsorted(test_users, sample)] != loop()
    # Products of a matrix and of a vector may differ in their last bit, and so break a near tie.
    if np.count_nonzero(differ) > max(1, len(sample) // 100):
        raise RuntimeError(f"{np.count_nonzero(differ)} of {len(sample)} ranks differ")
    ours_s, sample_s = alternate(settings.repeats, ours, loop)
    loop_s = [seconds * len(test_users) / len(sample) for seconds in sample_s]
    speedup = ratios(loop_s, ours_s)
    return [
        Row(
            f"ranks of all {len(test_users):,} test users",
            spread(ours_s, ".2f", " s"),
            "-",
            "-",
            "< 10 s",
            at_most(ours_s, 10),
        ),
        Row(
            f"the same against a loop (timed on {len(sample):,} users, scaled to all)",
            spread(ours_s, ".2f", " s"),
            spread(loop_s, ".2f", " s"),
            spread(speedup, ".2f", "x"),
            ">= 5x as fast",
            at_least(speedup, 5),
        ),
    ]


def ranks_by_loop(scorer: Products, split: Split, users: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ranks of the users' only test items, one user after the other; shape of ``users``."""
    cold = torch.from_numpy(np.flatnonzero(split.train.item_degree == 0))
    masked = [part for part in (split.train, split.valid) if part is not None]
    ranks = np.empty(len(users), dtype=np.int64)
    for place, user in enumerate(users):
        scores = scorer.users[user] @ scorer.items
        scores[cold] = -torch.inf
        for part in masked:
            seen = part.item_index[part.indptr[user] : part.indptr[user + 1]]
            scores[torch.from_numpy(seen)] = -torch.inf
        item = int(split.test.item_index[split.test.indptr[user]])
        own = scores[item]
        rank = int((scores > own).sum())
        tied = (scores == own).nonzero()[:, 0]
        if len(tied) > 1:
            keys = user_tie_keys(TIE_SEED, torch.tensor([user]))
            hashes = tie_hash(keys.expand(len(tied)), tied)
            rank += int((hashes < tie_hash(keys, torch.tensor([item]))).sum())
        ranks[place] = rank
    return ranks
