"""``python -m graphrec_cli.workflows.sweep_job``: one run of a sweep that a launcher started.

It reads what to do from the first line of its stdin, as JSON, and stops when its stdin ends.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec_cli.config.arguments import Arguments
from graphrec_cli.config.hydra_app import run_sweep
from graphrec_cli.config.plugins import loaded_plugins
from graphrec_cli.config.serialize import config_from_dict, config_to_dict
from graphrec_cli.config.trackers import take_tracker_words
from graphrec_cli.errors import Interrupted
from graphrec_cli.rundir.sweep_folder import SweepJob, read_sweep
from graphrec_cli.workflows.sweep_run import SweepRun
from graphrec_cli.workflows.trial_reporter import Reporter

if TYPE_CHECKING:
    from graphrec_cli.training.fit import Report

log = logging.getLogger("graphrec")


def order_of(run: SweepRun, number: int, *, report: Report | None, **named: Any) -> dict[str, Any]:
    """What this process reads, as plain values.

    Args:
        run: the sweep.
        number: of the job, from 0.
        report: that of a trial of a search.
        named: ``plugins``, ``accept_changed`` and ``command``.
    """
    return named | {
        "flags": run.arguments.flags,
        "number": number,
        "job": asdict(run.jobs[number]),
        "planned": run.planned,
        "saved": None if run.saved is None else config_to_dict(run.saved),
        "folder": str(run.folder),
        "retry_failed": run.retry_failed,
        "debug": run.debug,
        "trackers": list(run.trackers.words),
        "report": report.to_dict() if isinstance(report, Reporter) else None,
    }


def main() -> int:
    """Carry out the order; returns the exit code."""
    order = json.loads(sys.stdin.readline())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_stop_with_starter, daemon=True).start()
    sys.argv = order["command"]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        with loaded_plugins(order["plugins"], accept_changed=order["accept_changed"]):
            _run(order)
    except Interrupted as interruption:
        return interruption.exit_code
    return 0


def _run(order: dict[str, Any]) -> None:
    """Train, and write the result into the sweep's folder.

    Raises:
        Interrupted: a signal arrived.
    """
    from graphrec_cli.workflows.run_and_record import run_and_record

    folder, number = Path(order["folder"]), order["number"]
    saved = None
    if order["saved"] is not None:
        saved = config_from_dict(order["saved"], "the configuration of --from")
    report = None if order["report"] is None else Reporter.from_dict(order["report"], folder)
    trackers, _ = take_tracker_words(order["trackers"])
    jobs = read_sweep(folder).jobs
    jobs[number] = SweepJob(**order["job"])  # as planned today, not as it is in the file
    run_sweep(
        Arguments(order["flags"], []),
        lambda job: run_and_record(
            job,
            folder,
            jobs,
            planned=order["planned"],
            retry_failed=order["retry_failed"],
            debug=order["debug"],
            report=report,
            trackers=trackers,
        ),
        folder,
        [job.words for job in jobs],
        saved,
        numbers=[number],
    )


def _stop_with_starter() -> None:
    """Interrupt this process when the one that started it is gone."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # as the command does: the teardown of every module takes long
