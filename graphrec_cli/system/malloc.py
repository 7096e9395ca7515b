"""How the C library hands memory to tensors on the CPU."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's mallopt, from its malloc.h."""
_NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """Let the process keep large freed blocks for its next ones, where the C library is glibc.

    By default glibc gives every block of more than 32 MiB back to the system, so that each step
    over large tensors waits for fresh pages, zeroed one by one. Elsewhere nothing is changed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _NEVER)
        mallopt(_TRIM_THRESHOLD, _NEVER)
