"""The process of one job of a sweep: what a launcher calls, in a worker on any machine.

The run is in a child of the worker, so that one that is killed ends neither the worker nor the
sweep, and so that numbers of threads and devices are set before a library is loaded.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from graphrec_cli.errors import LauncherError
from graphrec_cli.rundir.sweep_folder import log_file, result_file, result_stamp
from graphrec_cli.storage.atomic import write_json

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Variables that OpenMP, and with it torch, and the BLAS libraries read when they are loaded."""
_PATIENCE = 0.2
"""Seconds between two looks at the child."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProcesses:
    """Runs a job by its number, in a process of its own.

    Attributes:
        command: number of the process of the command.
        working_dir: where the command was started; the same on every machine.
        folder: the sweep's folder, absolute.
        stop: a file that is there, with the number of a signal, when jobs must end.
        orders: what ``sweep_job`` reads, by number.
        unfinished: result of a job whose process dies, by number.
        threads: default number of threads, by number; None leaves it to torch.
        environment: variables of the command that decide what a run is.
        devices: visible CUDA devices that the jobs share, as ``CUDA_VISIBLE_DEVICES`` names them;
            empty leaves the variable as it is.
        slots: the most jobs that share them at the same time.
    """

    command: int
    working_dir: str
    folder: str
    stop: str
    orders: dict[int, dict[str, Any]]
    unfinished: dict[int, dict[str, Any]]
    threads: dict[int, int | None]
    environment: dict[str, str]
    devices: Sequence[str]
    slots: int

    def __call__(self, number: int) -> None:
        """Run a job and wait for it. Its result is in the sweep's folder, whatever happens.

        Raises:
            LauncherError: the sweep's folder is not on this machine.
        """
        if Path(self.stop).exists():
            return
        if not Path(self.folder).is_dir():
            raise LauncherError(
                f"{self.folder} is not there on the machine of a job; output_dir must be on a "
                "file system that all machines share"
            )
        before = result_stamp(Path(self.folder), number)
        with own_device(Path(self.folder), self.devices, self.slots) as device:
            environment = os.environ | self.environment | device | self._threads_of(number)
            with log_file(Path(self.folder), number).open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "graphrec_cli.workflows.sweep_job"],
                    cwd=self.working_dir,
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C reaches it through the stop file alone
                )
            starter = None if os.getpid() == self.command else os.getppid()
            code, stopped_by = self._wait(process, json.dumps(self.orders[number]), starter)
        if result_stamp(Path(self.folder), number) == before:
            result = result_file(Path(self.folder), number)
            write_json(result, self.unfinished[number] | _end(code, stopped_by))
        if _is_gone(starter):
            os._exit(1)  # a worker of joblib would wait for jobs for minutes

    def _threads_of(self, number: int) -> dict[str, str]:
        threads = self.threads[number]
        return {} if threads is None else dict.fromkeys(_THREADS, str(threads))

    def _wait(
        self, process: subprocess.Popen[bytes], order: str, starter: int | None
    ) -> tuple[int, int | None]:
        """Hand over the order; return the exit code, and the signal that was passed on.

        The pipe stays open while this process lives: its end tells the child to stop.
        """
        stopped_by = None
        assert process.stdin is not None
        try:
            process.stdin.write(f"{order}\n".encode())
            process.stdin.flush()
            while True:
                try:
                    return process.wait(_PATIENCE), stopped_by
                except subprocess.TimeoutExpired:
                    pass
                number = self._signal(starter)
                if number is not None and stopped_by is None:
                    stopped_by = number
                    process.send_signal(number)
        except BrokenPipeError:  # it died before it read the order
            return process.wait(), stopped_by
        finally:
            process.stdin.close()

    def _signal(self, starter: int | None) -> int | None:
        """The signal to pass on: that of the command, or SIGTERM if its process is gone."""
        try:
            return int(Path(self.stop).read_text(encoding="utf-8"))
        except (OSError, ValueError):  # not there, or being written
            return signal.SIGTERM if _is_gone(starter) else None


def _is_gone(starter: int | None) -> bool:
    """Whether the process that started this one has ended; never for the command's own process."""
    return starter is not None and os.getppid() != starter


@contextmanager
def own_device(folder: Path, devices: Sequence[str], slots: int) -> Iterator[dict[str, str]]:
    """The variable that gives a job one device, which is its own if there are enough.

    Args:
        folder: the sweep's folder.
        devices: as ``CUDA_VISIBLE_DEVICES`` names them; none leaves the variable as it is.
        slots: the most jobs at the same time.
    """
    slot, lock = 0, None
    for slot in range(slots if devices else 0):
        lock = FileLock(log_file(folder, 0).with_name(f".slot_{slot + 1}.lock"))
        with suppress(Timeout):
            lock.acquire(blocking=False)
            break
    try:
        yield {"CUDA_VISIBLE_DEVICES": device_of(slot, devices)} if devices else {}
    finally:
        if lock is not None:
            lock.release()


def device_of(slot: int, devices: Sequence[str]) -> str:
    """The device of a slot: each has its own, and shares it only if there are more slots."""
    return devices[slot % len(devices)]


def visible_devices(number: int, variable: str | None) -> list[str]:
    """The CUDA devices of this process, by the names that ``CUDA_VISIBLE_DEVICES`` takes.

    Args:
        number: of devices that torch sees.
        variable: value of ``CUDA_VISIBLE_DEVICES``, None if it is not set.
    """
    if not variable:
        return [str(index) for index in range(number)]
    return [name.strip() for name in variable.split(",")][:number]


def _end(code: int, stopped_by: int | None) -> dict[str, Any]:
    """Exit code and error of a job that has written no result."""
    if stopped_by is not None:
        return {
            "exit_code": 128 + stopped_by,
            "state": "interrupted",
            "error": "interrupted before it began",
        }
    if code >= 0:
        return {"exit_code": 1, "error": f"its process ended with code {code}; see its log"}
    name = signal.Signals(-code).name
    hint = ", perhaps for want of memory" if -code == signal.SIGKILL else ""
    return {"exit_code": 1, "error": f"its process was killed by {name}{hint}"}
