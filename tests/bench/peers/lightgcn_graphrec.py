"""graphrec as a contender, through the code that ``graphrec train`` runs."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import torch
from contender import BATCH_SIZE, GRAPHREC_WORDS, TOP_K, Contender, main
from numpy.typing import NDArray

from graphrec_cli.components import build_model
from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.evaluation import MapDenominator
from graphrec_cli.config.sweep import plan_sweep
from graphrec_cli.evaluation.exact_ranks.ranks import HeldOutPairs, RankingRules, rank_held_out
from graphrec_cli.evaluation.metrics import ranking_metrics
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.preparation import find_files, read_and_split
from graphrec_cli.rundir.drop_report import DropReport
from graphrec_cli.samplers.triples import Triples, TripleSampler
from graphrec_cli.system.malloc import keep_freed_memory
from graphrec_cli.system.seeds import derive_seed
from graphrec_cli.system.signals import StopSignals
from graphrec_cli.training.build_trainer import build_trainer
from graphrec_cli.training.context import RunContext


class GraphrecContender(Contender):
    """The trainer, sampler and ranking of a run."""

    packages = ("torch", "numpy", "graphrec-cli")

    def prepare(self, folder: Path) -> None:
        keep_freed_memory()
        words = sort_arguments([*GRAPHREC_WORDS, f"data_dir={folder}"])
        (config,) = plan_sweep(words).configs
        self.split = read_and_split(config, find_files(config), DropReport())[1].split
        self.device = torch.device("cpu")
        model = build_model(config, self.split.train, self.device)
        assert isinstance(model, LightGCN)
        self.model = model
        context = RunContext.of(config, self.split, self.device)
        self.trainer = build_trainer(context, model, StopSignals())
        assert isinstance(self.trainer.sampler, TripleSampler)
        self.sampler = self.trainer.sampler
        self.tie_seed = derive_seed(config.seed, "ties")
        self.sample(1)

    def start_from(self, layer0: NDArray[np.float32]) -> None:
        with torch.no_grad():
            self.model.layer0_embeddings.copy_(torch.from_numpy(layer0))

    def give_batches(self, batches: NDArray[np.int64]) -> None:
        self.batches = [Triples(*torch.from_numpy(batch)) for batch in batches]

    def step(self, place: int) -> float:
        return float(self.trainer.train_step(self.batches[place % len(self.batches)]).item())

    def sample(self, batches: int) -> int:
        epoch = islice(self.sampler.epoch(None, BATCH_SIZE), batches)
        return sum(len(triples.users) for triples in epoch)

    def evaluate(self, users: NDArray[np.int64]) -> tuple[float, float]:
        self.model.prepare_scoring()
        ranks = rank_held_out(
            self.model,
            HeldOutPairs(held_out=self.split.test, train=self.split.train, users=users),
            RankingRules(tie_seed=self.tie_seed, device=self.device),
        )
        metrics = ranking_metrics(
            ranks.user_index, ranks.rank, ks=[TOP_K], map_denominator=MapDenominator.min
        )
        return metrics[f"recall@{TOP_K}"], metrics[f"ndcg@{TOP_K}"]

    def final_embeddings(self) -> NDArray[np.float32]:
        with torch.no_grad():
            final: NDArray[np.float32] = self.model.final_embeddings().numpy()
        return final


if __name__ == "__main__":
    main(GraphrecContender())
