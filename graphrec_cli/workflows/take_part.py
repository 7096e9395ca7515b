"""The processes of torchrun other than the first, which train what that one sends."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from graphrec_cli.distributed.several import SeveralProcesses
from graphrec_cli.errors import GraphrecError, Interrupted, LostProcess
from graphrec_cli.run import SharedRun, take_part
from graphrec_cli.system.malloc import keep_freed_memory
from graphrec_cli.system.signals import StopSignals
from graphrec_cli.system.threads import set_threads
from graphrec_cli.terminal_text import first_line, one_line


def take_part_in_runs() -> int:
    """Train with the first process until it has nothing left to do; returns the exit code.

    Nothing is printed, unless the first process was killed and cannot report it.
    """
    logging.getLogger("graphrec").addHandler(logging.NullHandler())
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            processes = SeveralProcesses.start()
        except GraphrecError as error:  # the first process has the same error
            return error.exit_code
        return _run_tasks(processes)


def _run_tasks(processes: SeveralProcesses) -> int:
    signals = StopSignals()
    # torchrun sends signals while an error is handled, too.
    with signals.installed():
        try:
            while (task := processes.receive()) is not None:
                assert isinstance(task, SharedRun)
                keep_freed_memory()
                if task.config.num_threads is not None:
                    set_threads(task.config.num_threads)
                take_part(task, processes, signals)
        except KeyboardInterrupt as interruption:
            code = interruption.exit_code if isinstance(interruption, Interrupted) else 130
            processes.leave_word("interrupted by a signal", code)
            _report_for_first(processes, "interrupted")
            return code
        except LostProcess as error:
            signals.close()
            _report_for_first(processes, one_line(error))
            return error.exit_code
        except GraphrecError as error:
            processes.leave_word(one_line(error), error.exit_code)
            return error.exit_code
        except Exception as error:
            processes.leave_word(f"{type(error).__name__}: {first_line(error)}", 1)
            return 1
        processes.end()
    return 0


def _report_for_first(processes: SeveralProcesses, error: str) -> None:
    if processes.must_report():
        print("error:", error, file=sys.__stderr__, flush=True)
