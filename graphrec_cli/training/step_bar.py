"""The progress bar of an epoch, with loss and rate of the last second."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from graphrec_cli.system.progress_bar import progress_bar
from graphrec_cli.training.epoch_progress import EpochProgress


@contextmanager
def step_bar(
    title: str, total_steps: int, progress: EpochProgress, *, shown: bool, window: float = 1.0
) -> Iterator[Callable[[], None]]:
    """Show the steps of an epoch; yields what to call after ``progress`` has counted a step.

    Args:
        title: the text before the bar.
        total_steps: optimizer steps in the whole epoch.
        shown: whether there is a bar at all.
        window: seconds that loss and rate on the bar cover; reading the loss waits for the device.
    """
    if not shown:
        yield lambda: None
        return
    before = _Reading(progress)

    def step() -> None:
        nonlocal before
        if time.perf_counter() - before.time >= window:
            now = _Reading(progress)
            bar.set_postfix_str(now.since(before), refresh=False)
            before = now
        bar.update()

    with progress_bar(title, total_steps, done=progress.steps, shown=True) as bar:
        yield step


class _Reading:
    """The counts of an epoch at one time."""

    def __init__(self, progress: EpochProgress) -> None:
        self.loss, self.steps = progress.total_loss.item(), progress.steps
        self.examples = progress.examples
        self.time = time.perf_counter()

    def since(self, before: _Reading) -> str:
        """The mean loss and the examples per second of the steps between two readings."""
        loss = (self.loss - before.loss) / (self.steps - before.steps)
        rate = (self.examples - before.examples) / (self.time - before.time)
        return f"loss {loss:.4f}, {rate:,.0f}/s"
