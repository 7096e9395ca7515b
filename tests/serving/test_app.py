"""The routes, called as ASGI applications are, without a network."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from graphrec_cli.serving.limits import MAX_TARGET, Limits
from graphrec_cli.serving.question import Question
from graphrec_cli.serving.refused import Refused

pytest.importorskip("starlette", reason="comes with the extra serve, which CI installs")
pytest.importorskip("uvicorn", reason="comes with the extra serve, which CI installs")

from graphrec_cli.serving import app as app_module
from graphrec_cli.serving.app import build_app

pytestmark = pytest.mark.slow

JSON_HEADERS = {"content-type": "application/json"}


class Echo:
    """Answers with the question."""

    health: Mapping[str, object] = {"run": "mine"}

    def answer(self, question: Question) -> str:
        """The question, or what an id asks for."""
        if question.ids == ["unknown"]:
            raise Refused(404, "user 'unknown' is unknown")
        if question.ids == ["broken"]:
            raise RuntimeError("cannot open the secret file")
        if question.ids == ["slow"]:
            time.sleep(0.3)
        return f"{question.key}={question.ids} k={question.k} exclude={question.exclude_seen}"


def ask(
    method: str,
    target: str,
    *parts: bytes,
    headers: Mapping[str, str] | None = None,
    times: int = 1,
    version: str = "1.1",
) -> tuple[int, dict[str, str], str]:
    """The last of so many equal requests at the same time: status, headers, body."""
    with ThreadPoolExecutor(1) as worker:
        app = build_app(Echo, worker, Limits(max_body=100), hosts=["localhost"])

        async def all_at_once() -> list[tuple[int, dict[str, str], str]]:
            given = {"host": "localhost:8000", **(headers or {})}
            return await asyncio.gather(
                *(one_request(app, method, target, parts, given, version) for _ in range(times))
            )

        return asyncio.run(all_at_once())[-1]


async def one_request(
    app: Any,
    method: str,
    target: str,
    parts: Iterable[bytes],
    headers: Mapping[str, str],
    version: str,
) -> tuple[int, dict[str, str], str]:
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": version,
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if waiting and waiting[-1]["body"] != b"...":
        waiting[-1]["more_body"] = False
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.sleep(60)  # the client sends no more
        return waiting.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, *bodies = sent
    names = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], names, b"".join(body.get("body", b"") for body in bodies).decode()


def test_each_route_asks_its_question() -> None:
    assert ask("GET", "/recommend?user=1&k=3")[2] == "user=['1'] k=3 exclude=True"
    assert ask("GET", "/recommend?user=a%20b&seen=keep")[2] == "user=['a b'] k=10 exclude=False"
    assert ask("GET", "/similar?item=4")[2] == "item=['4'] k=10 exclude=True"
    posted = ask("POST", "/recommend", b'{"users": ', b'["1", "2"]}', headers=JSON_HEADERS)
    assert posted[2] == "users=['1', '2'] k=10 exclude=True"
    status, headers, body = ask("GET", "/health")
    assert (status, headers["content-type"], json.loads(body)) == (
        200,
        "application/json",
        {"run": "mine"},
    )


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/recommend?user=unknown", 404),
        ("GET", "/recommend?user=1&k=0", 422),
        ("GET", "/recommend?user=%ff", 400),
        ("GET", "/similar?item=1&seen=keep", 422),
        ("GET", "/", 404),
        ("GET", "/health/", 404),
        ("GET", "/recommend/../health", 404),
        ("GET", "//health", 404),
        ("GET", "/docs", 404),
        ("POST", "/health", 405),
        ("POST", "/similar?item=1", 405),
        ("DELETE", "/recommend", 405),
        ("OPTIONS", "/recommend", 405),
        ("TRACE", "/health", 405),
        ("GET", "/recommend?user=" + "a" * MAX_TARGET, 414),
    ],
)
def test_errors_are_one_line_of_json_and_close(method: str, target: str, status: int) -> None:
    got, headers, body = ask(method, target)
    assert got == status
    assert list(json.loads(body)) == ["error"]
    assert body.endswith("}\n")
    assert body.count("\n") == 1
    assert headers["content-type"] == "application/json"
    assert headers["connection"] == "close"
    assert "access-control-allow-origin" not in headers


def test_an_unforeseen_error_says_nothing_to_the_client(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphrec_cli.serving.app.log.propagate", True)
    status, _, body = ask("GET", "/recommend?user=broken")
    assert status == 500
    assert "secret" not in body
    assert "RuntimeError" not in body
    assert "GET /recommend: RuntimeError: cannot open" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("parts", "headers", "status"),
    [
        ([b'{"items": ["1"]}'], {}, 415),
        ([b'{"items": ["1"]}'], {"content-type": "text/plain"}, 415),
        ([b'{"items": ["1"]}'], {"content-type": "application/json; charset=utf-8"}, 200),
        ([b"{}"], {**JSON_HEADERS, "content-length": "101"}, 413),
        ([b" " * 60] * 2, JSON_HEADERS, 413),
        ([b" " * 101], JSON_HEADERS, 413),
        ([b'{"items": ["1"]}' + b" " * 84], JSON_HEADERS, 200),
        ([b"{}"], {**JSON_HEADERS, "content-length": "2", "transfer-encoding": "chunked"}, 400),
    ],
)
def test_bodies_are_bounded_while_they_arrive(
    parts: list[bytes], headers: dict[str, str], status: int
) -> None:
    assert ask("POST", "/recommend", *parts, headers=headers)[0] == status


def test_a_slow_body_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "BODY_SECONDS", 0.05)
    assert ask("POST", "/recommend", b"{", b"...", headers=JSON_HEADERS)[0] == 408


def test_a_request_that_waits_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "WORK_SECONDS", 0.5)
    assert ask("GET", "/recommend?user=slow")[0] == 200
    started = time.perf_counter()
    assert ask("GET", "/recommend?user=slow", times=9)[0] == 503
    # Those that had not begun never do.
    assert time.perf_counter() - started < 9 * 0.3


def test_no_more_requests_wait_than_may() -> None:
    with ThreadPoolExecutor(1) as worker:
        app = build_app(Echo, worker, Limits(max_waiting=2), hosts=["localhost"])

        async def at_once(number: int) -> list[int]:
            host = {"host": "localhost"}
            asked = (
                one_request(app, "GET", "/recommend?user=slow", (), host, "1.1")
                for _ in range(number)
            )
            return sorted(status for status, _, _ in await asyncio.gather(*asked))

        assert asyncio.run(at_once(5)) == [200, 200, 503, 503, 503]
        assert asyncio.run(at_once(2)) == [200, 200]


def test_long_headers_are_refused() -> None:
    assert ask("GET", "/health", headers={"x": "y" * 15_000})[0] == 200
    assert ask("GET", "/health", headers={"x": "y" * 16_384})[0] == 431


def test_other_versions_of_http_are_refused() -> None:
    assert ask("GET", "/health", version="1.0")[0] == 200
    assert ask("GET", "/health", version="9.9")[0] == 505
    chunked = {**JSON_HEADERS, "transfer-encoding": "chunked"}
    assert ask("POST", "/recommend", b"{}", headers=chunked, version="1.0")[0] == 400


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "evil@localhost"])
def test_another_name_for_this_machine_is_refused(host: str) -> None:
    assert ask("GET", "/health", headers={"host": host})[0] == 400


def test_the_description_follows_the_limits_and_names_every_route() -> None:
    document = json.loads(ask("GET", "/openapi.json")[2])
    assert document["openapi"].startswith("3.1")
    assert {path: sorted(methods) for path, methods in document["paths"].items()} == {
        "/recommend": ["get", "post"],
        "/similar": ["get"],
        "/health": ["get"],
        "/openapi.json": ["get"],
    }
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["responses"]["200"]["content"]["application/json"]["schema"]
            for parameter in operation.get("parameters", []):
                assert parameter["in"] == "query"
                if parameter["name"] == "k":
                    assert parameter["schema"]["maximum"] == 1_000
            assert ask(method.upper(), path)[0] != 405
    text = json.dumps(document)
    assert text.count("#/components/schemas/Error") == text.count('"$ref"')
