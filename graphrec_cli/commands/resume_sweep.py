"""Find a sweep to resume, and hold the command against what its sweep.json says."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from graphrec_cli.config.arguments import Arguments, sort_arguments
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.search import MAY_CHANGE, SearchConfig, search_from_dict
from graphrec_cli.config.search_words import searches, take_search
from graphrec_cli.config.serialize import SavedConfig, config_from_dict, config_to_dict
from graphrec_cli.errors import ConfigError, DifferenceError, OutputError
from graphrec_cli.rundir.data_fingerprint import DataIdentity
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.rundir.environment_history import changed_surroundings
from graphrec_cli.rundir.sweep_folder import SweepRecord, newest_sweeps, read_sweep
from graphrec_cli.system.progress import progress

log = logging.getLogger("graphrec")

_OF_TODAY = ("output_dir", "data_dir", "cache_dir")
"""Keys that only the command sets, not sweep.json: where files are."""
_MAY_CHANGE = ("device", "num_threads")
"""Keys of the sweep that the command may set to other values."""


def find_sweep(name: str, output_dir: Path) -> Path:
    """The folder of a sweep by its name, or the newest one.

    Raises:
        ConfigError: there is none under ``output_dir``.
    """
    if name != "latest":
        return Path(name).parent if Path(name).name == "sweep.json" else Path(name)
    found = newest_sweeps(output_dir)
    if not found:
        raise ConfigError(f"no sweep under {output_dir}; name its folder, or set output_dir")
    return found[0]


def newest_same(planned: SweepRecord, output_dir: Path) -> tuple[Path | None, SweepRecord | None]:
    """The newest sweep of the same runs; None without one."""
    for folder in newest_sweeps(output_dir):
        try:
            record = read_sweep(folder)
        except ConfigError as error:
            log.info("passed over: %s", error)
            continue
        if _identity(record) == _identity(planned):
            return folder, record
    return None, None


def _identity(record: SweepRecord) -> tuple[object, ...]:
    """What the runs of a grid or an ablation, or the settings of a search, are told by."""
    if record.search is None:
        return record.ablation is None, [job.config_sha256 for job in record.jobs]
    search = {key: value for key, value in record.search.items() if key not in MAY_CHANGE}
    return record.words, search, record.saved


def _key(word: str) -> str:
    return word.lstrip("+").partition("=")[0]


def recorded_words(words: Sequence[str]) -> list[str]:
    """The words that sweep.json has: those that decide what the runs are."""
    return [
        word for word in words if _key(word) not in _OF_TODAY and not _key(word).startswith("hydra")
    ]


def as_recorded(
    record: SweepRecord, folder: Path, arguments: Arguments, saved: SavedConfig | None
) -> tuple[Arguments, SavedConfig | None]:
    """The words of the sweep, with those of the command that it leaves open.

    Raises:
        ConfigError: the command has other words than the sweep, or those of sweep.json are refused.
    """
    where = f"{folder / 'sweep.json'}"
    given = [word for word in recorded_words(arguments.overrides) if _key(word) not in _MAY_CHANGE]
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
    hidden = [word for word in record.words if word.startswith("-") or not recorded_words([word])]
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


def as_planned(record: SweepRecord, planned: SweepRecord, folder: Path) -> SweepRecord:
    """The sweep with its runs as they are planned today; what has changed is logged.

    Of a recorded run only the name of its directory counts, because the file may come from
    somebody else. The runs of a search are compared when they are composed.

    Raises:
        ConfigError: the same words are other runs today.
    """
    if record.search is None and len(record.jobs) != len(planned.jobs):
        raise ConfigError(
            f"{folder} has {len(record.jobs)} runs, and the same words are {len(planned.jobs)} "
            "with this release or these options; start a new sweep"
        )
    for was, now in zip(record.jobs, planned.jobs, strict=False):
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
    if record.search is not None:
        return record
    named = zip(planned.jobs, record.jobs, strict=True)
    return replace(record, jobs=[replace(now, run=was.run) for now, was in named])


def warn_of_changed_data(record: SweepRecord, folder: Path, data_dir: Path) -> None:
    """Warn once for each data set whose files are not those of the runs so far.

    Args:
        data_dir: where the files are looked for today.
    """
    known: set[str] = set()
    for job in record.jobs:
        run = RunDirectory(folder / job.run)
        try:
            environment = run.read(run.environment)
            identity = DataIdentity.from_dict(environment, run.environment)
            before = Path(run.read(run.config)["data_dir"])
        except (OutputError, KeyError, TypeError):
            continue  # it has not read its data yet, or will say itself what is damaged
        if f"{identity.files}" in known:
            continue
        known.add(f"{identity.files}")
        try:
            with progress("hashing the files"):
                identity.refuse_changed(before, data_dir)
        except DifferenceError as error:
            log.warning("%s: %s", job.run, error)


def search_of(arguments: Arguments, record: SweepRecord | None) -> tuple[SearchConfig, Arguments]:
    """The settings of a search, and the words of its given configuration.

    Args:
        record: of the search that is resumed; its settings count, but for those of ``MAY_CHANGE``.

    Raises:
        ConfigError: a setting is wrong, or is another one than when the search began.
    """
    if record is None:
        return take_search(arguments)
    if record.search is None:
        raise ConfigError("that sweep is no search; leave out hydra/sweeper to resume it")
    was_named = record.search.get("storage") is not None
    recorded = search_from_dict(record.search | {"storage": None}, "sweep.json: search")
    given = {
        _key(word).removeprefix("hydra.sweeper.")
        for word in arguments.overrides
        if _key(word).startswith("hydra.sweeper.")
    }
    words = list(arguments.overrides)
    if not searches(words):
        words.append("hydra/sweeper=graphrec_optuna")
        if recorded.study is not None and "study" not in given:
            words.append(f"hydra.sweeper.study={recorded.study}")
        others = sorted(given - {*MAY_CHANGE, "study"})
        if others:
            raise ConfigError(
                f"hydra.sweeper.{others[0]} belongs to the search that is resumed; only "
                f"{', '.join(MAY_CHANGE)} can be set"
            )
    today, base = take_search(replace(arguments, overrides=words), known=recorded.space)
    if searches(arguments.overrides) and today.identity() != recorded.identity():
        raise ConfigError(
            "the search began with other settings of hydra.sweeper; leave out hydra/sweeper to "
            "resume it with its own"
        )
    if was_named != (today.storage is not None):
        raise ConfigError(
            "the search keeps its trials in a database; name it again with hydra.sweeper.storage"
            if was_named
            else "the search keeps its trials in its folder; leave out hydra.sweeper.storage"
        )
    if today.study != recorded.study:
        raise ConfigError(f"the study of the search is {recorded.study}, not {today.study}")
    changed = {name: getattr(today, name) for name in MAY_CHANGE if name in given}
    return replace(recorded, **(changed | {"storage": today.storage})), base
