"""The kinds of error a user can meet, each with the exit code the command line ends with."""

from __future__ import annotations


class GraphrecError(Exception):
    """Something went wrong that one line can explain: what, where and what to do about it."""

    exit_code = 1


class ConfigError(GraphrecError):
    """A wrong command line, configuration key or value."""

    exit_code = 2


class DataError(GraphrecError):
    """The data are missing, damaged, or cannot carry what the configuration asks of them."""

    exit_code = 3


class LeakageError(DataError):
    """What a model is judged by is known to what it learns from or is selected on.

    The message begins with the code that docs/audit.md explains.
    """


class DifferenceError(GraphrecError):
    """The data, weights or figures of a run are no longer what was recorded."""

    exit_code = 4


class NonFiniteError(GraphrecError):
    """The loss or the scores are NaN or infinite."""

    exit_code = 5


class OutputError(GraphrecError):
    """The run directory cannot be written or read."""

    exit_code = 1


class MemoryShortageError(GraphrecError):
    """What cannot be made smaller does not fit into the memory that is free."""

    exit_code = 1


class Interrupted(KeyboardInterrupt):
    """A signal asked the run to stop; no handler of ordinary errors may swallow it.

    Attributes:
        midway: it came where a step or a file may be half done, so that no state can be kept.
    """

    def __init__(self, signal_number: int, *, midway: bool = False) -> None:
        super().__init__(f"interrupted by signal {signal_number}")
        self.exit_code = 128 + signal_number
        self.midway = midway
