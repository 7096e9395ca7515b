"""``graphrec train -m``: start a sweep or a search, or resume one."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path

from graphrec_cli.commands.grid import Grid
from graphrec_cli.commands.resume_sweep import (
    as_planned,
    as_recorded,
    find_sweep,
    newest_same,
    recorded_words,
    warn_of_changed_data,
)
from graphrec_cli.commands.search import SearchSweep
from graphrec_cli.config.arguments import Arguments
from graphrec_cli.config.dataset import DatasetConfig
from graphrec_cli.config.download_guard import refuse_new_addresses
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.search_words import searches
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.sweep_words import SweepWords
from graphrec_cli.config.trackers import Trackers
from graphrec_cli.config.unknown import suggestion
from graphrec_cli.errors import ConfigError
from graphrec_cli.preparation import check_data
from graphrec_cli.rundir.directory import make_unique_folder, timestamp
from graphrec_cli.rundir.sweep_folder import read_sweep, write_sweep
from graphrec_cli.system.progress import progress

log = logging.getLogger("graphrec")


def sweep_command(
    arguments: Arguments,
    saved: SavedConfig | None,
    asked: SweepWords,
    output_dir: Path,
    trackers: Trackers,
    *,
    json_output: bool,
    debug: bool,
) -> int:
    """Run every job, even if others fail, and print a table sorted by the valid metric.

    Args:
        output_dir: where sweeps to resume are found.
        trackers: what follows every run.

    Raises:
        GraphrecError: the sweep cannot be started or resumed.
    """
    folder, record, given = None, None, arguments.overrides
    if asked.resume is not None:
        folder = find_sweep(asked.resume, output_dir)
        record = read_sweep(folder)
        if record.ablation is not None:
            raise ConfigError(f"{folder} is an ablation; the same graphrec ablate resumes it")
        arguments, saved = as_recorded(record, folder, arguments, saved)
    is_search = searches(arguments.overrides) or (record is not None and record.search is not None)
    sweep: Grid | SearchSweep
    if is_search:
        sweep = SearchSweep(arguments, saved, asked, record)
    else:
        sweep = Grid(arguments, saved, asked)
    if any(config.trainer.autoresume for config in sweep.configs):
        raise ConfigError(
            "trainer.autoresume=true is for a single run; leave it out, and write "
            "sweep.autoresume=true to resume a sweep"
        )
    if folder is not None:  # its sweep.json may come from somebody else
        for config in sweep.configs:
            refuse_new_addresses(SavedConfig(config, {}), given, folder / "sweep.json")
    _check_metrics(asked.metrics, sweep.configs)
    _check_data_of_all(sweep.configs)

    with progress("loading torch", in_log=False):
        from graphrec_cli.reporting.sweep_files import sweep_as_json
        from graphrec_cli.reporting.sweep_table import describe_sweep
        from graphrec_cli.workflows.sweep_figures import write_sweep_figures

    planned = sweep.plan(recorded_words(arguments.overrides))
    if asked.autoresume:
        folder, record = newest_same(planned, output_dir)
    if folder is None or record is None:
        folder = make_unique_folder(Path(sweep.configs[0].output_dir), f"{timestamp()}_sweep")
        record = planned
        write_sweep(folder, record)
    else:
        record = as_planned(record, planned, folder)
        warn_of_changed_data(record, folder, Path(sweep.configs[0].data_dir))
        log.info("resuming %s", folder)
    done, lines = sweep.run(folder, record, trackers, debug=debug)
    plots = any(config.plots for config in sweep.configs)
    lines += write_sweep_figures(folder, done.results, show_test=asked.test, plots=plots)
    if json_output:
        print(json.dumps(sweep_as_json(folder, done.results, show_test=asked.test)))
    else:
        count = len(record.jobs)
        print(describe_sweep(done.results, count, asked.metrics, show_test=asked.test))
        if lines and done.exit_code < 128:
            print("\n".join(lines))
    print(folder, flush=True)
    return done.exit_code


def _check_metrics(asked: Sequence[str], configs: Sequence[RunConfig]) -> None:
    """Refuse a column of the table that some runs do not have."""
    for config in configs:
        known = config.metric_keys()
        for metric in asked:
            if metric not in known:
                raise ConfigError(
                    f"sweep.metrics: a run does not compute '{metric}'{suggestion(metric, known)} "
                    f"(metrics: {', '.join(known)}); evaluation.ks sets the cut-offs"
                )


def _check_data_of_all(configs: Sequence[RunConfig]) -> None:
    """Check each data set of a sweep once."""
    checked: list[tuple[str, DatasetConfig]] = []
    for config in configs:
        if (config.data_dir, config.dataset) not in checked:
            check_data(config)
            checked.append((config.data_dir, config.dataset))
