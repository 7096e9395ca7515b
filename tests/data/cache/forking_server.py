"""Prepares data in processes of their own, without the seconds that imports take.

A line on stdin is a JSON list of processes to start at once, each a pair: the words of its command,
or else the config.json that it prepares without composing one; and the seconds after which it is
killed, or null. The line on stdout that answers has of each its exit code (negative: the signal
that killed it) and what it wrote to stdout and stderr.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import IO

from graphrec_cli.cli import main
from graphrec_cli.config.serialize import read_config
from graphrec_cli.workflows.prepare_data import prepare_data


def started(words: list[str], said: IO[str]) -> int:
    """The id of a new process that runs one command."""
    process = os.fork()
    if process:
        return process
    os.dup2(said.fileno(), 1)
    os.dup2(said.fileno(), 2)
    code = main(words) if len(words) > 1 else prepare(Path(words[0]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def prepare(config: Path) -> int:
    """``graphrec data prepare --json`` but for the command line."""
    print(json.dumps(prepare_data(read_config(config).config)))
    return 0


def answer(commands: list[tuple[list[str], float | None]]) -> list[tuple[int, str]]:
    """Start all processes, kill those that are to be killed, and wait for all."""
    with ExitStack() as stack:
        said = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in commands]
        processes = [started(words, file) for (words, _), file in zip(commands, said, strict=True)]
        codes = []
        for process, (_, kill_after) in zip(processes, commands, strict=True):
            if kill_after is not None:
                time.sleep(kill_after)
                os.kill(process, signal.SIGKILL)  # not waited for yet, so the id is still its own
            codes.append(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
        for file in said:
            file.seek(0)
        return [(code, file.read()) for code, file in zip(codes, said, strict=True)]


if __name__ == "__main__":
    for name in ("graphrec_cli.config.hydra_app", "pandas"):
        import_module(name)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
