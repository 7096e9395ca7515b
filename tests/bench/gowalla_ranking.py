"""Rank all test pairs of Gowalla, against the matrix product that every ranking needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from full_size import synthetic_split
from measure import Row, Settings, alternate, at_most, ratios, spread
from scaled_data import Products

from graphrec_cli.data.files.files import find_file
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.sources.adjacency_list import read_adjacency_list
from graphrec_cli.evaluation.exact_ranks.ranks import HeldOutPairs, RankingRules, rank_held_out
from graphrec_cli.models.linalg.blocked_product import multiply_into
from graphrec_cli.system.malloc import keep_freed_memory

FOLDER = "gowalla"
FILES = ("train.txt", "test.txt")
PRODUCT_USERS = 200


def gowalla_ranking_rows(settings: Settings) -> list[Row]:
    """Seconds for all test pairs on random embeddings; ``--quick`` takes made-up ones."""
    case, target = f"{FOLDER}, ranks of all test pairs", "< 5 s"
    parts = quick_parts() if settings.quick else gowalla_parts(settings.data_dir)
    if parts is None:
        where = f"skipped: no {' and '.join(FILES)} in {settings.data_dir / FOLDER}"
        return [Row(case, where, "-", "-", target, "skipped")]
    train, test = parts
    keep_freed_memory()
    scorer = Products(train.num_users, train.num_items)
    buffer = torch.empty(PRODUCT_USERS, train.num_items)

    def rank() -> None:
        rank_held_out(scorer, HeldOutPairs(held_out=test, train=train), RankingRules(tie_seed=4))

    def bare_product() -> None:
        for users in torch.arange(train.num_users).split(PRODUCT_USERS):
            multiply_into(scorer.users[users], scorer.items, buffer[: len(users)])

    rank_s, product_s = alternate(settings.repeats, rank, bare_product)
    size = f"{train.num_users:,} users, {train.num_items:,} items, {test.num_pairs:,} pairs"
    return [
        Row(
            f"{case} ({size}), against the bare product",
            spread(rank_s, ".2f", " s"),
            spread(product_s, ".2f", " s"),
            spread(ratios(rank_s, product_s), ".2f", "x"),
            target,
            at_most(rank_s, 5),
        )
    ]


def gowalla_parts(data_dir: Path) -> tuple[UserItems, UserItems] | None:
    """Train and test with ids as indices; None if a file is missing."""
    paths = [find_file(data_dir / FOLDER, name) for name in FILES]
    pairs = [read_adjacency_list(path)[:2] for path in paths if path is not None]
    if len(pairs) < len(FILES):
        return None
    users, items = (
        1 + max(int(np.max(ids)) for ids in column) for column in zip(*pairs, strict=True)
    )
    train, test = (UserItems.from_pairs(*pair, num_users=users, num_items=items) for pair in pairs)
    return train, test


def quick_parts() -> tuple[UserItems, UserItems]:
    """A split so small that its figures mean nothing."""
    split = synthetic_split(quick=True)
    return split.train, split.test
