"""The smallest Triton kernel."""

from __future__ import annotations

from typing import Any, no_type_check

import triton
import triton.language as tl
from torch import Tensor


@triton.jit
@no_type_check
def _add_one(number):
    tl.store(number, tl.load(number) + 1)


def add_one(number: Tensor) -> None:
    """Add 1 to a tensor of one element, on a GPU."""
    kernel: Any = _add_one
    kernel[(1,)](number)
