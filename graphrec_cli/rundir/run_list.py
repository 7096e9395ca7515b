"""The runs under a folder: find, filter and order them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

from graphrec_cli.config.metric_names import lower_is_better
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.config.unknown import suggestion
from graphrec_cli.errors import ConfigError
from graphrec_cli.rundir.directory import newest_first
from graphrec_cli.rundir.run_summary import STATES, RunSummary, summarize

FILTERS = ("model", "dataset", "state", "split")
"""What a list can be filtered by."""


def find_runs(output_dir: Path, most: int | None = None) -> tuple[list[RunSummary], int]:
    """The runs under ``output_dir`` and in its sweeps, the newest config.json first.

    Args:
        most: read this many of them; None reads all.

    Returns:
        The runs that were read, and the number of all.

    Raises:
        ConfigError: ``output_dir`` is not a folder.
    """
    if not output_dir.is_dir():
        raise ConfigError(f"there is no folder {output_dir}; train a run, or set output_dir")
    paths = newest_first(output_dir)
    found = []
    for path in paths[:most]:
        try:
            started = (path / "config.json").stat().st_mtime
        except OSError:  # deleted in the meantime
            continue
        found.append(summarize(path, started))
    return found, len(paths)


def matching(runs: Sequence[RunSummary], name: str, values: str) -> list[RunSummary]:
    """The runs that match one of the comma-separated values of a filter.

    A model, a data set and a split are named by their option or their component, a split also by
    the first characters of its hash.

    Args:
        name: one of ``FILTERS``.

    Raises:
        ConfigError: a value that no run can have.
    """
    wanted = values.split(",")
    known = _known_values(runs, name)
    for value in wanted:
        is_hash = name == "split" and re.fullmatch("[0-9a-f]+", value) is not None
        if value not in known and not is_hash:
            raise ConfigError(
                f"{name}: no run has '{value}'{suggestion(value, known)} "
                f"({name}: {', '.join(known)})"
            )
    if name == "state":
        return [run for run in runs if run.state in wanted]
    prefixes = tuple(wanted) if name == "split" else ()
    return [
        run
        for run in runs
        if {run.choices[name], run.components[name]} & {*wanted}
        or run.split_hash.startswith(prefixes)
    ]


def best_first(runs: Sequence[RunSummary], metric: str) -> list[RunSummary]:
    """The runs by their valid value of ``metric``, best first; those without one come last.

    Never by test: whoever picks the best of many runs by test has fitted the choice to it, and its
    test value is too good.

    Raises:
        ConfigError: no run has the metric.
    """
    valid = [(run, run.valid[metric]) for run in runs if run.valid and metric in run.valid]
    if not valid and runs:
        known = list(dict.fromkeys(chain.from_iterable(run.valid or () for run in runs)))
        listed = f" (metrics: {', '.join(known)})" if known else ""
        raise ConfigError(f"sort: no run has a valid '{metric}'{suggestion(metric, known)}{listed}")
    ordered = sorted(valid, key=lambda pair: pair[1], reverse=not lower_is_better(metric))
    without = [run for run in runs if not run.valid or metric not in run.valid]
    return [*(run for run, _ in ordered), *without]


def _known_values(runs: Iterable[RunSummary], name: str) -> list[str]:
    if name == "state":
        return list(STATES)
    of_runs = chain.from_iterable((run.choices[name], run.components[name]) for run in runs)
    return sorted({*SCHEMAS[name], *of_runs} - {""})
