"""RecBole's LightGCN as a contender: its data set, loader, sampler, trainer and evaluator."""

from __future__ import annotations

import logging
import os
import tempfile
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
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.data.interaction import Interaction
from recbole.model.general_recommender import LightGCN
from recbole.trainer import Trainer
from recbole.utils import init_seed

SCORES_TOGETHER = 4_000_000
"""Scores of an evaluation batch; RecBole's default of 4,096 would rank one user at a time."""


class RecBoleContender(Contender):
    """Reads the atomic files that were converted from the adjacency lists beforehand."""

    packages = ("torch", "numpy", "scipy", "pandas", "recbole")
    notes = (
        f"evaluates batches of {SCORES_TOGETHER:,} scores; its default would rank one user at a "
        "time",
        "its split needs a validation file: one test user's pairs, which are ranked again at test",
    )

    def prepare(self, folder: Path) -> None:
        logging.disable(logging.WARNING)
        values = {
            "data_path": str(folder / "recbole"),
            "benchmark_filename": ["train", "valid", "test"],
            "load_col": {"inter": ["user_id", "item_id"]},
            "USER_ID_FIELD": "user_id",
            "ITEM_ID_FIELD": "item_id",
            "embedding_size": DIM,
            "n_layers": NUM_LAYERS,
            "reg_weight": L2,
            "require_pow": True,
            "learning_rate": LEARNING_RATE,
            "train_batch_size": BATCH_SIZE,
            "eval_batch_size": SCORES_TOGETHER,
            "eval_args": {"group_by": "user", "order": "RO", "mode": "full"},
            "metrics": ["Recall", "NDCG"],
            "topk": [TOP_K],
            "valid_metric": f"NDCG@{TOP_K}",
            "use_gpu": False,
            "show_progress": False,
        }
        # Its trainer makes folders for logs and checkpoints in the working directory.
        os.chdir(tempfile.mkdtemp(dir=folder))
        config = Config(model="LightGCN", dataset="atomic", config_dict=values)
        init_seed(config["seed"], config["reproducibility"])
        dataset = create_dataset(config)
        self.train, _, self.test = data_preparation(config, dataset)
        self.model = LightGCN(config, self.train.dataset)
        self.trainer = Trainer(config, self.model)
        self.sample(1)
        self.user_row = self._rows("user_id")
        self.item_row = self._rows("item_id")

    def _rows(self, field: str) -> NDArray[np.int64]:
        """RecBole's index of each of graphrec's; its first row is padding."""
        tokens = self.train.dataset.field2id_token[field][1:].astype(np.int64)
        rows = np.empty(len(tokens), dtype=np.int64)
        rows[tokens] = np.arange(1, len(tokens) + 1)
        return rows

    def start_from(self, layer0: NDArray[np.float32]) -> None:
        users, items = np.split(layer0, [len(self.user_row)])
        with torch.no_grad():
            self.model.user_embedding.weight[self.user_row] = torch.from_numpy(users)
            self.model.item_embedding.weight[self.item_row] = torch.from_numpy(items)

    def give_batches(self, batches: NDArray[np.int64]) -> None:
        self.batches = [
            Interaction(
                {
                    "user_id": torch.from_numpy(self.user_row[users]),
                    "item_id": torch.from_numpy(self.item_row[pos_items]),
                    "neg_item_id": torch.from_numpy(self.item_row[neg_items]),
                }
            )
            for users, pos_items, neg_items in batches
        ]

    def step(self, place: int) -> float:
        return float(self.trainer._train_epoch([self.batches[place % len(self.batches)]], 0))

    def sample(self, batches: int) -> int:
        return sum(len(batch) for batch in islice(iter(self.train), batches))

    def evaluate(self, users: NDArray[np.int64]) -> tuple[float, float]:
        self.model.restore_user_e = self.model.restore_item_e = None
        metrics = self.trainer.evaluate(self.test, load_best_model=False)
        return metrics[f"recall@{TOP_K}"], metrics[f"ndcg@{TOP_K}"]

    def final_embeddings(self) -> NDArray[np.float32]:
        with torch.no_grad():
            users, items = self.model.forward()
        final: NDArray[np.float32] = np.concatenate(
            [users.numpy()[self.user_row], items.numpy()[self.item_row]]
        )
        return final


if __name__ == "__main__":
    main(RecBoleContender())
