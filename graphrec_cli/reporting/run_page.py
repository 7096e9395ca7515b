"""One run at a glance, as text for the screen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from graphrec_cli.reporting.run_tables import split_name, when
from graphrec_cli.reporting.tables import WIDTH, clip, text_table, wrap
from graphrec_cli.reporting.terminal_curves import curve_lines
from graphrec_cli.terminal_text import counted

if TYPE_CHECKING:
    from graphrec_cli.config.ablation import Change
    from graphrec_cli.rundir.run_files import RunFile
    from graphrec_cli.workflows.show_run import RunPage

_INDENT = 11
_MOST_TEXT = 400
_MOST_VALUE = 30
_MOST_ROWS = 100
_MOST_COLUMNS = 3
"""Columns of baselines of one part."""


def run_page(page: RunPage, *, dots: bool) -> str:
    """Describe a run: what it is, what was set, curves, figures, files.

    Args:
        dots: whether the terminal can show braille characters.
    """
    sections = [
        [clip(str(page.summary.path), _MOST_TEXT)],
        list(_facts(page)),
        _changes(page.changes),
        *_curves(page, dots=dots),
        _figures(page),
        _files(page.files),
        [wrap(f"not read: {clip(line, _MOST_TEXT)}") for line in page.unread],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def duration(seconds: float) -> str:
    """A time in the two largest units that it has, such as ``8 min 37 s``."""
    whole = round(seconds)
    for size, unit, smaller_size, smaller in (
        (86_400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            return f"{whole // size:,} {unit} {whole % size // smaller_size} {smaller}"
    return f"{seconds:.1f} s"


def size_text(size: int) -> str:
    """A number of bytes, such as ``2.7 kB``."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:,.1f} {unit}"
    return f"{size} B"


def _facts(page: RunPage) -> Iterator[str]:
    run = page.summary
    reason = "" if run.error is None else f": {run.error.removeprefix(f'{run.state}: ')}"
    yield _field("state", f"{run.state}{reason}")
    began = when(run.started)
    if page.seconds is not None:
        ended = "running for" if run.state == "running" else "ended after"
        began += f", {ended} {duration(page.seconds)}"
    yield _field("began", began)
    yield _field("model", run.components["model"] or "-")
    yield _field("data set", run.choices["dataset"] or "-")
    seeds = ", ".join(
        f"{name if name == 'seed' else f'{name} seed'} {seed}" for name, seed in run.seeds.items()
    )
    yield _field("split", f"{split_name(run)}{', ' * bool(seeds)}{seeds}")
    yield _field("epochs", _epochs(page))
    yield _field("options", " ".join(f"{group}={option}" for group, option in page.options.items()))
    threads = "" if not page.threads else f"{page.threads} CPU thread{'s' * (page.threads != '1')}"
    release = page.release and f"graphrec {page.release}"
    commit = page.commit and f"commit {page.commit[:10]}"
    yield _field("on", ", ".join(filter(None, (page.device, threads, release, commit))))
    yield _field("command", page.command)


def _field(name: str, text: str) -> str:
    """A name and its text, whose further lines are indented."""
    return textwrap.fill(
        clip(text or "-", _MOST_TEXT),
        WIDTH,
        initial_indent=name.ljust(_INDENT),
        subsequent_indent=" " * _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _epochs(page: RunPage) -> str:
    if not page.history:
        return "none yet" if page.epochs else "none: the model is not trained"
    of = f" of at most {page.epochs:,}" if page.epochs else ""
    seconds = sum(row["seconds"] for row in page.history)
    text = f"{len(page.history):,}{of}, {duration(seconds)} of training"
    if page.selected is None:
        return text
    chosen = "selected" if page.summary.state == "completed" else "the best so far"
    return f"{text}; epoch {page.selected} is {chosen} by valid {page.summary.monitor}"


def _changes(changes: Sequence[Change]) -> list[str]:
    if not changes:
        return []
    rows = [
        [clip(change.key, _MOST_VALUE), clip(change.now, _MOST_VALUE), clip(change.back, 200)]
        for change in changes
    ]
    return [text_table(["set in this run", "value", "value of the option"], rows, width=WIDTH)]


def _curves(page: RunPage, *, dots: bool) -> Iterator[list[str]]:
    monitor, history = page.summary.monitor, page.history
    validated = [row for row in history if row["valid"] and monitor in row["valid"]]
    loss = [row["loss"] for row in history]
    valid = [row["valid"][monitor] for row in validated]
    for title, rows, values, marked in (
        ("training loss", history, loss, None),
        (f"valid {monitor}", validated, valid, page.selected),
    ):
        if len(rows) > 1:
            last = f"{clip(title, 40)}: {values[-1]:.4f} in epoch {rows[-1]['epoch']}"
            epochs = [row["epoch"] for row in rows]
            yield curve_lines(last, epochs, values, dots=dots, marked=marked)


def _figures(page: RunPage) -> list[str]:
    run = page.summary
    if run.valid is None and run.test is None:
        return ["no valid or test figures"]
    floor = {page.floor["model"]: {page.floor["metric"]: page.floor["valid"]}} if page.floor else {}
    columns = [
        *_beside("valid", run.valid, {**page.baselines_valid, **floor}, run.components["model"]),
        *_beside("test", run.test, page.baselines, run.components["model"]),
    ]
    keys = list(dict.fromkeys([*(run.valid or ()), *(run.test or ())]))
    rows = [
        [clip(key, _MOST_VALUE), *(f"{of[key]:.4f}" if key in of else "-" for _, of in columns)]
        for key in keys[:_MOST_ROWS]
    ]
    lines = [text_table(["metric", *(name for name, _ in columns)], rows)]
    if len(keys) > _MOST_ROWS:
        lines.append(f"{len(keys) - _MOST_ROWS:,} more metrics are in metrics.json")
    parts = [name for name in ("valid", "test") if getattr(run, name) is not None]
    others = len(columns) - len(parts)
    if others:
        lines.append("beside the run's figures on a part: those of the baselines and the floor")
    users = [
        f"{counted(int(page.counts[part].get('users_evaluated', 0)), f'{part} user')}"
        for part in parts
        if part in page.counts
    ]
    if users:
        lines.append(f"over {' and '.join(users)}")
    return [*lines, *(wrap(clip(line, _MOST_TEXT)) for line in page.coverage)]


def _beside(
    part: str,
    metrics: Mapping[str, float] | None,
    others: Mapping[str, Mapping[str, float]],
    model: str,
) -> list[tuple[str, Mapping[str, float]]]:
    """The columns of a part: the run's figures, then those of other models."""
    if metrics is None:
        return []
    named = [(clip(name, 12), values) for name, values in others.items() if name != model]
    return [(part, metrics), *named[:_MOST_COLUMNS]]


def _files(files: Sequence[RunFile]) -> list[str]:
    rows = [[clip(file.name, 48), size_text(file.size), file.content] for file in files]
    return [text_table(["file", "size", "content"], rows, width=WIDTH)] if rows else []
