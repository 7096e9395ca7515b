"""Several processes that train a run together, each with some columns of the embeddings."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, distributed
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from graphrec_cli.distributed.columns import differentiable_sum, joined, normalized
from graphrec_cli.distributed.processes import Processes
from graphrec_cli.errors import (
    ConfigError,
    DataError,
    GraphrecError,
    LostProcess,
    NonFiniteError,
)

_TIMEOUT = timedelta(minutes=30)
"""The longest wait for another process within a run. A process that dies is noticed at once."""
_POLL_S = 0.02
_LAST_WORDS_S = 5.0
"""How long the others wait for the first process to report an error before they do so."""

_BY_CODE: dict[int, type[GraphrecError]] = {
    error.exit_code: error for error in (ConfigError, DataError, NonFiniteError)
}
"""Errors of other processes that the first one reports as its own."""


class SeveralProcesses(Processes):
    """The processes that torchrun started, joined by gloo on CPUs and by NCCL on GPUs.

    Attributes:
        in_step: whether the other processes wait for a task.
    """

    def __init__(self, store: Store, rank: int, size: int) -> None:
        self.rank, self.size = rank, size
        self.in_step = True
        self._store = store
        self._tasks = 0

    @classmethod
    def start(cls) -> SeveralProcesses:
        """Join the processes; every one of them must call this.

        Raises:
            LostProcess: they do not find each other.
        """
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        try:
            shared, rank, size = next(rendezvous("env://", timeout=_TIMEOUT))
            # torchrun --max-restarts keeps the store, with the addresses of those that have ended.
            attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
            store = PrefixStore(f"graphrec attempt {attempt}", shared)
            distributed.init_process_group(
                backend, store=store, rank=rank, world_size=size, timeout=_TIMEOUT
            )
        except (RuntimeError, ValueError) as error:
            raise LostProcess(
                f"the processes of torchrun do not find each other: {error}"
            ) from error
        return cls(store, rank, size)

    def end(self) -> None:
        """Leave the other processes."""
        distributed.destroy_process_group()

    def sum(self, partial: Tensor) -> Tensor:
        """Add up, with the gradient of the sum for every partial."""
        return differentiable_sum(self.add_up, partial)

    def mean(self, own: Tensor) -> Tensor:
        """Average over processes, all of which have the same number of columns."""
        return self.sum(own) / self.size

    def add_up(self, partial: Tensor) -> None:
        """Add up in place; the sums have the same bits in every process."""
        with self._joint():
            distributed.all_reduce(partial)

    def normalize(self, rows: Float[Tensor, "rows columns"]) -> Float[Tensor, "rows columns"]:
        """Divide the rows by their norms over the columns of all processes."""
        return normalized(self.add_up, rows)

    def own_columns(self, table: Tensor) -> Tensor:
        """Copy this process's columns, which are adjacent."""
        return self._columns_of(self.rank, table)

    def _columns_of(self, rank: int, table: Tensor) -> Tensor:
        width = table.shape[1] // self.size
        return table[:, rank * width : (rank + 1) * width].clone(
            memory_format=torch.contiguous_format
        )

    def whole_table(self, own: Float[Tensor, "rows columns"]) -> Float[Tensor, "rows dim"]:
        """Join the columns of all processes."""
        return joined(self._join, self.add_up, self.own_columns, own)

    def _join(self, own: Tensor) -> Tensor:
        sent = own.detach().contiguous()
        parts = [torch.empty_like(sent) for _ in range(self.size)]
        with self._joint():
            distributed.all_gather(parts, sent)
        return torch.cat(parts, dim=1)

    def part(self, examples: int) -> slice:
        """Return adjacent examples, as many in every process but for one."""
        return slice(self.rank * examples // self.size, (self.rank + 1) * examples // self.size)

    def join_parts(self, values: Tensor, examples: int) -> Tensor:
        """Return the values of the parts, one after the other."""
        joint = values.new_zeros(examples)
        joint[self.part(examples)] = values
        self.add_up(joint)
        return joint

    def whole_state(self, state: dict[str, Any]) -> dict[str, Any]:
        """Gather the tables in the first process."""
        whole: dict[str, Any] = _with_tables(state, self._gathered)
        return whole

    def _gathered(self, own: Tensor) -> Tensor:
        sent = own.detach().cpu().contiguous()
        parts = [torch.empty_like(sent) for _ in range(self.size)] if self.is_first else None
        with self._joint():
            distributed.gather(sent, parts)
        return own if parts is None else torch.cat(parts, dim=1)

    def own_state(self, state: dict[str, Any] | None, embedding_dim: int) -> dict[str, Any] | None:
        """Cut the tables of the first process and send every process its columns."""
        parts: list[Any] | None = None
        if self.is_first:

            def cut(rank: int) -> Callable[[Tensor], Tensor]:
                def columns(table: Tensor) -> Tensor:
                    # Another width is refused when the state is checked.
                    fits = table.shape[1] == embedding_dim
                    return self._columns_of(rank, table) if fits else table

                return columns

            parts = [_with_tables(state, cut(rank)) for rank in range(self.size)]
        received: list[Any] = [None]
        with self._joint():
            distributed.scatter_object_list(received, parts)
        own: dict[str, Any] | None = received[0]
        return own

    def share(self, users: NDArray[np.int64]) -> NDArray[np.int64]:
        """Deal the users out in turn."""
        return users[self.rank :: self.size]

    def add_counts(self, *counts: NDArray[Any]) -> None:
        """Add up in place."""
        for array in counts:
            self.add_up(torch.from_numpy(array))

    def largest(self, number: int) -> int:
        """Return the largest number that a process has."""
        numbers = torch.tensor([number])
        with self._joint():
            distributed.all_reduce(numbers, distributed.ReduceOp.MAX)
        return int(numbers.item())

    def first_decides(self, decision: bool) -> bool:
        """Return the decision of the first process."""
        return bool(self.largest(int(decision and self.is_first)))

    def send(self, task: object) -> None:
        """Send a task to the processes that wait in ``receive``."""
        self.in_step = task is None
        self._store.set(f"task {self._tasks}", "sent")
        self._tasks += 1
        with self._joint():
            distributed.broadcast_object_list([task])

    def receive(self) -> Any:
        """Wait for a task, however long the first process takes to prepare it."""
        received: list[Any] = [None]
        with self._joint():
            # A wait of the store itself would not let signals through.
            while not self._store.check([f"task {self._tasks}"]):
                time.sleep(_POLL_S)
            distributed.broadcast_object_list(received)
        self._tasks += 1
        return received[0]

    def finish(self) -> None:
        """Note that the others wait for the next task."""
        self.in_step = True

    def use_gpu(self, device: torch.device) -> None:
        """Take the GPU of this process's number on its machine, if ``device`` is a GPU."""
        if device.type == "cuda":
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))

    def leave_word(self, error: str, exit_code: int) -> None:
        """Tell the first process why this one ends."""
        with suppress(RuntimeError):
            self._store.set(f"error of {self.rank}", f"{exit_code} {error}")

    def last_word(self) -> GraphrecError | None:
        """The error that ended another process, None if it could not say so.

        An interrupted one is a lost process: the run can be resumed.
        """
        with suppress(RuntimeError):
            for rank in range(self.size):
                if rank != self.rank and self._store.check([f"error of {rank}"]):
                    code, _, error = self._store.get(f"error of {rank}").decode().partition(" ")
                    known = (
                        LostProcess if int(code) >= 128 else _BY_CODE.get(int(code), GraphrecError)
                    )
                    return known(f"process {rank} of {self.size}: {error}")
        return None

    def note_reported(self) -> None:
        """Note that the first process reports the error."""
        with suppress(RuntimeError):
            self._store.set("reported", "yes")

    def must_report(self) -> bool:
        """Whether this process has to report the error, because the first one does not.

        Only the second process waits to see. The others end at once: a process notices the end of
        its neighbours only, so each of them has to pass it on.
        """
        if self.rank != 1:
            return False
        end = time.monotonic() + _LAST_WORDS_S
        with suppress(RuntimeError):
            while time.monotonic() < end:
                if self._store.check(["reported"]):
                    return False
                time.sleep(_POLL_S)
        return True

    @contextmanager
    def _joint(self) -> Iterator[None]:
        """Turn a lost connection into an error of one line."""
        try:
            yield
        except RuntimeError as error:
            killed = f"one of the {self.size} processes was killed, or ran out of memory"
            raise (self.last_word() or LostProcess(killed)) from error


def _with_tables(state: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Copy nested dictionaries, with every tensor of two dimensions changed."""
    if isinstance(state, dict):
        return {name: _with_tables(value, change) for name, value in state.items()}
    return change(state) if isinstance(state, Tensor) and state.ndim == 2 else state
