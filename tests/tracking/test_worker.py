"""A tracker that fails, hangs or is slow, and what becomes of the run."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pytest

from graphrec_cli.tracking import worker as module
from graphrec_cli.tracking.tracker import EpochValues, RunEnd, Tracker
from graphrec_cli.tracking.worker import Worker

END = RunEnd(state="completed", figures={}, epoch=3, pictures=[], files=[])


class Fake:
    """Keeps what it is told; fails in the method ``fails_in``, and waits for ``gate`` in all."""

    def __init__(self, fails_in: str = "", error: BaseException | None = None) -> None:
        self.told: list[object] = []
        self.calls: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self._fails_in, self._error = fails_in, error or OSError("no way to the server")

    def begin(self) -> None:
        self._reach("begin")

    def log(self, epochs: list[EpochValues]) -> None:
        self._reach("log")
        self.calls.append(len(epochs))
        self.told += [each.epoch for each in epochs]

    def finish(self, end: RunEnd) -> None:
        self._reach("finish")
        self.told.append(end)

    def _reach(self, method: str) -> None:
        assert self.gate.wait(60)
        if method == self._fails_in:
            raise self._error


@pytest.fixture(autouse=True)
def nothing_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "give_up_thread", lambda: None)


def epoch(number: int) -> EpochValues:
    return EpochValues(epoch=number, values={"loss": 1.0}, time=0.0)


def follow(make: Callable[[], Tracker], epochs: int = 3, secrets: tuple[str, ...] = ()) -> Worker:
    """A run of a few epochs, and its end."""
    worker = Worker("fake", make, list(secrets))
    worker.start()
    for number in range(1, epochs + 1):
        worker.put(epoch(number))
    worker.put(END)
    return worker


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno == logging.WARNING]


def test_a_tracker_is_told_everything_in_order(caplog: pytest.LogCaptureFixture) -> None:
    fake = Fake()
    worker = follow(lambda: fake, epochs=20)
    assert worker.join(60)
    worker.close(0)
    assert fake.told == [*range(1, 21), END]
    assert warnings(caplog) == []


def test_epochs_that_wait_are_handed_over_together() -> None:
    fake = Fake()
    fake.gate.clear()
    worker = follow(lambda: fake, epochs=20)
    fake.gate.set()
    assert worker.join(60)
    assert sum(fake.calls) == 20
    assert len(fake.calls) <= 2


@pytest.mark.parametrize("method", ["begin", "log", "finish"])
@pytest.mark.parametrize("error", [OSError("gone"), SystemExit(3), KeyboardInterrupt()])
def test_a_failure_is_one_warning(
    method: str, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    worker = follow(lambda: Fake(method, error))
    assert worker.join(60)
    worker.close(0)
    worker.put(epoch(4))
    worker.close(1)
    (line,) = warnings(caplog)
    assert line.startswith(f"tracker fake: {type(error).__name__}")
    assert line.endswith("; the run goes on without it")


def test_a_package_that_cannot_be_imported_is_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def make() -> Tracker:
        raise ImportError("numpy.core.multiarray failed to import")

    worker = follow(make)
    assert worker.join(0)
    worker.close(0)
    (line,) = warnings(caplog)
    assert "ImportError: numpy.core.multiarray failed to import" in line


def test_a_tracker_that_hangs_is_given_up(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up: list[bool] = []
    monkeypatch.setattr(module, "give_up_thread", lambda: given_up.append(True))
    fake = Fake()
    fake.gate.clear()
    worker = follow(lambda: fake)
    started = time.monotonic()
    assert not worker.join(0.05)
    worker.close(7.4)
    assert time.monotonic() - started < 30
    assert warnings(caplog) == [
        "tracker fake: it has not finished 7 s after the run; the run goes on without it"
    ]
    assert given_up == [True]
    fake.gate.set()


def test_a_tracker_that_is_far_behind_is_given_up(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WAITING", 10)
    fake = Fake()
    fake.gate.clear()
    worker = follow(lambda: fake, epochs=40)
    worker.close(0)
    (line,) = warnings(caplog)
    assert "10 epochs are waiting for it" in line
    fake.gate.set()


def test_a_warning_has_no_secret_and_no_control_characters(
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = OSError(f"http://me:hunter2@host \x1b[31m{'x' * 500}\nsecond line")
    worker = follow(lambda: Fake("begin", error), secrets=("hunter2",))
    assert worker.join(60)
    worker.close(0)
    (line,) = warnings(caplog)
    assert "hunter2" not in line
    assert "http://me:***@host" in line
    assert "\x1b" not in line
    assert "second" not in line
    assert len(line) < 300
