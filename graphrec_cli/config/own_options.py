"""Check a user's own option files, so that an error names the file, the line and the key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from graphrec_cli.config.keys import spell_value
from graphrec_cli.config.option_lines import OptionFile, read_option_file
from graphrec_cli.config.options import group_options, option_file, read_option
from graphrec_cli.config.other_component import HERE, OVERRIDE, advise_overrides, advise_start
from graphrec_cli.config.own_values import check_values
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.config.unknown import suggestion, unknown_option
from graphrec_cli.errors import ConfigError

PACKAGE = "# @package _global_"


def check_own_options(words: Iterable[str], config_dir: str | None) -> dict[str, str]:
    """Check the files in the user's folder that words such as ``trainer=mine`` choose.

    Args:
        words: ``key=value``.
        config_dir: the folder; without one there is nothing to check.

    Returns:
        The full key of every value with an interpolation ``${...}``, which is only resolved when
        all is composed, to its file and line.

    Raises:
        ConfigError: a file is not YAML, or has an unknown key or option, or a value that its key
            does not accept; the message names the file and the line.
    """
    open_keys: dict[str, str] = {}
    if config_dir is None:
        return open_keys
    for word in words:
        group, _, option = word.partition("=")
        if group in (*SCHEMAS, "experiment"):
            _check(group, option.strip("'\""), config_dir, open_keys)
    return open_keys


@contextmanager
def located_interpolations(open_keys: Mapping[str, str], words: Iterable[str]) -> Iterator[None]:
    """Put the file and the line before an error about a value with an interpolation.

    Args:
        open_keys: what ``check_own_options`` returned.
        words: ``key=value``; the values of these keys are not those of a file.
    """
    given = {word.lstrip("+").partition("=")[0] for word in words}
    try:
        yield
    except ConfigError as error:
        key = re.split(r"[ \[]", str(error), maxsplit=1)[0]
        if key in given or key not in open_keys:
            raise
        raise ConfigError(f"{open_keys[key]}: {error}") from error


def _check(
    group: str, option: str, config_dir: str, open_keys: dict[str, str], above: tuple[str, ...] = ()
) -> None:
    """Check the file of an option, and those that it starts from or chooses.

    Args:
        above: the options of the group that start from this one, directly or through others.
    """
    path = option_file(group, option, config_dir)
    if not path.is_file() or not path.is_relative_to(config_dir):
        return
    file = read_option_file(path, config_dir, open_keys)
    if group == "experiment":
        _check_experiment(file)
        return
    if file.path.read_text(encoding="utf-8").lstrip().startswith("# @package"):
        raise file.error("", "only an experiment has a line '# @package'; remove it")
    component = _component(group, file, (*above, option))
    values = {key: value for key, value in file.values.items() if key != "defaults"}
    if "name" in values:
        starts = ", ".join(_starts(group))
        raise file.error("name", f"name is set by what the option starts from: one of {starts}")
    schema = SCHEMAS[group][component]
    check_values(schema, values, group, file, advise_start, prefix=f"{group}.")


def _starts(group: str) -> list[str]:
    return [f"/schema/{group}/{name}{HERE}" for name in SCHEMAS[group]]


def _component(group: str, file: OptionFile, above: tuple[str, ...]) -> str:
    """The component that the file starts from, by its ``defaults``."""
    starts = [
        (f"defaults.{place}", entry)
        for place, entry in enumerate(_defaults(file))
        if entry != "_self_"
    ]
    if len(starts) > 1:
        raise file.error(starts[1][0], "an option has one start; remove this line or the first")
    if not starts and len(SCHEMAS[group]) == 1:
        return next(iter(SCHEMAS[group]))
    if not starts:
        raise file.error(
            "defaults",
            f"defaults must name what the option starts from: one of {', '.join(_starts(group))}",
        )
    ((key, entry),) = starts
    if entry in _starts(group):
        return str(entry).removesuffix(HERE).rpartition("/")[2]
    options = group_options(group, file.config_dir)
    name = str(entry).removesuffix(HERE)
    if name not in options or name == entry:
        others = [option for option in options if option not in above]
        raise file.error(key, _wrong_start(group, entry, others))
    if name in above:
        raise file.error(
            key, f"{group}={name} starts from itself; start from one of {', '.join(_starts(group))}"
        )
    _check(group, name, file.config_dir, file.open_keys, above)
    return read_option(group, name, file.config_dir).component or next(iter(SCHEMAS[group]))


def _wrong_start(group: str, entry: object, options: list[str]) -> str:
    """What is wrong with an entry of ``defaults``, and the nearest start that exists."""
    text = str(next(iter(entry.values()), "")) if isinstance(entry, dict) else str(entry)
    word = text.partition("@")[0].rpartition("/")[2]
    names = list(SCHEMAS[group])
    near = difflib.get_close_matches(word, [*names, *options], n=1)
    hint = ""
    if near:
        # An option has values of its own; a schema has the defaults of its dataclass.
        is_option = near[0] not in names or (near[0] in options and "schema" not in text)
        start = f"{near[0]}{HERE}" if is_option else f"/schema/{group}/{near[0]}{HERE}"
        hint = f"; did you mean '{start}'?"
    choices = ", ".join([*_starts(group), *(f"{option}{HERE}" for option in options)])
    return f"an option cannot start from '{text}'{hint} (one of {choices})"


def _defaults(file: OptionFile) -> list[Any]:
    entries = file.values.get("defaults", [])
    if not isinstance(entries, list):
        raise file.error("defaults", "defaults must be a list, one '- ENTRY' a line")
    return entries


def _check_experiment(file: OptionFile) -> None:
    if not file.path.read_text(encoding="utf-8").lstrip().startswith(PACKAGE):
        raise file.error("", f"the first line of an experiment must be '{PACKAGE}'")
    chosen = _chosen_groups(file)
    components = {
        group: read_option(group, option, file.config_dir).component
        for group, option in (read_option("", "config", None).selects | chosen).items()
        if group in SCHEMAS
    }
    schemas = {
        group: SCHEMAS[group][component or next(iter(SCHEMAS[group]))]
        for group, component in components.items()
    }
    advice = partial(advise_overrides, chosen=schemas)
    for key, value in file.values.items():
        if key in SCHEMAS and not isinstance(value, dict):
            raise file.error(key, f"to choose a {key}, {_how_to_choose(key, value)}")
        if key in SCHEMAS and "name" in value:
            how = _how_to_choose(key, value["name"])
            raise file.error(f"{key}.name", f"{key}.name cannot be set; to choose a {key}, {how}")
        if key in SCHEMAS:
            check_values(schemas[key], value, key, file, advice)
        elif key != "defaults":
            check_values(RunConfig, {key: value}, "", file, advice)


def _how_to_choose(group: str, option: object) -> str:
    return f"write '{OVERRIDE}{group}: {option}' under defaults"


def _chosen_groups(file: OptionFile) -> dict[str, str]:
    """Group to the option that an experiment chooses."""
    chosen: dict[str, str] = {}
    groups = list(SCHEMAS)
    for place, entry in enumerate(_defaults(file)):
        key = f"defaults.{place}"
        if entry == "_self_":
            continue
        if not isinstance(entry, dict) or len(entry) != 1:
            raise file.error(key, f"write '{OVERRIDE}GROUP: OPTION', got '{entry}'")
        name, option = next(iter(entry.items()))
        group = str(name).removeprefix(OVERRIDE)
        if not str(name).startswith(OVERRIDE) or group not in groups:
            hint = suggestion(group.lstrip("/"), groups)
            raise file.error(
                key,
                f"'{name}' chooses nothing{hint}; write '{OVERRIDE}GROUP: OPTION' with a group "
                f"of {', '.join(groups)}",
            )
        if group in chosen:
            raise file.error(key, f"a second {group} is chosen; remove this line or the first")
        options = group_options(group, file.config_dir)
        if option not in options:
            with file.located(key):
                raise unknown_option(group, spell_value(option), options)
        _check(group, str(option), file.config_dir, file.open_keys)
        chosen[group] = str(option)
    return chosen
