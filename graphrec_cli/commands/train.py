"""``graphrec train``: one run, or a sweep of runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from graphrec_cli.commands.resume import resume, take_resumed
from graphrec_cli.commands.saved_config import output_dir_of, take_saved
from graphrec_cli.commands.sweep import sweep_command
from graphrec_cli.config.arguments import Arguments, sort_arguments
from graphrec_cli.config.compose import compose_run
from graphrec_cli.config.hydra_app import print_config
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.sweep_words import SweepWords, take_sweep_words
from graphrec_cli.config.trackers import Trackers, take_tracker_words
from graphrec_cli.errors import ConfigError
from graphrec_cli.preparation import check_data
from graphrec_cli.system.progress import progress
from graphrec_cli.terminal_text import counted

if TYPE_CHECKING:
    from graphrec_cli.workflows.run_outcome import RunOutcome


def train_command(words: list[str], *, json_output: bool, debug: bool) -> int:
    """Train; the last line on stdout is the run directory, or the folder of the sweep.

    Raises:
        GraphrecError: the run or the sweep cannot be started.
    """
    trackers, words = take_tracker_words(words)
    name, rest = take_resumed(words)
    if name is not None:
        trackers.refuse_unusable()
        return _report(resume(name, rest, trackers, debug=debug), json_output=json_output)
    asked, rest = take_sweep_words(rest)
    saved, rest = take_saved(rest)
    output_dir = output_dir_of(rest)
    arguments = sort_arguments(rest)
    if not arguments.trains:
        print_config(arguments, saved)
        return 0
    trackers.refuse_unusable()
    if arguments.multirun:
        return sweep_command(
            *(arguments, saved, asked, output_dir, trackers), json_output=json_output, debug=debug
        )
    if asked != SweepWords():
        raise ConfigError("sweep.resume and the other sweep keys are for a sweep; add -m")
    return _report(train_once(arguments, saved, trackers, debug=debug), json_output=json_output)


def train_once(
    arguments: Arguments, saved: SavedConfig | None, trackers: Trackers, *, debug: bool
) -> RunOutcome:
    """Check the words and the data's files, and train the one run that the words ask for.

    Raises:
        GraphrecError: the run cannot be started.
    """
    with progress("checking the configuration", in_log=False):
        job = compose_run(arguments, saved)
        check_data(job.config)

    with progress("loading torch", in_log=False):
        from graphrec_cli.workflows.launch import run_job

    return run_job(job, debug=debug, trackers=trackers)


def _report(outcome: RunOutcome, *, json_output: bool) -> int:
    metrics = outcome.metrics
    if metrics is not None:
        print(json.dumps(metrics) if json_output else describe_metrics(outcome.config, metrics))
    print(outcome.run.path, flush=True)
    return outcome.exit_code


def describe_metrics(config: RunConfig, metrics: dict[str, Any]) -> str:
    """Test metrics next to the baselines, and their share of the ceiling if there is one."""
    from graphrec_cli.reporting.beyond_table import beyond_lines
    from graphrec_cli.reporting.tables import metrics_table
    from graphrec_cli.results.coverage import describe_coverage
    from graphrec_cli.results.expected_bands import describe_bands

    if metrics["test"] is None:
        return describe_untested(config, metrics)
    columns = {config.model.name: metrics["test"]}
    columns |= {
        name: values for name, values in metrics["baselines"].items() if name != config.model.name
    }
    counts = metrics["counts"]["test"]
    users = counts["users_evaluated"]
    table = metrics_table(columns, list(metrics["test"]))
    lines = [
        f"test metrics over {counted(users, 'user')}{_epoch(metrics)}",
        *describe_coverage(counts),
        table,
    ]
    ceiling = metrics["baselines"].get("ceiling")
    if ceiling is not None and ceiling[config.monitor()] > 0:
        share = metrics["test"][config.monitor()] / ceiling[config.monitor()]
        lines.append(f"{config.monitor()} is {share:.0%} of the best reachable value (ceiling)")
    beyond = metrics.get("beyond_accuracy")
    if beyond is not None:
        lines += beyond_lines(
            {config.model.name: beyond["test"]} | beyond["baselines"], config.monitor()
        )
    if metrics.get("expected") is not None:
        lines += describe_bands(metrics["expected"])
    return "\n".join(lines)


def describe_untested(config: RunConfig, metrics: dict[str, Any]) -> str:
    """One line for a run without a test part, with the valid metric if there is one."""
    line = f"no test part ({config.split.without_test()}), so there are no test metrics"
    if metrics["valid"] is None:
        return line
    monitor = config.monitor()
    value = metrics["valid"][monitor]
    return f"{line}; valid {monitor} {value:.4f}{_epoch(metrics)}"


def _epoch(metrics: dict[str, Any]) -> str:
    """The selected epoch; nothing for a model that is solved or counted."""
    return f", epoch {metrics['selected_epoch']}" if metrics["selected_epoch"] else ""
