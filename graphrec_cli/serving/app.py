"""The routes of ``graphrec serve``, and the errors that they answer with."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from graphrec_cli.serving.answers import Answers
from graphrec_cli.serving.guard import Guard
from graphrec_cli.serving.limits import BODY_SECONDS, WORK_SECONDS, Limits
from graphrec_cli.serving.openapi import openapi
from graphrec_cli.serving.question import Question, question_in_body, question_in_query
from graphrec_cli.serving.refused import Refused

Handler = Callable[[Request], Awaitable[str]]

_ROUTER_ERRORS = {
    404: "no such path; /openapi.json lists them",
    405: "this path has no such method; /openapi.json lists them",
}

_TOO_MANY = "too many requests are waiting; try again later"

log = logging.getLogger("graphrec")


def build_app(
    current: Callable[[], Answers],
    worker: Executor,
    limits: Limits,
    *,
    hosts: Sequence[str],
    debug: bool = False,
) -> Starlette:
    """The application.

    Args:
        current: the run that answers from now on; asked once per request.
        worker: where the answers are computed; it has one thread.
        hosts: values of the header Host that are accepted; ``*`` for any.
        debug: print the traceback of an unforeseen error on stderr.
    """
    routes = Routes(current, worker, limits)
    app = Starlette(
        routes=[
            _route("/recommend", ["GET", "POST"], routes.recommend, debug),
            _route("/similar", ["GET"], routes.similar, debug),
            _route("/health", ["GET"], routes.health, debug),
            _route("/openapi.json", ["GET"], routes.openapi, debug),
        ],
        middleware=[
            Middleware(Guard),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
        ],
        exception_handlers={HTTPException: _refused_by_router},
    )
    app.router.redirect_slashes = False
    return app


class Routes:
    """What each path answers; arguments as in ``build_app``."""

    def __init__(self, current: Callable[[], Answers], worker: Executor, limits: Limits) -> None:
        self._current, self._worker, self._limits = current, worker, limits
        self._openapi = json.dumps(openapi(limits)) + "\n"
        self._waiting = 0

    async def recommend(self, request: Request) -> str:
        """Lists for users of the run, or for a new user."""
        if request.method == "POST":
            body = await read_body(request, self._limits.max_body)
            return await self._answer(question_in_body(body, self._limits))
        query = request.scope["query_string"]
        return await self._answer(question_in_query(query, "user", self._limits, seen=True))

    async def similar(self, request: Request) -> str:
        """The items that are similar to an item."""
        query = request.scope["query_string"]
        return await self._answer(question_in_query(query, "item", self._limits, seen=False))

    async def health(self, request: Request) -> str:
        """Which run answers."""
        return json.dumps(self._current().health) + "\n"

    async def openapi(self, request: Request) -> str:
        """The description of these paths."""
        return self._openapi

    async def _answer(self, question: Question) -> str:
        """Compute the answer in the worker's thread.

        Raises:
            Refused: the question cannot be answered, or too many were asked before it.
        """
        if self._waiting >= self._limits.max_waiting:
            raise Refused(503, _TOO_MANY)
        self._waiting += 1
        try:
            work = asyncio.get_running_loop().run_in_executor(
                self._worker, self._current().answer, question
            )
            return await asyncio.wait_for(work, WORK_SECONDS)
        except TimeoutError as error:
            raise Refused(503, _TOO_MANY) from error
        finally:
            self._waiting -= 1


async def read_body(request: Request, max_body: int) -> bytes:
    """Read a JSON body as it arrives, and stop at its limits.

    Raises:
        Refused: 408 if it is slow, 413 if it is too large, 415 if it is not declared as JSON.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(415, "send JSON, with the header content-type: application/json")
    too_large = Refused(413, f"the body must have at most {max_body} bytes")
    if int(request.headers.get("content-length", 0)) > max_body:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > max_body:
                    raise too_large
    except TimeoutError as error:
        raise Refused(408, f"the body did not arrive within {BODY_SECONDS} s") from error
    return bytes(body)


def error_response(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """One line of JSON. What is left of the request is not read, so the connection ends."""
    line = json.dumps({"error": message}) + "\n"
    return _json_response(line, status, {**(headers or {}), "connection": "close"})


def _json_response(
    body: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(body, status, headers, media_type="application/json")


def _route(path: str, methods: list[str], handler: Handler, debug: bool) -> Route:
    return Route(path, partial(_respond, handler, debug), methods=methods)


async def _respond(handler: Handler, debug: bool, request: Request) -> Response:
    """Answer with what the handler returns, or with an error that says no more than it must."""
    try:
        return _json_response(await handler(request))
    except Refused as refused:
        return error_response(refused.status, refused.message)
    except ClientDisconnect:
        return error_response(400, "the body is incomplete")  # nobody reads it
    except asyncio.CancelledError:
        return error_response(503, "the server is stopping")
    except Exception as error:
        if debug:
            traceback.print_exc()
        path = request.scope["path"]
        log.error("%s %s: %s: %s", request.method, path, type(error).__name__, error)
        return error_response(500, "the request could not be answered; see the log of the server")


async def _refused_by_router(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = _ROUTER_ERRORS.get(error.status_code, error.detail)
    return error_response(error.status_code, message, error.headers)
