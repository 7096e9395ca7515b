"""Hard negatives: popular items are sampled more often."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.config.sampler import HardNegativeConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.samplers.draws import draw_below
from graphrec_cli.samplers.triples import TripleSampler, build_triples
from graphrec_cli.samplers.unseen import UnseenItems, catalog_items


class HardNegatives:
    """A mixture of the popular pool and the whole catalog, without the user's train items.

    Among the catalog items that are not train items of the user, the probability of item i is
    proportional to ``popular_probability * [i in pool] / |pool| + (1 - popular_probability) /
    |catalog|``. This is exactly a mixture of two uniform distributions, over the user's unseen pool
    items and over the user's unseen catalog items, weighted by the sums of the two terms.

    Attributes:
        eligible: bool, shape (users,): users with at least one item of nonzero probability.
        pool: the popular items, ascending, int64, shape (pool,).
    """

    batches_are_independent = True
    eligible: Bool[Tensor, " users"]
    pool: NDArray[np.int64]

    def __init__(
        self,
        train: UserItems,
        device: torch.device,
        *,
        popular_probability: float,
        popular_pool: int | None,
    ) -> None:
        """Index the unseen pool items and catalog items of every user.

        Args:
            popular_probability: weight of the pool, from 0 to 1.
            popular_pool: items in the pool, at most the whole catalog; None means a fifth of it,
                rounded up.

        Raises:
            DataError: train has no interaction.
        """
        catalog = catalog_items(train)
        self.pool = _most_popular(train, catalog, popular_pool)
        self._in_catalog = UnseenItems(train, catalog, device)
        self._in_pool = UnseenItems(train, self.pool, device)
        pool_weight = popular_probability * self._in_pool.num_unseen.double() / len(self.pool)
        catalog_weight = (
            (1 - popular_probability) * self._in_catalog.num_unseen.double() / len(catalog)
        )
        weight = pool_weight + catalog_weight
        self.eligible = weight > 0
        self._pool_share: Float64[Tensor, " users"] = pool_weight / weight

    def sample(
        self, users: Int64[Tensor, " batch"], generator: torch.Generator
    ) -> Int64[Tensor, " batch"]:
        """Sample one negative item for each entry of ``users``, all of them eligible."""
        share = self._pool_share.index_select(0, users)
        # The random number is in [0, 1), so shares of 0 and 1 are exact.
        from_pool = (
            torch.rand(share.shape, dtype=share.dtype, device=share.device, generator=generator)
            < share
        )
        neg_items = torch.empty_like(users)
        for unseen, rows in (
            (self._in_pool, from_pool.nonzero().squeeze(1)),
            (self._in_catalog, (~from_pool).nonzero().squeeze(1)),
        ):
            chosen = users.index_select(0, rows)
            order = draw_below(unseen.num_unseen.index_select(0, chosen), generator)
            neg_items.index_copy_(0, rows, unseen.nth(chosen, order))
        return neg_items


def build_hardneg(
    config: HardNegativeConfig,
    train: UserItems,
    *,
    generator: torch.Generator,
    device: torch.device,
) -> TripleSampler:
    """Build ``sampler=hardneg``.

    Raises:
        ConfigError: the pool is larger than the catalog.
        DataError: no user has both a train item and an item to sample as a negative.
    """
    config.check_catalog(int(np.count_nonzero(train.item_degree)))
    negatives = HardNegatives(
        train,
        device,
        popular_probability=config.popular_probability,
        popular_pool=config.popular_pool,
    )
    return build_triples(config.by, train, negatives, generator=generator, device=device)


def _most_popular(
    train: UserItems, catalog: NDArray[np.int64], size: int | None
) -> NDArray[np.int64]:
    if size is None:
        size = -(-len(catalog) // 5)
    # A stable sort orders equally popular items by index.
    by_popularity = np.argsort(-train.item_degree[catalog], kind="stable")
    return np.sort(catalog[by_popularity[:size]])
