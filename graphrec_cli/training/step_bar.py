"""The progress of an epoch, with loss and rate of the last second on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from graphrec_cli.system.progress import progress
from graphrec_cli.training.epoch_progress import EpochProgress


@contextmanager
def step_bar(
    title: str, total_steps: int, counts: EpochProgress, *, window: float = 1.0
) -> Iterator[Callable[[], None]]:
    """Show the steps of an epoch; yields what to call after ``counts`` has counted a step.

    Args:
        title: the text before the bar.
        total_steps: optimizer steps in the whole epoch.
        window: seconds that loss and rate on the bar cover; reading the loss waits for the device.
    """
    with progress(title, total_steps, done=counts.steps, delay=0) as shown:
        if not shown.on_terminal:
            yield shown.update
            return
        before = _Reading(counts)

        def step() -> None:
            nonlocal before
            if time.perf_counter() - before.time >= window:
                now = _Reading(counts)
                shown.annotate(now.since(before))
                before = now
            shown.update()

        yield step


class _Reading:
    """The counts of an epoch at one time."""

    def __init__(self, counts: EpochProgress) -> None:
        self.loss, self.steps = counts.total_loss.item(), counts.steps
        self.examples = counts.examples
        self.time = time.perf_counter()

    def since(self, before: _Reading) -> str:
        """The mean loss and the examples per second of the steps between two readings."""
        loss = (self.loss - before.loss) / (self.steps - before.steps)
        rate = (self.examples - before.examples) / (self.time - before.time)
        return f"loss {loss:.4f}, {rate:,.0f}/s"
