"""Score users in chunks whose size suits the CPU caches and the free memory."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec_cli.errors import MemoryShortageError
from graphrec_cli.system.free_memory import free_memory, is_shortage
from graphrec_cli.terminal_text import first_line

log = logging.getLogger("graphrec")

# The matrix product repacks the item table for every chunk, so chunks should not be small.
CHUNK_SCORES = {"cpu": 1 << 23, "cuda": 1 << 29}
# Share of the free memory. The rest is for float64 scores, a copy of them, and the marks.
_SHARE = 1 / 8
_SCORE_BYTES = 4

Result = TypeVar("Result")


def users_per_chunk(values_a_user: int, device: torch.device) -> int:
    """Number of users whose float32 scores take 32 MB on a CPU or 2 GB on CUDA.

    The scores take at most an eighth of the free memory, but the number is at least 1.

    Args:
        values_a_user: float32 values per user: one score per item, and the working memory.
    """
    affordable = int(free_memory(device) * _SHARE) // _SCORE_BYTES
    scores = min(CHUNK_SCORES[device.type], affordable)
    return max(1, scores // max(values_a_user, 1))


def in_chunks(
    users: NDArray[np.int64],
    work: Callable[[NDArray[np.int64]], Result],
    size: int,
    *,
    release: Callable[[], None],
    advance: Callable[[int], object] = lambda users: None,
) -> list[Result]:
    """Call ``work`` on ``size`` users at a time, halving the size if memory runs out.

    Args:
        users: shape (users,).
        work: called with consecutive users. If it runs out of memory, it is called again with
            fewer users, so a failed call must have no effect.
        size: initial number of users per call.
        release: frees the memory that ``work`` keeps between calls.
        advance: called with the number of users of every finished call of ``work``.

    Raises:
        MemoryShortageError: a single user does not fit into memory.
    """
    results: list[Result] = []
    done, asked = 0, size
    while done < len(users):
        chunk = users[done : done + size]
        shortage = None
        try:
            results.append(work(chunk))
        except (MemoryError, RuntimeError) as error:
            if not is_shortage(error):
                raise
            shortage = first_line(error)
        # Outside the handler: the exception keeps the frames of ``work`` and their tensors alive.
        if shortage is None:
            done += len(chunk)
            advance(len(chunk))
            continue
        release()
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()
        if len(chunk) == 1:
            raise MemoryShortageError(
                f"the scores of a single user do not fit into the free memory ({shortage}); close "
                "other programs, or evaluate on a machine or device with more memory"
            )
        if size == asked:
            log.warning(
                "the scores of %d users at a time do not fit into memory; continuing with fewer",
                len(chunk),
            )
        size = len(chunk) // 2
    return results
