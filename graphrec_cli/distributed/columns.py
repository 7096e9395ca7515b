"""Sums over columns that several processes have, with their gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

AddUp = Callable[[Tensor], None]
"""Adds up a tensor over all processes, in place."""

Change = Callable[[Tensor], Tensor]

_EPSILON = 1e-12
"""The smallest divisor of ``functional.normalize``."""


class _Sum(torch.autograd.Function):
    """The sum of the partials of all processes.

    Every process computes the same loss from the sum, so the gradient of the sum is that of each
    partial: nothing is sent on the way back.
    """

    @staticmethod
    def forward(ctx: Any, add_up: AddUp, partial: Tensor) -> Tensor:
        total = partial.clone(memory_format=torch.contiguous_format)
        add_up(total)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor]:
        return None, grads[0]


class _Normalize(torch.autograd.Function):
    """Rows divided by their norms over the columns of all processes.

    Unlike a sum, a norm is used with other columns in every process. So the gradient of a row x / n
    = y, which is (g - y <g, y>) / n, has a product over all columns.
    """

    @staticmethod
    def forward(ctx: Any, add_up: AddUp, rows: Tensor) -> Tensor:
        squares = rows.square().sum(dim=1, keepdim=True)
        add_up(squares)
        norms = squares.sqrt_()
        divisors = norms.clamp(min=_EPSILON)
        unit = rows / divisors
        ctx.add_up = add_up
        ctx.save_for_backward(unit, divisors, norms > _EPSILON)
        return unit

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor]:
        unit, divisors, divided_by_norm = ctx.saved_tensors
        products = (grads[0] * unit).sum(dim=1, keepdim=True)
        ctx.add_up(products)
        return None, torch.addcmul(grads[0], unit, products * divided_by_norm, value=-1) / divisors


class _Join(torch.autograd.Function):
    """The columns of all processes.

    Every process computes its own part of the loss from all columns, so the gradient of a column
    is the sum of those of all parts.
    """

    @staticmethod
    def forward(ctx: Any, join: Change, add_up: AddUp, own_columns: Change, own: Tensor) -> Tensor:
        ctx.add_up, ctx.own_columns = add_up, own_columns
        return join(own)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, None, None, Tensor]:
        total = grads[0].clone(memory_format=torch.contiguous_format)
        ctx.add_up(total)
        return None, None, None, ctx.own_columns(total)


_apply_join: Callable[[Change, AddUp, Change, Tensor], Tensor] = _Join.apply
_apply_sum: Callable[[AddUp, Tensor], Tensor] = _Sum.apply
_apply_normalize: Callable[[AddUp, Tensor], Tensor] = _Normalize.apply


def differentiable_sum(add_up: AddUp, partial: Tensor) -> Tensor:
    """Add up the partials of all processes, which must go on with the sum in the same way."""
    return _apply_sum(add_up, partial)


def normalized(add_up: AddUp, rows: Float[Tensor, "rows columns"]) -> Float[Tensor, "rows columns"]:
    """Normalize rows of which every process has some columns, as ``functional.normalize`` does."""
    return _apply_normalize(add_up, rows)


def joined(
    join: Change, add_up: AddUp, own_columns: Change, own: Float[Tensor, "rows columns"]
) -> Float[Tensor, "rows dim"]:
    """Join the columns of all processes, which go on with different parts of the loss.

    Args:
        join: returns the columns of all processes.
        own_columns: returns this process's columns of all.
    """
    return _apply_join(join, add_up, own_columns, own)
