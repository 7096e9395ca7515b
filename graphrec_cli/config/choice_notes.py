"""Lines about loss and trainer: who chose them, and what a saved run or an experiment kept."""

from __future__ import annotations

from collections.abc import Mapping

from graphrec_cli.config.arguments import Arguments
from graphrec_cli.config.options import group_options, read_option
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.store import SCHEMAS, chosen_by


def describe_choices(
    arguments: Arguments,
    config: RunConfig,
    choices: Mapping[str, str | None],
    saved: SavedConfig | None,
) -> list[str]:
    """Lines for the log of a run whose loss or trainer no word has named.

    Args:
        arguments: what was composed.
        config: the values.
        choices: the option chosen in each group.
        saved: what ``--from`` names.
    """
    if not config.model.learns_from():
        return []
    config_dir = arguments.config_dir
    words = dict(word.partition("=")[::2] for word in arguments.overrides)
    defaults = read_option("", "config", None).selects
    base = _selected_by_base(words, config_dir, saved)
    base_name = f"experiment={choices['experiment']}" if saved is None else "the saved run"
    chose, kept = [], []
    for group, other in (("sampler", "loss"), ("loss", "trainer")):
        named = f"{group}={choices[group]}"
        if other in words:
            continue
        if other not in base:
            if choices[other] != defaults[other]:
                chose.append(f"{named} chose {other}={choices[other]}")
            continue
        if group not in words:
            continue
        option = _chosen_by_option(group, str(choices[group]), config_dir)
        before = _chosen_by_base(group, base, config_dir, saved)
        if group == "sampler":
            # Without a choice of its own, a sampler differs from one that chose this loss.
            differs = (option or before == config.loss.name) and option != config.loss.name
        else:
            differs = option != before and choices["trainer"] != (option or defaults["trainer"])
        if differs:
            option = option or defaults[other]
            kept.append(
                f"{other}={choices[other]} of {base_name} is kept; a new run with {named} has "
                f"{other}={option}: add {other}={option} to use it"
            )
    return [*([", and ".join(chose)] if chose else []), *kept]


def _selected_by_base(
    words: Mapping[str, str], config_dir: str | None, saved: SavedConfig | None
) -> dict[str, str]:
    """Group to the option that the saved run or the experiment selects."""
    if saved is not None:
        return {group: str(saved.choices[group]) for group in SCHEMAS}
    experiment = words.get("experiment", "").strip("'\"")
    if experiment not in group_options("experiment", config_dir):
        return {}
    return read_option("experiment", experiment, config_dir).selects


def _chosen_by_option(group: str, option: str, config_dir: str | None) -> str | None:
    """The option of the other group that an option chooses; None if it leaves the default."""
    if option not in group_options(group, config_dir):  # in a folder below the group's own
        return None
    read = read_option(group, option, config_dir)
    if read.component is None or not read.chooses_other:
        return None
    return chosen_by(group, read.component)


def _chosen_by_base(
    group: str, base: Mapping[str, str], config_dir: str | None, saved: SavedConfig | None
) -> str | None:
    """What the sampler or the loss of the saved run or of the experiment chooses on its own."""
    if saved is not None:  # its option may be of a folder that is not given now
        return chosen_by(group, getattr(saved.config, group).name)
    return _chosen_by_option(group, base[group], config_dir) if group in base else None
