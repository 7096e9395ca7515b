"""Count the scores of each row above its thresholds, as one Triton kernel.

It reads every score once, whatever the number of thresholds, and stores no marks.
"""

from __future__ import annotations

from typing import Any, no_type_check

import numpy as np
import torch
import triton
import triton.language as tl
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor

_SCORES_AT_A_TIME = 2048


@triton.jit
@no_type_check
def _count(
    scores,
    thresholds,
    used,
    above,
    at_least,
    row_stride,
    width,
    places,
    SCORES: tl.constexpr,
):
    """Add the counts among SCORES scores of one row."""
    row = tl.program_id(0).to(tl.int64)
    item = tl.program_id(1) * SCORES + tl.arange(0, SCORES)
    score = tl.load(scores + row * row_stride + item, mask=item < width, other=float("-inf"))
    for place in range(tl.load(used + row)):
        bound = tl.load(thresholds + row * places + place)
        # Sums of integers do not depend on the order of the additions.
        tl.atomic_add(above + row * places + place, tl.sum((score > bound).to(tl.int32)))
        tl.atomic_add(at_least + row * places + place, tl.sum((score >= bound).to(tl.int32)))


def count_on_gpu(
    scores: Float[Tensor, "rows items"],
    thresholds: Float[Tensor, "rows places"],
    used: NDArray[np.int64],
) -> tuple[Int64[Tensor, "rows places"], Int64[Tensor, "rows places"]]:
    """Count as ``CountsAbove.count`` does, with thresholds above minus infinity."""
    num_rows, width = scores.shape
    above = torch.zeros(thresholds.shape, dtype=torch.int32, device=scores.device)
    at_least = torch.zeros_like(above)
    kernel: Any = _count
    kernel[(num_rows, triton.cdiv(width, _SCORES_AT_A_TIME))](
        scores,
        thresholds.contiguous(),
        torch.from_numpy(used).to(scores.device, torch.int32),
        above,
        at_least,
        scores.stride(0),
        width,
        thresholds.shape[1],
        SCORES=_SCORES_AT_A_TIME,
    )
    return above.long(), at_least.long()
