"""Random integers with a separate bound for every row."""

from __future__ import annotations

import torch
from jaxtyping import Int64
from torch import Tensor


def draw_below(
    bounds: Int64[Tensor, " batch"], generator: torch.Generator
) -> Int64[Tensor, " batch"]:
    """Sample uniform integers from 0 to ``bounds - 1``, with a relative bias below 2**-53 * bound.

    Args:
        bounds: at least 1, below 2**53.
        generator: on the device of ``bounds``.
    """
    # The product of a float64 below 1 and an integer below 2**53 never rounds up to that integer.
    fractions = torch.rand(
        bounds.shape, dtype=torch.float64, device=bounds.device, generator=generator
    )
    return fractions.mul_(bounds).long()
