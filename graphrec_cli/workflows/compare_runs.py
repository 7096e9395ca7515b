"""Find what a comparison names: runs, the completed runs of sweeps, and judged lists."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from graphrec_cli.config.serialize import read_config
from graphrec_cli.errors import ConfigError, OutputError
from graphrec_cli.results.comparison.alike import refuse_ratings
from graphrec_cli.results.comparison.entries import ComparedRun
from graphrec_cli.rundir.data_fingerprint import DataIdentity
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.rundir.find_run import Need, find_run
from graphrec_cli.rundir.judged import is_judged, read_judged
from graphrec_cli.rundir.sweep_folder import is_sweep, read_sweep

log = logging.getLogger("graphrec")


def find_compared(names: Sequence[str], output_dir: Path, part: str) -> list[ComparedRun]:
    """The runs and lists that names stand for, each once.

    Args:
        names: run directories, ``latest``, folders of sweeps, folders of judged lists.
        output_dir: where ``latest`` looks.
        part: that is compared; lists must have been judged on it.

    Raises:
        ConfigError: a name stands for nothing of the kind, a run predicts ratings, or lists were
            judged on the other part.
        OutputError: a directory cannot be read.
    """
    found: dict[Path, ComparedRun] = {}
    for name in names:
        for run in _named(name, output_dir, part):
            place = run.directory.path.resolve()
            if place in found:
                log.info("%s is named twice; it counts once", run.directory.path)
            found.setdefault(place, run)
    runs = list(found.values())
    refuse_ratings(runs)
    return runs


def _named(name: str, output_dir: Path, part: str) -> Iterator[ComparedRun]:
    path = Path(name)
    if is_judged(path):
        lists = read_judged(path)
        if lists.part != part:
            raise ConfigError(
                f"{name} has lists that were judged on {lists.part}, not on {part}; set "
                f"part={lists.part}, or leave them out"
            )
        yield ComparedRun(RunDirectory(path), lists.split_hash, lists)
    elif is_sweep(path):
        yield from _runs_of_sweep(path, part)
    else:
        yield _run(find_run(name, output_dir, Need.model), part)


def _runs_of_sweep(folder: Path, part: str) -> Iterator[ComparedRun]:
    jobs = [folder / job.run for job in read_sweep(folder).jobs]
    completed = [
        path
        for path in jobs
        if (path / "config.json").is_file() and RunDirectory.find(str(path)).is_completed()
    ]
    if not completed:
        raise ConfigError(f"{folder} has no completed run; resume it with sweep.resume={folder}")
    if len(completed) < len(jobs):
        log.warning(
            "%s: %d of its %d runs are not completed and left out",
            folder,
            len(jobs) - len(completed),
            len(jobs),
        )
    for path in completed:
        yield _run(RunDirectory.find(str(path)), part)


def _run(run: RunDirectory, part: str) -> ComparedRun:
    if part == "valid":
        run.refuse_without_model()
    elif not run.ranks.is_file():
        raise OutputError(f"{run.path} has no ranks.npz: {run.describe_status()}")
    identity = DataIdentity.from_dict(run.read(run.environment), run.environment)
    return ComparedRun(run, identity.split_hash, read_config(run.config))
