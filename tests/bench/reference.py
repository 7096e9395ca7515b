"""LightGCN as a notebook writes it: what ``make bench`` measures graphrec against.

COO adjacency and autograd through every product, negatives rejected one row at a time in Python,
each test user scored, cut and measured one after the other. Nothing is slowed down on purpose: each
part is the shorter of the ways that notebooks take.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


def coo_adjacency(
    users: Int64[Tensor, " pairs"], items: Int64[Tensor, " pairs"], num_users: int, num_items: int
) -> Float[Tensor, "nodes nodes"]:
    """D^-1/2 A D^-1/2 of the pairs, users before items, coalesced COO with int64 indices."""
    nodes = num_users + num_items
    edges = torch.stack(
        [torch.cat([users, items + num_users]), torch.cat([items + num_users, users])]
    )
    scale = torch.bincount(edges[0], minlength=nodes).float().pow(-0.5)
    scale[torch.isinf(scale)] = 0
    values = scale[edges[0]] * scale[edges[1]]
    return torch.sparse_coo_tensor(edges, values, (nodes, nodes), check_invariants=True).coalesce()


def coo_propagate(
    adjacency: Float[Tensor, "nodes nodes"], layer0: Float[Tensor, "nodes dim"], num_layers: int
) -> Float[Tensor, "nodes dim"]:
    """Mean over the stacked layers, the backward left to autograd."""
    layers = [layer0]
    for _ in range(num_layers):
        layers.append(torch.sparse.mm(adjacency, layers[-1]))
    return torch.stack(layers).mean(dim=0)


class PlainLightGCN(nn.Module):
    """One table of embeddings, users first, and the mean over the propagated layers."""

    def __init__(
        self, adjacency: Float[Tensor, "nodes nodes"], num_users: int, *, dim: int, num_layers: int
    ) -> None:
        super().__init__()
        self.adjacency = adjacency
        self.num_users = num_users
        self.num_layers = num_layers
        self.embedding = nn.Embedding(adjacency.shape[0], dim)
        nn.init.xavier_uniform_(self.embedding.weight)

    def propagate(self) -> tuple[Float[Tensor, "users dim"], Float[Tensor, "items dim"]]:
        """Final embeddings of users and of items."""
        final = coo_propagate(self.adjacency, self.embedding.weight, self.num_layers)
        return final[: self.num_users], final[self.num_users :]


def train_step(
    model: PlainLightGCN,
    optimizer: torch.optim.Optimizer,
    users: Int64[Tensor, " batch"],
    pos_items: Int64[Tensor, " batch"],
    neg_items: Int64[Tensor, " batch"],
    *,
    l2: float,
) -> float:
    """BPR with a penalty on the batch's layer-0 embeddings, and one step down; the loss."""
    user_final, item_final = model.propagate()
    user, pos, neg = user_final[users], item_final[pos_items], item_final[neg_items]
    difference = (user * pos).sum(dim=1) - (user * neg).sum(dim=1)
    loss = -torch.log(torch.sigmoid(difference)).mean()
    if l2:
        table, first_item = model.embedding.weight, model.num_users
        layer0 = (table[users], table[pos_items + first_item], table[neg_items + first_item])
        loss = loss + l2 * sum(rows.pow(2).sum() for rows in layer0) / (2 * len(users))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.item())


def draw_epoch(
    users: Int64[Tensor, " pairs"],
    items: Int64[Tensor, " pairs"],
    seen: Mapping[int, set[int]],
    num_items: int,
    batch_size: int,
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Every pair once, shuffled by torch's loader, with a negative drawn until it is unseen."""
    loader = DataLoader(TensorDataset(users, items), batch_size=batch_size, shuffle=True)
    for batch_users, batch_items in loader:
        negatives = []
        for user in batch_users.tolist():
            while True:
                item = random.randrange(num_items)
                if item not in seen[user]:
                    negatives.append(item)
                    break
        yield batch_users, batch_items, torch.tensor(negatives)


@torch.no_grad()
def evaluate(
    model: PlainLightGCN, test: Mapping[int, list[int]], seen: Mapping[int, set[int]], *, k: int
) -> tuple[float, float]:
    """recall@k and ndcg@k of the test users over the full catalog, means over the users."""
    users, items = model.propagate()
    recalls, ndcgs = [], []
    for user, held_out in test.items():
        scores = items @ users[user]
        scores[list(seen[user])] = -math.inf
        wanted = set(held_out)
        found = [item in wanted for item in scores.topk(k).indices.tolist()]
        gain = sum(1 / math.log2(place + 2) for place, hit in enumerate(found) if hit)
        ideal = sum(1 / math.log2(place + 2) for place in range(min(len(wanted), k)))
        recalls.append(sum(found) / len(wanted))
        ndcgs.append(gain / ideal)
    return float(np.mean(recalls)), float(np.mean(ndcgs))
