"""A PostgreSQL server of the tests' own, on loopback, started as an unprivileged user."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "correct-horse-battery"
"""Of the user ``tester``; it must appear in no file of a run or a sweep."""
_USER = "postgres"
"""The system's user that owns the server, which refuses to run as root."""


def find_server() -> Path:
    """The folder of the server's programs; skips the test without one, and fails it in CI."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    on_path = shutil.which("postgres")
    if found or on_path:
        return sorted(found)[-1].parent if found else Path(str(on_path)).parent
    if os.environ.get("CI"):
        pytest.fail("CI must install postgresql")
    pytest.skip("needs the server of PostgreSQL: apt-get install postgresql")


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run a server whose files are in a folder; yields ``HOST:PORT`` of its only database.

    The database ``graphrec`` belongs to the user ``tester``, who needs ``PASSWORD``.
    """
    programs, data = find_server(), folder / "cluster"
    as_user = ["runuser", "-u", _USER, "--"] if os.geteuid() == 0 else []
    if as_user:
        for place in (folder, *folder.parents):
            if place.stat().st_mode & 0o005 != 0o005:
                place.chmod(place.stat().st_mode | 0o005)
        data.mkdir()
        shutil.chown(data, _USER)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*words: str) -> None:
        done = subprocess.run(
            [*as_user, *words], capture_output=True, text=True, check=False, cwd="/"
        )
        assert done.returncode == 0, done.stdout + done.stderr

    run(str(programs / "initdb"), "-D", str(data), "--auth=trust", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    control = [str(programs / "pg_ctl"), "-D", str(data), "-w"]
    run(*control, "-o", options, "-l", str(data / "server.log"), "start")
    try:
        query = [str(programs / "psql"), "-h", "127.0.0.1", "-p", str(port), "-d", "postgres", "-c"]
        run(*query, f"CREATE ROLE tester LOGIN PASSWORD '{PASSWORD}'")
        run(*query, "CREATE DATABASE graphrec OWNER tester")
        rules = data / "pg_hba.conf"
        rules.write_text("host all all 127.0.0.1/32 scram-sha-256\n", encoding="utf-8")
        run(*control, "reload")
        yield f"127.0.0.1:{port}"
    finally:
        run(*control, "-m", "immediate", "stop")
