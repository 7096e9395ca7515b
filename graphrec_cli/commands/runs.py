"""``graphrec runs``: list the runs under output_dir."""

from __future__ import annotations

import json
import logging
import os
from datetime import datetime
from typing import Any

from graphrec_cli.commands.run_arguments import sort_named_words, whole_number
from graphrec_cli.rundir.run_list import FILTERS, best_first, find_runs, matching
from graphrec_cli.rundir.run_summary import RunSummary
from graphrec_cli.terminal_text import counted, printable

log = logging.getLogger("graphrec")

HELP = """\
List the runs under output_dir and in its sweeps, newest first: when they began,
model, data set, state, the metric that selected the epoch with its valid and
test value, directory and split.

Examples:
  graphrec runs
  graphrec runs model=lightgcn,mf dataset=goodbooks
  graphrec runs state=running,interrupted
  graphrec runs split=1a2b3c4d sort=ndcg@10
  graphrec runs most=0 --json

Keys:
  model=NAME, dataset=NAME  runs of an option or a component; with commas, of any
  split=NAME                the same, or the first characters of a split's hash
  state=NAME                completed, running, interrupted, failed, pruned or
                            damaged, which a run is whose files cannot be read
  sort=METRIC               by valid value, best first; runs without it last
  most=N                    list N runs (20); 0 lists all
  output_dir=DIR            where the runs are

sort uses valid, not test: who takes the best of many runs by test has chosen on
test, and its value there is too good. Runs are only comparable on one split.
A run that is not completed shows the best valid value so far.
"""
OWN = (*FILTERS, "sort", "most")


def runs_command(words: list[str], *, json_output: bool, debug: bool) -> int:
    """Print the list.

    Raises:
        ConfigError: wrong usage, or no such folder.
    """
    given = sort_named_words("runs", words, own=OWN, takes="", least=0, most=0)
    most = whole_number("most", given.own.get("most", "20"), 0) or None
    filters = {name: given.own[name] for name in FILTERS if name in given.own}
    metric = given.own.get("sort")
    whole = bool(filters) or metric is not None
    runs, number = find_runs(given.output_dir, None if whole else most)
    kept = [matching(runs, name, values) for name, values in filters.items()]
    paths = [{run.path for run in each} for each in kept]
    listed = [run for run in runs if all(run.path in each for each in paths)]
    if whole:
        number = len(listed)
    if metric is not None:
        listed = best_first(listed, metric)
    listed = listed[:most]
    more = number - len(listed)
    more_line = f"{more:,} more; most=0 lists all"
    if json_output:
        print(json.dumps([as_json(run) for run in listed]))
        if more:
            log.info("%s", more_line)
        return 0
    from graphrec_cli.reporting.run_tables import runs_table

    where = printable(str(given.output_dir))
    order = "newest first" if metric is None else f"best valid {printable(metric)} first"
    if listed:
        print(f"{counted(number, 'run')} under {where}, {order}")
        print(runs_table(listed, given.output_dir, metric))
    else:
        print(f"no {'such ' if filters else ''}run under {where}")
    if more:
        print(more_line)
    return 0


def as_json(run: RunSummary) -> dict[str, Any]:
    """A run as plain values, with its full path."""
    return {
        "run": os.path.abspath(run.path),
        "started": _iso(run.started),
        "ended": None if run.state == "running" else _iso(run.ended),
        "state": run.state,
        "error": run.error,
        **{group: run.components[group] or None for group in run.components},
        "options": {group: option or None for group, option in run.choices.items()},
        "split_hash": run.split_hash or None,
        "seeds": run.seeds,
        "monitor": run.monitor or None,
        "valid": run.valid,
        "test": run.test,
    }


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")
    except (OverflowError, OSError, ValueError):
        return None
