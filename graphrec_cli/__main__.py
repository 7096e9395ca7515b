"""The process of the ``graphrec`` command; ``python -m graphrec_cli`` is the same."""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from typing import NoReturn

from graphrec_cli.cli import main
from graphrec_cli.system.threads_given_up import has_given_up


def run() -> NoReturn:
    """Run one command and end the process with its exit code."""
    code: int | None = None

    def leave() -> None:
        """End without the teardown of every module, which takes longer than a short command."""
        if code is None:  # main raised what it does not handle
            return
        with suppress(OSError):  # main has reported it
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)

    # Registered first, so that it runs last.
    atexit.register(leave)
    code = main()
    if has_given_up():
        leave()
    sys.exit(code)


if __name__ == "__main__":
    run()
