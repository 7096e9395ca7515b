"""``graphrec serve`` in a process of its own, and requests to it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builders import PATIENCE_S


@dataclass(frozen=True)
class Answer:
    """The answer to a request."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def content(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class ServedProcess:
    """A running server.

    Attributes:
        address: its first line.
        err: the file of its stderr.
    """

    process: subprocess.Popen[str]
    address: str
    err: Path

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.address.rpartition(":")[2])

    def ask(
        self,
        target: str,
        body: bytes | None = None,
        *,
        method: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request; a body is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        sent = {"content-type": "application/json"} if body is not None else {}
        verb = method or ("GET" if body is None else "POST")
        try:
            connection.request(verb, target, body, {**sent, **(headers or {})})
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read().decode())
        finally:
            connection.close()

    def send(self, data: bytes, seconds: float = 60) -> bytes:
        """Send bytes as they are, and return what comes back until the server closes."""
        with self.connect(seconds) as open_socket:
            with suppress(ConnectionError):  # the server may close before it has read everything
                open_socket.sendall(data)
            return read_all(open_socket)

    def connect(self, seconds: float = 60) -> socket.socket:
        """A connection, whose reads wait so long."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

    def memory_mb(self) -> float:
        """The memory that the process has in RAM."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


def read_all(open_socket: socket.socket) -> bytes:
    """What comes until the other side closes or resets the connection."""
    parts = []
    with suppress(ConnectionError):
        while part := open_socket.recv(65_536):
            parts.append(part)
    return b"".join(parts)


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[ServedProcess]:
    """``graphrec serve`` with these words on a free port, in ``folder``; killed at the end."""
    command = [sys.executable, "-m", "graphrec_cli", "serve", *words, "port=0"]
    err = folder / "serve.err"
    with (
        err.open("w") as file,
        subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        ) as process,
    ):
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http://"), err.read_text()
            yield ServedProcess(process, address, err)
        finally:
            process.kill()
