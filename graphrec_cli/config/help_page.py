"""``graphrec train --help``, composed from the dataclasses and the option files without Hydra."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.flags import FROM, take_flag
from graphrec_cli.config.keys import Key, first_sentence, list_keys
from graphrec_cli.config.options import (
    describe_option,
    group_options,
    read_option,
)
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.config.trackers import take_tracker_words
from graphrec_cli.config.unknown import refuse_unknown_key

WIDTH = 80
COLUMN = 32
"""Column in which the meanings of keys start."""
RARE = "dataset.prefilter."
"""Prefix of keys that only the page of one option shows."""

INTRODUCTION = """\
Train and evaluate one run, or every run of a sweep with -m.

Examples:
  graphrec train                                     the built-in data set
  graphrec train dataset=table dataset.path=FILE     your own table
  graphrec train dataset=goodbooks sampler=hardneg data_dir=DIR
  graphrec train model=mf trainer.learning_rate=1e-3 seed=7
  graphrec train experiment=goodbooks_hardneg        a published recipe
  graphrec train seed=1,2,3 sampler=uniform,hardneg -m      a sweep of six runs
  graphrec train --from RUN trainer.epochs=50        a saved run with one change
  graphrec train resume=RUN                          continue an interrupted run
  graphrec train model=gfcf --help                   the keys of one option

GROUP=OPTION chooses a component and KEY=VALUE sets a value. Below are the
options of each group, * marks the default, and the keys of the default options
as KEY=DEFAULT. docs/configuration.md has all keys with their ranges.
"""
FLAGS = {
    "-m, --multirun": "Run a sweep: one run for each combination of KEY=A,B values.",
    "--from RUN": "Start from a saved configuration: a run directory, its config.json, or latest.",
    "resume=RUN": "Continue an interrupted run in its own directory. Only trainer.epochs, device, "
    "num_threads and data_dir may be given with it.",
    "logger=NAME": "Also show the run in tensorboard, mlflow or wandb, or in several: "
    "logger=tensorboard,mlflow (docs/trackers.md).",
    "sweep.resume=DIR": "With -m, continue a sweep; latest is the newest. sweep.retry_failed=true "
    "also resumes its failed runs.",
    "sweep.autoresume=true": "With -m, continue the newest sweep of the same runs, if there is "
    "one.",
    "sweep.metrics=A,B": "With -m, the columns of the table. sweep.test=true shows test metrics of "
    "all its rows.",
    "hydra/launcher=NAME": "With -m, run several runs at the same time: joblib, submitit_local, "
    "submitit_slurm or graphrec_ray (docs/sweeps.md).",
    "hydra/sweeper=NAME": "With -m, graphrec_optuna draws the runs of a search (docs/search.md).",
    "--config-dir DIR": "Add your own options from DIR/GROUP/OPTION.yaml.",
    "--cfg job": "Print the composed configuration; train nothing.",
    "--info defaults": "Print how Hydra composes the configuration; --info alone prints all.",
    "--hydra-help": "Hydra's own flags.",
    "--plugin FILE": "Add the components of a Python file, a package's folder or an installed "
    "plugin (docs/extending.md).",
    "--json": "Print results as JSON.",
    "--debug": "Print the traceback of an error.",
}
GROUPS = {
    "dataset": "Choose your data",
    "split": "Split into train, valid and test",
    "model": "Choose a model",
    "sampler": "Sample positives and negatives",
    "loss": "Choose a loss",
    "trainer": "Train",
    "evaluation": "Evaluate",
}


def train_help(words: Sequence[str]) -> str:
    """The help page; with ``group=option`` among the words, those groups alone.

    Raises:
        ConfigError: a flag, an option or a key is unknown, or an option file is broken.
    """
    saved, words = take_flag(FROM, take_tracker_words(words)[1])
    arguments = sort_arguments(
        [word for word in words if not word.startswith(("resume=", "sweep."))]
    )
    config_dir = arguments.config_dir
    chosen = _chosen(arguments.overrides, config_dir)
    defaults = read_defaults()
    given = {word.partition("=")[0] for word in arguments.overrides}
    swept = given & {*SCHEMAS, "experiment"} - chosen.keys()
    # A saved run or a sweep may choose other options, with other keys, which are not read here.
    known = chosen if saved or swept else {**defaults, **chosen}
    _refuse_unknown_keys(arguments.overrides, known, config_dir)
    if not chosen:
        pages = [_group(group, defaults[group], config_dir) for group in GROUPS]
        pages += [_run_keys(), _recipes(config_dir), _flags()]
        return "\n".join([INTRODUCTION, *pages])
    note = "'graphrec train --help' lists all groups and flags.\n"
    return "\n".join([*(_option(group, name, config_dir) for group, name in chosen.items()), note])


def read_defaults() -> dict[str, str]:
    """Group to the option that conf/config.yaml chooses."""
    return read_option("", "config", None).selects


def option_keys(group: str, name: str, config_dir: str | None = None) -> list[Key]:
    """The keys of an option with the option's own defaults; none for an unknown component."""
    option = read_option(group, name, config_dir)
    schema = SCHEMAS[group].get(option.component or "")
    return [] if schema is None else list(list_keys(schema, group, option.values))


def _refuse_unknown_keys(
    overrides: Sequence[str], chosen: Mapping[str, str], config_dir: str | None
) -> None:
    keys = [word.lstrip("+").partition("=")[0] for word in overrides]
    components = {}
    for group in {key.partition(".")[0] for key in keys} & SCHEMAS.keys() & chosen.keys():
        component = read_option(group, chosen[group], config_dir).component
        if component in SCHEMAS[group]:
            components[group] = SCHEMAS[group][component]
    for key in keys:
        if key != "experiment" and not key.startswith(("hydra/", "hydra.")):
            refuse_unknown_key(key, components)


def _chosen(words: Sequence[str], config_dir: str | None) -> dict[str, str]:
    """Group to the option that the words choose; an experiment chooses for several groups."""
    chosen: dict[str, str] = {}
    for word in sorted(words, key=lambda word: not word.startswith("experiment=")):
        group, _, value = word.partition("=")
        name = value.strip("'\"")
        if group not in (*SCHEMAS, "experiment") or name not in group_options(group, config_dir):
            continue  # a value, or the options of a sweep
        chosen[group] = name
        if group == "experiment":
            chosen |= read_option(group, name, config_dir).selects
    return chosen


def _group(group: str, default: str, config_dir: str | None) -> str:
    """The general options of a group, and the keys of its default one."""
    lines = [f"{GROUPS[group]}: {group}=OPTION"]
    for name in group_options(group, config_dir):
        recipe, meaning = describe_option(group, name, config_dir)
        if not recipe:
            lines += _row(f"{'*' if name == default else ' '} {name}", first_sentence(meaning), 26)
    keys = [key for key in option_keys(group, default) if not key.name.startswith(RARE)]
    lines += [f"  Keys of {group}={default}:", *_key_rows(keys)] if keys else []
    return "\n".join(lines) + "\n"


def _option(group: str, name: str, config_dir: str | None) -> str:
    """One option and all its keys, with their ranges."""
    recipe, meaning = describe_option(group, name, config_dir)
    belongs = f"Made for experiment={recipe}: " if recipe else ""
    lines = textwrap.wrap(f"{group}={name}  {belongs}{meaning}", WIDTH, subsequent_indent="  ")
    if group == "experiment":
        selects = read_option(group, name, config_dir).selects
        lines += [f"  {other}={option}" for other, option in selects.items()]
        return "\n".join(lines) + "\n"
    for key in option_keys(group, name, config_dir):
        allowed = f" ({key.allowed})" if key.allowed else ""
        lines += _row(f"    {key.name}={key.default}", f"{key.meaning}{allowed}", COLUMN)
    return "\n".join(lines) + "\n"


def run_keys() -> list[Key]:
    """The keys outside the groups."""
    return [key for key in list_keys(RunConfig, "") if "." not in key.name]


def _run_keys() -> str:
    return "\n".join(["Folders, device and reproducibility:", *_key_rows(run_keys()), ""])


def _recipes(config_dir: str | None) -> str:
    lines = ["Recipes, which choose an option in each group: experiment=OPTION"]
    for name in group_options("experiment", config_dir):
        _, meaning = describe_option("experiment", name, config_dir)
        lines += _row(f"  {name}", first_sentence(meaning), 26)
    lines.append("  Options that were made for one recipe:")
    for group in GROUPS:
        names = [
            name
            for name in group_options(group, config_dir)
            if describe_option(group, name, config_dir)[0]
        ]
        lines += _row(f"    {group}", ", ".join(names), 16) if names else []
    return "\n".join(lines) + "\n"


def _flags() -> str:
    rows = [row for flag, meaning in FLAGS.items() for row in _row(f"  {flag}", meaning, 26)]
    end = "The last line on stdout is the path of the run directory."
    return "\n".join(["Sweeps, saved configurations, resume and flags:", *rows, "", end, ""])


def _key_rows(keys: list[Key]) -> Iterator[str]:
    for key in keys:
        yield from _row(f"    {key.name}={key.default}", first_sentence(key.meaning), COLUMN)


def _row(name: str, meaning: str, column: int) -> list[str]:
    """Two columns; a name that is too long has its own line."""
    indent = " " * column
    lines = textwrap.wrap(meaning, WIDTH - column, break_on_hyphens=False) or [""]
    first = f"{name:<{column}}{lines[0]}".rstrip() if len(name) < column else name
    rest = lines[1:] if len(name) < column else lines
    return [first, *(indent + line for line in rest)]
