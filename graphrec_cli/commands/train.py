"""``graphrec train``: one run, or a sweep of runs."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec_cli.commands.resume import resume, take_resumed
from graphrec_cli.commands.saved_config import take_saved
from graphrec_cli.config.arguments import Arguments, sort_arguments
from graphrec_cli.config.compose import Job, compose_run
from graphrec_cli.config.dataset import DatasetConfig
from graphrec_cli.config.hydra_app import print_config, run_sweep
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.sweep import plan_sweep
from graphrec_cli.errors import GraphrecError, Interrupted
from graphrec_cli.preparation import check_data
from graphrec_cli.rundir.directory import make_unique_folder, timestamp
from graphrec_cli.storage.atomic import write_json
from graphrec_cli.system.progress import progress
from graphrec_cli.terminal_text import counted, one_line

if TYPE_CHECKING:
    from graphrec_cli.workflows.launch import RunOutcome

log = logging.getLogger("graphrec")


def train_command(words: list[str], *, json_output: bool, debug: bool) -> int:
    """Train; the last line on stdout is the run directory, or the folder of the sweep.

    Raises:
        GraphrecError: the run or the sweep cannot be started.
    """
    name, rest = take_resumed(words)
    if name is not None:
        return _report(resume(name, rest, debug=debug), json_output=json_output)
    saved, rest = take_saved(rest)
    arguments = sort_arguments(rest)
    if not arguments.trains:
        print_config(arguments, saved)
        return 0
    if arguments.multirun:
        return _sweep(arguments, saved, json_output=json_output, debug=debug)
    with progress("checking the configuration", in_log=False):
        job = compose_run(arguments, saved)
        check_data(job.config)

    with progress("loading torch", in_log=False):
        from graphrec_cli.workflows.launch import run_job

    return _report(run_job(job, debug=debug), json_output=json_output)


def _report(outcome: RunOutcome, *, json_output: bool) -> int:
    metrics = outcome.metrics
    if metrics is not None:
        print(json.dumps(metrics) if json_output else describe_metrics(outcome.config, metrics))
    print(outcome.run.path, flush=True)
    return outcome.exit_code


def describe_metrics(config: RunConfig, metrics: dict[str, Any]) -> str:
    """Test metrics next to the baselines, and their share of the ceiling if there is one."""
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


def _sweep(
    arguments: Arguments, saved: SavedConfig | None, *, json_output: bool, debug: bool
) -> int:
    """Run every job, even if others fail, and print a table sorted by the valid metric."""
    sweep = plan_sweep(arguments, saved)
    _check_data_of_all(sweep.configs)

    with progress("loading torch", in_log=False):
        from graphrec_cli.system.device import pick_device
        from graphrec_cli.workflows.launch import run_job

    for config in sweep.configs:
        pick_device(config.device)
    folder = make_unique_folder(Path(sweep.configs[0].output_dir), f"{timestamp()}_sweep")
    for line in sweep.skipped:
        log.info("%s", line)
    labels, floors, total = sweep.labels, sweep.floors, len(sweep.jobs)

    def run(job: Job) -> None:
        label = labels[job.number] if job.number < total else " ".join(job.overrides)
        log.info("run %d of %d%s", job.number + 1, total, f": {label}" if label else "")
        result: dict[str, Any] = {
            "number": job.number,
            "floor_of": floors[job.number] if job.number < total else None,
            "overrides": job.overrides,
            "monitor": job.config.monitor(),
            "lower_is_better": job.config.evaluation.lower_is_better(job.config.monitor()),
            "run": None,
            "metrics": None,
        }
        stopped_by = None
        try:
            outcome = run_job(job, debug=debug, floor=_known_floor(folder, result["floor_of"]))
        except Exception as error:  # raised before the run directory was made
            line = one_line(error)
            if isinstance(error, GraphrecError):
                result |= {"exit_code": error.exit_code, "error": line}
            else:
                result |= {"exit_code": 1, "error": f"{type(error).__name__}: {line}"}
        else:
            result |= {"exit_code": outcome.exit_code, "error": outcome.error}
            result |= {"run": str(outcome.run.path), "metrics": outcome.metrics}
            stopped_by = outcome.stopped_by
        # Through files, because a Hydra launcher may run its jobs in other processes.
        write_json(folder / f"{job.number}.json", result)
        if result["exit_code"] >= 128:
            raise Interrupted(result["exit_code"] - 128)
        if stopped_by is not None:
            raise Interrupted(stopped_by)

    # An interruption ends the sweep; the table then shows the results so far.
    codes = []
    try:
        run_sweep(arguments, run, folder, sweep.jobs, saved)
    except Interrupted as interruption:
        codes.append(interruption.exit_code)
    results = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    results.sort(key=lambda result: int(result["number"]))
    print(json.dumps(results) if json_output else describe_sweep(results, labels))
    print(folder, flush=True)
    return max([*codes, *(result["exit_code"] for result in results)], default=1)


def _check_data_of_all(configs: Sequence[RunConfig]) -> None:
    """Check each data set of a sweep once."""
    checked: list[tuple[str, DatasetConfig]] = []
    for config in configs:
        if (config.data_dir, config.dataset) not in checked:
            check_data(config)
            checked.append((config.data_dir, config.dataset))


def describe_sweep(results: list[dict[str, Any]], labels: Sequence[str]) -> str:
    """The runs, best valid metric first; failed ones at the end with their error.

    Args:
        results: of the runs that were started.
        labels: the swept words of every run, by its number.
    """
    from graphrec_cli.reporting.tables import text_table

    def part(result: dict[str, Any], name: str) -> float | None:
        metrics = result["metrics"]
        values = None if metrics is None else metrics[name]
        return None if values is None else float(values[result["monitor"]])

    def order(result: dict[str, Any]) -> tuple[float, int]:
        score = part(result, "valid")
        if score is None:
            return (-math.inf, -result["number"])
        return (-score if result["lower_is_better"] else score, -result["number"])

    rows = []
    for result in sorted(results, key=order, reverse=True):
        figures = [part(result, "valid"), part(result, "test")]
        rows.append(
            [
                str(result["number"] + 1),
                *("-" if figure is None else f"{figure:.4f}" for figure in figures),
                labels[result["number"]],
                result["error"] or result["run"],
            ]
        )
    monitors = {result["monitor"] for result in results}
    monitor = monitors.pop() if len(monitors) == 1 else "monitor"
    table = text_table(["run", f"valid {monitor}", f"test {monitor}", "overrides", "where"], rows)
    return "\n".join([table, *_describe_floors(results), *_describe_coverage(results)])


def _known_floor(folder: Path, group: int | None) -> dict[str, Any] | None:
    """The floor that a finished run of the sweep found for the same data, seed and metric."""
    if group is None:
        return None
    for path in folder.glob("*.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        if result["floor_of"] == group and result["metrics"] is not None:
            found: dict[str, Any] | None = result["metrics"]["floor"]
            return found
    return None


def _describe_floors(results: list[dict[str, Any]]) -> list[str]:
    """What the runs on the same data have to beat on valid, and which do not."""
    from graphrec_cli.results.floor import beaten

    lines = []
    for group in dict.fromkeys(result["floor_of"] for result in results):
        runs = [
            result
            for result in results
            if group is not None
            and result["floor_of"] == group
            and result["metrics"] is not None
            and result["metrics"]["floor"] is not None
        ]
        if not runs:
            continue
        floor = runs[0]["metrics"]["floor"]
        metric, lower = floor["metric"], runs[0]["lower_is_better"]
        below = [
            str(result["number"] + 1)
            for result in runs
            if beaten(result["metrics"]["valid"][metric], floor["valid"], lower_is_better=lower)
        ]
        line = f"model={floor['model']}, a formula, has valid {metric} {floor['valid']:.4f}"
        if len(runs) < len(results):
            line = f"run {', '.join(str(run['number'] + 1) for run in runs)}: {line}"
        lines.append(f"{line}; not better: run {', '.join(below)}" if below else line)
    return lines


def _describe_coverage(results: list[dict[str, Any]]) -> list[str]:
    """What the test figures of the runs cover; a line that all runs share names no run."""
    from graphrec_cli.results.coverage import describe_coverage

    runs: dict[str, list[str]] = {}
    for result in results:
        if result["metrics"] is not None and result["metrics"]["test"] is not None:
            for line in describe_coverage(result["metrics"]["counts"]["test"]):
                runs.setdefault(line, []).append(str(result["number"] + 1))
    return [
        line if len(numbers) == len(results) else f"run {', '.join(numbers)}: {line}"
        for line, numbers in runs.items()
    ]
