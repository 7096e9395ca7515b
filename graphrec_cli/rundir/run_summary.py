"""What the small JSON files of a run directory say about a run, for lists of many runs."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphrec_cli.config.metric_names import default_monitor, lower_is_better
from graphrec_cli.errors import ConfigError, OutputError
from graphrec_cli.rundir.directory import RunDirectory, seconds_of
from graphrec_cli.rundir.history import best_row, read_history
from graphrec_cli.storage.bounded_json import is_number, is_numbers, refuse_links_out
from graphrec_cli.terminal_text import one_line

DAMAGED = "damaged"
"""The state of a run whose files contradict each other or cannot be read."""
STATES = ("completed", "running", "interrupted", "failed", "pruned", DAMAGED)
_GROUPS = ("model", "dataset", "split")


@dataclass(slots=True, kw_only=True)
class RunSummary:
    """A run in a list. Texts come from its files, and may be anything.

    Attributes:
        path: its directory.
        started: time of its config.json, in seconds since 1970.
        ended: time of its last status, in seconds since 1970; None without one.
        state: one of ``STATES``.
        error: one line about a state other than completed and running; None without one.
        choices: the options of the groups model, dataset and split; empty if they are not known.
        components: the names of their components.
        split_hash: SHA-256 of the split; empty before the data are read.
        seeds: of the run, and of ``dataset`` and ``split`` where these have their own.
        monitor: the metric that selects the epoch; empty if it is not known.
        valid: metrics of the selected epoch, or of the best one so far; None without any.
        test: test metrics; None without any.
    """

    path: Path
    started: float
    ended: float | None = None
    state: str = DAMAGED
    error: str | None = None
    choices: dict[str, str] = field(default_factory=lambda: dict.fromkeys(_GROUPS, ""))
    components: dict[str, str] = field(default_factory=lambda: dict.fromkeys(_GROUPS, ""))
    split_hash: str = ""
    seeds: dict[str, int] = field(default_factory=dict)
    monitor: str = ""
    valid: dict[str, float] | None = None
    test: dict[str, float] | None = None


def summarize(path: Path, started: float) -> RunSummary:
    """Read what a list shows of the run in ``path``, which may come from somebody else.

    config.json, environment.json, status.json and metrics.json are read, and history.jsonl of a
    run that is not completed. A file that cannot be read makes the state ``damaged``; the other
    files are read all the same.

    Args:
        started: time of config.json, in seconds since 1970.
    """
    run, summary = RunDirectory(path), RunSummary(path=path, started=started)
    faults: list[str] = []
    try:
        _take_config(summary, _read(run, run.config))
    except (ConfigError, OutputError) as error:
        faults.append(one_line(error))
    try:
        if _exists(run.environment):
            environment = _read(run, run.environment)
            summary.split_hash = _text(environment, "split_hash", run.environment)
    except (ConfigError, OutputError) as error:
        faults.append(one_line(error))
    try:
        _take_status(summary, run)
        _take_figures(summary, run)
    except (ConfigError, OutputError) as error:
        faults.append(one_line(error))
    if faults:
        summary.state, summary.error = DAMAGED, faults[0]
    return summary


def _take_config(summary: RunSummary, content: Mapping[str, Any]) -> None:
    where = summary.path / "config.json"
    for group in _GROUPS:
        values, choices = content.get(group), content.get("choices")
        if not isinstance(values, dict) or not isinstance(choices, dict):
            raise OutputError(f"cannot read {where}: it has no {group} or no choices")
        name = _text(values, "name", where)
        summary.components[group] = name
        summary.choices[group] = _text(choices, group, where) or name
        if is_number(values.get("seed")):
            summary.seeds[group] = int(values["seed"])
    if is_number(content.get("seed")):
        summary.seeds = {"seed": int(content["seed"]), **summary.seeds}
    trainer, evaluation = content.get("trainer"), content.get("evaluation")
    if isinstance(trainer, dict) and isinstance(evaluation, dict):
        chosen = _text(trainer, "monitor", where)
        summary.monitor = chosen or default_monitor(_text(evaluation, "name", where))


def _take_status(summary: RunSummary, run: RunDirectory) -> None:
    content = _read(run, run.status) if _exists(run.status) else {}
    if content.get("status") == "running":
        refuse_links_out(run.path, [run.lock])
    summary.state, summary.error = run.state_in(content)
    summary.ended = seconds_of(_text(content, "time", run.status))


def _take_figures(summary: RunSummary, run: RunDirectory) -> None:
    if summary.state != "completed":
        if _exists(run.history):
            _refuse_link(run, run.history)
            lower = lower_is_better(summary.monitor)
            best = best_row(read_history(run.history), summary.monitor, lower_is_better=lower)
            summary.valid = None if best is None else dict(best["valid"])
        return
    metrics = _read(run, run.metrics)
    for part in ("valid", "test"):
        if metrics.get(part) is not None and not is_numbers(metrics[part]):
            raise OutputError(f"cannot read {run.metrics}: '{part}' must be an object of numbers")
    summary.valid, summary.test = metrics.get("valid"), metrics.get("test")
    summary.monitor = _text(metrics, "monitor", run.metrics) or summary.monitor


def _read(run: RunDirectory, file: Path) -> dict[str, Any]:
    _refuse_link(run, file)
    return run.read(file)


def _refuse_link(run: RunDirectory, file: Path) -> None:
    """Refuse a link that points outside the run, or what is no plain file.

    Raises:
        ConfigError: it is one of them.
    """
    with suppress(OSError):
        # The usual case, without following the path through every folder above.
        if stat.S_ISREG(file.lstat().st_mode):
            return
    refuse_links_out(run.path, [file])


def _exists(file: Path) -> bool:
    try:
        file.lstat()
    except OSError:
        return False
    return True


def _text(content: Mapping[str, Any], key: str, where: Path) -> str:
    """A text, empty for null or an absent key.

    Raises:
        OutputError: the value is of another type.
    """
    value = content.get(key)
    if value is not None and not isinstance(value, str):
        raise OutputError(f"cannot read {where}: '{key}' must be text")
    return value or ""
