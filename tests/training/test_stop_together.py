"""A signal to one of several processes stops all of them."""

from __future__ import annotations

import signal

import pytest

from graphrec_cli.distributed.processes import ONE_PROCESS, Processes
from graphrec_cli.errors import Interrupted
from graphrec_cli.system.signals import StopSignals
from graphrec_cli.training.stop_together import check_together


class Two(Processes):
    """Two processes, the other of which has received a signal, or 0."""

    size = 2

    def __init__(self, received: int) -> None:
        self._received = received

    def largest(self, number: int) -> int:
        """The signal of either process."""
        return max(number, self._received)


def test_the_signal_of_another_process_counts() -> None:
    with pytest.raises(Interrupted) as interruption:
        check_together(StopSignals(), Two(signal.SIGTERM))
    assert interruption.value.exit_code == 128 + signal.SIGTERM


def test_ones_own_signal_counts() -> None:
    signals = StopSignals()
    signals.received = signal.SIGINT
    for processes in (ONE_PROCESS, Two(0)):
        with pytest.raises(Interrupted):
            check_together(signals, processes)


def test_without_a_signal_training_goes_on() -> None:
    check_together(StopSignals(), ONE_PROCESS)
    check_together(StopSignals(), Two(0))
