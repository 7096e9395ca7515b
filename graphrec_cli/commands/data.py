"""``graphrec data``: describe or prepare a data set without training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import compose_run
from graphrec_cli.config.hydra_app import print_config
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.trackers import take_tracker_words
from graphrec_cli.config.unknown import suggestion
from graphrec_cli.errors import ConfigError
from graphrec_cli.preparation import check_data
from graphrec_cli.terminal_text import counted

if TYPE_CHECKING:
    from graphrec_cli.data.splits.split import Split

HELP = """\
Look at a data set, or prepare it once for all runs. Nothing is trained, and no
run directory is made.

Examples:
  graphrec data inspect
  graphrec data inspect dataset=goodbooks data_dir=DIR
  graphrec data inspect dataset=movielens_100k dataset.fold=ua split=predefined
  graphrec data inspect dataset.k_core.min_user_interactions=20 --json
  graphrec data inspect sampler=hardneg plot_dir=pictures
  graphrec data prepare dataset=goodbooks data_dir=DIR
  graphrec data prepare dataset=goodbooks data_dir=DIR seed=7 cache_dir=CACHE

inspect shows the files, the rows and their duplicates, the rows that filters
drop, and the split.

prepare reads, filters and splits the data and stores the result in the cache.
Runs with the same files, dataset, split and seed load it from there. The last
line is the folder of the cache entry, which is always safe to delete. Data made
in memory are not stored.

Keys:
  all of 'graphrec train'   so a train command shows its own data when 'train'
                            becomes 'data inspect'
  plot_dir=DIR              inspect only: draw adjacency.png, degrees.png and
                            samples.png (not with loss=mse or loss=softmax)

Flags: --json, --cfg job, --info, --config-dir DIR, --plugin FILE, --debug; see
'graphrec train --help'.
"""
SUBCOMMANDS = ("inspect", "prepare")
PLOT_DIR = "plot_dir="


def data_command(words: list[str], *, json_output: bool, debug: bool) -> int:
    """Describe or prepare the configured data set.

    Raises:
        GraphrecError: wrong usage, or data that a run cannot use.
    """
    known = ", ".join(SUBCOMMANDS)
    if not words:
        raise ConfigError(f"data needs a subcommand: {known}; see graphrec data --help")
    if words[0] not in SUBCOMMANDS:
        hint = suggestion(words[0], SUBCOMMANDS)
        raise ConfigError(f"data has no subcommand '{words[0]}'{hint} (subcommands: {known})")
    _, rest = take_tracker_words(words[1:])  # no run, nothing to follow
    plot_dir = None
    if words[0] == "inspect":
        rest, plot_dir = _take_plot_dir(rest)
    arguments = sort_arguments(rest)
    if arguments.multirun:
        raise ConfigError(f"data {words[0]} takes one configuration; remove --multirun")
    if not arguments.trains:
        print_config(arguments)
        return 0
    config = compose_run(arguments).config
    check_data(config)
    if words[0] == "inspect":
        _inspect(config, plot_dir, json_output=json_output)
    else:
        _prepare(config, json_output=json_output)
    return 0


def _take_plot_dir(words: list[str]) -> tuple[list[str], Path | None]:
    """The words without ``plot_dir=``, and the folder that it names."""
    named = [word.removeprefix(PLOT_DIR) for word in words if word.startswith(PLOT_DIR)]
    if len(named) > 1 or "" in named:
        raise ConfigError("plot_dir must name one folder; write plot_dir=DIR once")
    rest = [word for word in words if not word.startswith(PLOT_DIR)]
    return rest, Path(named[0]) if named else None


def _inspect(config: RunConfig, plot_dir: Path | None, *, json_output: bool) -> None:
    from graphrec_cli.reporting.data_tables import data_report
    from graphrec_cli.workflows.inspect_data import inspect_data

    if plot_dir is not None:
        _make_folder(plot_dir)  # fail before the data are read
    report, split = inspect_data(config)
    plots = [] if plot_dir is None else _draw(config, split, plot_dir)
    names = [str(path) for path in plots]
    if json_output:
        print(json.dumps(report | {"plots": names}, allow_nan=False))
    else:
        print(data_report(report))
        print(*names, sep="\n", end="\n" if names else "")


def _draw(config: RunConfig, split: Split, folder: Path) -> list[Path]:
    from graphrec_cli.workflows.draw_data import draw_plots  # imports torch

    return draw_plots(config, split, folder)


def _prepare(config: RunConfig, *, json_output: bool) -> None:
    from graphrec_cli.workflows.prepare_data import prepare_data

    report = prepare_data(config)
    print(json.dumps(report, allow_nan=False) if json_output else describe_prepared(report))


def describe_prepared(report: dict[str, Any]) -> str:
    """The sizes of the data, the state of the cache, and the folder of the entry."""
    pairs = ", ".join(f"{number:,} {name}" for name, number in report["pairs"].items())
    sizes = f"{counted(report['users'], 'user')}, {counted(report['items'], 'item')}; {pairs} pairs"
    lines = [f"{report['dataset']}: {sizes}"]
    if report["state"] == "in_memory":
        lines.append("generated in memory from the config: nothing to store")
    else:
        done = {
            "there": "already in the cache",
            "built": "read from the files and stored in the cache",
            "rebuilt": f"rebuilt, because the entry was damaged ({report['damage']})",
        }[report["state"]]
        size = f"{report['bytes'] / 1e6:.1f} MB"
        lines += [f"{done}: {size}, {report['seconds']:.1f} s", report["entry"]]
    return "\n".join(lines)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot make plot_dir {folder}: {error.strerror or error}; choose another folder"
        ) from error
