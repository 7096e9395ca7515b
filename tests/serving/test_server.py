"""Slow, silent and greedy clients on real connections, with short deadlines."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

import pytest
from served import read_all

from graphrec_cli.serving.limits import Limits
from graphrec_cli.serving.question import Question

pytest.importorskip("starlette", reason="comes with the extra serve, which CI installs")
pytest.importorskip("uvicorn", reason="comes with the extra serve, which CI installs")

from graphrec_cli.serving import app as app_module
from graphrec_cli.serving import protocol as protocol_module
from graphrec_cli.serving.address import accepted_hosts, bound_socket, listen
from graphrec_cli.serving.app import build_app
from graphrec_cli.serving.server import StoppableServer

pytestmark = pytest.mark.slow

CONNECTION_SECONDS, SILENT_SECONDS = 1.0, 0.4
MAX_OPEN = 30
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /recommend HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


class Large:
    """Answers with more than the system keeps for a client that does not read."""

    health: Mapping[str, object] = {"run": "mine"}

    def answer(self, question: Question) -> str:
        """20 MB."""
        return "x" * 20_000_000


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server in a thread, with deadlines of a second."""
    monkeypatch.setattr(protocol_module, "CONNECTION_SECONDS", CONNECTION_SECONDS)
    monkeypatch.setattr(app_module, "BODY_SECONDS", CONNECTION_SECONDS / 2)
    monkeypatch.setattr(protocol_module, "SILENT_SECONDS", SILENT_SECONDS)
    monkeypatch.setattr(protocol_module, "MAX_OPEN", MAX_OPEN)
    with running(Limits()) as found:
        yield found


@contextmanager
def running(limits: Limits) -> Iterator[int]:
    with bound_socket("127.0.0.1", 0) as bound, ThreadPoolExecutor(1) as worker:
        hosts = accepted_hosts(bound, "127.0.0.1")
        server = StoppableServer(build_app(Large, worker, limits, hosts=hosts))
        address = listen(bound, "127.0.0.1")
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(bound)))
        thread.start()
        try:
            yield int(address.rpartition(":")[2])
        finally:
            server.stop()
            thread.join()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def health_of(open_socket: socket.socket) -> bytes:
    """The whole answer to one more request."""
    open_socket.sendall(HEALTH)
    answer = b""
    while not answer.endswith(b"}\n"):
        part = open_socket.recv(65_536)
        assert part
        answer += part
    return answer


def test_a_silent_connection_is_closed(port: int) -> None:
    started = time.perf_counter()
    with connect(port) as silent:
        assert read_all(silent) == b""
    assert time.perf_counter() - started >= SILENT_SECONDS * 0.9


def test_headers_that_trickle_in_are_cut_off(port: int) -> None:
    with connect(port) as loris:
        loris.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
        sent, started = 0, time.perf_counter()
        with suppress(ConnectionError):
            while time.perf_counter() - started < 20 * CONNECTION_SECONDS:
                loris.sendall(b"X: y\r\n")
                sent += 1
                time.sleep(0.05)
        assert sent < 10 * CONNECTION_SECONDS / 0.05
        assert read_all(loris) == b""


def test_a_body_that_trickles_in_is_cut_off_with_408(port: int) -> None:
    with connect(port) as slow:
        slow.sendall(POST + b"Content-Length: 1000\r\n\r\n")
        for _ in range(8):
            slow.sendall(b" ")
            time.sleep(0.05)
        assert read_all(slow).startswith(b"HTTP/1.1 408 ")


def test_a_client_that_does_not_read_its_answer_is_cut_off(port: int) -> None:
    with connect(port) as stalled:
        stalled.sendall(b"GET /recommend?user=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(3 * CONNECTION_SECONDS)
        assert len(read_all(stalled)) < 20_000_000


def test_a_busy_connection_may_stay(port: int) -> None:
    with connect(port) as busy:
        started = time.perf_counter()
        while time.perf_counter() - started < 2.5 * CONNECTION_SECONDS:
            assert health_of(busy).startswith(b"HTTP/1.1 200 ")
            time.sleep(0.1)


def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    last = HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with connect(port) as pipelined:
        pipelined.sendall(HEALTH * 3 + last)
        assert read_all(pipelined).count(b"HTTP/1.1 200 ") == 4


def test_connections_beyond_the_limit_are_closed_and_silent_ones_make_room(port: int) -> None:
    with ExitStack() as stack:
        asks = stack.enter_context(connect(port))
        assert health_of(asks).startswith(b"HTTP/1.1 200 ")
        silent = [stack.enter_context(connect(port)) for _ in range(2 * MAX_OPEN)]
        time.sleep(SILENT_SECONDS / 4)
        # Who is there already is answered, however many others are.
        assert health_of(asks).startswith(b"HTTP/1.1 200 ")
        for each in silent:
            each.setblocking(False)
        closed = [was_closed(each) for each in silent]
        assert sum(closed) == MAX_OPEN + 1
        time.sleep(2 * SILENT_SECONDS)
        assert all(map(was_closed, silent))
        late = stack.enter_context(connect(port))
        assert health_of(late).startswith(b"HTTP/1.1 200 ")


def was_closed(open_socket: socket.socket) -> bool:
    try:
        return open_socket.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
