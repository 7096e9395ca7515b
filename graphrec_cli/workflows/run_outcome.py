"""Train in a run directory, and record how the run ended."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.trackers import Trackers
from graphrec_cli.config.unused import describe_unused
from graphrec_cli.errors import GraphrecError, Interrupted, LostProcess, OutputError, Pruned
from graphrec_cli.run import train
from graphrec_cli.rundir.data_fingerprint import DataIdentity
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.system.signals import StopSignals
from graphrec_cli.terminal_text import first_line, one_line
from graphrec_cli.tracking.follow import FollowedRun
from graphrec_cli.training.fit import Report
from graphrec_cli.workflows.run_log import log_to

log = logging.getLogger("graphrec")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """How a run ended.

    Attributes:
        run: its directory.
        config: its config.
        metrics: content of metrics.json; None unless the run completed.
        error: one line about why it did not complete; None for a completed run.
        exit_code: exit code of the command if this is its only run.
        stopped_by: the signal that arrived after the run completed; None without one.
    """

    run: RunDirectory
    config: RunConfig
    metrics: dict[str, Any] | None
    error: str | None
    exit_code: int
    stopped_by: int | None = None


def train_and_record(
    saved: SavedConfig,
    run: RunDirectory,
    *,
    debug: bool,
    expected: DataIdentity | None,
    resumed: bool,
    floor: dict[str, Any] | None = None,
    report: Report | None = None,
    trackers: Trackers,
    notes: Sequence[str] = (),
) -> RunOutcome:
    """Train in a run directory, and write into it how the run ended.

    Arguments that ``train`` has too are those of ``train``.

    Args:
        run: its directory, which this process has locked.
        debug: print the traceback of an error on stderr.
        trackers: what follows the run.
        notes: lines for the log.

    Raises:
        OutputError: the directory cannot be written to.
    """
    config, signals = saved.config, StopSignals()
    followed = FollowedRun(trackers, saved, run, signals)
    with log_to(run.log), signals.installed(), followed:
        try:
            run.write_status("running")
            followed.start(resumed=resumed)
            if resumed:
                log.info("resuming %s", run.path)
            for line in (*notes, *describe_unused(config)):
                log.info("%s", line)
            metrics = train(
                saved,
                run,
                signals=signals,
                resumed=resumed,
                expected=expected,
                floor=floor,
                report=report,
                after_epoch=[followed.after_epoch],
            )
            signals.close()
            run.write_status("completed")
        except KeyboardInterrupt as interruption:
            code = interruption.exit_code if isinstance(interruption, Interrupted) else 130
            words = [f"resume={run.path}", *trackers.words]
            line = f"interrupted: graphrec train {' '.join(words)} continues it"
            return _record_failure(run, config, "interrupted", line, code)
        except Pruned as end:
            log.info("%s", end)
            run.write_status("pruned", str(end))
            return RunOutcome(run=run, config=config, metrics=None, error=str(end), exit_code=0)
        except LostProcess as error:
            signals.close()
            _trace(run, debug)
            line = f"{one_line(error)}; graphrec train resume={run.path} continues the run"
            return _record_failure(run, config, "interrupted", line, error.exit_code)
        except GraphrecError as error:
            _trace(run, debug)
            return _record_failure(run, config, "failed", one_line(error), error.exit_code)
        except Exception as error:
            _trace(run, debug)
            return _record_failure(
                run, config, "failed", f"{type(error).__name__}: {first_line(error)}", 1
            )
        return RunOutcome(
            run=run,
            config=config,
            metrics=metrics,
            error=None,
            exit_code=0,
            stopped_by=signals.received,
        )


def _record_failure(
    run: RunDirectory, config: RunConfig, state: str, error: str, exit_code: int
) -> RunOutcome:
    unwritable = ""
    try:
        run.write_status(state, error)
    except OutputError as second:
        unwritable = "" if str(second) == error else f" ({second})"
    # If the disk is full, the log file cannot be written either; the screen shows the error first.
    with suppress(OutputError):
        log.error("error: %s%s", error, unwritable)
    return RunOutcome(run=run, config=config, metrics=None, error=error, exit_code=exit_code)


def _trace(run: RunDirectory, debug: bool) -> None:
    """Write the traceback to the log file, and with ``debug`` to the screen."""
    text = traceback.format_exc()
    if debug:
        sys.stderr.write(text)
    # The log handler reports a log file that cannot be written.
    with suppress(OSError), run.log.open("a", encoding="utf-8") as file:
        file.write(text)
