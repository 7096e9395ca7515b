"""Set the number of CPU threads."""

from __future__ import annotations

import os

import torch
from threadpoolctl import threadpool_limits


def set_threads(number: int) -> None:
    """Use this many threads in torch and in the BLAS libraries of numpy and scipy.

    BLAS splits sums among its threads, so their number affects the last bits of results.
    """
    torch.set_num_threads(number)
    threadpool_limits(number, user_api="blas")
    # scipy brings an OpenBLAS of its own, loaded with the first model that needs it.
    os.environ["OPENBLAS_NUM_THREADS"] = str(number)
