"""The kinds of error a user can meet, each with the exit code the command line ends with."""

from __future__ import annotations

MAX_LINE = 1_500
"""Characters of an error's line; of a longer one the middle is left out."""


def one_line(error: BaseException) -> str:
    """The message of an error on one line that no terminal takes for commands.

    What breaks a line or is not printable, such as an escape that came from a file, is written as
    Python writes it in text (``\\x1b``), and the middle of an endless message is left out.
    """
    text = " ".join(str(error).splitlines())
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    if len(text) <= MAX_LINE:
        return text
    return f"{text[: MAX_LINE // 2]} ... {text[-MAX_LINE // 2 :]}"


class GraphrecError(Exception):
    """Something went wrong that one line can explain: what, where and what to do about it."""

    exit_code = 1


class ConfigError(GraphrecError):
    """A wrong command line, configuration key or value."""

    exit_code = 2


class DataError(GraphrecError):
    """The data are missing, damaged, or cannot carry what the configuration asks of them."""

    exit_code = 3


class DifferenceError(GraphrecError):
    """What a run is to be repeated with is no longer what it was made with."""

    exit_code = 4


class NonFiniteError(GraphrecError):
    """The loss or the scores are NaN or infinite."""

    exit_code = 5


class OutputError(GraphrecError):
    """The run directory cannot be written or read."""

    exit_code = 1


class Interrupted(KeyboardInterrupt):
    """A signal asked the run to stop; no handler of ordinary errors may swallow it."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"interrupted by signal {signal_number}")
        self.exit_code = 128 + signal_number
