"""Leave out the values of an experiment that components chosen on the command line do not have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import fields

from graphrec_cli.config.arguments import Arguments
from graphrec_cli.config.keys import spell_value
from graphrec_cli.config.options import Option, group_options, read_option
from graphrec_cli.config.store import SCHEMAS

FITTING = "_fitting_"
"""The name of the experiment with the remaining values, as an option of Hydra."""


@contextmanager
def fitting_experiment(arguments: Arguments) -> Iterator[tuple[list[str], list[str]]]:
    """Make an experiment that fits the other words an option of Hydra for the block.

    Yields:
        The overrides, with that experiment if values had to be left out; and a line for each
        component that does not have them.

    Raises:
        ConfigError: an option file cannot be read.
    """
    words = dict(word.split("=", 1) for word in arguments.overrides if "=" in word)
    words = {key: value.strip("'\"") for key, value in words.items()}
    name = words.get("experiment")
    if name not in group_options("experiment", arguments.config_dir):
        yield arguments.overrides, []
        return
    assert name is not None
    experiment = read_option("experiment", name, arguments.config_dir)
    left_out = _take_out(experiment, words, arguments.config_dir)
    if not left_out:
        yield arguments.overrides, []
        return
    from hydra.core.config_store import ConfigStore

    selected = [{f"override /{group}": option} for group, option in experiment.selects.items()]
    node = {"defaults": [*selected, "_self_"], **experiment.values}
    ConfigStore.instance().store(group="experiment", name=FITTING, node=node, package="_global_")
    others = [word for word in arguments.overrides if not word.startswith("experiment=")]
    try:
        yield (
            [f"experiment={FITTING}", *others],
            [
                f"{component} does not use {', '.join(values)} of experiment={name}"
                for component, values in left_out.items()
            ],
        )
    finally:
        del ConfigStore.instance().repo["experiment"][f"{FITTING}.yaml"]


def _take_out(
    experiment: Option, words: dict[str, str], config_dir: str | None
) -> dict[str, list[str]]:
    """Take values out of the experiment; ``group=option`` to what it does not have."""
    left_out: dict[str, list[str]] = {}
    for group in SCHEMAS.keys() & experiment.values.keys() & words.keys():
        option = words[group]
        if option not in group_options(group, config_dir):
            continue  # an error that names the option follows
        component = read_option(group, option, config_dir).component
        schema = SCHEMAS[group].get(component or "")
        known = [field.name for field in fields(schema)] if schema is not None else []
        values = deepcopy(experiment.values[group])
        for key in [key for key in values if key not in known]:
            spelled = f"{group}.{key}={spell_value(values.pop(key))}"
            left_out.setdefault(f"{group}={option}", []).append(spelled)
        experiment.values[group] = values
    return left_out
