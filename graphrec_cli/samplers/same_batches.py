"""Check that several processes draw the same batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphrec_cli.distributed.processes import Processes
from graphrec_cli.errors import GraphrecError
from graphrec_cli.samplers.batch import Batch, BatchSampler


class SameBatches:
    """A sampler whose first batch of every epoch is compared over all processes.

    Their partial scores are of no use if they are not of the same examples.
    """

    def __init__(self, sampler: BatchSampler, processes: Processes) -> None:
        self.num_pairs = sampler.num_pairs
        self._sampler = sampler
        self._processes = processes

    def epoch(self, steps: int | None, batch_size: int, done: int = 0) -> Iterator[Any]:
        """Yield the sampler's batches.

        Raises:
            GraphrecError: the first batch is another one in another process.
        """
        batches = self._sampler.epoch(steps, batch_size, done)
        first = next(batches, None)
        if first is not None:
            self._compare(first)
            yield first
        yield from batches

    def _compare(self, batch: Batch) -> None:
        # Sums of indices are exact, and unlikely to be equal for other draws.
        number = int(batch.users.sum())
        if self._processes.largest(number) != -self._processes.largest(-number):
            raise GraphrecError(
                f"the {self._processes.size} processes draw different batches; start them all with "
                "the same versions, on the same kind of device"
            )

    def state_dict(self) -> dict[str, Any]:
        """Return that of the sampler."""
        return self._sampler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore that of the sampler."""
        self._sampler.load_state_dict(state)
