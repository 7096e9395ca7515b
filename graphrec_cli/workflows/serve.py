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

from graphrec_cli.errors import Interrupted
from graphrec_cli.rundir.directory import newest_first
from graphrec_cli.rundir.find_run import Need, find_run, newest_usable
from graphrec_cli.serving.address import accepted_hosts, bound_socket, is_loopback, listen
from graphrec_cli.serving.app import build_app
from graphrec_cli.serving.limits import Limits
from graphrec_cli.serving.server import StoppableServer
from graphrec_cli.serving.server_log import server_errors_logged
from graphrec_cli.system.signals import handled_by
from graphrec_cli.terminal_text import one_line
from graphrec_cli.workflows.served_run import ServedRun, load_served

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
        self.served, self._written = self._load(request.run)
        self._last_error = ""

    def reload(self) -> None:
        """Load the run again, or the newest one for ``latest``; an error leaves the old one."""
        self._last_error = ""
        try:
            self._replace_by(self._request.run)
        except Exception as error:
            self._report(self._request.run, error)

    def follow_latest(self) -> None:
        """Load the newest run if it is newer than the one that answers.

        One that cannot be loaded is tried again at the next look, and its error is logged once.
        """
        name = self._request.run
        try:
            path = newest_usable(newest_first(self._request.output_dir), Need.model)
            if path is not None and _written(path) > self._written:
                name = str(path)
                self._replace_by(name)
        except Exception as error:
            self._report(name, error)

    def _replace_by(self, name: str) -> None:
        self.served, self._written = self._load(name)
        self._last_error = ""
        log.info("now serving %s", self.served.health["run"])

    def _load(self, name: str) -> tuple[ServedRun, int]:
        """The run, and when its config.json was written."""
        run = find_run(name, self._request.output_dir, Need.model)
        written = _written(run.path)
        return load_served(run, self._request.overrides), written

    def _report(self, name: str, error: Exception) -> None:
        line = f"cannot load {name}: {one_line(error)}; {self.served.health['run']} still answers"
        if line != self._last_error:
            if self._request.debug:
                traceback.print_exception(error)
            log.error("%s", line)
        self._last_error = line


def _written(path: Path) -> int:
    return (path / "config.json").stat().st_mtime_ns


class Reloads:
    """Reloads one after the other, in a thread of their own, so that requests do not wait."""

    def __init__(self, watch: int | None) -> None:
        self._watch = watch
        self._asked = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def ask(self) -> None:
        """Ask for a reload, from a signal handler; one that has not begun is not repeated."""
        if self._loop is None:
            self._asked.set()
            return
        with suppress(RuntimeError):  # the loop has ended, and so has the server
            self._loop.call_soon_threadsafe(self._asked.set)

    async def keep_up(self, current: CurrentRun, loader: ThreadPoolExecutor) -> None:
        """Reload when asked, and look for a newer run every ``watch`` seconds, until cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), self._watch)
            asked = self._asked.is_set()
            self._asked.clear()
            work = current.reload if asked else current.follow_latest
            await self._loop.run_in_executor(loader, work)


class Signals:
    """What a signal does: SIGHUP reloads, the others end the first load or stop the server.

    Attributes:
        server: what they stop; None while the first run is loaded.
    """

    def __init__(self, reloads: Reloads) -> None:
        self.server: StoppableServer | None = None
        self._reloads = reloads
        # nohup starts a command that outlives its terminal with SIGHUP ignored.
        self._may_end = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN and _has_terminal()

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal.

        Raises:
            Interrupted: no server is there to stop.
        """
        # A terminal that is closed sends SIGHUP as well; its server should not outlive it.
        closed = self._may_end and not _has_terminal()
        if number == signal.SIGHUP and not closed:
            self._reloads.ask()
        elif self.server is None:
            raise Interrupted(number)
        else:
            self.server.stop()


def serve_run(request: ServeRequest, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; SIGHUP reloads.

    Args:
        announce: called with the address once it accepts connections.

    Raises:
        GraphrecError: the address cannot be used, or the run cannot be loaded.
        Interrupted: a signal arrived before the run was loaded.
    """
    reloads = Reloads(request.watch)
    signals = Signals(reloads)
    with (
        bound_socket(request.host, request.port) as bound,
        handled_by(signals.handle, even_if_ignored=[signal.SIGHUP]),
    ):
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
            server = signals.server = StoppableServer(app)
            announce(listen(bound, request.host))
            asyncio.run(_serve(server, bound, reloads.keep_up(current, loader)))
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


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
