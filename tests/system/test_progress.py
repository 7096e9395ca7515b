"""Progress bars on a pseudo-terminal of 80 columns, and log lines without a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from typing import TypeAlias

import pytest
import torch
from builders import CPU, items_of_users
from torch import Tensor

from graphrec_cli.evaluation.exact_ranks.ranks import HeldOutPairs, RankingRules, rank_held_out
from graphrec_cli.system.progress import bars_erased, progress
from graphrec_cli.training.epoch_progress import EpochProgress
from graphrec_cli.training.step_bar import step_bar

COLUMNS = 80
OnTerminal: TypeAlias = Callable[[Callable[[], object]], list[str]]


@pytest.fixture
def terminal_size() -> tuple[int, int]:
    """Rows and columns."""
    return 24, COLUMNS


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch, terminal_size: tuple[int, int]) -> OnTerminal:
    """Run a function with stderr on a terminal; what each line showed, one after the other."""
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(work: Callable[[], object]) -> list[str]:
        screen, terminal = pty.openpty()
        size = struct.pack("HHHH", *terminal_size, 0, 0)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)
        seen: list[bytes] = []

        def read() -> None:
            try:
                while text := os.read(screen, 4096):
                    seen.append(text)
            except OSError:  # Linux ends a terminal that nobody holds open with an error
                pass

        reader = threading.Thread(target=read)
        reader.start()
        with monkeypatch.context() as patch, os.fdopen(terminal, "w", encoding="utf-8") as stderr:
            patch.setattr("sys.stderr", stderr)
            with bars_erased():
                pass  # as after a line on the screen
            work()
        reader.join()
        os.close(screen)
        return [part for part in re.split(r"[\r\n]+", b"".join(seen).decode()) if part.strip()]

    return run


def take_steps(losses: list[float], *, first: int = 0, seconds: float = 0.0) -> None:
    """Show steps of a million examples each, of the last epoch of a long run."""
    total = torch.zeros((), dtype=torch.float64)
    counts = EpochProgress(total, steps=first)
    with step_bar("epoch 1000/1000", 99_999, counts, window=0.0) as show:
        for loss in losses:
            time.sleep(seconds)
            counts.add(torch.tensor(loss), 1_000_000)
            show()


def test_the_longest_bar_of_an_epoch_fits(on_terminal: OnTerminal) -> None:
    shown = on_terminal(lambda: take_steps([1234.5] * 3, first=99_000, seconds=0.11))
    assert max(map(len, shown)) <= COLUMNS
    assert all(text.startswith("epoch 1000/1000 |") for text in shown)
    assert re.search(r"\d/99999 \[.*<.*, loss 1234\.5000, [\d,]+/s\]$", shown[-1])


def test_loss_and_rate_are_those_since_the_last_reading(
    on_terminal: OnTerminal,
) -> None:
    shown = on_terminal(lambda: take_steps([1.0, 3.0, 8.0], seconds=0.15))
    losses = [found[1] for text in shown if (found := re.search(r"loss ([\d.]+)", text))]
    assert losses == ["1.0000", "3.0000", "8.0000"]
    rates = [int(rate.replace(",", "")) for rate in re.findall(r"([\d,]+)/s\]", " ".join(shown))]
    # A million examples in 0.15 s; a busy machine takes longer.
    assert len(rates) == 3
    assert all(0 < rate <= 6_700_000 for rate in rates)


class Slow:
    """A scorer that takes its time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def score_users(self, user_index: Tensor) -> Tensor:
        """Equal scores."""
        time.sleep(self.seconds)
        return torch.zeros(len(user_index), 3)


def rank(seconds: float) -> None:
    """Rank the held-out items of five users, each in its own chunk."""
    train = items_of_users([[0], [1], [2], [0], [1]], 3)
    held_out = items_of_users([[1], [2], [0], [1], [2]], 3)
    rank_held_out(
        Slow(seconds),
        HeldOutPairs(held_out=held_out, train=train),
        RankingRules(tie_seed=0, chunk_users=1, device=CPU),
        title="ranking test",
    )


@pytest.mark.slow
def test_a_ranking_of_more_than_a_second_has_a_bar(
    on_terminal: OnTerminal,
) -> None:
    shown = on_terminal(lambda: rank(0.4))
    assert max(map(len, shown)) <= COLUMNS
    assert re.match(r"ranking test \|.*\| \d/5 \[00:0[01]<00:0\d\]$", shown[0])


def test_a_short_ranking_has_none(
    on_terminal: OnTerminal,
) -> None:
    assert on_terminal(lambda: rank(0.0)) == []


def work(seconds: float, *, title: str = "reading ratings.csv") -> None:
    """Work whose inside cannot report."""
    with progress(title, delay=0.3):
        time.sleep(seconds)


@pytest.mark.slow
def test_long_work_shows_its_time_every_second_and_is_erased(on_terminal: OnTerminal) -> None:
    shown = on_terminal(lambda: work(3.0))
    assert shown == [f"reading ratings.csv [00:0{second}]" for second in (0, 1, 2)]


def test_short_work_shows_nothing(on_terminal: OnTerminal) -> None:
    assert on_terminal(lambda: work(0.0)) == []


def test_work_after_a_second_of_silence_is_shown_sooner(on_terminal: OnTerminal) -> None:
    def in_parts() -> None:
        for title in ("reading", "hashing", "splitting"):
            with progress(title):
                time.sleep(0.7)

    assert on_terminal(in_parts) == ["hashing [00:00]"]


def test_a_long_title_does_not_wrap(on_terminal: OnTerminal) -> None:
    (shown,) = on_terminal(lambda: work(0.5, title="reading " + "x" * 200))
    assert shown.startswith("reading xxx")
    assert len(shown) <= COLUMNS


def test_an_interruption_erases_the_time_and_ends_the_thread(on_terminal: OnTerminal) -> None:
    def interrupted() -> None:
        with progress("solving", delay=0.1):
            time.sleep(0.3)
            raise KeyboardInterrupt

    def catch() -> None:
        before = threading.active_count()
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert threading.active_count() == before

    assert on_terminal(catch) == ["solving [00:00]"]


def test_work_that_ends_as_its_bar_is_due_is_no_error(on_terminal: OnTerminal) -> None:
    def ends_at_that_moment() -> None:
        for _ in range(600):
            with progress("reading", delay=0.002):
                time.sleep(0.002)

    on_terminal(ends_at_that_moment)


def test_only_the_innermost_work_is_shown(on_terminal: OnTerminal) -> None:
    def nested() -> None:
        with progress("solving", delay=0.1), progress("inverting", 3, delay=0.2) as inner:
            time.sleep(0.4)
            inner.update()

    shown = on_terminal(nested)
    assert shown
    assert all(line.startswith("inverting |") for line in shown)


@pytest.mark.parametrize("terminal_size", [(0, 0)])
def test_a_terminal_that_tells_no_size_has_a_bar(on_terminal: OnTerminal) -> None:
    def count() -> None:
        with progress("inverting", 3, delay=0.1):
            time.sleep(0.3)

    (shown,) = on_terminal(count)
    assert shown.startswith("inverting |")
    assert len(shown) <= COLUMNS


def test_a_line_of_the_log_stands_alone(on_terminal: OnTerminal) -> None:
    def talk() -> None:
        with progress("reading", delay=0.1):
            time.sleep(0.3)
            with bars_erased():
                print("warning: a line", file=sys.stderr)

    assert on_terminal(talk) == ["reading [00:00]", "warning: a line"]


SILENT_FOR = """
import logging, sys, time
from graphrec_cli.system.progress import progress
logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
for title, total, seconds, in_log in WORK:
    with progress(title, total, in_log=in_log) as shown:
        shown.update()
        time.sleep(seconds)
"""


def log_lines(*work: tuple[str, int | None, float, bool]) -> list[str]:
    """What a new process without a terminal logs of work that takes the given seconds."""
    code = SILENT_FOR.replace("WORK", repr(work))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [re.sub(r"(\d)\.\d s$", r"\1 s", line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_without_a_terminal_the_log_gets_a_line_after_two_seconds_of_silence() -> None:
    lines = log_lines(("reading", None, 1.0, True), ("ranking", 5, 5.5, True))
    assert lines == [f"ranking: 1 of 5 after {second} s" for second in (1, 3, 5)]


@pytest.mark.slow
def test_work_before_a_run_has_no_line_in_the_log() -> None:
    work = (
        ("starting", None, 2.5, False),
        ("hashing", None, 0.5, True),
        ("reading", None, 1.5, True),
    )
    assert log_lines(*work) == ["reading: 1 s"]


FULL = """
import logging, time
from graphrec_cli.errors import OutputError
from graphrec_cli.system.progress import progress

class Full(logging.Handler):
    def emit(self, record):
        raise OutputError("the disk is full")

log = logging.getLogger("graphrec")
log.setLevel(logging.INFO)
log.addHandler(Full())
try:
    with progress("reading"):
        time.sleep(2.5)
except OutputError as error:
    print("raised:", error)
"""


@pytest.mark.slow
def test_a_log_that_cannot_be_written_ends_the_work_with_its_error() -> None:
    done = subprocess.run([sys.executable, "-c", FULL], capture_output=True, text=True, check=True)
    assert done.stdout == "raised: the disk is full\n"
