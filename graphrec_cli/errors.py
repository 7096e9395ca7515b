"""Errors, and the exit code of each.

::

    GraphrecError                1
      + ConfigError              2   wrong command line, key or value
      |   + RunInUse             2   another process trains in the run directory
      + DataError                3   missing, damaged or insufficient data
      |   + LeakageError         3   the leakage audit refused the run
      + DifferenceError          4   data, weights or figures differ from the recorded ones
      + NonFiniteError           5   the loss or the scores are NaN or infinite
      + OutputError              1   a run directory cannot be written or read
      + MemoryShortageError      1   not enough free memory
      + LauncherError            1   the launcher of a sweep stopped before its jobs
      + LostProcess              1   another process of the run has ended
    Pruned                         a search ends the run: other trials are ahead of it
    KeyboardInterrupt          130   Ctrl-C outside a run
      + Interrupted     128 + signal   a signal stopped the run
"""

from __future__ import annotations


class GraphrecError(Exception):
    """An error that one line explains: what went wrong, where, and what to do."""

    exit_code = 1


class ConfigError(GraphrecError):
    """A wrong command line, configuration key or value."""

    exit_code = 2


class DataError(GraphrecError):
    """The data are missing, damaged, or not enough for the configuration."""

    exit_code = 3


class LeakageError(DataError):
    """Held-out data leak into training or model selection.

    The message begins with a code that docs/audit.md explains.
    """


class DifferenceError(GraphrecError):
    """The data, weights or figures of a run differ from the recorded ones."""

    exit_code = 4


class NonFiniteError(GraphrecError):
    """The loss or the scores are NaN or infinite."""

    exit_code = 5


class OutputError(GraphrecError):
    """The run directory cannot be written or read."""


class MemoryShortageError(GraphrecError):
    """The work does not fit into free memory and cannot be made smaller."""


class LostProcess(GraphrecError):
    """Another process that trains the same run has ended, or cannot be reached."""


class LauncherError(GraphrecError):
    """The launcher of a sweep stopped before all of its jobs had ended."""


class Pruned(Exception):
    """A search ends the run before its last epoch, because other trials are ahead of it."""


class Interrupted(KeyboardInterrupt):
    """A signal stopped the run. Not an ``Exception``, so that no error handler swallows it.

    Attributes:
        midway: the signal arrived within a step or a write, so the current state cannot be saved.
    """

    def __init__(self, signal_number: int, *, midway: bool = False) -> None:
        super().__init__(f"interrupted by signal {signal_number}")
        self.exit_code = 128 + signal_number
        self.midway = midway
