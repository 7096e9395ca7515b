"""What a new sweep writes into its sweep.json before the first job starts."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from graphrec_cli.config.plugins import LOADED
from graphrec_cli.config.run import Device, RunConfig
from graphrec_cli.config.serialize import SavedConfig, config_to_dict
from graphrec_cli.config.sweep import Sweep
from graphrec_cli.rundir.environment import command_line, describe_environment
from graphrec_cli.rundir.sweep_folder import SweepJob, SweepRecord
from graphrec_cli.system.device import pick_device
from graphrec_cli.workflows.launch import describe_run
from graphrec_cli.workflows.run_and_record import digest_of


def plan_record(
    words: Sequence[str], sweep: Sweep, saved: SavedConfig | None, *, elsewhere: bool = False
) -> SweepRecord:
    """What a new sweep writes into its sweep.json.

    Args:
        elsewhere: the runs may be on other machines, with other devices.

    Raises:
        ConfigError: a device is not available.
    """
    for config in sweep.configs:
        pick_device(Device.auto if elsewhere else config.device)
    width = len(str(len(sweep.jobs)))
    jobs = [
        plan_job(number, job, values, config, width=width)
        for number, (job, values, config) in enumerate(
            zip(sweep.jobs, sweep.values, sweep.configs, strict=True)
        )
    ]
    peers = zip(sweep.ranked_with, sweep.floors, strict=True)
    return record_of(
        words,
        sweep.configs[0],
        saved,
        [
            replace(job, ranked_with=first, floor_of=floor)
            for job, (first, floor) in zip(jobs, peers, strict=True)
        ],
        elsewhere=elsewhere,
    )


def plan_job(
    number: int, words: list[str], values: dict[str, str], config: RunConfig, *, width: int
) -> SweepJob:
    """One run of a sweep, by its number from 0.

    Args:
        width: digits of the number in the name of the run directory.
    """
    plugins = tuple(LOADED.plugins.values())
    return SweepJob(
        words=words,
        values=values,
        config_sha256=digest_of(config_to_dict(SavedConfig(config, {}, plugins))),
        run=f"{number + 1:0{width}d}_{describe_run(config)}",
    )


def record_of(
    words: Sequence[str],
    config: RunConfig,
    saved: SavedConfig | None,
    jobs: list[SweepJob],
    *,
    elsewhere: bool,
) -> SweepRecord:
    """The content of sweep.json, with the surroundings of today.

    Args:
        config: of a run, for its device and threads.
    """
    device = pick_device(Device.auto if elsewhere else config.device)
    return SweepRecord(
        words=list(words),
        saved=None if saved is None else config_to_dict(saved),
        jobs=jobs,
        environment=describe_environment(command_line(), device, config.num_threads or 0),
        identity=secrets.token_hex(8),
    )
