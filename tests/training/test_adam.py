"""Adam gives bit for bit the results of torch's Adam, without its imports."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from builders import PATIENCE_S
from torch import Tensor

from graphrec_cli.training.adam import Adam


def weights() -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    shapes = ((40, 8), (7,), (3, 2))
    return [torch.randn(shape, generator=generator).requires_grad_() for shape in shapes]


def descend(optimizer: Any, params: list[Tensor], steps: range) -> None:
    """Take steps at a changing learning rate; the first two give the last parameter no gradient."""
    for step in steps:
        optimizer.zero_grad()
        used = params if step >= 2 else params[:-1]
        loss = torch.stack([((param - step) ** 2).sum() for param in used]).sum()
        loss.backward()
        optimizer.param_groups[0]["lr"] = 0.1 / (1 + step)
        optimizer.step()


@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
def test_every_step_equals_torchs(weight_decay: float) -> None:
    ours, theirs = weights(), weights()
    descend(Adam(ours, lr=1.0, weight_decay=weight_decay), ours, range(6))
    reference = torch.optim.Adam(theirs, lr=1.0, weight_decay=weight_decay, fused=True)
    descend(reference, theirs, range(6))
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(ours[0], weights()[0])


def test_the_keras_form_adds_epsilon_before_the_correction() -> None:
    torch.manual_seed(0)
    grads = 1e-6 * torch.randn(5, 6, dtype=torch.float64)
    param = torch.zeros(6, dtype=torch.float64, requires_grad=True)
    optimizer = Adam([param], lr=0.01, weight_decay=0.0, as_keras=True)
    mean, square, expected = torch.zeros(3, 6, dtype=torch.float64)
    for step, grad in enumerate(grads, start=1):
        param.grad = grad.clone()
        optimizer.step()
        mean = 0.9 * mean + 0.1 * grad
        square = 0.999 * square + 0.001 * grad**2
        rate = 0.01 * (1 - 0.999**step) ** 0.5 / (1 - 0.9**step)
        expected = expected - rate * mean / (square.sqrt() + 1e-7)
        torch.testing.assert_close(param.detach(), expected, rtol=1e-9, atol=0)
    assert param.abs().max() < 0.02  # with torch's epsilon each step is as long as the rate


def test_a_loaded_state_continues_and_shares_no_memory() -> None:
    through = weights()
    descend(Adam(through, lr=1.0, weight_decay=0.01), through, range(6))
    first = weights()
    optimizer = Adam(first, lr=1.0, weight_decay=0.01)
    descend(optimizer, first, range(3))
    state = optimizer.state_dict()
    second = [param.detach().clone().requires_grad_() for param in first]
    other = Adam(second, lr=9.0, weight_decay=9.0)
    other.load_state_dict(state)
    descend(optimizer, first, range(3, 5))  # must not change the loaded state
    descend(other, second, range(3, 6))
    for one, wanted in zip(second, through, strict=True):
        assert torch.equal(one, wanted)


@pytest.mark.slow
def test_the_compiler_is_not_imported() -> None:
    code = (
        "import sys, torch; from graphrec_cli.training.adam import Adam\n"
        "param = torch.ones(3, requires_grad=True)\n"
        "optimizer = Adam([param], lr=0.1, weight_decay=0.0)\n"
        "param.sum().backward(); optimizer.step()\n"
        "assert float(param[0]) < 1 and 'torch._dynamo' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE_S)
