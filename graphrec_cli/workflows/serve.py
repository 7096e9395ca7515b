"""Serve one run over HTTP, and load a newer one beside it when asked to."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import traceback
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from graphrec_cli.rundir.directory import RunDirectory, newest_first
from graphrec_cli.rundir.find_run import Need, find_run, newest_usable
from graphrec_cli.serving.address import accepted_hosts, bound_socket, is_loopback, listen
from graphrec_cli.serving.app import build_app
from graphrec_cli.serving.limits import Limits
from graphrec_cli.serving.server import StoppableServer
from graphrec_cli.serving.server_log import server_errors_logged
from graphrec_cli.system.signals import handled_by
from graphrec_cli.terminal_text import one_line
from graphrec_cli.workflows.served_run import load_served

log = logging.getLogger("graphrec")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeRequest:
    """What to serve, and where.

    Attributes:
        run: a run directory, its config.json, or ``latest``.
        output_dir: where ``latest`` looks.
        overrides: words that change the saved config.
        host, port: the address; port 0 is a free one.
        watch: seconds between two looks for a newer ``latest``; None for none.
        limits: of requests and connections.
        debug: print tracebacks of errors.
    """

    run: str
    output_dir: Path
    overrides: list[str]
    host: str
    port: int
    watch: int | None
    limits: Limits
    debug: bool


class CurrentRun:
    """The run that answers. ``latest`` and the weights may change while it does.

    Attributes:
        served: answers from now on; a reload replaces it as a whole.
    """

    def __init__(self, request: ServeRequest) -> None:
        """Load the run.

        Raises:
            GraphrecError: there is no such run, or it cannot be loaded.
        """
        self._request = request
        run = self._find()
        self.served = load_served(run, request.overrides)
        self._passed = run.path
        self._last_error = ""

    def reload(self) -> None:
        """Load the run anew, or the newest one for ``latest``; an error leaves the old one."""
        try:
            self._replace_by(self._find())
        except Exception as error:
            self._report(error)

    def follow_latest(self) -> None:
        """Load the newest run if it is another one than at the last look."""
        try:
            path = newest_usable(newest_first(self._request.output_dir), Need.model)
            if path is not None and path != self._passed:
                self._passed = path
                self._replace_by(RunDirectory.find(str(path)))
        except Exception as error:
            self._report(error)

    def _find(self) -> RunDirectory:
        return find_run(self._request.run, self._request.output_dir, Need.model)

    def _replace_by(self, run: RunDirectory) -> None:
        self._passed = run.path
        self.served = load_served(run, self._request.overrides)
        log.info("now serving %s", run.path)

    def _report(self, error: Exception) -> None:
        if self._request.debug:
            traceback.print_exception(error)
        log.error("cannot load %s: %s; %s still answers", self._passed, one_line(error), self._name)

    @property
    def _name(self) -> object:
        return self.served.health["run"]


class Reloads:
    """Reloads one after the other, in a thread of their own, so that requests do not wait."""

    def __init__(self, current: CurrentRun, watch: int | None) -> None:
        self._current, self._watch = current, watch
        self._asked = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def ask(self) -> None:
        """Ask for a reload, from a signal handler; one that has not begun is not repeated."""
        if self._loop is None:
            self._asked.set()
            return
        with suppress(RuntimeError):  # the loop has ended, and so has the server
            self._loop.call_soon_threadsafe(self._asked.set)

    async def keep_up(self, loader: ThreadPoolExecutor) -> None:
        """Reload when asked, and look for a newer run every ``watch`` seconds, until cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), self._watch)
            asked = self._asked.is_set()
            self._asked.clear()
            work = self._current.reload if asked else self._current.follow_latest
            await self._loop.run_in_executor(loader, work)


def serve_run(request: ServeRequest, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; SIGHUP reloads.

    Args:
        announce: called with the address once it accepts connections.

    Raises:
        GraphrecError: the address cannot be used, or the run cannot be loaded.
    """
    with bound_socket(request.host, request.port) as bound:
        if not is_loopback(bound):
            log.warning(
                "other machines can reach %s, and nobody has to log in; put a server with "
                "authentication in front of it",
                request.host,
            )
        current = CurrentRun(request)
        with (
            # One thread: a list is made by all threads of torch, and the next one waits.
            ThreadPoolExecutor(1, "answers") as worker,
            ThreadPoolExecutor(1, "loads") as loader,
            server_errors_logged(),
        ):
            app = build_app(
                lambda: current.served,
                worker,
                request.limits,
                hosts=accepted_hosts(bound, request.host),
                debug=request.debug,
            )
            server = StoppableServer(app, request.limits)
            reloads = Reloads(current, request.watch)
            with handled_by(_signal_handler(server, reloads)):
                announce(listen(bound, request.host))
                asyncio.run(_serve(server, bound, reloads.keep_up(loader)))
            worker.shutdown(wait=False, cancel_futures=True)
    log.info("stopped")


async def _serve(
    server: StoppableServer, bound: socket.socket, keep_up: Coroutine[None, None, None]
) -> None:
    reloads = asyncio.create_task(keep_up)
    try:
        await server.serve(bound)
    finally:
        reloads.cancel()


def _signal_handler(
    server: StoppableServer, reloads: Reloads
) -> Callable[[int, FrameType | None], None]:
    has_terminal = _has_terminal()

    def handle(number: int, frame: FrameType | None) -> None:
        # A terminal that is closed sends SIGHUP as well; its server should not outlive it.
        closed = has_terminal and not _has_terminal()
        if number == signal.SIGHUP and not closed:
            reloads.ask()
        else:
            server.stop()

    return handle


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
