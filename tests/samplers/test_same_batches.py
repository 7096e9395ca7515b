"""Several processes must draw the same batches."""

from __future__ import annotations

import pytest
import torch
from builders import CPU, items_of_users

from graphrec_cli.config.sampler import UniformConfig
from graphrec_cli.distributed.processes import Processes
from graphrec_cli.errors import GraphrecError
from graphrec_cli.samplers.same_batches import SameBatches
from graphrec_cli.samplers.triples import TripleSampler
from graphrec_cli.samplers.uniform import build_uniform


class Two(Processes):
    """Two processes, the other of which has numbers that differ by a constant."""

    size = 2

    def __init__(self, difference: int) -> None:
        self._difference = difference

    def largest(self, number: int) -> int:
        """The other process has ``number + difference``, and its negative where that is asked."""
        other = number + (self._difference if number >= 0 else -self._difference)
        return max(number, other)


def sampler() -> TripleSampler:
    rows = [[user % 5, (user + 1) % 5] for user in range(9)]
    generator = torch.Generator().manual_seed(3)
    train = items_of_users(rows, num_items=5)
    return build_uniform(UniformConfig(), train, generator=generator, device=CPU)


def test_the_batches_are_those_of_the_sampler() -> None:
    plain, checked = sampler(), SameBatches(sampler(), Two(0))
    assert checked.num_pairs == plain.num_pairs
    for batch, expected in zip(checked.epoch(4, 6), plain.epoch(4, 6), strict=True):
        assert all(map(torch.equal, batch, expected))
    assert list(checked.epoch(4, 6, done=4)) == []
    state, expected_state = checked.state_dict(), plain.state_dict()
    assert torch.equal(state["generator"], expected_state["generator"])


@pytest.mark.parametrize("difference", [-1, 1])
def test_other_batches_elsewhere_end_the_run(difference: int) -> None:
    batches = SameBatches(sampler(), Two(difference)).epoch(4, 6)
    with pytest.raises(GraphrecError, match="the 2 processes draw different batches"):
        next(batches)
