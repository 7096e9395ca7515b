"""Time training steps of a mesh of replicas and column groups; a script for torchrun.

``torchrun --nproc-per-node=4 tests/bench/mesh.py --replicas 2 experiment=gowalla_lightgcn`` splits
every batch over two replicas of the tables; each replica is two processes with half of the columns.
With one replica it times what ``graphrec train`` does.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed
from torch.distributed.device_mesh import init_device_mesh

from graphrec_cli.components import build_batch_sampler, build_loss, build_model
from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import compose_run
from graphrec_cli.data.cache.prepared_cache import PreparedCache
from graphrec_cli.distributed.processes import ONE_PROCESS, Processes
from graphrec_cli.distributed.several import SeveralProcesses
from graphrec_cli.losses.base import EpochLoss
from graphrec_cli.preparation import find_files, prepare
from graphrec_cli.rundir.drop_report import DropReport
from graphrec_cli.samplers.candidates import CandidateBatch
from graphrec_cli.training.adam import Adam

CPU = torch.device("cpu")


class Mesh(SeveralProcesses):
    """A process's place among its replica's columns, and among the replicas of its columns.

    Attributes:
        sent: bytes of all tensors that were added up or joined so far.
    """

    def __init__(self, processes: SeveralProcesses, replicas: int) -> None:
        shape = (replicas, processes.size // replicas)
        mesh = init_device_mesh("cpu", shape, mesh_dim_names=("replica", "column"))
        self._replica_group, self._column_group = (
            mesh.get_group("replica"),
            mesh.get_group("column"),
        )
        self.replica, self.replicas = mesh.get_local_rank("replica"), replicas
        self.rank, self.size = mesh.get_local_rank("column"), shape[1]
        self.sent = 0

    def add_up(self, partial: Tensor) -> None:
        """Add up over the columns of the replica."""
        self._all_reduce(partial, self._column_group)

    def average(self, gradient: Tensor) -> None:
        """Average over the replicas of the columns, in place."""
        self._all_reduce(gradient, self._replica_group)
        gradient.div_(self.replicas)

    def _join(self, own: Tensor) -> Tensor:
        parts = [torch.empty_like(own) for _ in range(self.size)]
        distributed.all_gather(parts, own.detach().contiguous(), group=self._column_group)
        joint = torch.cat(parts, dim=1)
        self.sent += joint.numel() * joint.element_size()
        return joint

    def _all_reduce(self, tensor: Tensor, group: distributed.ProcessGroup) -> None:
        if group.size() > 1:
            distributed.all_reduce(tensor, group=group)
            self.sent += tensor.numel() * tensor.element_size()

    def part_of(self, batch: Any) -> Any:
        """The replica's examples of a batch; all replicas keep the shared candidates."""
        size = len(batch.users)
        assert size % self.replicas == 0
        part = slice(
            self.replica * size // self.replicas, (self.replica + 1) * size // self.replicas
        )
        if not isinstance(batch, CandidateBatch):
            return type(batch)(*(tensor[part] for tensor in batch))
        return batch.part(part)


def main() -> None:
    """Print the median time of a step, the bytes, and the loss of the last step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    config = compose_run(sort_arguments(options.words)).config
    split = prepare(config, PreparedCache(config, find_files(config)), DropReport()).split
    mesh = Mesh(SeveralProcesses.start(), options.replicas)
    processes: Processes = mesh if mesh.size > 1 else ONE_PROCESS
    model = build_model(config, split.train, CPU, processes)
    loss = build_loss(config)
    if isinstance(loss, EpochLoss):
        loss.start(model)
    batches = build_batch_sampler(config, split.train, CPU).epoch(
        options.steps, config.trainer.batch_size_for(split.train.num_pairs)
    )
    optimizer = Adam(model.parameters(), lr=config.trainer.learning_rate, weight_decay=0.0)
    seconds = []
    for batch in batches:
        distributed.barrier()
        started, sent = time.perf_counter(), mesh.sent
        optimizer.zero_grad()
        value = loss(model, mesh.part_of(batch))
        value.backward()
        for parameter in model.parameters():
            assert parameter.grad is not None
            mesh.average(parameter.grad)
        optimizer.step()
        seconds.append(time.perf_counter() - started)
        sent = mesh.sent - sent
    last = value.detach().clone()
    mesh.average(last)
    if distributed.get_rank() == 0:
        peak = _peak_memory_mb()
        print(
            f"{mesh.replicas} x {mesh.size}: {statistics.median(seconds[2:]):.3f} s a step, "
            f"{sent / 1e6:.2f} MB joined or added up a step, peak memory {peak:.0f} MB, "
            f"loss {last.item():.6f}"
        )
    distributed.barrier()


def _peak_memory_mb() -> float:
    """The most resident memory of this process so far."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e3


if __name__ == "__main__":
    main()
