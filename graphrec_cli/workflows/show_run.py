"""Gather what a page about one run shows."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphrec_cli.config.ablation import Change
from graphrec_cli.config.changed_values import changed_values
from graphrec_cli.config.metric_names import lower_is_better
from graphrec_cli.config.serialize import SavedConfig, read_config
from graphrec_cli.errors import GraphrecError, OutputError
from graphrec_cli.results.coverage import describe_coverage
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.rundir.history import best_row, read_history
from graphrec_cli.rundir.run_files import RunFile, list_files
from graphrec_cli.rundir.run_summary import RunSummary, summarize
from graphrec_cli.storage.bounded_json import is_number, is_numbers
from graphrec_cli.terminal_text import one_line


@dataclass(slots=True, kw_only=True)
class RunPage:
    """One run at a glance. Texts come from its files, and may be anything.

    Attributes:
        summary: what a list shows of it.
        seconds: from its start to its end, or until now; None if that is not known.
        options: the option chosen in each group.
        changes: values that differ from those of the options.
        history: one row per epoch; empty for a model that is not trained.
        epochs: of the configuration, at most; None if they are not known, or nothing is trained.
        selected: the selected epoch, or the best one so far; None without any.
        baselines_valid, baselines: metrics of the baselines on valid and on test, by name.
        floor: ``floor`` of metrics.json; None without one.
        counts: for ``valid`` and ``test``: users and pairs evaluated and left out.
        coverage: lines about what the figures leave out.
        device, threads, release, commit, command: what it ran on; empty where that is not known.
        files: of its directory.
        unread: a line for each file that could not be read.
    """

    summary: RunSummary
    seconds: float | None = None
    options: dict[str, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    epochs: int | None = None
    selected: int | None = None
    baselines_valid: dict[str, dict[str, float]] = field(default_factory=dict)
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)
    floor: dict[str, Any] | None = None
    counts: dict[str, dict[str, float]] = field(default_factory=dict)
    coverage: list[str] = field(default_factory=list)
    device: str = ""
    threads: str = ""
    release: str = ""
    commit: str = ""
    command: str = ""
    files: list[RunFile] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def show_run(run: RunDirectory) -> RunPage:
    """Read a run directory, whatever its state; what cannot be read is named in ``unread``."""
    summary = summarize(run.path, run.config.stat().st_mtime)
    page = RunPage(summary=summary, files=list_files(run.path))
    end = time.time() if summary.state == "running" else summary.ended
    if end is not None and end >= summary.started:
        page.seconds = end - summary.started
    try:
        _take_config(page, read_config(run.config))
    except GraphrecError as error:  # a plugin that is not loaded, another release
        page.unread.append(one_line(error))
    try:
        page.history = read_history(run.history)
    except OutputError as error:
        page.unread.append(one_line(error))
    lower = lower_is_better(summary.monitor)
    best = best_row(page.history, summary.monitor, lower_is_better=lower)
    page.selected = None if best is None else best["epoch"]
    for file, take in ((run.metrics, _take_metrics), (run.environment, _take_environment)):
        if not file.is_file():
            continue
        try:
            take(page, run.read(file))
        except OutputError as error:
            page.unread.append(one_line(error))
    return page


def _take_config(page: RunPage, saved: SavedConfig) -> None:
    page.options = {group: option for group, option in saved.choices.items() if option is not None}
    page.changes = changed_values(saved)
    if saved.config.model.learns_from():
        page.epochs = saved.config.trainer.epochs


def _take_metrics(page: RunPage, metrics: Mapping[str, Any]) -> None:
    """Take what has the right types: the figures of a list were checked with the summary."""
    page.baselines = _metrics_by_name(metrics.get("baselines"))
    page.baselines_valid = _metrics_by_name(metrics.get("baselines_valid"))
    page.counts = _metrics_by_name(metrics.get("counts"))
    for part, counts in page.counts.items():
        try:
            page.coverage += describe_coverage(counts, part)
        except (LookupError, ValueError) as error:
            raise OutputError(
                f"cannot read {page.summary.path / 'metrics.json'}: counts of {part} are not those "
                "of a run"
            ) from error
    floor = metrics.get("floor")
    if isinstance(floor, dict) and is_numbers(floor.get("models")):
        texts = [floor.get(key) for key in ("model", "metric")]
        if is_number(floor.get("valid")) and all(isinstance(text, str) for text in texts):
            page.floor = floor
    epoch = metrics.get("selected_epoch")
    if isinstance(epoch, int) and is_number(epoch):
        page.selected = epoch or None


def _metrics_by_name(value: object) -> dict[str, dict[str, float]]:
    named = value if isinstance(value, dict) else {}
    return {name: metrics for name, metrics in named.items() if is_numbers(metrics)}


def _take_environment(page: RunPage, environment: Mapping[str, Any]) -> None:
    threads, git = environment.get("num_threads"), environment.get("git")
    page.device, page.release = (_text(environment.get(key)) for key in ("device", "graphrec"))
    page.threads = str(threads) if is_number(threads) else ""
    page.commit = _text(git.get("commit")) if isinstance(git, dict) else ""
    command = environment.get("command")
    if isinstance(command, list):
        page.command = shlex.join(map(str, command))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
