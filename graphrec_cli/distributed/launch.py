"""The processes that torchrun started: the first runs the command, the others wait for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from graphrec_cli.errors import LostProcess

if TYPE_CHECKING:
    from graphrec_cli.distributed.processes import Processes
    from graphrec_cli.distributed.several import SeveralProcesses

_running: SeveralProcesses | None = None


def launched_processes() -> int:
    """Number of processes that torchrun started, 1 without it."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return 1
    return int(os.environ["WORLD_SIZE"])


def is_first_launched() -> bool:
    """Whether this process runs the command."""
    return launched_processes() == 1 or os.environ["RANK"] == "0"


def running_processes() -> Processes:
    """The processes that train this process's runs."""
    from graphrec_cli.distributed.processes import ONE_PROCESS  # imports torch

    return ONE_PROCESS if _running is None else _running


@contextmanager
def leading() -> Iterator[None]:
    """Join the other processes, if there are any, and end them after the block.

    If the block fails while they take part in a run, they notice that themselves.

    Raises:
        LostProcess: the processes do not find each other.
    """
    global _running
    if launched_processes() == 1:
        yield
        return
    from graphrec_cli.distributed.several import SeveralProcesses  # imports torch

    _running = SeveralProcesses.start()
    try:
        yield
    finally:
        if _running.in_step:
            with suppress(LostProcess):
                _running.send(None)
        else:
            _running.note_reported()
        _running = None
