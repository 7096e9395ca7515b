"""Synthetic tables of any size, and their preparation for training."""

from __future__ import annotations

import numpy as np
import torch
from full_size import Size, long_tailed_pairs
from jaxtyping import Float, Int64
from torch import Tensor

from graphrec_cli.config.dataset import KCoreConfig
from graphrec_cli.config.split import LeaveOneOutConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import RawTable
from graphrec_cli.data.preprocess import preprocess
from graphrec_cli.data.splits.leave_one_out import leave_one_out
from graphrec_cli.data.splits.split import Split
from graphrec_cli.models.linalg.blocked_product import multiply_into

DIM = 64


def raw_table(size: Size) -> RawTable:
    """Long-tailed interactions in an order unrelated to users or items."""
    rng = np.random.default_rng(20240)
    users, items = long_tailed_pairs(size, rng)
    order = rng.permutation(len(users))
    return RawTable(
        user_id=users[order].astype(np.int64),
        item_id=items[order].astype(np.int64),
        rating=np.full(len(users), np.nan, dtype=np.float32),
        timestamp=None,
        signal=np.zeros(len(users), dtype=np.int8),
        signal_names=("synthetic",),
    )


def split_table(table: RawTable) -> Split:
    """Preprocessing and leave-one-out; every user and item stays."""
    funnel = Funnel(len(table))
    interactions = preprocess(
        table,
        rating_threshold=None,
        k_core=KCoreConfig(min_user_interactions=1, min_item_interactions=1),
        funnel=funnel,
    )
    return leave_one_out(
        interactions, LeaveOneOutConfig(), rng=np.random.default_rng(7), funnel=funnel
    )


class Products:
    """Random user and item vectors whose products are the scores."""

    def __init__(self, num_users: int, num_items: int) -> None:
        generator = torch.Generator().manual_seed(5)
        self.users = torch.randn(num_users, DIM, generator=generator)
        self.items = torch.randn(DIM, num_items, generator=generator)

    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch num_items"]:
        """Scores of all items."""
        return multiply_into(
            self.users[user_index],
            self.items,
            torch.empty(len(user_index), self.items.shape[1]),
        )

    def product_tables(self) -> tuple[Float[Tensor, "users dim"], Float[Tensor, "dim num_items"]]:
        """Both tables."""
        return self.users, self.items
