"""Campaigns: a set-up, then seeded cases one after another, each counted by its outcome."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

REFUSED, RIGHT = "refused in one line", "accepted and right"
"""The outcomes of most cases."""

Case: TypeAlias = Callable[[random.Random], str]
"""One case, drawn only from its generator; returns its outcome in a few words.

Any exception is a failure; an AssertionError's message names the broken promise.
"""

Campaign: TypeAlias = Callable[[Path], Case]
"""Sets up what its cases share in an empty folder, which is also the working directory."""

SHOWN_FAILURES = 20
ENDLESS_S = 900
"""A case that takes longer ends the soak: it cannot be interrupted from within."""


@dataclass(slots=True)
class Tally:
    """The outcomes of a campaign's cases.

    Attributes:
        name: of the campaign.
        outcomes: number of cases by outcome, without failures.
        failures: one line per failure, with the command that repeats it.
        seconds: including the set-up.
    """

    name: str
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def cases(self) -> int:
        """All cases, with failures."""
        return self.outcomes.total() + len(self.failures)


def carry_out(
    name: str, campaign: Campaign, *, seed: int, seconds: float, cases: int | None
) -> Tally:
    """Run cases until the time is over or their number is reached, at least one.

    The first case draws from ``seed`` and each further one from the number that follows, so that
    any of them can be run by itself.
    """
    tally = Tally(name)
    started = time.perf_counter()
    with TemporaryDirectory(prefix=f"soak_{name}_") as folder, chdir(folder), _cache_of_its_own():
        case = campaign(Path(folder))
        while True:
            repeat = f"python tests/soak/soak.py --only {name} --cases 1 --seed {seed}"
            try:
                with _watched(repeat):
                    tally.outcomes[case(random.Random(seed))] += 1
            except Exception as error:
                tally.failures.append(f"{_one_line(error)}; to repeat: {repeat}")
                if len(tally.failures) <= SHOWN_FAILURES:
                    print(f"FAILED {name}: {tally.failures[-1]}", file=sys.stderr, flush=True)
            seed += 1
            tally.seconds = time.perf_counter() - started
            if tally.seconds >= seconds or tally.cases == cases:
                return tally


@contextmanager
def _cache_of_its_own() -> Iterator[None]:
    """Keep prepared data out of the user's cache folder."""
    before = os.environ.get("XDG_CACHE_HOME")
    with TemporaryDirectory(prefix="soak_cache_") as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        try:
            yield
        finally:
            del os.environ["XDG_CACHE_HOME"]
            if before is not None:
                os.environ["XDG_CACHE_HOME"] = before


@contextmanager
def _watched(repeat: str) -> Iterator[None]:
    """End the process with a message if the block does not end."""

    def give_up() -> None:
        print(f"FAILED, no end after {ENDLESS_S} s; to repeat: {repeat}", file=sys.stderr)
        sys.stderr.flush()
        os._exit(1)

    timer = threading.Timer(ENDLESS_S, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _one_line(error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(str(error).split())[:1000]
    return f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}: {text}"
