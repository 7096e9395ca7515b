"""The order among equal scores: a hash of (seed, user, item), independent of chunking.

The hash is splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
OOPSLA 2014). Its output step is a bijection, so two items of one user never share a hash.
"""

from __future__ import annotations

import torch
from jaxtyping import Int64
from torch import Tensor


def _signed(value: int) -> int:
    """Reinterpret the low 64 bits of ``value`` as a signed integer, as torch's int64 needs."""
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


_STEP = _signed(0x9E3779B97F4A7C15)
_MULTIPLIERS = (_signed(0xBF58476D1CE4E5B9), _signed(0x94D049BB133111EB))


def _shifted(bits: Tensor, places: int) -> Tensor:
    """Logical right shift; torch's own operator is arithmetic and keeps the sign."""
    return (bits >> places) & ((1 << (64 - places)) - 1)


def _mixed(bits: Tensor) -> Tensor:
    bits = (bits ^ _shifted(bits, 30)) * _MULTIPLIERS[0]
    bits = (bits ^ _shifted(bits, 27)) * _MULTIPLIERS[1]
    return bits ^ _shifted(bits, 31)


def user_tie_keys(seed: int, user_index: Int64[Tensor, " users"]) -> Int64[Tensor, " users"]:
    """Compute one key per user for ``tie_hash``; ``seed`` is taken modulo 2^64."""
    start = _mixed(torch.tensor(_signed(seed), device=user_index.device))
    return _mixed(start + (user_index + 1) * _STEP)


def tie_hash(
    user_keys: Int64[Tensor, " pairs"], item_index: Int64[Tensor, " pairs"]
) -> Int64[Tensor, " pairs"]:
    """Hash pairs; among a user's items with equal scores the smaller signed hash comes first."""
    return _mixed(user_keys + (item_index + 1) * _STEP)
