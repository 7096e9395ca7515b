"""What surrounds a run: its directory, log, status, threads, signals and errors."""

from __future__ import annotations

import logging
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from graphrec_cli.allocator import keep_freed_memory
from graphrec_cli.config.hydra_app import Job
from graphrec_cli.config.serialize import SavedConfig, config_to_dict
from graphrec_cli.data_identity import DataIdentity
from graphrec_cli.device import pick_device
from graphrec_cli.durable import write_json
from graphrec_cli.errors import GraphrecError, Interrupted, OutputError, one_line
from graphrec_cli.run import train
from graphrec_cli.rundir import RunDirectory, timestamp

log = logging.getLogger("graphrec")

_DEFAULT_THREADS = torch.get_num_threads()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended.

    Attributes:
        run: its directory.
        metrics: the content of metrics.json, None unless the run was completed.
        error: the one line that says what went wrong, None for a completed run.
        exit_code: what the command ends with if this is its only run.
    """

    run: RunDirectory
    metrics: dict[str, Any] | None
    error: str | None
    exit_code: int


def run_job(job: Job, *, debug: bool = False, expected: DataIdentity | None = None) -> Outcome:
    """Make the run directory, train in it and record how that ended.

    Args:
        job: what to run.
        debug: whether a traceback goes to the screen.
        expected: the data and the split that the run must have; None accepts any.

    Raises:
        ConfigError: the run directory cannot be made.
        OutputError: it cannot be written to.
    """
    pick_device(job.config.device)  # refuses a missing GPU before a folder is made
    keep_freed_memory()
    threads = job.config.num_threads or _DEFAULT_THREADS
    torch.set_num_threads(threads)
    config = replace(job.config, num_threads=threads)
    stem = f"{timestamp()}_{config.model.name}_{config.dataset.name}_{config.sampler.name}"
    run = RunDirectory.create(Path(config.output_dir), stem)
    write_json(run.config, config_to_dict(SavedConfig(config, job.choices)))
    run.write_status("running")
    with _log_to(run.log), _signals_interrupt():
        try:
            metrics = train(config, run, expected=expected)
        except KeyboardInterrupt as interruption:
            code = interruption.exit_code if isinstance(interruption, Interrupted) else 130
            return _ended(run, "interrupted", "interrupted: what was finished is kept", code)
        except GraphrecError as error:
            _trace(run, debug)
            return _ended(run, "failed", one_line(error), error.exit_code)
        except Exception as error:
            _trace(run, debug)
            return _ended(run, "failed", f"{type(error).__name__}: {_first_line(error)}", 1)
        run.write_status("completed")
        return Outcome(run=run, metrics=metrics, error=None, exit_code=0)


def _ended(run: RunDirectory, state: str, error: str, exit_code: int) -> Outcome:
    # First the status: logging fails too where it is the log that cannot be written.
    try:
        run.write_status(state, error)
    except OutputError as unwritable:
        log.error("error: %s", unwritable)
    log.error("error: %s", error)
    return Outcome(run=run, metrics=None, error=error, exit_code=exit_code)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or ["no message"])[0]


def _trace(run: RunDirectory, debug: bool) -> None:
    """The traceback goes to the log file, and to the screen when it is asked for."""
    text = traceback.format_exc()
    if debug:
        sys.stderr.write(text)
    # A log that cannot be written says so itself.
    with suppress(OSError), run.log.open("a", encoding="utf-8") as file:
        file.write(text)


class _LogFile(logging.FileHandler):
    """A log whose failure to be written ends the run, instead of a traceback at every line."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Called by logging from within the handling of the error."""
        error = sys.exc_info()[1]
        log.removeHandler(self)
        reason = error.strerror if isinstance(error, OSError) else error
        raise OutputError(
            f"cannot write {self.baseFilename}: {reason}; make room there or change output_dir"
        ) from error


@contextmanager
def _log_to(path: Path) -> Iterator[None]:
    try:
        handler = _LogFile(path, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; change output_dir") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        with suppress(OSError):  # it was raised when the line was logged, and is again
            handler.close()


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """SIGTERM and SIGUSR1 stop a run as Ctrl-C does, with codes of their own."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    watched = [getattr(signal, name) for name in ("SIGTERM", "SIGUSR1") if hasattr(signal, name)]
    before = {number: signal.signal(number, interrupt) for number in watched}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
