"""Find the run that a command names: its directory, or ``latest``, the newest that it can use."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path

from graphrec_cli.errors import ConfigError
from graphrec_cli.rundir.directory import RunDirectory, newest_first

log = logging.getLogger("graphrec")


class Need(Enum):
    """What a command needs of a run; the value completes ``no run that``.

    ``nothing`` differs from ``config`` in that the command says itself that a run has failed.
    """

    config = "has a config.json"
    model = "is completed and has a checkpoint"
    unfinished = "is interrupted"
    nothing = "is there"


def find_run(name: str, output_dir: Path, need: Need) -> RunDirectory:
    """The run ``name``; ``latest`` is the newest one under ``output_dir`` that meets ``need``.

    Without an interrupted run, ``latest`` also resumes a failed one that has a checkpoint, or is
    the newest run if that is completed. One line says why newer runs are passed over, or that the
    run failed.

    Args:
        name: a run directory, its config.json, or ``latest``.
        output_dir: where ``latest`` looks.
        need: what the command needs; a run that is named need not meet it.

    Raises:
        ConfigError: no such run, or a link in it points outside.
    """
    if name != "latest":
        run = RunDirectory.find(name)
        # A missing checkpoint is an error that says so too.
        if need is not Need.nothing and (need is not Need.model or run.best.is_file()):
            _warn_of_failure(run)
        return run
    paths = newest_first(output_dir)
    if not paths:
        raise ConfigError(f"no run directory under {output_dir}; name one, or set output_dir")
    found = newest_usable(paths, need)
    if found is None and need is Need.unfinished:
        found = next((path for path in paths if _failed_with_checkpoint(path)), None)
        if RunDirectory(paths[0]).is_completed():
            found = paths[0]
    newest, reason = paths[0], _why_not(paths[0], need)
    if found is None:
        raise ConfigError(
            f"no run under {output_dir} {need.value}: the newest, {newest}, {reason}; name a run, "
            "or set output_dir"
        )
    if found != newest:
        log.info("latest is %s: the newer %s %s", found, newest, reason)
    run = RunDirectory.find(str(found))
    if need is not Need.nothing:
        _warn_of_failure(run)
    return run


def _warn_of_failure(run: RunDirectory) -> None:
    state, error = run.state()
    if state == "failed":
        log.warning("%s: this run failed: %s", run.path, error)


def newest_usable(paths: Sequence[Path], need: Need) -> Path | None:
    """The first of the run directories that meets ``need``; None if none does."""
    return next((path for path in paths if _why_not(path, need) is None), None)


def usable_runs(output_dir: Path, need: Need) -> list[Path]:
    """The run directories under ``output_dir`` that a command can use, newest first."""
    resumes = need is Need.unfinished
    return [
        path
        for path in newest_first(output_dir)
        if _why_not(path, need) is None or (resumes and _failed_with_checkpoint(path))
    ]


def _why_not(path: Path, need: Need) -> str | None:
    """Why a run does not meet ``need``, such as ``is completed``; None if it does."""
    if need in (Need.config, Need.nothing):
        return None
    try:
        run = RunDirectory.find(str(path))
    except ConfigError as refused:
        return f"cannot be used ({refused})"
    state, error = run.state()
    wanted = "completed" if need is Need.model else "interrupted"
    if state != wanted:
        in_use = "is in use by another process, which trains there"
        return {"failed": f"failed: {error}", "running": in_use}.get(state, f"is {state}")
    if need is Need.model and not run.best.is_file():
        return "has no checkpoints/best.pt"
    return None


def _failed_with_checkpoint(path: Path) -> bool:
    with suppress(ConfigError):
        run = RunDirectory.find(str(path))
        return run.state()[0] == "failed" and run.last.is_file()
    return False
