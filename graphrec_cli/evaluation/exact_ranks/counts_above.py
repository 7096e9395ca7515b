"""Count the scores of each row that are above the row's own thresholds."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.evaluation.exact_ranks.counts_on_cpu import count_on_cpu, mark_blocks
from graphrec_cli.system.triton_works import triton_works

# float32 represents every integer up to this number exactly.
_FLOAT32_WHOLE = 1 << 24
_NUMPY_COMPARES = (torch.float32, torch.float64)


class CountsAbove:
    """Compares scores with thresholds: on a CPU with numpy, on a GPU with Triton, else with torch.

    All of torch's calls share one buffer of marks. A mark is 0 or 1 in the dtype of the scores:
    torch's comparison is vectorised only if its output has the same dtype as its inputs, which more
    than makes up for the extra memory.
    """

    def __init__(self, block_marks: int = 1 << 21) -> None:
        """Start without a buffer.

        Args:
            block_marks: marks computed at a time, few enough for rows and marks to stay in the CPU
                caches between two passes.
        """
        self._block_marks = block_marks
        self._marks = torch.empty(0)

    def count(
        self,
        scores: Float[Tensor, "rows items"],
        thresholds: Float[Tensor, "rows places"],
        used: NDArray[np.int64],
    ) -> tuple[Int64[Tensor, "rows places"], Int64[Tensor, "rows places"]]:
        """Count the scores of each row above (>) and at or above (>=) its thresholds.

        Args:
            scores: rows of scores.
            thresholds: thresholds of each row; only its first ``used`` places count.
            used: thresholds per row, descending, from 1 to the number of places, shape (rows,).
                Rows are counted in blocks, each with as many places as its first row uses; counts
                of further places are 0.
        """
        if scores.device.type == "cpu" and scores.dtype in _NUMPY_COMPARES:
            return count_on_cpu(scores, thresholds, used, self._block_marks)
        if scores.is_cuda and triton_works():
            # Imported here because torch for CPUs does not bring Triton.
            from graphrec_cli.evaluation.exact_ranks.counts_on_gpu import count_on_gpu

            return count_on_gpu(scores, thresholds, used)
        above = torch.zeros(thresholds.shape, dtype=torch.int64, device=scores.device)
        at_least = torch.zeros_like(above)
        for rows, places in mark_blocks(used, scores.shape[1], self._block_marks):
            row, threshold = scores[rows, None, :], thresholds[rows, places, None]
            marks = self._buffer(row, threshold)
            above[rows, places] = _sums(torch.gt(row, threshold, out=marks))
            at_least[rows, places] = _sums(torch.ge(row, threshold, out=marks))
        return above, at_least

    def release(self) -> None:
        """Free the buffer."""
        self._marks = torch.empty(0)

    def _buffer(self, row: Tensor, threshold: Tensor) -> Tensor:
        # Newly allocated memory would cause a page fault every few marks.
        shape = (row.shape[0], threshold.shape[1], row.shape[2])
        size = math.prod(shape)
        dtype = torch.promote_types(row.dtype, torch.float32)
        if self._marks.dtype is not dtype or len(self._marks) < size:
            self.release()
            self._marks = torch.empty(size, dtype=dtype, device=row.device)
        return self._marks[:size].view(shape)


def _sums(marks: Tensor) -> Tensor:
    exact = torch.float64 if marks.shape[2] > _FLOAT32_WHOLE else None
    return marks.sum(2, dtype=exact)
