"""Downloads from a local server that breaks connections and sends wrong answers."""

from __future__ import annotations

import hashlib
import http.server
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from graphrec_cli.config.dataset import RemoteFileConfig
from graphrec_cli.data.files.download import WAITS, download
from graphrec_cli.errors import DataError

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Server:
    """The next answers, and the received requests."""

    url: str = ""
    content: bytes = CONTENT
    breaks: list[int] = field(default_factory=list)
    """Bytes after which each of the next answers breaks off."""
    statuses: list[int] = field(default_factory=list)
    """Statuses of the next answers, before any content is sent."""
    sends_length: bool = True
    location: str | None = None
    requests: int = 0


def handler_of(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            server.requests += 1
            if server.statuses or server.location:
                self.send_response(server.statuses.pop(0) if server.statuses else 302)
                if server.location:
                    self.send_header("Location", server.location)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = server.content
            self.send_response(200)
            if server.sends_length:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: server.breaks.pop(0)] if server.breaks else body)

    return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    state = Server()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(state)) as listener:
        state.url = f"http://127.0.0.1:{listener.server_port}/ratings.csv"
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        listener.shutdown()
        thread.join()


def no_wait(seconds: float) -> None:
    assert seconds in WAITS


def fetch(remote: RemoteFileConfig, target: Path) -> None:
    download(remote, target, sleep=no_wait, timeout=60.0)


def test_a_file_is_fetched_into_a_new_folder(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "ratings.csv"
    fetch(RemoteFileConfig(url=server.url, sha256=SHA256, size=len(CONTENT)), target)
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]
    assert server.requests == 1


def test_nothing_is_shown_off_a_terminal(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch(RemoteFileConfig(url=server.url), tmp_path / "ratings.csv")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_broken_transfer_is_started_again(server: Server, tmp_path: Path) -> None:
    server.breaks = [300_000, 200_000]
    target = tmp_path / "ratings.csv"
    fetch(RemoteFileConfig(url=server.url, sha256=SHA256), target)
    assert target.read_bytes() == CONTENT
    assert server.requests == 3


def test_a_break_without_a_length_shows_by_the_configured_size(
    server: Server, tmp_path: Path
) -> None:
    server.breaks = [300_000]
    server.sends_length = False
    target = tmp_path / "ratings.csv"
    fetch(RemoteFileConfig(url=server.url, size=len(CONTENT)), target)
    assert target.read_bytes() == CONTENT


def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.statuses = [503, 429, 500]
    fetch(RemoteFileConfig(url=server.url), tmp_path / "ratings.csv")
    assert (tmp_path / "ratings.csv").read_bytes() == CONTENT


def refused(remote: RemoteFileConfig, target: Path) -> str:
    """The error's text; checks that no file was left behind."""
    target.parent.mkdir(parents=True, exist_ok=True)
    before = sorted(target.parent.iterdir())
    with pytest.raises(DataError) as caught:
        fetch(remote, target)
    assert sorted(target.parent.iterdir()) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_tries_are_bounded(server: Server, tmp_path: Path) -> None:
    server.breaks = [1000] * 10
    message = refused(RemoteFileConfig(url=server.url), tmp_path / "ratings.csv")
    assert f"received 1000 bytes, expected {len(CONTENT)}" in message
    assert server.requests == 1 + len(WAITS)


def test_a_wrong_checksum_says_both(server: Server, tmp_path: Path) -> None:
    remote = RemoteFileConfig(url=server.url, sha256="0" * 64)
    message = refused(remote, tmp_path / "ratings.csv")
    assert f"{server.url} has sha256 {SHA256}, expected {'0' * 64}" in message


def test_a_wrong_size_ends_before_the_content_is_read(server: Server, tmp_path: Path) -> None:
    remote = RemoteFileConfig(url=server.url, size=len(CONTENT) + 1)
    message = refused(remote, tmp_path / "ratings.csv")
    assert f"offers {len(CONTENT)} bytes, expected {len(CONTENT) + 1}" in message
    assert server.requests == 1


def test_too_much_without_a_length_is_refused(server: Server, tmp_path: Path) -> None:
    server.sends_length = False
    message = refused(RemoteFileConfig(url=server.url, size=1000), tmp_path / "ratings.csv")
    assert "bytes, expected 1000" in message


def test_an_empty_answer_is_refused(server: Server, tmp_path: Path) -> None:
    server.content = b""
    message = refused(RemoteFileConfig(url=server.url), tmp_path / "ratings.csv")
    assert "the server sent an empty response" in message


def test_a_404_names_the_file_and_the_folder(server: Server, tmp_path: Path) -> None:
    server.statuses = [404]
    message = refused(RemoteFileConfig(url=server.url), tmp_path / "ratings.csv")
    assert message == (
        f"{server.url} answers 404 Not Found; correct the address, or put ratings.csv into "
        f"{tmp_path} by hand"
    )
    assert server.requests == 1


def test_no_network_names_the_file_and_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/ratings.csv"
    message = refused(RemoteFileConfig(url=url), tmp_path / "ratings.csv")
    pattern = (
        rf"{re.escape(url)} could not be fetched \(no connection: .*refused.*\); try again with a "
        rf"network, or put ratings\.csv into {re.escape(str(tmp_path))} by hand"
    )
    assert re.fullmatch(pattern, message)


def test_an_interrupt_leaves_nothing_behind(server: Server, tmp_path: Path) -> None:
    server.breaks = [1000]

    def interrupt(seconds: float) -> None:
        assert len(list(tmp_path.iterdir())) == 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(RemoteFileConfig(url=server.url), tmp_path / "a.csv", sleep=interrupt)
    assert not list(tmp_path.iterdir())


def test_a_silent_server_times_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        remote = RemoteFileConfig(url=f"http://127.0.0.1:{silent.getsockname()[1]}/ratings.csv")
        with pytest.raises(DataError, match="timed out"):
            download(remote, tmp_path / "ratings.csv", sleep=no_wait, timeout=0.05)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/a", "ratings.csv", "???"])
def test_other_addresses_are_refused(tmp_path: Path, url: str) -> None:
    message = refused(RemoteFileConfig(url=url), tmp_path / "ratings.csv")
    assert f"{url} is neither an http nor an https address" in message


def test_a_redirect_to_another_scheme_is_refused(server: Server, tmp_path: Path) -> None:
    server.location = "file:///etc/hostname"
    refused(RemoteFileConfig(url=server.url), tmp_path / "ratings.csv")


def test_a_folder_that_cannot_be_made_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "plain-file").write_bytes(b"")
    with pytest.raises(DataError, match=r"plain-file/ratings\.csv cannot be written"):
        fetch(RemoteFileConfig(url=server.url), tmp_path / "plain-file" / "ratings.csv")


def test_two_downloads_at_once_do_not_meet(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "ratings.csv"
    remote = RemoteFileConfig(url=server.url, sha256=SHA256)
    threads = [threading.Thread(target=fetch, args=(remote, target)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert target.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [target]
    assert server.requests == 4
