"""``sweep.json``: what a sweep consists of, fixed before its first run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from graphrec_cli.errors import ConfigError, OutputError
from graphrec_cli.rundir.directory import folders_by_age
from graphrec_cli.rundir.sweep_result import is_result
from graphrec_cli.storage.atomic import write_json
from graphrec_cli.storage.bounded_json import read_json, refuse_links_out

SWEEP_VERSION = 1
_NAME, _RESULTS, _LOGS, _LOCK = "sweep.json", "results", "logs", "sweep.lock"
_WRITTEN = (
    *(_RESULTS, _LOGS, _LOCK, "sweep.csv", "sweep.png"),
    *("study.log", "study.log.lock", "search.png"),
    *("conf", "conf/experiment", "conf/experiment/best.yaml"),
)
"""What a resumed sweep writes besides the run directories."""


@dataclass(frozen=True, slots=True)
class SweepJob:
    """One run of a sweep.

    Attributes:
        words: its words.
        values: the values that are swept, by key.
        config_sha256: digest of its config.
        run: name of its run directory, inside the sweep's folder.
        ranked_with: number, from 0, of the first run that it can be ranked with.
        floor_of: the same for the first run with its floor; None without one.
    """

    words: list[str]
    values: dict[str, str]
    config_sha256: str
    run: str
    ranked_with: int = 0
    floor_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRecord:
    """The content of sweep.json.

    Attributes:
        words: of the command, without those that say where files are and how runs are started.
        saved: content of the config.json that ``--from`` named, None without it.
        jobs: every run, in order; of a search those that were drawn so far.
        environment: versions, hardware and code.
        search: settings of a search; None for a grid.
        ablation: the run of an ablation, and what its changes are put back to; None for others.
        identity: random; tells the trials of this sweep from those of others in a shared study.
    """

    words: list[str]
    saved: dict[str, Any] | None
    jobs: list[SweepJob]
    environment: dict[str, Any]
    search: dict[str, Any] | None = None
    ablation: dict[str, Any] | None = None
    identity: str = ""


def write_sweep(folder: Path, record: SweepRecord) -> None:
    """Write sweep.json.

    Raises:
        OutputError: the file cannot be written.
    """
    write_json(folder / _NAME, {"schema_version": SWEEP_VERSION, **asdict(record)})


def is_sweep(folder: Path) -> bool:
    """Whether a folder is that of a sweep."""
    return (folder / _NAME).is_file()


def read_sweep(folder: Path) -> SweepRecord:
    """Read sweep.json, which may come from somebody else.

    Raises:
        ConfigError: it is missing or malformed, or names a run directory outside the folder.
    """
    path = folder / _NAME
    refuse_links_out(folder, [path])
    try:
        content = read_json(path)
    except OSError as error:
        raise ConfigError(f"{folder} is not the folder of a sweep: it has no {_NAME}") from error
    except ValueError as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    if not isinstance(content, dict) or content.get("schema_version") != SWEEP_VERSION:
        raise ConfigError(f"{path}: expected an object of schema_version {SWEEP_VERSION}")
    jobs = content.get("jobs")
    record = SweepRecord(
        words=_texts(content.get("words"), f"{path}: words"),
        saved=_object(content.get("saved"), f"{path}: saved", empty=None),
        jobs=[
            _job(job, f"{path}: jobs[{number}]")
            for number, job in enumerate(jobs if isinstance(jobs, list) else [None])
        ],
        environment=_object(content.get("environment"), f"{path}: environment", empty={}) or {},
        search=_object(content.get("search"), f"{path}: search", empty=None),
        ablation=_object(content.get("ablation"), f"{path}: ablation", empty=None),
        identity=str(content.get("identity", "")),
    )
    if len({job.run for job in record.jobs}) < len(record.jobs):
        raise ConfigError(f"{path}: two jobs have the same run directory")
    written = [folder / name for name in (*_WRITTEN, *(job.run for job in record.jobs))]
    inside = [file for name in (_RESULTS, _LOGS) for file in (folder / name).glob("*")]
    refuse_links_out(folder, [*written, *inside])
    return record


def lock_file(folder: Path) -> Path:
    """Locked by the process that runs the sweep."""
    return folder / _LOCK


def result_file(folder: Path, number: int) -> Path:
    """The file with the result of a job, by its number from 0."""
    return folder / _RESULTS / f"{number + 1}.json"


def log_file(folder: Path, number: int) -> Path:
    """What the process of a launched job prints, by its number from 0."""
    return folder / _LOGS / f"{number + 1}.log"


def result_stamp(folder: Path, number: int) -> tuple[int, int] | None:
    """What changes when the result of a job is written; None without a result."""
    try:
        found = result_file(folder, number).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def read_results(folder: Path, jobs: int) -> list[dict[str, Any]]:
    """The results so far, by number.

    Raises:
        OutputError: a file is malformed.
    """
    results = []
    for number in range(jobs):
        path = result_file(folder, number)
        if not path.is_file():
            continue
        try:
            result = read_json(path)
        except ValueError as error:
            raise OutputError(f"cannot read {path}: {error}; remove it") from error
        if not is_result(result) or result["number"] != number:
            raise OutputError(f"{path} is not the result of run {number + 1}; remove it")
        results.append(result)
    return results


def newest_sweeps(output_dir: Path) -> list[Path]:
    """The folders of sweeps under ``output_dir``, newest first."""
    return folders_by_age(output_dir, f"*/{_NAME}")


def _job(value: object, where: str) -> SweepJob:
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must be an object")
    texts = [value.get(name) for name in ("config_sha256", "run")]
    digest, run = (text if isinstance(text, str) else "" for text in texts)
    if not digest or not run or Path(run).name != run or run == "..":
        raise ConfigError(f"{where} must have a config_sha256 and the name of a run directory")
    values = _object(value.get("values"), f"{where}: values", empty={}) or {}
    _texts([*values.values()], f"{where}: values")
    first, floor = value.get("ranked_with"), value.get("floor_of")
    if not isinstance(first, int) or not isinstance(floor, int | None):
        raise ConfigError(f"{where}: ranked_with and floor_of must be numbers of runs")
    words = _texts(value.get("words"), f"{where}: words")
    return SweepJob(words, values, digest, run, first, floor)


def _texts(value: object, where: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ConfigError(f"{where} must be a list of texts")
    return list(value)


def _object(value: object, where: str, *, empty: dict[str, Any] | None) -> dict[str, Any] | None:
    if value is None:
        return empty
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must be an object")
    return value
