"""Stop all processes of a run after the same step."""

from __future__ import annotations

from graphrec_cli.distributed.processes import Processes
from graphrec_cli.system.signals import StopSignals


def check_together(signals: StopSignals, processes: Processes) -> None:
    """Raise a delayed signal, in all processes if one of them has received it.

    Raises:
        Interrupted: a signal has arrived.
    """
    if processes.size > 1:
        received = processes.largest(signals.received or 0)
        if not received:
            return  # even if one arrives here just now: the others do not know of it
        signals.received = received
    signals.check()
