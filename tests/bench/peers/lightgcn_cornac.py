"""Cornac's LightGCN as a contender: its reader, data set, sampler, DGL model and evaluation."""

from __future__ import annotations

import os
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
)
from numpy.typing import NDArray

# Otherwise DGL asks for a framework and writes the answer to the home folder.
os.environ["DGLBACKEND"] = "pytorch"
from cornac.data import Dataset, Reader
from cornac.eval_methods import BaseMethod
from cornac.eval_methods.base_method import ranking_eval
from cornac.metrics import NDCG, Recall
from cornac.models import LightGCN
from cornac.models.lightgcn.lightgcn import Model, construct_graph


class CornacContender(Contender):
    """Its step is the body of the loop in its ``fit``, which cannot be called alone."""

    packages = ("torch", "numpy", "scipy", "cornac", "dgl")
    notes = ("penalizes the batch's final embeddings instead of layer 0",)

    def prepare(self, folder: Path) -> None:
        reader = Reader()
        train = reader.read(str(folder / "data" / "train.txt"), fmt="UI", sep=" ")
        test = reader.read(str(folder / "data" / "test.txt"), fmt="UI", sep=" ")
        method = BaseMethod.from_splits(train, test, verbose=False)
        self.train, self.test = method.train_set, method.test_set
        num_users, num_items = method.total_users, method.total_items
        self.graph = construct_graph(self.train, num_users, num_items)
        self.model = Model(self.graph, DIM, NUM_LAYERS, L2)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=LEARNING_RATE)
        self.recommender = LightGCN(emb_size=DIM, num_layers=NUM_LAYERS, trainable=False)
        self.recommender.fit(self.train)
        self.sample(1)
        self.user_row = self._rows(self.train.uid_map)
        self.item_row = self._rows(self.train.iid_map)

    def _rows(self, index: dict[str, int]) -> NDArray[np.int64]:
        """Cornac's index of each of graphrec's."""
        rows = np.empty(len(index), dtype=np.int64)
        rows[[int(token) for token in index]] = list(index.values())
        return rows

    def start_from(self, layer0: NDArray[np.float32]) -> None:
        users, items = np.split(layer0, [len(self.user_row)])
        with torch.no_grad():
            self.model.feature_dict["user"][self.user_row] = torch.from_numpy(users)
            self.model.feature_dict["item"][self.item_row] = torch.from_numpy(items)

    def give_batches(self, batches: NDArray[np.int64]) -> None:
        self.batches = [
            (self.user_row[users], self.item_row[pos_items], self.item_row[neg_items])
            for users, pos_items, neg_items in batches
        ]

    def step(self, place: int) -> float:
        self.model.train()
        rows = self.model(self.graph, *self.batches[place % len(self.batches)])
        loss, _, _ = self.model.loss_fn(*rows)
        value = float(loss.item())
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return value

    def sample(self, batches: int) -> int:
        epoch = self.train.uij_iter(BATCH_SIZE, shuffle=True)
        return sum(len(users) for users, _, _ in islice(epoch, batches))

    def evaluate(self, users: NDArray[np.int64]) -> tuple[float, float]:
        with torch.no_grad():
            user_table, item_table, _ = self.model(self.graph)
        self.recommender.U, self.recommender.V = user_table.numpy(), item_table.numpy()
        metrics = [Recall(k=TOP_K), NDCG(k=TOP_K)]
        (recall, ndcg), _ = ranking_eval(self.recommender, metrics, self.train, self._of(users))
        return float(recall), float(ndcg)

    def _of(self, users: NDArray[np.int64]) -> Dataset:
        """The test pairs of these users."""
        asked = np.isin(self.test.uir_tuple[0], self.user_row[users])
        pairs = tuple(column[asked] for column in self.test.uir_tuple)
        shape = (self.test.num_users, self.test.num_items)
        return Dataset(*shape, self.test.uid_map, self.test.iid_map, pairs)

    def final_embeddings(self) -> NDArray[np.float32]:
        with torch.no_grad():
            users, items, _ = self.model(self.graph)
        final: NDArray[np.float32] = np.concatenate(
            [users.numpy()[self.user_row], items.numpy()[self.item_row]]
        )
        return final


if __name__ == "__main__":
    main(CornacContender())
