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
from pathlib import Path
from typing import Any

from graphrec_cli.config.arguments import Arguments
from graphrec_cli.config.hydra_app import run_sweep
from graphrec_cli.config.plugins import loaded_plugins
from graphrec_cli.config.serialize import SavedConfig, config_from_dict, config_to_dict
from graphrec_cli.errors import Interrupted
from graphrec_cli.rundir.sweep_folder import read_sweep

log = logging.getLogger("graphrec")


def order_of(
    arguments: Arguments, saved: SavedConfig | None, folder: Path, **named: Any
) -> dict[str, Any]:
    """What this process reads, as plain values.

    Args:
        arguments: flags of the command, and the words of the run.
        saved: values that the arguments are put on.
        folder: the sweep's folder.
        named: ``number``, ``floor_of``, ``retry_failed``, ``debug``, ``plugins``,
            ``accept_changed`` and ``command``.
    """
    return named | {
        "flags": arguments.flags,
        "words": arguments.overrides,
        "saved": None if saved is None else config_to_dict(saved),
        "folder": str(folder),
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
    from graphrec_cli.workflows.sweep import run_and_record

    folder, number = Path(order["folder"]), order["number"]
    saved = None
    if order["saved"] is not None:
        saved = config_from_dict(order["saved"], "the configuration of --from")
    jobs = read_sweep(folder).jobs
    words: list[list[str]] = [[] for _ in jobs]
    words[number] = order["words"]
    run_sweep(
        Arguments(order["flags"], []),
        lambda job: run_and_record(
            job,
            folder,
            jobs,
            floor_of=order["floor_of"],
            retry_failed=order["retry_failed"],
            debug=order["debug"],
        ),
        folder,
        words,
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
