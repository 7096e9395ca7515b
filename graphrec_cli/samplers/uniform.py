"""Negatives uniform over the catalog items that the user has not in train."""

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
    """Each catalog item that the user has not in train, with the same probability.

    Attributes:
        eligible: bool, shape (users,): users that have not the whole catalog.
    """

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
        """One item for every row of ``users``, all of them eligible."""
        order = draw_below(self._unseen.num_unseen.index_select(0, users), generator)
        return self._unseen.nth(users, order)


class CatalogNegatives:
    """Each catalog item with the same probability, the user's own train items among them.

    Attributes:
        eligible: bool, shape (users,): all users.
    """

    eligible: Bool[Tensor, " users"]

    def __init__(self, train: UserItems, device: torch.device) -> None:
        """Take the catalog.

        Raises:
            DataError: train has no interaction.
        """
        self._catalog = torch.from_numpy(catalog_items(train)).to(device)
        self._size = torch.tensor(len(self._catalog), device=device)
        self.eligible = torch.ones(train.num_users, dtype=torch.bool, device=device)

    def sample(
        self, users: Int64[Tensor, " batch"], generator: torch.Generator
    ) -> Int64[Tensor, " batch"]:
        """One item for every row of ``users``."""
        order = draw_below(self._size.expand(users.shape), generator)
        return self._catalog.index_select(0, order)


def build_uniform(
    config: UniformConfig,
    train: UserItems,
    *,
    generator: torch.Generator,
    device: torch.device,
) -> TripleSampler:
    """The sampler ``sampler=uniform``.

    Raises:
        DataError: no user has both a train item and a catalog item left.
    """
    law = UniformNegatives if config.exclude_seen else CatalogNegatives
    negatives = law(train, device)
    return build_triples(config.by, train, negatives, generator=generator, device=device)
