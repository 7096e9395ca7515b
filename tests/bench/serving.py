"""Requests per second and latencies of ``graphrec serve``: ``python tests/bench/serving.py RUN``.

Client and server share the machine; each request goes over loopback, on connections that stay.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphrec_cli.rundir.data_npz import load_run_data

Draw = Callable[[np.random.Generator], bytes]


@dataclass(frozen=True)
class Case:
    """A kind of request.

    Attributes:
        name: for the table.
        connections: that ask at the same time, each as soon as it has its answer.
        draw: makes a request.
    """

    name: str
    connections: int
    draw: Draw


def main() -> int:
    """Start a server, measure every case and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    split, _ = load_run_data(arguments.run / "data.npz")
    users = split.users.text()[split.train.user_degree > 0]
    items = split.items.text()[split.train.item_degree > 0]
    print(f"{len(users):,} users, {len(items):,} items, {arguments.threads} thread(s) of torch\n")
    print("| request | connections | per second | p50, ms | p99, ms |")
    print("|---|---|---|---|---|")
    words = ["serve", str(arguments.run), "port=0", f"num_threads={arguments.threads}"]
    with subprocess.Popen(
        [sys.executable, "-m", "graphrec_cli", *words], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline().rpartition(":")[2])
        for case in cases(users.tolist(), items.tolist()):
            print(asyncio.run(row(case, port, arguments.seconds)), flush=True)
        status = Path(f"/proc/{server.pid}/status").read_text("utf-8")
        print(f"\nmost memory: {int(status.partition('VmHWM:')[2].split()[0]) / 1024:.0f} MB")
        server.terminate()
    return server.returncode


def cases(users: list[str], items: list[str]) -> list[Case]:
    """Every kind of request, for random users and items."""

    def known(k: int) -> Draw:
        return lambda draws: get(f"/recommend?user={draws.choice(users)}&k={k}")

    def new(draws: np.random.Generator) -> bytes:
        return post({"items": draws.choice(items, 20, replace=False).tolist(), "k": 10})

    def batch(draws: np.random.Generator) -> bytes:
        return post({"users": draws.choice(users, 100, replace=False).tolist(), "k": 10})

    return [
        Case("`/health`", 8, lambda draws: get("/health")),
        Case("a user, k=10", 1, known(10)),
        Case("a user, k=10", 8, known(10)),
        Case("a user, k=10", 32, known(10)),
        Case("a user, k=1000", 8, known(min(1_000, len(items)))),
        Case("a new user with 20 items", 8, new),
        Case("100 users", 8, batch),
        Case("similar items", 8, lambda draws: get(f"/similar?item={draws.choice(items)}")),
    ]


def get(target: str) -> bytes:
    """A request without a body."""
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(content: object) -> bytes:
    """A request with a body of JSON."""
    body = json.dumps(content).encode()
    head = f"POST /recommend HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Content-Type: application/json\r\n\r\n" + body


async def row(case: Case, port: int, seconds: float) -> str:
    """Measure a case after a second of warm-up; a row of the table."""
    draws = np.random.default_rng(0)
    requests = [case.draw(draws) for _ in range(2_000)]
    for span in (min(1.0, seconds), seconds):
        started = time.perf_counter()
        latencies = await asyncio.gather(
            *(
                client(port, requests[place :: case.connections], started + span)
                for place in range(case.connections)
            )
        )
        passed = time.perf_counter() - started
    every = np.concatenate([np.array(each) for each in latencies]) * 1_000
    p50, p99 = np.percentile(every, [50, 99])
    rate = len(every) / passed
    return f"| {case.name} | {case.connections} | {rate:,.0f} | {p50:.1f} | {p99:.1f} |"


async def client(port: int, requests: list[bytes], until: float) -> list[float]:
    """The latency of one request after the other, in seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    latencies: list[float] = []
    while (started := time.perf_counter()) < until:
        writer.write(requests[len(latencies) % len(requests)])
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        latencies.append(time.perf_counter() - started)
    writer.close()
    return latencies


if __name__ == "__main__":
    sys.exit(main())
