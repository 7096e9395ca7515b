"""Settings of the C library's memory allocator."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's mallopt, from its malloc.h."""
_NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """Let the process reuse large freed blocks, if the C library is glibc.

    By default glibc returns every block of more than 32 MiB to the system, so that each step over
    large tensors waits for new zeroed pages. Other C libraries are left unchanged.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _NEVER)
        mallopt(_TRIM_THRESHOLD, _NEVER)
