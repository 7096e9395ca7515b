"""``graphrec train -m``: start a sweep, or resume one."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from graphrec_cli.config.arguments import Arguments, sort_arguments
from graphrec_cli.config.dataset import DatasetConfig
from graphrec_cli.config.download_guard import refuse_new_addresses
from graphrec_cli.config.launchers import chosen_launcher
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig, config_from_dict, config_to_dict
from graphrec_cli.config.sweep import Sweep, plan_sweep
from graphrec_cli.config.sweep_words import SweepWords
from graphrec_cli.errors import ConfigError
from graphrec_cli.preparation import check_data
from graphrec_cli.rundir.directory import make_unique_folder, timestamp
from graphrec_cli.rundir.environment_history import changed_surroundings
from graphrec_cli.rundir.sweep_folder import SweepRecord, newest_sweeps, read_sweep, write_sweep
from graphrec_cli.system.progress import progress

log = logging.getLogger("graphrec")

_OF_TODAY = ("output_dir", "data_dir", "cache_dir")
"""Keys that only the command sets, not sweep.json: where files are."""
_MAY_CHANGE = ("device", "num_threads")
"""Keys of the sweep that the command may set to other values."""


def sweep_command(
    arguments: Arguments,
    saved: SavedConfig | None,
    asked: SweepWords,
    output_dir: Path,
    *,
    json_output: bool,
    debug: bool,
) -> int:
    """Run every job, even if others fail, and print a table sorted by the valid metric.

    Args:
        output_dir: where sweeps to resume are found.

    Raises:
        GraphrecError: the sweep cannot be started or resumed.
    """
    folder, record, given = None, None, arguments.overrides
    if asked.resume is not None:
        folder = _find(asked.resume, output_dir)
        record = read_sweep(folder)
        arguments, saved = _as_recorded(record, folder, arguments, saved)
    launcher = chosen_launcher(arguments)
    sweep = plan_sweep(arguments, saved)
    if any(config.trainer.autoresume for config in sweep.configs):
        raise ConfigError(
            "trainer.autoresume=true is for a single run; leave it out, and write "
            "sweep.autoresume=true to resume a sweep"
        )
    if folder is not None:  # its sweep.json may come from somebody else
        for config in sweep.configs:
            refuse_new_addresses(SavedConfig(config, {}), given, folder / "sweep.json")
    _check_data_of_all(sweep.configs)

    with progress("loading torch", in_log=False):
        from graphrec_cli.reporting.sweep_table import describe_sweep
        from graphrec_cli.workflows.sweep import plan_record, run_jobs

    elsewhere = launcher is not None and not launcher.on_this_machine
    planned = plan_record(_recorded(arguments.overrides), sweep, saved, elsewhere=elsewhere)
    if asked.autoresume:
        folder, record = _newest_same(planned, output_dir)
    if folder is None or record is None:
        folder, record = _new_folder(sweep), planned
        write_sweep(folder, record)
    else:
        _compare(record, planned, folder)
        log.info("resuming %s", folder)
    done = run_jobs(
        arguments,
        sweep,
        saved,
        folder,
        record.jobs,
        launcher=launcher,
        retry_failed=asked.retry_failed,
        debug=debug,
    )
    print(json.dumps(done.results) if json_output else describe_sweep(done.results, sweep.labels))
    print(folder, flush=True)
    return done.exit_code


def _new_folder(sweep: Sweep) -> Path:
    return make_unique_folder(Path(sweep.configs[0].output_dir), f"{timestamp()}_sweep")


def _find(name: str, output_dir: Path) -> Path:
    if name != "latest":
        return Path(name).parent if Path(name).name == "sweep.json" else Path(name)
    found = newest_sweeps(output_dir)
    if not found:
        raise ConfigError(f"no sweep under {output_dir}; name its folder, or set output_dir")
    return found[0]


def _newest_same(planned: SweepRecord, output_dir: Path) -> tuple[Path | None, SweepRecord | None]:
    """The newest sweep of the same runs; None without one."""
    for folder in newest_sweeps(output_dir):
        try:
            record = read_sweep(folder)
        except ConfigError as error:
            log.info("passed over: %s", error)
            continue
        if [job.config_sha256 for job in record.jobs] == [
            job.config_sha256 for job in planned.jobs
        ]:
            return folder, record
    return None, None


def _key(word: str) -> str:
    return word.lstrip("+").partition("=")[0]


def _recorded(words: Sequence[str]) -> list[str]:
    """The words that sweep.json has: those that decide what the runs are."""
    return [
        word for word in words if _key(word) not in _OF_TODAY and not _key(word).startswith("hydra")
    ]


def _as_recorded(
    record: SweepRecord, folder: Path, arguments: Arguments, saved: SavedConfig | None
) -> tuple[Arguments, SavedConfig | None]:
    """The words of the sweep, with those of the command that it leaves open.

    Raises:
        ConfigError: the command has other words than the sweep, or those of sweep.json are refused.
    """
    where = f"{folder / 'sweep.json'}"
    given = [word for word in _recorded(arguments.overrides) if _key(word) not in _MAY_CHANGE]
    known = [word for word in record.words if _key(word) not in _MAY_CHANGE]
    if given and sorted(given) != sorted(known):
        other = [word for word in given if word not in known] or given
        raise ConfigError(
            f"{folder} was started with other words ({' '.join(known)}), not with "
            f"{' '.join(other)}; leave the words out to resume it, or start a new sweep"
        )
    if saved is not None and config_to_dict(saved) != record.saved:
        raise ConfigError(
            f"{folder} was not started from that configuration; leave out --from to resume it"
        )
    hidden = [word for word in record.words if word not in _recorded([word])]
    if hidden:
        raise ConfigError(f"{where}: {hidden[0]} is only taken from the command line")
    today = [word for word in arguments.overrides if word not in given]
    replaced = {_key(word) for word in today}
    words = [word for word in record.words if _key(word) not in replaced]
    try:
        merged = sort_arguments([*arguments.flags, *words, *today])
        if saved is None and record.saved is not None:
            saved = config_from_dict(record.saved, where)
            # Like output_dir, not taken from a file of the sweep.
            saved = replace(saved, config=replace(saved.config, data_dir=RunConfig().data_dir))
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
    return merged, saved


def _compare(record: SweepRecord, planned: SweepRecord, folder: Path) -> None:
    """Say what has changed since the sweep began.

    Raises:
        ConfigError: the same words are other runs today.
    """
    if len(record.jobs) != len(planned.jobs):
        raise ConfigError(
            f"{folder} has {len(record.jobs)} runs, and the same words are {len(planned.jobs)} "
            "with this release or these options; start a new sweep"
        )
    for was, now in zip(record.jobs, planned.jobs, strict=True):
        if was.config_sha256 != now.config_sha256:
            raise ConfigError(
                f"{folder}: {was.run} has other values with this release or these options than "
                "when the sweep began; start a new sweep"
            )
    found = changed_surroundings(record.environment, planned.environment)
    found.pop("num_threads", None)
    if found:
        listed = ", ".join(f"{place} {was} -> {now}" for place, (was, now) in found.items())
        log.warning(
            "the environment has changed: %s; the runs to come may differ from those before", listed
        )


def _check_data_of_all(configs: Sequence[RunConfig]) -> None:
    """Check each data set of a sweep once."""
    checked: list[tuple[str, DatasetConfig]] = []
    for config in configs:
        if (config.data_dir, config.dataset) not in checked:
            check_data(config)
            checked.append((config.data_dir, config.dataset))
