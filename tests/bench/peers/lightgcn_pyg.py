"""PyTorch Geometric's LightGCN as a contender, used as in its example.

Of the two forms in which the model takes its graph, the faster one is measured:
``edge_index``, which it normalizes in every layer of every step, or a sparse tensor, normalized
once, as its documentation advises for speed.
"""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from contender import (
    BATCH_SIZE,
    DIM,
    L2,
    LEARNING_RATE,
    NUM_LAYERS,
    TOP_K,
    Contender,
    main,
    read_lists,
)
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.nn.conv.gcn_conv import gcn_norm
from torch_geometric.nn.models import LightGCN
from torch_geometric.utils import to_torch_csr_tensor

EVALUATED_TOGETHER = 1024


class PyGContender(Contender):
    """Its model and loss; it has no sampling and ranking, so these are its example's."""

    packages = ("torch", "numpy", "torch_geometric")

    def prepare(self, folder: Path) -> None:
        train = read_lists(folder / "data" / "train.txt")
        users = torch.tensor([user for user, items in train for _ in items])
        items = torch.tensor([item for _, items in train for item in items])
        self.num_users, self.num_items = 1 + int(users.max()), 1 + int(items.max())
        self.num_nodes = self.num_users + self.num_items
        self.train_edges = torch.stack([users, items + self.num_users])
        self.edge_index = torch.cat([self.train_edges, self.train_edges.flip(0)], dim=1)
        test = read_lists(folder / "data" / "test.txt")
        self.test_edges = torch.stack(
            [
                torch.tensor([user for user, items in test for _ in items]),
                torch.tensor([item for _, items in test for item in items]),
            ]
        )
        self._build(self.edge_index, normalize=True)
        self.sample(1)

    def _build(self, graph: Tensor, *, normalize: bool) -> None:
        self.graph = graph
        self.model = LightGCN(self.num_nodes, DIM, NUM_LAYERS, normalize=normalize)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=LEARNING_RATE)

    def start_from(self, layer0: NDArray[np.float32]) -> None:
        with torch.no_grad():
            self.model.embedding.weight.copy_(torch.from_numpy(layer0))

    def give_batches(self, batches: NDArray[np.int64]) -> None:
        offset = np.array([0, self.num_users, self.num_users])[:, None]
        self.batches = [torch.from_numpy(batch + offset) for batch in batches]
        seconds = {"edge_index": self._time_step()}
        edges, weights = gcn_norm(
            self.edge_index, None, self.num_nodes, add_self_loops=False, dtype=torch.float32
        )
        size = (self.num_nodes, self.num_nodes)
        sparse = to_torch_csr_tensor(edges.flip(0), weights, size=size)
        self._build(sparse, normalize=False)
        seconds["a sparse CSR tensor"] = self._time_step()
        by_edges = seconds["edge_index"] < seconds["a sparse CSR tensor"]
        # Rebuilt, because the optimizer has seen the steps of the trial.
        self._build(self.edge_index if by_edges else sparse, normalize=by_edges)
        told = " and ".join(f"{taken:.2f} s with {form}" for form, taken in seconds.items())
        self.notes = (
            f"the form of its graph with the faster step is measured: {told}",
            "its example draws negatives from all items, positives among them, and rejects none",
        )

    def _time_step(self) -> float:
        self.step(0)
        started = time.perf_counter()
        self.step(1)
        return time.perf_counter() - started

    def step(self, place: int) -> float:
        users, pos_items, neg_items = self.batches[place % len(self.batches)]
        self.optimizer.zero_grad()
        pairs = torch.stack([users.repeat(2), torch.cat([pos_items, neg_items])])
        pos, neg = self.model(self.graph, pairs).chunk(2)
        loss = self.model.recommendation_loss(
            pos, neg, node_id=torch.cat([users, pos_items, neg_items]), lambda_reg=L2 / 2
        )
        loss.backward()
        self.optimizer.step()
        return float(loss.item())

    def sample(self, batches: int) -> int:
        drawn = 0
        order = torch.randperm(self.train_edges.shape[1])
        for chosen in islice(order.split(BATCH_SIZE), batches):
            positive = self.train_edges[:, chosen]
            negative = torch.randint(self.num_users, self.num_nodes, (len(chosen),))
            torch.stack([positive[0], positive[1], negative])
            drawn += len(chosen)
        return drawn

    @torch.no_grad()
    def evaluate(self, users: NDArray[np.int64]) -> tuple[float, float]:
        final = self.model.get_embedding(self.graph)
        user_table, item_table = final[: self.num_users], final[self.num_users :]
        discounts = 1 / torch.log2(torch.arange(TOP_K) + 2.0)
        ideal = discounts.cumsum(0)
        recall, ndcg = 0.0, 0.0
        for chunk in torch.from_numpy(users).split(EVALUATED_TOGETHER):
            place = torch.full((self.num_users,), -1)
            place[chunk] = torch.arange(len(chunk))
            scores = user_table[chunk] @ item_table.t()
            train = self._of(self.train_edges, place)
            scores[train[0], train[1] - self.num_users] = -torch.inf
            test = self._of(self.test_edges, place)
            wanted = torch.zeros_like(scores, dtype=torch.bool)
            wanted[test[0], test[1]] = True
            found = wanted.gather(1, scores.topk(TOP_K, dim=-1).indices)
            held_out = torch.bincount(test[0], minlength=len(chunk))
            recall += float((found.sum(dim=1) / held_out).sum())
            reachable = held_out.clamp(max=TOP_K)
            ndcg += float(((found * discounts).sum(dim=1) / ideal[reachable - 1]).sum())
        return recall / len(users), ndcg / len(users)

    def _of(self, edges: Tensor, place: Tensor) -> Tensor:
        """The edges of the users that have a place, by that place."""
        row = place[edges[0]]
        return torch.stack([row[row >= 0], edges[1][row >= 0]])

    def final_embeddings(self) -> NDArray[np.float32]:
        with torch.no_grad():
            final: NDArray[np.float32] = self.model.get_embedding(self.graph).numpy()
        return final


if __name__ == "__main__":
    main(PyGContender())
