"""Fetching one file over HTTP: resumed after a break, verified, and only then put in its place."""

from __future__ import annotations

import http.client
import os
import re
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from tqdm import tqdm

from graphrec_cli.config.dataset import RemoteFileConfig
from graphrec_cli.data.files.files import sha256_of
from graphrec_cli.errors import DataError

WAITS = (0.5, 1.0, 2.0)
"""Seconds before each further try after a failed one."""
TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as broken."""
CHUNK_BYTES = 2**18


class _Break(Exception):
    """The transfer failed in a way that another try may mend."""


@dataclass(slots=True)
class _Transfer:
    """What is known of a file between two tries."""

    url: str
    part: BinaryIO
    total: int | None = None
    validator: str | None = None


def download(
    remote: RemoteFileConfig,
    target: Path,
    *,
    sleep: Callable[[float], None] = time.sleep,
    timeout: float = TIMEOUT,
) -> None:
    """Fetch ``remote`` to ``target``, whose folder is made if need be.

    The bytes go to a file of a unique name in the same folder, so two processes that fetch the
    same file do not meet; it is removed if the download fails, and takes its place under
    ``target`` when it is whole. A broken transfer is resumed where it broke if the server allows
    it, and begun again otherwise.

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
                _receive(_Transfer(remote.url, file, remote.size), by_hand, sleep, timeout)
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
    transfer: _Transfer, by_hand: str, sleep: Callable[[float], None], timeout: float
) -> None:
    for wait in (*WAITS, None):
        try:
            _try_once(transfer, by_hand, timeout)
            return
        except _Break as error:
            if wait is None:
                raise DataError(
                    f"{transfer.url} could not be fetched ({error}); try again with a network, "
                    f"{by_hand}"
                ) from error
            sleep(wait)


def _try_once(transfer: _Transfer, by_hand: str, timeout: float) -> None:
    """One request, from where the last one broke.

    Raises:
        _Break: another try may mend it.
        DataError: no further try can.
    """
    start = transfer.part.tell()
    request = urllib.request.Request(transfer.url, headers={"User-Agent": "graphrec"})
    if start:
        request.add_header("Range", f"bytes={start}-")
        if transfer.validator is not None:
            request.add_header("If-Range", transfer.validator)
    with _open(transfer, request, by_hand, timeout) as response:
        _check_scheme(transfer.url, response.geturl())
        _place(transfer, response, start)
        _copy(transfer, response)
    size = transfer.part.tell()
    if size == 0:
        raise _Break("the server sent nothing")
    if transfer.total is not None and size != transfer.total:
        if size > transfer.total:
            _restart(transfer)
        raise _Break(f"{size} bytes came instead of {transfer.total}")


def _open(
    transfer: _Transfer, request: urllib.request.Request, by_hand: str, timeout: float
) -> http.client.HTTPResponse:
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        answer = f"{error.code} {error.reason}"
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            _restart(transfer)
        elif error.code < 500 and error.code != http.client.TOO_MANY_REQUESTS:
            raise DataError(
                f"{transfer.url} answers {answer}; correct the address, {by_hand}"
            ) from error
        raise _Break(f"the server answers {answer}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _Break(f"no connection: {getattr(error, 'reason', error)}") from error
    return response


def _check_scheme(asked: str, answered: str) -> None:
    scheme = urlsplit(answered).scheme
    if scheme != "https" and scheme != urlsplit(asked).scheme:
        raise DataError(f"{asked} redirects to {answered}, which is not as safe; set that address")


def _place(transfer: _Transfer, response: http.client.HTTPResponse, start: int) -> None:
    """Make the part file ready for the answer's first byte and note what the answer tells."""
    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isdigit() else None
    if response.status == http.client.PARTIAL_CONTENT:
        content_range = response.headers.get("Content-Range", "")
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", content_range)
        if match is None or int(match[1]) != start:
            _restart(transfer)
            raise _Break(f"the server sent the range '{content_range}' and not {start}-")
        total = None if match[2] == "*" else int(match[2])
    elif start:
        _restart(transfer)
    if None not in (total, transfer.total) and total != transfer.total:
        raise DataError(
            f"{transfer.url} offers {total} bytes, expected {transfer.total}; it was republished "
            "or is not the file that was asked for"
        )
    transfer.total = transfer.total if total is None else total
    etag = response.headers.get("ETag", "")
    # If-Range takes strong tags alone.
    strong = etag if etag.startswith('"') else None
    transfer.validator = strong or response.headers.get("Last-Modified")


def _copy(transfer: _Transfer, response: http.client.HTTPResponse) -> None:
    name = Path(urlsplit(transfer.url).path).name
    done = transfer.part.tell()
    # disable=None: no bar where stderr is no terminal.
    with tqdm(
        desc=name, total=transfer.total, initial=done, unit="B", unit_scale=True, disable=None
    ) as bar:
        while True:
            try:
                chunk = response.read(CHUNK_BYTES)
            except (OSError, http.client.HTTPException) as error:
                raise _Break(f"it broke off: {error}") from error
            transfer.part.write(chunk)
            bar.update(len(chunk))
            too_much = transfer.total is not None and transfer.part.tell() > transfer.total
            if not chunk or too_much:
                return


def _restart(transfer: _Transfer) -> None:
    transfer.part.seek(0)
    transfer.part.truncate()
    transfer.validator = None
