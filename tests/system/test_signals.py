from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from graphrec_cli.errors import Interrupted
from graphrec_cli.system.signals import StopSignals


@pytest.fixture(autouse=True)
def _nothing_is_ignored() -> Iterator[None]:
    """A suite that runs in the background or under nohup inherits signals that are ignored."""
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),
        signal.SIGHUP: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number: signal.Signals) -> None:
    signal.raise_signal(number)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGUSR1, 138), (signal.SIGHUP, 129)],
)
def test_a_signal_is_raised_where_it_arrives(number: signal.Signals, code: int) -> None:
    with StopSignals().installed(), pytest.raises(Interrupted) as raised:
        send(number)
    assert raised.value.exit_code == code
    assert not raised.value.midway


def test_a_held_signal_waits_for_the_check() -> None:
    signals, done = StopSignals(), []

    def work() -> None:
        with signals.installed(), signals.held():
            signals.check()
            send(signal.SIGTERM)
            done.append("step")
            signals.check()
            done.append("never")

    with pytest.raises(Interrupted) as raised:
        work()
    assert (done, raised.value.exit_code) == (["step"], 143)


def test_a_held_signal_that_nobody_checked_is_raised_at_the_end() -> None:
    signals, done = StopSignals(), []

    def work() -> None:
        with signals.installed(), signals.held():
            send(signal.SIGUSR1)
            done.append("all")

    with pytest.raises(Interrupted):
        work()
    assert done == ["all"]


def test_an_error_is_not_replaced_by_a_held_signal() -> None:
    signals = StopSignals()

    def work() -> None:
        with signals.installed(), signals.held():
            send(signal.SIGTERM)
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        work()


def test_inside_a_released_block_it_is_raised_at_once_and_afterwards_held_again() -> None:
    signals, done = StopSignals(), []

    def validate() -> None:
        with signals.released():
            done.append("begun")
            send(signal.SIGTERM)
            done.append("never")

    def work() -> None:
        with signals.installed(), signals.held():
            try:
                validate()
            except Interrupted:
                send(signal.SIGTERM)
                done.append("saved")
                validate()  # not even begun

    with pytest.raises(Interrupted):
        work()
    assert done == ["begun", "saved"]


def test_a_second_ctrl_c_does_not_wait_and_a_repeated_sigterm_does() -> None:
    signals, done = StopSignals(), []

    def work() -> None:
        with signals.installed(), signals.held():
            for _ in range(3):
                send(signal.SIGTERM)
            done.append("after SIGTERM")
            send(signal.SIGINT)
            done.append("after SIGINT")
            send(signal.SIGINT)
            done.append("never")

    with pytest.raises(Interrupted) as raised:
        work()
    assert done == ["after SIGTERM", "after SIGINT"]
    assert (raised.value.exit_code, raised.value.midway) == (130, True)


def test_handlers_are_put_back_and_ignored_signals_stay_ignored() -> None:
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        old = signal.getsignal(signal.SIGTERM)
        with StopSignals().installed():
            send(signal.SIGUSR1)
            assert signal.getsignal(signal.SIGTERM) != old
        assert signal.getsignal(signal.SIGTERM) == old
        assert signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_in_another_thread_nothing_is_installed() -> None:
    entered = []

    def run() -> None:
        with StopSignals().installed():
            entered.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert entered == [True]
