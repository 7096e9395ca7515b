"""The order among equal scores: a hash of (seed, user, item) that no chunking can change.

The hash is splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
OOPSLA 2014). Its output step is a bijection, so two items of one user never share a hash.
"""

from __future__ import annotations

import torch
from jaxtyping import Int64
from torch import Tensor


def _signed(value: int) -> int:
    """The 64-bit pattern of ``value`` as torch's int64 holds it."""
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


_STEP = _signed(0x9E3779B97F4A7C15)
_MULTIPLIERS = (_signed(0xBF58476D1CE4E5B9), _signed(0x94D049BB133111EB))


def _shifted(bits: Tensor, places: int) -> Tensor:
    """Logical shift to the right; torch's own carries the sign along."""
    return (bits >> places) & ((1 << (64 - places)) - 1)


def _mixed(bits: Tensor) -> Tensor:
    bits = (bits ^ _shifted(bits, 30)) * _MULTIPLIERS[0]
    bits = (bits ^ _shifted(bits, 27)) * _MULTIPLIERS[1]
    return bits ^ _shifted(bits, 31)


def user_tie_keys(seed: int, user_index: Int64[Tensor, " users"]) -> Int64[Tensor, " users"]:
    """One key a user, the start of its items' order; ``seed`` counts modulo 2^64."""
    start = _mixed(torch.tensor(_signed(seed), device=user_index.device))
    return _mixed(start + (user_index + 1) * _STEP)


def tie_hash(
    user_keys: Int64[Tensor, " pairs"], item_index: Int64[Tensor, " pairs"]
) -> Int64[Tensor, " pairs"]:
    """Of a user's items with equal scores the one with the smaller (signed) hash comes first."""
    return _mixed(user_keys + (item_index + 1) * _STEP)
