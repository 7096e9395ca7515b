"""docs/configuration.md: every group, option and key, written from the code.

``python docs/write_configuration.py > docs/configuration.md`` updates it.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Sequence
from typing import Any

from graphrec_cli.config.bands import BandConfig
from graphrec_cli.config.help_page import option_keys, read_defaults, run_keys
from graphrec_cli.config.keys import Key, list_keys, meaning, spell_value
from graphrec_cli.config.options import describe_option, group_options, read_option
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.config.trackers import KEY, LoggerConfig

INTRODUCTION = """\
# Configuration

<!-- Written by: python docs/write_configuration.py > docs/configuration.md -->

`GROUP=OPTION` chooses a component and `KEY=VALUE` sets a value:

```
graphrec train model=gfcf model.alpha=0.5 seed=7
```

`graphrec train GROUP=OPTION --help` prints the keys of one option, and `--cfg job` the whole
configuration of a run. An unknown key, a wrong type and a value out of range end the command with
exit code 2 before any data is read. In the tables below, *default* is the value with the option
that is named above the table; other options may set another one. `null` means "not set". Write
lists as `[a,b]` and quote them for your shell.
"""
EXPECTED = """\
## Expected test metrics: `expected`

Recipes set these keys; a run whose values and split match them reports whether its test metrics lie
within the intervals.
"""
TRACKERS = """\
## Trackers: `logger`

`logger=tensorboard`, `mlflow` or `wandb` shows a run in a [tracker](trackers.md). These are words
of a command: no run has them in its configuration.
"""


def write_reference() -> str:
    """The text of docs/configuration.md."""
    sections = [INTRODUCTION, "## Keys of a run\n", _key_table(run_keys())]
    defaults = read_defaults()
    for group in SCHEMAS:
        sections += _group(group, defaults[group])
    sections += ["## Recipes: `experiment`\n", _recipe_table()]
    expected = [key for key in list_keys(RunConfig, "") if key.name.startswith("expected.")]
    bands = list(list_keys(BandConfig, "expected.bands[]"))
    sections += [EXPECTED, _key_table([*expected, *bands])]
    return "\n".join([*sections, TRACKERS, _key_table(list(list_keys(LoggerConfig, KEY)))])


def _group(group: str, default: str) -> Iterator[str]:
    base = typing.get_type_hints(RunConfig)[group]
    shared = {key.name for key in list_keys(base, group)} if len(SCHEMAS[group]) > 1 else set()
    yield f"## `{group}`\n\n{meaning(RunConfig, group)} The default is `{group}={default}`.\n"
    yield _option_table(group)
    if shared:
        yield f"### Keys of every `{group}`\n"
        keys = option_keys(group, default)
        yield _key_table([key for key in keys if key.name in shared])
    for component in SCHEMAS[group]:
        option = _plain_option(group, component)
        own = [key for key in option_keys(group, option) if key.name not in shared]
        if own:
            yield f"### Keys of `{group}={option}`\n\n{_summary(SCHEMAS[group][component])}\n"
            yield _key_table(own)


def _plain_option(group: str, component: str) -> str:
    """The option that stands for a component: that of its name, else ``default``."""
    return component if component in group_options(group, None) else "default"


def _summary(schema: type) -> str:
    return (schema.__doc__ or "").partition("\n")[0].replace("``", "`")


def _key_table(keys: Sequence[Key]) -> str:
    rows = []
    for key in keys:
        default = "" if key.default == "???" else f"`{key.default}`"
        rows.append([f"`{key.name}`", key.type, default, key.allowed, key.meaning])
    return _table(["key", "type", "default", "allowed", "meaning"], rows)


def _option_table(group: str) -> str:
    rows = []
    for name in group_options(group, None):
        recipe, text = describe_option(group, name, None)
        belongs = f"For `experiment={recipe}`: " if recipe else ""
        option = read_option(group, name, None)
        sets = ", ".join(f"`{key}={value}`" for key, value in _flat(option.values, group))
        rows.append([f"`{name}`", belongs + text, sets])
    return _table(["option", "meaning", "sets"], rows)


def _recipe_table() -> str:
    rows = []
    for name in group_options("experiment", None):
        _, text = describe_option("experiment", name, None)
        selects = read_option("experiment", name, None).selects
        chosen = ", ".join(f"`{group}={option}`" for group, option in selects.items())
        rows.append([f"`{name}`", text, chosen])
    return _table(["option", "meaning", "chooses"], rows)


def _flat(values: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}.{key}")
        else:
            yield f"{prefix}.{key}", spell_value(value)


def _table(heading: list[str], rows: list[list[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


if __name__ == "__main__":
    print(write_reference(), end="")
