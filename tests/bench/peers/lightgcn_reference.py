"""The plain reference of ``tests/bench/reference.py`` as a contender."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import reference
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


class ReferenceContender(Contender):
    """Everything as in a notebook, read from the adjacency lists line by line."""

    def prepare(self, folder: Path) -> None:
        train = read_lists(folder / "data" / "train.txt")
        self.test = dict(read_lists(folder / "data" / "test.txt"))
        self.seen = {user: set(items) for user, items in train}
        self.users = torch.tensor([user for user, items in train for _ in items])
        self.items = torch.tensor([item for _, items in train for item in items])
        num_users, self.num_items = 1 + int(self.users.max()), 1 + int(self.items.max())
        self.model = reference.PlainLightGCN(
            reference.coo_adjacency(self.users, self.items, num_users, self.num_items),
            num_users,
            dim=DIM,
            num_layers=NUM_LAYERS,
        )
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=LEARNING_RATE)
        self.sample(1)

    def start_from(self, layer0: NDArray[np.float32]) -> None:
        with torch.no_grad():
            self.model.embedding.weight.copy_(torch.from_numpy(layer0))

    def give_batches(self, batches: NDArray[np.int64]) -> None:
        self.batches = [torch.from_numpy(batch) for batch in batches]

    def step(self, place: int) -> float:
        users, pos_items, neg_items = self.batches[place % len(self.batches)]
        return reference.train_step(self.model, self.optimizer, users, pos_items, neg_items, l2=L2)

    def sample(self, batches: int) -> int:
        drawn = 0
        epoch = reference.draw_epoch(self.users, self.items, self.seen, self.num_items, BATCH_SIZE)
        for users, _, _ in islice(epoch, batches):
            drawn += len(users)
        return drawn

    def evaluate(self, users: NDArray[np.int64]) -> tuple[float, float]:
        test = {user: self.test[user] for user in users.tolist()}
        return reference.evaluate(self.model, test, self.seen, k=TOP_K)

    def final_embeddings(self) -> NDArray[np.float32]:
        with torch.no_grad():
            final: NDArray[np.float32] = torch.cat(self.model.propagate()).numpy()
        return final


if __name__ == "__main__":
    main(ReferenceContender())
