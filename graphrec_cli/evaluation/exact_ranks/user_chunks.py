"""Users scored a chunk at a time, the chunks as large as serves speed and as memory allows."""

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

# The product of users and items packs the items once a chunk, so a small chunk pays for it.
_CHUNK_SCORES = {"cpu": 1 << 23, "cuda": 1 << 25}
# Of the free memory: the scores may be float64, a copy is made of them, and marks are set beside.
_SHARE = 1 / 8
_SCORE_BYTES = 4

Result = TypeVar("Result")


def users_per_chunk(values_a_user: int, device: torch.device) -> int:
    """Users whose float32 scores take 32 MB on a CPU, 128 MB on CUDA.

    They take an eighth of the free memory at most, but are never fewer than one user's.

    Args:
        values_a_user: a score an item, and what else is held for a user.
    """
    affordable = int(free_memory(device) * _SHARE) // _SCORE_BYTES
    scores = min(_CHUNK_SCORES[device.type], affordable)
    return max(1, scores // max(values_a_user, 1))


def in_chunks(
    users: NDArray[np.int64],
    work: Callable[[NDArray[np.int64]], Result],
    size: int,
    *,
    release: Callable[[], None],
) -> list[Result]:
    """The results of ``work`` on users ``size`` at a time; half as many where memory runs out.

    Args:
        users: shape (users,).
        work: called with consecutive users; called again with fewer where its memory ran out, so
            that what it had done by then must not count.
        size: users at a time to begin with.
        release: gives back what ``work`` keeps between calls.

    Raises:
        MemoryShortageError: there is not enough memory for a single user.
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
        # Out of the handler, which keeps the frames of ``work`` and so its tensors alive.
        if shortage is None:
            done += len(chunk)
            continue
        release()
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()
        if len(chunk) == 1:
            raise MemoryShortageError(
                f"not even a single user's scores fit into the memory that is free ({shortage}); "
                "end other programs that use it, or evaluate on a machine or device with more"
            )
        if size == asked:
            log.warning(
                "the scores of %d users at a time do not fit into memory; going on with fewer",
                len(chunk),
            )
        size = len(chunk) // 2
    return results
