"""trackers.json: the names that trackers gave a run, with which a resumed run goes on."""

from __future__ import annotations

import re
import threading
from typing import Any

from graphrec_cli.errors import OutputError
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.storage.atomic import write_json

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_lock = threading.Lock()


def known_id(run: RunDirectory, tracker: str) -> str | None:
    """The name of the run in a tracker; None if it is not known.

    The file may come from somebody else, so the name may be that of any other run.
    """
    value = _read(run).get(tracker)
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def record_id(run: RunDirectory, tracker: str, name: str) -> None:
    """Write down the name of the run in a tracker. Trackers may call this at the same time.

    Raises:
        OutputError: the file cannot be written.
    """
    with _lock:
        write_json(run.trackers, _read(run) | {tracker: name})


def _read(run: RunDirectory) -> dict[str, Any]:
    try:
        return run.read(run.trackers)
    except OutputError:
        return {}
