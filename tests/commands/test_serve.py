"""``graphrec serve`` as a process: its address, its answers, its reloads and its end."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from builders import PATIENCE_S, Command, Finished, call
from served import serving

slow = pytest.mark.slow


@pytest.fixture
def needs_server() -> None:
    for package in ("starlette", "uvicorn"):
        pytest.importorskip(package, reason="comes with the extra serve, which CI installs")


def wait_for(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def user_ids(run: Path) -> list[str]:
    with np.load(run / "data.npz") as file:
        found: list[str] = file["user_id"][np.diff(file["train_indptr"]) > 0].tolist()
    return found


@slow
@pytest.mark.usefixtures("needs_server")
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_answers_are_those_of_recommend_until_a_signal(
    trained: Finished, tmp_path: Path, stop: signal.Signals
) -> None:
    run = str(trained.run)
    with serving(tmp_path, run) as served:
        for users in (user_ids(trained.run)[:8], user_ids(trained.run)):
            printed = call(tmp_path, "recommend", run, f"users={','.join(users)}", "k=4", "--json")
            body = json.dumps({"users": users, "k": 4}).encode()
            assert served.ask("/recommend", body).body == printed.out
        for user in user_ids(trained.run)[:20]:
            printed = call(tmp_path, "recommend", run, f"users={user}", "seen=keep", "--json")
            answer = served.ask(f"/recommend?user={quote(user)}&seen=keep")
            assert (answer.status, answer.body) == (200, printed.out)
        printed = call(tmp_path, "recommend", run, "items=3,5", "--json")
        assert served.ask("/recommend", b'{"items": ["3", "5"]}').body == printed.out
        printed = call(tmp_path, "recommend", run, "similar_to=3", "k=5", "--json")
        answer = served.ask("/similar?item=3&k=5")
        assert answer.body == printed.out
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers
        assert served.ask("/health").content["run"] == trained.run.name
        assert served.stop(stop) == 0
        assert served.err.read_text() == "stopped\n"


@pytest.fixture
def outputs(trained: Finished, tmp_path: Path) -> Path:
    """A folder with one run, ``first``."""
    shutil.copytree(trained.run, tmp_path / "outputs" / "first")
    return tmp_path / "outputs"


def copy_as_newest(outputs: Path, name: str, *, damaged: bool = False) -> None:
    """A copy of the first run, which appears at once, as a run that has just been completed."""
    prepared = Path(shutil.copytree(outputs / "first", outputs.parent / name))
    if damaged:
        (prepared / "checkpoints" / "best.pt").write_bytes(b"no checkpoint")
    later = time.time() + 60 * len(list(outputs.iterdir()))
    os.utime(prepared / "config.json", (later, later))
    prepared.rename(outputs / name)


@slow
@pytest.mark.usefixtures("needs_server")
def test_sighup_loads_the_newest_run_and_keeps_the_old_one_if_that_fails(outputs: Path) -> None:
    with serving(outputs.parent, "latest") as served:
        before = served.ask("/recommend?user=3").body
        copy_as_newest(outputs, "second")
        assert served.ask("/health").content["run"] == "first"
        served.process.send_signal(signal.SIGHUP)
        wait_for(lambda: served.ask("/health").content["run"] == "second")
        assert served.ask("/recommend?user=3").body == before

        copy_as_newest(outputs, "third", damaged=True)
        served.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "cannot load" in served.err.read_text())
        assert served.ask("/health").content["run"] == "second"
        assert served.ask("/recommend?user=3").body == before

        copy_as_newest(outputs, "fourth")
        for _ in range(50):
            served.process.send_signal(signal.SIGHUP)
        wait_for(lambda: served.ask("/health").content["run"] == "fourth")
        assert served.stop() == 0
        lines = served.err.read_text().splitlines()
        assert lines[0] == "now serving second"
        assert lines[1].startswith("cannot load latest: cannot read the checkpoint outputs/third/")
        assert lines[1].endswith("; second still answers")
        assert set(lines[2:-1]) == {"now serving fourth"}
        assert len(lines) < 20


@slow
@pytest.mark.usefixtures("needs_server")
def test_watch_follows_latest_and_reports_a_failure_once(outputs: Path) -> None:
    with serving(outputs.parent, "latest", "watch=1") as served:
        copy_as_newest(outputs, "second", damaged=True)
        wait_for(lambda: "cannot load" in served.err.read_text())
        time.sleep(2.5)
        assert served.err.read_text().count("cannot load outputs/second") == 1
        assert served.ask("/health").content["run"] == "first"
        # What was still being written is loaded as soon as it is whole.
        whole = (outputs / "first" / "checkpoints" / "best.pt").read_bytes()
        (outputs / "second" / "checkpoints" / "best.pt").write_bytes(whole)
        wait_for(lambda: served.ask("/health").content["run"] == "second")
        # An older run is not loaded in the place of one that was deleted.
        shutil.rmtree(outputs / "second")
        time.sleep(2.5)
        assert served.ask("/health").content["run"] == "second"
        copy_as_newest(outputs, "third")
        wait_for(lambda: served.ask("/health").content["run"] == "third")
        assert served.stop() == 0


@slow
@pytest.mark.usefixtures("needs_server")
def test_sighup_reloads_under_nohup(trained: Finished, tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the process inherits it
    try:
        with serving(tmp_path, str(trained.run)) as served:
            served.process.send_signal(signal.SIGHUP)
            wait_for(lambda: "now serving" in served.err.read_text())
            assert served.stop() == 0
    finally:
        signal.signal(signal.SIGHUP, before)


@slow
@pytest.mark.usefixtures("needs_server")
def test_requests_during_reloads_are_all_answered(outputs: Path) -> None:
    with serving(outputs.parent, "latest") as served:
        before = served.ask("/recommend?user=3").body
        loaded_at = set()
        for _ in range(100):
            served.process.send_signal(signal.SIGHUP)
            answer = served.ask("/recommend?user=3")
            assert (answer.status, answer.body) == (200, before)
            loaded_at.add(served.ask("/health").content["loaded_at"])
        assert served.stop() == 0


@slow
@pytest.mark.usefixtures("needs_server")
def test_the_server_ends_with_its_terminal(trained: Finished, tmp_path: Path) -> None:
    words = ["-m", "graphrec_cli", "serve", str(trained.run), "port=0"]
    # The terminal has to become that of the new session before the command begins.
    start = (
        "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    terminal, other_end = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", start, *words],
        cwd=tmp_path,
        stdin=other_end,
        stdout=other_end,
        stderr=other_end,
        start_new_session=True,
    ) as process:
        os.close(other_end)
        shown = b""
        while b"http://127.0.0.1:" not in shown:
            shown += os.read(terminal, 1_000)
        os.close(terminal)
        process.wait(PATIENCE_S)


@slow
@pytest.mark.usefixtures("needs_server")
def test_a_port_in_use_is_refused_before_anything_is_loaded(
    trained: Finished, graphrec: Command
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = graphrec("serve", str(trained.run), f"port={port}")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"error: port {port} of 127.0.0.1 is in use; choose another port=, or port=0 for a free "
        "one\n"
    )


@slow
@pytest.mark.usefixtures("needs_server")
def test_other_machines_are_let_in_with_a_warning(trained: Finished, tmp_path: Path) -> None:
    with serving(tmp_path, str(trained.run), "host=0.0.0.0") as served:
        assert served.ask("/health", headers={"host": "any.example"}).status == 200
        assert served.err.read_text().startswith("warning: other machines can reach 0.0.0.0")
        assert served.stop() == 0


@slow
@pytest.mark.usefixtures("needs_server")
@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "a" * 300, "x..y"])
def test_a_host_of_another_machine_is_refused(
    trained: Finished, graphrec: Command, host: str
) -> None:
    done = graphrec("serve", str(trained.run), f"host={host}", "port=0")
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "serve takes one run directory, or 'latest'"),
        (("latest", "port=70000"), "port must be a whole number from 0 to 65,535, got '70000'"),
        (("latest", "port=-1"), "port must be"),
        (("latest", "watch=0"), "watch must be a whole number from 1"),
        (("latest", "max_k=x"), "max_k must be"),
        (("latest", "max_body=99999999"), "max_body must be"),
        (("latest", "host="), "host is empty"),
        (("RUN", "watch=60"), "watch has no effect without latest"),
        (("latest", "root_path=/x"), "serve cannot change 'root_path=/x'"),
        (("latest", "model.num_layers=1"), "serve cannot change"),
    ],
)
def test_wrong_words_are_refused(graphrec: Command, words: tuple[str, ...], message: str) -> None:
    done = graphrec("serve", *words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {message}")


def test_a_missing_package_is_named(graphrec: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphrec_cli.commands.serve.PACKAGES", ("no_such_package", "json"))
    done = graphrec("serve", "latest")
    assert done.code == 2
    assert done.err == (
        "error: serve needs no_such_package; install the extra with pip install "
        "'graphrec-cli[serve]'\n"
    )


@slow
@pytest.mark.usefixtures("needs_server")
def test_a_run_that_cannot_be_served_ends_the_command(tmp_path: Path, outputs: Path) -> None:
    assert call(tmp_path, "serve", "nowhere", "port=0").code == 2
    (outputs / "first" / "checkpoints" / "best.pt").write_bytes(b"")
    done = call(tmp_path, "serve", "outputs/first", "port=0")
    assert (done.code, done.out) == (1, "")
    assert len(done.err.splitlines()) == 1
