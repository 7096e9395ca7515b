"""Download one file over HTTP: retry after a break, verify, then move it into place."""

from __future__ import annotations

import http.client
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.parse import urlsplit

from tqdm import tqdm

from graphrec_cli.config.dataset import RemoteFileConfig
from graphrec_cli.data.files.files import sha256_of
from graphrec_cli.errors import DataError

WAITS = (0.5, 1.0, 2.0)
"""Seconds to wait before each retry."""
TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as broken."""
CHUNK_BYTES = 2**18


class _Break(Exception):
    """The transfer failed, and another try may succeed."""


def download(
    remote: RemoteFileConfig,
    target: Path,
    *,
    sleep: Callable[[float], None] = time.sleep,
    timeout: float = TIMEOUT,
) -> None:
    """Download ``remote`` to ``target``, and make its folder if necessary.

    The bytes go to a file of a unique name in the same folder, so two processes that fetch the
    same file do not collide; it is removed if the download fails, and takes its place under
    ``target`` when it is complete. A broken transfer is retried.

    Args:
        remote: address, and the size and digest to check if they are given.
        target: where the file is put.
        sleep: called with the seconds to wait before another try.
        timeout: seconds without a byte after which a connection counts as broken.

    Raises:
        DataError: the file could not be fetched, is not the expected one, or cannot be written.
    """
    by_hand = f"or put {target.name} into {target.parent} by hand"
    if urlsplit(remote.url).scheme not in ("http", "https"):
        raise DataError(f"{remote.url} is neither an http nor an https address; set one, {by_hand}")
    part = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("xb") as file:
                _receive(remote, file, by_hand, sleep, timeout)
                file.flush()
                os.fsync(file.fileno())
            if remote.sha256 is not None and (digest := sha256_of(part)) != remote.sha256:
                raise DataError(
                    f"{remote.url} has sha256 {digest}, expected {remote.sha256}; correct the "
                    f"configured digest if the file was republished, {by_hand}"
                )
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{target} cannot be written: {error.strerror or error}") from error


def _receive(
    remote: RemoteFileConfig,
    part: BinaryIO,
    by_hand: str,
    sleep: Callable[[float], None],
    timeout: float,
) -> None:
    for wait in (*WAITS, None):
        try:
            part.seek(0)
            part.truncate()
            _try_once(remote, part, by_hand, timeout)
            return
        except _Break as error:
            if wait is None:
                raise DataError(
                    f"{remote.url} could not be fetched ({error}); try again with a network, "
                    f"{by_hand}"
                ) from error
            sleep(wait)


def _try_once(remote: RemoteFileConfig, part: BinaryIO, by_hand: str, timeout: float) -> None:
    """One request.

    Raises:
        _Break: another try may succeed.
        DataError: no further try can.
    """
    request = urllib.request.Request(remote.url, headers={"User-Agent": "graphrec"})
    with _open(request, by_hand, timeout) as response:
        scheme = urlsplit(response.geturl()).scheme
        if scheme != "https" and scheme != urlsplit(remote.url).scheme:
            raise DataError(
                f"{remote.url} redirects to {response.geturl()}, which is not encrypted; set that "
                "address"
            )
        length = response.headers.get("Content-Length", "")
        offered = int(length) if length.isdigit() else None
        if None not in (offered, remote.size) and offered != remote.size:
            raise DataError(
                f"{remote.url} offers {offered} bytes, expected {remote.size}; it was republished "
                "or is a different file"
            )
        total = remote.size if offered is None else offered
        _copy(remote.url, response, part, total)
    size = part.tell()
    if size == 0:
        raise _Break("the server sent an empty response")
    if total is not None and size != total:
        raise _Break(f"received {size} bytes, expected {total}")


def _open(
    request: urllib.request.Request, by_hand: str, timeout: float
) -> http.client.HTTPResponse:
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        answer = f"{error.code} {error.reason}"
        if error.code < 500 and error.code != http.client.TOO_MANY_REQUESTS:
            raise DataError(
                f"{request.full_url} answers {answer}; correct the address, {by_hand}"
            ) from error
        raise _Break(f"the server answers {answer}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _Break(f"no connection: {getattr(error, 'reason', error)}") from error
    return response


def _copy(url: str, response: http.client.HTTPResponse, part: BinaryIO, total: int | None) -> None:
    """Write the answer to ``part``, no more than a chunk beyond ``total`` bytes."""
    name = PurePosixPath(urlsplit(url).path).name
    # disable=None: no bar unless stderr is a terminal.
    with tqdm(desc=name, total=total, unit="B", unit_scale=True, disable=None) as bar:
        while total is None or part.tell() <= total:
            try:
                chunk = response.read(CHUNK_BYTES)
            except (OSError, http.client.HTTPException) as error:
                raise _Break(f"the connection broke: {error}") from error
            if not chunk:
                return
            part.write(chunk)
            bar.update(len(chunk))
