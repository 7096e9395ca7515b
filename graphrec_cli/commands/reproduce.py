"""``graphrec reproduce``: repeat a completed run and compare the results."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec_cli.commands.run_arguments import sort_run_words
from graphrec_cli.config.compose import compose_saved
from graphrec_cli.config.download_guard import refuse_new_addresses
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import read_config
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.config.trackers import take_tracker_words
from graphrec_cli.errors import DifferenceError
from graphrec_cli.rundir.find_run import Need, find_run

if TYPE_CHECKING:
    from graphrec_cli.rundir.nested_diff import Change
    from graphrec_cli.workflows.reproduce import Comparison

HELP = """\
Make a completed run again from its config.json, in a new run directory, and
compare every figure of metrics.json and the weights. On a CPU with the same
versions they are equal, bit for bit.

Examples:
  graphrec reproduce latest
  graphrec reproduce outputs/2026-01-31_12-00-00_lightgcn_goodbooks_hardneg
  graphrec reproduce latest data_dir=DIR --json
  graphrec reproduce latest num_threads=4      see what another value changes

RUN needs its config.json, environment.json, metrics.json and
checkpoints/best.pt. The data files and the split are checked before training.

Keys: all of 'graphrec train'. With a changed value the differences are listed,
but the run does not count as reproduced or not. data_dir, output_dir,
cache_dir, plots, logger and the keys of checkpoints change no figure.

Exit codes: 0 reproduced, or run with changed values; 4 a figure, the weights or
a data file differs.
"""


def reproduce_command(words: list[str], *, json_output: bool, debug: bool) -> int:
    """Print the differences and the verdict.

    Raises:
        GraphrecError: wrong usage, a run directory that cannot be read, or data that have changed.
    """
    trackers, words = take_tracker_words(words)
    trackers.refuse_unusable()
    keys = [field.name for field in fields(RunConfig) if field.name != "output_dir"]
    given = sort_run_words(
        "reproduce", words, own=(), overridable=(*keys, *(f"{group}.*" for group in SCHEMAS))
    )
    run = find_run(given.run, given.output_dir, Need.model)
    saved = read_config(run.config)
    refuse_new_addresses(saved, given.overrides, run.config)
    wanted = compose_saved(saved, given.overrides)
    wanted = replace(wanted, config=replace(wanted.config, output_dir=str(given.output_dir)))

    from graphrec_cli.workflows.reproduce import (  # imports torch
        Verdict,
        read_recorded,
        reproduce,
    )

    recorded = read_recorded(run, saved.config)
    outcome, comparison = reproduce(recorded, saved, wanted, debug=debug, trackers=trackers)
    if comparison is None:
        print(outcome.run.path)
        return outcome.exit_code
    if json_output:
        print(json.dumps(as_json(run.path, outcome.run.path, comparison)))
    else:
        print(describe_comparison(comparison))
        print(outcome.run.path)
    different = comparison.verdict is Verdict.different
    return DifferenceError.exit_code if different else 0


def as_json(run: Path, new_run: Path, comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain values for JSON."""

    def pairs(changes: dict[str, Change]) -> dict[str, dict[str, Any]]:
        return {place: change._asdict() for place, change in changes.items()}

    return {
        "verdict": comparison.verdict.name,
        "run": str(run),
        "new_run": str(new_run),
        "intended": pairs(comparison.intended),
        "surroundings": pairs(comparison.surroundings),
        "figures_compared": comparison.figures,
        "differences": pairs(comparison.differences),
        "weights_sha256": comparison.weights._asdict(),
    }


def describe_comparison(comparison: Comparison) -> str:
    """Changed values, changed environment, differences, and the verdict."""
    from graphrec_cli.workflows.reproduce import Verdict

    lines: list[str] = []
    if comparison.intended:
        lines += ["changed config:", _table("key", comparison.intended), ""]
    if comparison.surroundings:
        lines += ["changed environment:", _table("environment", comparison.surroundings), ""]
    if comparison.differences:
        lines += [_table("figure", comparison.differences), ""]
    different = len(comparison.differences)
    weights = "the same" if comparison.weights.was == comparison.weights.now else "different"
    lines.append(
        f"{comparison.figures - different} of {comparison.figures} values of metrics.json are the "
        f"same, {different} differ; the weights are {weights}"
    )
    lines.append(
        {
            Verdict.reproduced: "reproduced: every figure and the weights, bit for bit",
            Verdict.different: "not reproduced",
            Verdict.not_claimed: "no verdict: the config was changed",
        }[comparison.verdict]
    )
    return "\n".join(lines)


def _table(heading: str, changes: dict[str, Change]) -> str:
    from graphrec_cli.reporting.tables import clip, text_table

    rows = [
        [
            clip(place, 80),
            clip(_as_text(change.was), 24),
            clip(_as_text(change.now), 24),
            _step(change),
        ]
        for place, change in changes.items()
    ]
    return text_table([heading, "was", "is", "difference"], rows)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _step(change: Change) -> str:
    """The difference of two numbers, with its sign."""
    was, now = change
    return f"{now - was:+.3g}" if type(was) is float and type(now) is float else ""
