"""Make and find run directories; name their files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from graphrec_cli.errors import ConfigError, OutputError
from graphrec_cli.rundir.lock import is_locked
from graphrec_cli.storage.atomic import output_errors, write_json
from graphrec_cli.storage.bounded_json import read_json, refuse_links_out


def make_unique_folder(parent: Path, stem: str) -> Path:
    """Make ``parent/stem``, or ``stem_2``, ``stem_3`` ... if it already exists.

    Raises:
        ConfigError: the folder cannot be made.
    """
    number = 1
    while True:
        folder = parent / (stem if number == 1 else f"{stem}_{number}")
        try:
            parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        except FileExistsError:
            if not parent.is_dir():
                raise ConfigError(
                    f"output_dir {parent} is not a folder; choose another output_dir"
                ) from None
            number += 1
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(
                f"cannot make {folder}: {reason}; choose another output_dir"
            ) from error
        else:
            return folder


def make_folder(folder: Path) -> None:
    """Make a folder inside a run directory if it does not exist.

    Raises:
        OutputError: it cannot be made.
    """
    with output_errors(f"make {folder}"):
        folder.mkdir(exist_ok=True)


def newest_first(output_dir: Path) -> list[Path]:
    """The run directories under ``output_dir`` and in its sweeps, newest config.json first."""
    return folders_by_age(output_dir, "*/config.json", "*_sweep*/*/config.json")


def folders_by_age(output_dir: Path, *patterns: str) -> list[Path]:
    """The folders of the files that match a pattern, that of the newest file first."""
    found = []
    for pattern in patterns:
        for file in output_dir.glob(pattern):
            with suppress(OSError):  # deleted in the meantime
                found.append((file.stat().st_mtime_ns, file.parent))
    return [path for _, path in sorted(found, reverse=True)]


_TIME_FORMAT = "%Y-%m-%d_%H-%M-%S"


def timestamp() -> str:
    """The local time to the second, for folder names."""
    return datetime.now().strftime(_TIME_FORMAT)


def seconds_of(stamp: str) -> float | None:
    """The seconds since 1970 of what ``timestamp`` returned; None for another text."""
    try:
        return datetime.strptime(stamp, _TIME_FORMAT).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


class RunDirectory:
    """The folder of one run. All files except the log and the history are written atomically."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.json"
        """The full config."""
        self.environment = path / "environment.json"
        """Versions, hardware, command line and the data files' digests."""
        self.status = path / "status.json"
        """running, completed, failed, interrupted or pruned."""
        self.log = path / "train.log"
        """Copy of stderr without bars and colours."""
        self.history = path / "history.jsonl"
        """One JSON line per epoch."""
        self.metrics = path / "metrics.json"
        """Test and valid metrics, baselines and counts."""
        self.data = path / "data.npz"
        """Raw ids, titles and the split."""
        self.funnel = path / "funnel.json"
        """Counts of dropped rows, by cause."""
        self.audit = path / "audit.json"
        """Findings of the leakage audit, by code."""
        self.quarantine = path / "quarantine.csv"
        """Lines of the data set that could not be read, if any."""
        self.ranks = path / "ranks.npz"
        """The rank of every held-out pair of the test part."""
        self.checkpoints = path / "checkpoints"
        """Folder of best.pt and last.pt."""
        self.best = self.checkpoints / "best.pt"
        """Checkpoint of the best epoch."""
        self.last = self.checkpoints / "last.pt"
        """The newest checkpoint."""
        self.lock = path / "run.lock"
        """Lock file of the process that trains here."""
        self.plots = path / "plots"
        """Folder of the plots."""
        self.trackers = path / "trackers.json"
        """Names of the run in trackers."""

    @classmethod
    def create(cls, output_dir: Path, stem: str) -> RunDirectory:
        """Make a new, empty run directory.

        Raises:
            ConfigError: the folder cannot be made.
            OutputError: a folder inside it cannot be made.
        """
        run = cls(make_unique_folder(output_dir, stem))
        make_folder(run.checkpoints)
        return run

    @classmethod
    def in_folder(cls, folder: Path) -> RunDirectory:
        """Make the run directory ``folder``, unless it exists.

        Raises:
            ConfigError: a link in it points outside.
            OutputError: the folder or one inside it cannot be made.
        """
        run = cls(folder)
        refuse_links_out(run.path, run._entries())
        for path in (run.path, run.checkpoints):
            make_folder(path)
        return run

    @classmethod
    def find(cls, name: str) -> RunDirectory:
        """The run directory ``name``, or that of the config.json ``name``.

        Raises:
            ConfigError: no such run directory, or a link in it points outside.
        """
        path = Path(name).parent if Path(name).name == "config.json" else Path(name)
        if not (path / "config.json").is_file():
            raise ConfigError(f"{name} is not a run directory: {_what_else(path)}")
        run = cls(path)
        refuse_links_out(run.path, run._entries())
        return run

    def _entries(self) -> Iterator[Path]:
        """Every path that a command may read in the run directory."""
        yield from (self.config, self.environment, self.status, self.metrics, self.history)
        yield from (self.data, self.funnel, self.ranks, self.log, self.plots, self.checkpoints)
        yield from (self.best, self.last, self.lock, self.trackers, *self.checkpoints.glob("*"))

    def write_status(self, state: str, error: str | None = None) -> None:
        """Record the state of the run, with its error as one line."""
        write_json(self.status, {"status": state, "error": error, "time": timestamp()})

    def state(self) -> tuple[str, str | None]:
        """``running``, ``completed``, ``failed``, ``pruned`` or ``interrupted``, and the reason.

        A run that is in none of these states is interrupted, also if its
        status.json is damaged.
        """
        try:
            content = self.read(self.status)
        except OutputError:
            content = {}
        return self.state_in(content)

    def state_in(self, content: dict[str, Any]) -> tuple[str, str | None]:
        """What ``state`` returns, with the content of status.json."""
        state, error = content.get("status"), content.get("error")
        if state in ("completed", "failed", "interrupted", "pruned"):
            return str(state), None if error is None else str(error)
        if is_locked(self.lock):
            return "running", None
        killed = state == "running"
        return (
            "interrupted",
            "its process was killed" if killed else "unknown status in status.json",
        )

    def describe_status(self) -> str:
        """The state of the run for messages, with its error."""
        state, error = self.state()
        if state == "failed":
            return f"this run failed: {error}"
        return f"the run is {state}" if error is None else f"the run is {state} ({error})"

    def refuse_without_model(self) -> None:
        """Refuse a run that has no checkpoint of its best epoch.

        Raises:
            OutputError: with the state of the run.
        """
        if not self.best.is_file():
            raise OutputError(f"{self.path} has no checkpoints/best.pt: {self.describe_status()}")

    def is_completed(self) -> bool:
        """Whether the run is completed; False if its status cannot be read."""
        return self.state()[0] == "completed"

    def read(self, file: Path) -> dict[str, Any]:
        """Read one of the JSON files, which must be an object.

        Raises:
            OutputError: it is missing or malformed.
        """
        try:
            content = read_json(file)
        except OSError as error:
            raise OutputError(f"cannot read {file}: {error.strerror or error}") from error
        except ValueError as error:
            raise OutputError(f"cannot read {file}: {error}") from error
        if not isinstance(content, dict):
            raise OutputError(f"cannot read {file}: expected a JSON object")
        return content

    def append_history(self, record: dict[str, Any]) -> None:
        """Append one epoch's line, without sync: the checkpoints contain the whole history.

        Raises:
            OutputError: the file cannot be written.
        """
        with (
            output_errors(f"write {self.history}"),
            self.history.open("a", encoding="utf-8") as file,
        ):
            file.write(json.dumps(record, allow_nan=False) + "\n")


def _what_else(path: Path) -> str:
    """What a path is that is no run directory."""
    if not path.exists():
        return "there is no such folder; graphrec runs lists the runs"
    if not path.is_dir():
        return "it is a file"
    if (path / "sweep.json").is_file():
        return "it is the folder of a sweep; name one of the runs in it"
    if (path / "judged.json").is_file():
        return "it holds judged lists, which only compare takes"
    return "it has no config.json; graphrec runs lists the runs"
