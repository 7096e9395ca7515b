"""Let the trackers that a command names follow a run."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from graphrec_cli.config.addresses import VARIABLE
from graphrec_cli.config.serialize import SavedConfig, config_to_dict
from graphrec_cli.config.trackers import Artifacts, Trackers
from graphrec_cli.errors import OutputError
from graphrec_cli.rundir.config_fingerprint import RESUMABLE, config_sha256
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.system.progress import progress
from graphrec_cli.system.signals import StopSignals
from graphrec_cli.tracking.tracker import EpochValues, RunEnd, RunStart, Tracker
from graphrec_cli.tracking.values import epoch_values, figures_of, params_of
from graphrec_cli.tracking.worker import Worker

HURRY = 5.0
"""Most seconds that a run which is told to stop waits for its trackers."""
_SECRETS = (
    *("WANDB_API_KEY", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"),
    *("DATABRICKS_TOKEN", "PGPASSWORD"),
)
"""Variables that hold secrets of trackers."""
_PAUSE = 0.1


class FollowedRun:
    """A run with its trackers; none without ``logger=``.

    As a context manager it tells the trackers how the run has ended, and waits for them: at most
    ``logger.timeout``, or ``HURRY`` seconds after a signal.
    """

    def __init__(
        self, trackers: Trackers, saved: SavedConfig, run: RunDirectory, signals: StopSignals
    ) -> None:
        """Prepare; nothing is imported."""
        self._trackers, self._saved, self._run, self._signals = trackers, saved, run, signals
        self._workers: list[Worker] = []
        self._epoch = 0

    def start(self, *, resumed: bool) -> None:
        """Import and start the trackers."""
        start = self._describe_start(resumed=resumed)
        secrets = _secrets(self._trackers.settings.mlflow.uri)
        for name in self._trackers.names:
            worker = Worker(name, partial(_make, name, start, self._trackers), secrets)
            with progress(f"loading {name}"):
                worker.start()
            self._workers.append(worker)
        self._signals.check()  # a library that is being imported can swallow a signal

    def after_epoch(self, history: Sequence[Mapping[str, Any]]) -> None:
        """Hand over the last row of history.jsonl."""
        row = history[-1]
        self._epoch = row["epoch"]
        epoch = EpochValues(epoch=self._epoch, values=epoch_values(row), time=time.time())
        for worker in self._workers:
            worker.put(epoch)

    def __enter__(self) -> FollowedRun:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._workers:
            return
        self._signals.close()  # the run has ended; signals only shorten the wait
        end = self._describe_end()
        for worker in self._workers:
            worker.put(end)
        started = time.monotonic()
        with progress(f"finishing {', '.join(self._trackers.names)}"):
            self._wait(started)
        for worker in self._workers:
            worker.close(time.monotonic() - started)

    def _wait(self, started: float) -> None:
        """Wait for the trackers, whichever is the last."""
        until = started + self._trackers.settings.timeout
        hurried = False
        while not all(worker.join(0) for worker in self._workers):
            if self._signals.received is not None and not hurried:
                hurried, until = True, min(until, time.monotonic() + HURRY)
            if time.monotonic() >= until:
                return
            time.sleep(_PAUSE)

    def _describe_start(self, *, resumed: bool) -> RunStart:
        path = self._run.path.absolute()
        home = path.parent
        tags = {
            "graphrec.run": path.name,
            "graphrec.config_sha256": config_sha256(config_to_dict(self._saved), but=RESUMABLE),
        }
        if (home / "sweep.json").is_file():
            tags["graphrec.sweep"], home = home.name, home.parent
        return RunStart(
            run=self._run,
            home=home,
            params=params_of(self._saved.config),
            tags=tags,
            resumed=resumed,
        )

    def _describe_end(self) -> RunEnd:
        run, (state, _) = self._run, self._run.state()
        figures: dict[str, float] = {}
        with suppress(OutputError):
            metrics = run.read(run.metrics) if state == "completed" else None
            if metrics is not None:
                figures, self._epoch = figures_of(metrics), metrics["epochs_run"]
        wanted = self._trackers.settings.artifacts
        files: list[Path] = []
        if wanted is not Artifacts.none:
            files += [run.config, run.environment, run.status, run.metrics, run.history]
            files += [run.funnel, run.audit, run.log]
        if wanted is Artifacts.all:
            files += [run.ranks, run.data, run.best]
        return RunEnd(
            state=state,
            figures=figures,
            epoch=self._epoch,
            pictures=[path for path in sorted(run.plots.glob("*.png")) if _is_plain(path)],
            files=[path for path in files if _is_plain(path)],
        )


def _is_plain(path: Path) -> bool:
    """Whether a file is there, and not a link to one: a stranger's run may name any file."""
    return path.is_file() and not path.is_symlink()


def _secrets(address: str | None) -> list[str]:
    """Texts that no line of the log may have, the longest first."""
    secrets = [os.environ.get(name, "") for name in _SECRETS]
    if address is not None and address.startswith(VARIABLE):
        hidden = os.environ.get(address.removeprefix(VARIABLE), "")
        secrets += [hidden, hidden.partition("://")[2].rpartition("@")[0], hidden.partition("?")[2]]
    return sorted(filter(None, secrets), key=len, reverse=True)


def _make(name: str, start: RunStart, trackers: Trackers) -> Tracker:
    """Import a tracker's package, and return the tracker."""
    if name == "tensorboard":
        from graphrec_cli.tracking.tensorboard import TensorBoardTracker

        return TensorBoardTracker(start)
    if name == "mlflow":
        from graphrec_cli.tracking.mlflow import MlflowTracker

        return MlflowTracker(start, trackers.settings.mlflow)
    from graphrec_cli.tracking.wandb import WandbTracker

    return WandbTracker(start, trackers.settings.wandb)
