"""Columns of embeddings in several processes: the sums, their gradients, whole trainings."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torchrun import torchrun

from graphrec_cli.distributed.columns import differentiable_sum, normalized

SCRIPT = Path(__file__).parents[1] / "support" / "columns_in_float64.py"


def nothing_to_add(partial: Tensor) -> None:
    """The sum over one process."""


def twice(partial: Tensor) -> None:
    """The sum over two processes that have the same."""
    partial.mul_(2)


def test_the_gradient_of_a_sum_is_that_of_each_partial() -> None:
    partial = torch.tensor([1.0, 2.0], requires_grad=True)
    total = differentiable_sum(twice, partial)
    assert total.tolist() == [2.0, 4.0]
    (total * torch.tensor([3.0, 5.0])).sum().backward()
    assert partial.grad is not None
    assert partial.grad.tolist() == [3.0, 5.0]


def test_one_process_normalizes_as_torch_does() -> None:
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(6, 4, dtype=torch.float64, generator=generator)
    rows[2] = 0
    grads = torch.randn(6, 4, dtype=torch.float64, generator=generator)
    mine, torchs = rows.clone().requires_grad_(), rows.clone().requires_grad_()
    unit, expected = normalized(nothing_to_add, mine), functional.normalize(torchs)
    torch.testing.assert_close(unit, expected, rtol=0, atol=1e-15)
    unit.backward(grads)
    expected.backward(grads)
    assert mine.grad is not None
    torch.testing.assert_close(mine.grad, torchs.grad, rtol=1e-14, atol=1e-14)


def test_two_processes_with_the_same_columns_normalize_as_one_with_both() -> None:
    generator = torch.Generator().manual_seed(0)
    rows, grads = torch.randn(2, 5, 3, dtype=torch.float64, generator=generator)
    half = rows.clone().requires_grad_()
    both = torch.cat([rows, rows], dim=1).requires_grad_()
    unit, expected = normalized(twice, half), functional.normalize(both)
    torch.testing.assert_close(unit, expected[:, :3], rtol=0, atol=1e-15)
    unit.backward(grads)
    expected.backward(torch.cat([grads, grads], dim=1))
    assert half.grad is not None
    assert both.grad is not None
    torch.testing.assert_close(half.grad, both.grad[:, :3], rtol=0, atol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 4])
def test_fifty_steps_in_float64_are_those_of_one_process(processes: int, tmp_path: Path) -> None:
    done = torchrun(tmp_path, processes, str(SCRIPT))
    assert done.returncode == 0, done.stderr
