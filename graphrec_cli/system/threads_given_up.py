"""Threads that hang in somebody else's code, which the end of the process must not wait for."""

from __future__ import annotations

_given_up = False


def give_up_thread() -> None:
    """Have the process end without waiting for threads and without functions of ``atexit``."""
    global _given_up
    _given_up = True


def has_given_up() -> bool:
    """Whether a thread hangs."""
    return _given_up
