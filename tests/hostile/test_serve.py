"""Hostile requests to a running server: each is refused, and the server goes on as before."""

from __future__ import annotations

import json
import os
import random
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from served import ServedProcess, read_all, serving

HEAD = b"Host: localhost\r\nContent-Type: application/json\r\n"
LAST = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
REFUSALS = (b"HTTP/1.1 4", b"HTTP/1.1 505")
MAX_MORE_MB = 100
"""By which the server may grow in this module; its libraries alone take about 300 MB."""


@pytest.fixture(scope="module")
def served(clean: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedProcess]:
    """One server for all tests; at the end it is as healthy as at the start, and has not grown."""
    for package in ("starlette", "uvicorn"):
        pytest.importorskip(package, reason="comes with the extra serve, which CI installs")
    folder = tmp_path_factory.mktemp("served")
    with serving(folder, str(clean)) as process:
        before = process.ask("/recommend?user=3&k=5").body
        memory = process.memory_mb()
        yield process
        assert process.ask("/recommend?user=3&k=5").body == before
        assert process.memory_mb() < memory + MAX_MORE_MB
        assert process.stop() == 0
        assert process.err.read_text() == "stopped\n"


def is_alive(served: ServedProcess) -> bool:
    return served.ask("/health").status == 200


def post(body: bytes) -> bytes:
    length = str(len(body)).encode()
    return (
        b"POST /recommend HTTP/1.1\r\n" + HEAD + b"Content-Length: " + length + b"\r\n\r\n" + body
    )


def get(target: bytes) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + HEAD + b"\r\n"


MALFORMED = {
    "nothing but noise": random.Random(1).randbytes(100_000),
    "a TLS greeting": bytes.fromhex("16030100c8010000c40303") + b"\x00" * 200,
    "zeros": b"\x00" * 1_000,
    "no version": b"GET /health\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
    "a folded header": b"GET /health HTTP/1.1\r\nHost: localhost\r\n X: y\r\n\r\n",
    "a blank in a header's name": b"GET /health HTTP/1.1\r\nHost : localhost\r\n\r\n",
    "a NUL in a header": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
    "a NUL in the path": b"GET /hea\x00lth HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a path that is not ASCII": get("/récommend?user=3".encode()),
    "headers without end": b"GET /health HTTP/1.1\r\n" + b"X: y\r\n" * 100_000,
    "a long header": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 1_000_000,
    "a long path": get(b"/recommend?user=" + b"a" * 100_000),
    "a path of 8 KB": get(b"/recommend?user=" + b"a" * 8_000),
    "an encoded NUL": get(b"/recommend?user=%00"),
    "an encoded surrogate": get(b"/recommend?user=%ED%A0%80"),
    "a broken encoding": get(b"/recommend?user=%zz%f"),
    "a negative k": get(b"/recommend?user=3&k=-5"),
    "NaN": get(b"/recommend?user=3&k=NaN"),
    "a long k": get(b"/recommend?user=3&k=" + b"9" * 3_000),
    "a traversal": get(b"/../../../etc/passwd"),
    "an encoded traversal": get(b"/%2e%2e/%2e%2e/etc/passwd"),
    "a traversal as an id": get(b"/recommend?user=../../../../etc/passwd"),
    "a file": get(b"/recommend?user=@/etc/passwd"),
    "an address": get(b"http://evil.example/health"),
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "another site": b"GET /health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    "a web socket": get(b"/ws")[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "a delete": b"DELETE /recommend HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a body of 10 MB": post(b'{"items": ["' + b"a" * 10_000_000 + b'"]}'),
    "an id of 60,000 characters": post(b'{"items": ["' + b"a" * 60_000 + b'"]}'),
    "deep JSON": post(b'{"items": ' + b"[" * 30_000 + b"]" * 30_000 + b"}"),
    "a key twice": post(b'{"items": ["3"], "items": ["4"]}'),
    "a number as an id": post(b'{"items": [3]}'),
    "NaN in JSON": post(b'{"items": ["3"], "k": NaN}'),
    "a long number": post(b'{"items": ["3"], "k": ' + b"9" * 60_000 + b"}"),
    "a surrogate": post(b'{"items": ["\\ud800"]}'),
    "an escaped NUL": post(b'{"items": ["3\\u0000"]}'),
    "bytes that are no text": post(b'{"items": ["\xff\xfe"]}'),
    "a command": post(b'{"items": ["$(touch /tmp/owned)"], "__class__": "os.system"}'),
    "5,000 ids": post(json.dumps({"users": ["3"] * 5_000}).encode()),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_gets_a_4xx_or_is_cut_off(served: ServedProcess, data: bytes) -> None:
    answer = served.send(data)
    assert answer == b"" or answer.startswith(REFUSALS), answer[:100]
    assert b"Traceback" not in answer
    assert b"/tmp" not in answer
    assert b"graphrec_cli" not in answer
    assert is_alive(served)


def chunked(*chunks: bytes, first: bytes = b"", after: bytes = b"0\r\n\r\n") -> bytes:
    lines = b"POST /recommend HTTP/1.1\r\n" + HEAD + first + b"Transfer-Encoding: chunked\r\n\r\n"
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return lines + body + after


SMUGGLED = {
    "CL.TE": chunked(first=b"Content-Length: 6\r\n", after=b"0\r\n\r\nG" + LAST),
    "TE.CL": chunked(b"GET /health HTTP/1.1\r\nX: y", first=b"Content-Length: 4\r\n") + LAST,
    "TE.TE": chunked(first=b"Transfer-Encoding: identity\r\n") + LAST,
    "another coding": post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: xchunked")
    + LAST,
    "two lengths": post(b"{}").replace(b"\r\n\r\n", b"\r\nContent-Length: 50\r\n\r\n") + LAST,
    "a signed length": post(b"{}").replace(b"Length: 2", b"Length: +2") + LAST,
    "a negative length": post(b"{}").replace(b"Length: 2", b"Length: -2") + LAST,
    "a long length": post(b"{}").replace(b"Length: 2", b"Length: " + b"9" * 5_000) + LAST,
    "a chunk that is no number": chunked(after=b"0x5\r\nhello\r\n0\r\n\r\n") + LAST,
    "a negative chunk": chunked(after=b"-1\r\nhello\r\n0\r\n\r\n") + LAST,
    "a chunk with a wrong end": chunked(after=b"5\r\nhelloXX0\r\n\r\n") + LAST,
    "a chunk of 2^64": chunked(after=b"1" + b"0" * 16 + b"\r\n") + LAST,
    "10 MB in chunks": chunked(*[b" " * 50_000] * 200) + LAST,
}


@pytest.mark.parametrize("data", SMUGGLED.values(), ids=SMUGGLED)
def test_what_follows_a_wrong_request_is_not_answered(served: ServedProcess, data: bytes) -> None:
    answer = served.send(data)
    assert answer == b"" or answer.startswith(REFUSALS), answer[:100]
    # The request that is hidden in the body, or comes after it.
    assert answer.count(b"HTTP/1.1") <= 1
    assert is_alive(served)


@pytest.mark.parametrize("verb", [b"GET /health", b"POST /recommend", b"POST /health"])
@pytest.mark.parametrize("rest", [b"zz\r\n", b"0\r\n\r\nnoise\r\n\r\n"])
def test_noise_in_and_after_a_body(served: ServedProcess, verb: bytes, rest: bytes) -> None:
    with served.connect() as connection:
        head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        connection.sendall(verb + b" HTTP/1.1\r\n" + head)
        time.sleep(0.2)
        with suppress(ConnectionError):
            connection.sendall(rest)
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 200" if verb == b"GET /health" else REFUSALS)
    assert is_alive(served)


def test_500_connections_at_once(served: ServedProcess) -> None:
    with ExitStack() as stack:
        many = [stack.enter_context(served.connect()) for _ in range(500)]
        for each in many:
            with suppress(ConnectionError):
                each.sendall(LAST)
        codes = [read_all(each)[9:12] for each in many]
    assert set(codes) <= {b"200", b"503", b""}
    assert is_alive(served)


def test_slow_clients_leave_room_for_others(served: ServedProcess) -> None:
    with ExitStack() as stack:
        for place in range(50):
            loris = stack.enter_context(served.connect())
            loris.sendall(get(b"/health")[: 10 + place % 20])
        for _ in range(20):
            assert is_alive(served)


def test_random_bytes_after_a_good_beginning(served: ServedProcess) -> None:
    noise = random.Random(2)
    good = [get(b"/recommend?user=3&k=2"), post(b'{"items": ["3"], "k": 2}'), chunked(b"{}"), LAST]

    def damaged(number: int) -> bytes:
        data = bytearray(noise.choice(good))
        for _ in range(noise.randint(1, 4)):
            place = noise.randrange(len(data))
            data[place : place + noise.randint(0, 2)] = noise.randbytes(noise.randint(0, 2))
        return bytes(data)

    def answer_to(data: bytes) -> bytes:
        with served.connect(seconds=120) as connection, suppress(ConnectionError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return read_all(connection)
        return b""

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(answer_to, [damaged(number) for number in range(300)]))
    for answer in answers:
        assert answer == b"" or answer.startswith((b"HTTP/1.1 2", *REFUSALS)), answer[:100]
    assert is_alive(served)


def test_no_request_wrote_a_file(served: ServedProcess) -> None:
    assert sorted(os.listdir(served.err.parent)) == ["serve.err"]
    assert not Path("/tmp/owned").exists()
