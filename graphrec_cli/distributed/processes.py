"""What a run asks of the processes that train it; here, the only one."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional


class Processes:
    """The only process of a run: it has all columns of the embeddings, and nothing is sent.

    ``SeveralProcesses`` does the same for processes that have some columns each. All of them must
    call the same methods in the same order.

    Attributes:
        rank: number of this process, from 0.
        size: number of processes.
    """

    rank = 0
    size = 1

    @property
    def is_first(self) -> bool:
        """Whether this process owns the run directory."""
        return self.rank == 0

    def sum(self, partial: Tensor) -> Tensor:
        """Add up what every process computed from its columns, differentiably.

        Every process must go on with the sum in the same way.
        """
        return partial

    def mean(self, own: Tensor) -> Tensor:
        """Average what every process computed from its columns, differentiably."""
        return own

    def add_up(self, partial: Tensor) -> None:
        """Add up in place, without a gradient."""

    def normalize(self, rows: Float[Tensor, "rows columns"]) -> Float[Tensor, "rows columns"]:
        """Divide the rows by their norms over the columns of all processes, differentiably."""
        return functional.normalize(rows)

    def own_columns(self, table: Tensor) -> Tensor:
        """Return this process's columns of a table, shape (rows, columns)."""
        return table

    def whole_table(self, own: Float[Tensor, "rows columns"]) -> Float[Tensor, "rows dim"]:
        """Return the columns of all processes, in every process, differentiably.

        The loss must be the sum of what the processes compute from the table.
        """
        return own

    def part(self, examples: int) -> slice:
        """Return the examples of a batch that this process computes the loss of."""
        return slice(0, examples)

    def join_parts(self, values: Tensor, examples: int) -> Tensor:
        """Return the values of all examples, given those of this process's; no gradient."""
        return values

    def whole_state(self, state: dict[str, Any]) -> dict[str, Any]:
        """Gather the tables in nested dictionaries, on the CPU of the first process.

        The other processes get ``state`` back.
        """
        return state

    def own_state(self, state: dict[str, Any] | None, embedding_dim: int) -> dict[str, Any] | None:
        """Give every process its columns of the tables that the first one has.

        Args:
            state: nested dictionaries; only that of the first process counts.
            embedding_dim: columns of a table.
        """
        return state

    def share(self, users: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the users that this process ranks items for."""
        return users

    def add_counts(self, *counts: NDArray[Any]) -> None:
        """Add up arrays in place, to which every process has added its share."""

    def largest(self, number: int) -> int:
        """Return the largest number that a process has."""
        return number

    def first_decides(self, decision: bool) -> bool:
        """Return the decision of the first process."""
        return decision

    def use_gpu(self, device: torch.device) -> None:
        """Take a GPU for each process of a machine, if ``device`` is one."""

    def send(self, task: object) -> None:
        """Send an object from the first process to the others, which wait for a task."""

    def finish(self) -> None:
        """Note that the others have nothing left to do, and wait for the next task."""


ONE_PROCESS = Processes()
