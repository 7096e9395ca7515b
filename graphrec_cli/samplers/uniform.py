"""Uniform negatives: catalog items that are not train items of the user."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from graphrec_cli.config.sampler import UniformConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.samplers.draws import draw_below
from graphrec_cli.samplers.triples import TripleSampler, build_triples
from graphrec_cli.samplers.unseen import UnseenItems, catalog_items


class UniformNegatives:
    """Uniform over the catalog items that are not train items of the user.

    Attributes:
        eligible: bool, shape (users,): users whose train items are not the whole catalog.
    """

    batches_are_independent = True
    eligible: Bool[Tensor, " users"]

    def __init__(self, train: UserItems, device: torch.device) -> None:
        """Index the unseen catalog items of every user.

        Raises:
            DataError: train has no interaction.
        """
        self._unseen = UnseenItems(train, catalog_items(train), device)
        self.eligible = self._unseen.num_unseen > 0

    def sample(
        self, users: Int64[Tensor, " batch"], generator: torch.Generator
    ) -> Int64[Tensor, " batch"]:
        """Sample one negative item for each entry of ``users``, all of them eligible."""
        order = draw_below(self._unseen.num_unseen.index_select(0, users), generator)
        return self._unseen.nth(users, order)


class CatalogNegatives:
    """Uniform over all catalog items, including the user's train items.

    Attributes:
        eligible: bool, shape (users,): all users.
    """

    batches_are_independent = True
    eligible: Bool[Tensor, " users"]

    def __init__(self, train: UserItems, device: torch.device) -> None:
        """Keep the catalog.

        Raises:
            DataError: train has no interaction.
        """
        self._catalog = torch.from_numpy(catalog_items(train)).to(device)
        self._size = torch.tensor(len(self._catalog), device=device)
        self.eligible = torch.ones(train.num_users, dtype=torch.bool, device=device)

    def sample(
        self, users: Int64[Tensor, " batch"], generator: torch.Generator
    ) -> Int64[Tensor, " batch"]:
        """Sample one item for each entry of ``users``."""
        order = draw_below(self._size.expand(users.shape), generator)
        return self._catalog.index_select(0, order)


def build_uniform(
    config: UniformConfig,
    train: UserItems,
    *,
    generator: torch.Generator,
    device: torch.device,
) -> TripleSampler:
    """Build ``sampler=uniform``.

    Raises:
        DataError: no user has both a train item and an item to sample as a negative.
    """
    kind = UniformNegatives if config.exclude_seen else CatalogNegatives
    negatives = kind(train, device)
    return build_triples(config.by, train, negatives, generator=generator, device=device)
