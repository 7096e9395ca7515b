"""Runs commands one by one, each in a process with bounds on memory and time.

Started once, because importing torch takes seconds: a line of JSON on stdin is the words and the
folder of a command; a line of JSON on stdout is its exit code, stdout, stderr and seconds.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from graphrec_cli.cli import main

MEMORY = 4 * 2**30
SECONDS = 60


def confined(words: list[str], folder: str) -> dict[str, object]:
    """What the command did; a negative exit code is the signal that ended it."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as kept:
        out, err = Path(kept, "out"), Path(kept, "err")
        child = os.fork()
        if not child:
            try:
                for number, path in ((1, out), (2, err)):
                    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
                os.chdir(folder)
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                signal.alarm(SECONDS)
                os._exit(main(words))
            except BaseException:
                traceback.print_exc()
                os._exit(99)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return {
            "code": code,
            "out": out.read_text("utf-8", "replace"),
            "err": err.read_text("utf-8", "replace"),
            "seconds": time.monotonic() - started,
        }


if __name__ == "__main__":
    for name in (
        "workflows.recommend",
        "workflows.reproduce",
        "reporting.tables",
        "config.hydra_app",
    ):
        importlib.import_module(f"graphrec_cli.{name}")
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(confined(request["words"], request["folder"])), flush=True)
