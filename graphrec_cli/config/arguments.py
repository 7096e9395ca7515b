"""Sort the arguments of ``train`` into Hydra's flags and overrides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graphrec_cli.config.checks import check_digits
from graphrec_cli.config.keys import list_keys
from graphrec_cli.config.options import group_options, refuse_shadowed_options
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.config.text_values import quote_text
from graphrec_cli.config.unknown import suggestion, unknown_option
from graphrec_cli.errors import ConfigError

_SWITCHES = {"-m": "--multirun", "-h": "--help"}
_VALUED = {"-c": "--cfg", "-p": "--package", "-cd": "--config-dir", "-i": "--info"}
FLAGS = ["--multirun", "--help", "--resolve", "--hydra-help", *_VALUED.values()]
"""The flags of ``train`` that Hydra reads."""

FLAG_VALUES = {
    "--cfg": ["job", "hydra", "all"],
    "--info": ["all", "config", "defaults", "defaults-tree", "plugins", "searchpath"],
}
"""The values that flags with a choice accept."""
_MODES = ("--multirun", "--help", "--hydra-help", "--cfg", "--info")
LAUNCHER_GROUP, SWEEPER_GROUP = "hydra/launcher", "hydra/sweeper"
_OPEN_HYDRA_KEYS = (LAUNCHER_GROUP, SWEEPER_GROUP, "hydra.launcher.", "hydra.sweeper.")
_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Arguments:
    """A command line sorted into Hydra's flags and overrides."""

    flags: list[str]
    overrides: list[str]

    @property
    def config_dir(self) -> str | None:
        """The user's own folder of options."""
        if "--config-dir" not in self.flags:
            return None
        return self.flags[self.flags.index("--config-dir") + 1]

    @property
    def multirun(self) -> bool:
        """Whether a sweep was asked for."""
        return "--multirun" in self.flags

    @property
    def trains(self) -> bool:
        """Whether jobs run; otherwise a config or help is printed."""
        return not {"--help", "--hydra-help", "--cfg", "--info"} & set(self.flags)


def sort_arguments(words: Sequence[str]) -> Arguments:
    """Separate Hydra's flags from the overrides; its parser requires the flags first.

    Raises:
        ConfigError: an unknown flag, a flag without its value, flags that exclude each other, or
            an override that no run can use.
    """
    flags: list[str] = []
    overrides: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            overrides.append(word)
            continue
        flag, has_value, value = word.partition("=")
        flag = _SWITCHES.get(flag, _VALUED.get(flag, flag))
        if flag not in FLAGS:
            raise _unknown_flag(word)
        if flag in flags:
            raise ConfigError(f"{flag} is given twice; give it once")
        flags.append(flag)
        if flag not in _VALUED.values():
            if has_value:
                raise ConfigError(f"{flag} takes no value, got '{word}'")
            continue
        if has_value:
            flags.append(value)
        elif rest and not rest[0].startswith("-") and "=" not in rest[0]:
            flags.append(rest.pop(0))
        elif flag == "--info":
            flags.append("all")
        else:
            raise ConfigError(f"{flag} needs a value")
    arguments = Arguments(flags, overrides)
    _check_flags(arguments)
    for word in overrides:
        _check_override(word, arguments.config_dir)
    sweeps = arguments.multirun
    return Arguments(flags, [quote_text(word, sweeps=sweeps) for word in overrides])


def hydra_words(overrides: Sequence[str]) -> list[str]:
    """The words that set Hydra's own keys."""
    return [word for word in overrides if word.lstrip("+").startswith("hydra")]


def describe_repeated(overrides: Sequence[str]) -> list[str]:
    """A line for each key with several values: the last one is used."""
    values: dict[str, list[str]] = {}
    for word in overrides:
        key, _, value = word.lstrip("+").partition("=")
        values.setdefault(key, []).append(value)
    return [
        f"{key} is given {len(given)} times: the last, {given[-1]}, is used"
        for key, given in values.items()
        if len(set(given)) > 1
    ]


def _check_flags(arguments: Arguments) -> None:
    flags = arguments.flags
    for flag, choices in FLAG_VALUES.items():
        if flag in flags and flags[flags.index(flag) + 1] not in choices:
            value = flags[flags.index(flag) + 1]
            raise ConfigError(f"{flag} takes one of {', '.join(choices)}, got '{value}'")
    modes = [flag for flag in flags if flag in _MODES]
    if len(modes) > 1 and "--help" not in flags:
        raise ConfigError(f"{' and '.join(modes)} exclude each other; give one of them")
    for flag in ("--resolve", "--package"):
        if flag in flags and "--cfg" not in flags:
            raise ConfigError(f"{flag} can only be used with --cfg")
    if arguments.config_dir is not None and not Path(arguments.config_dir).is_dir():
        raise ConfigError(f"--config-dir '{arguments.config_dir}' is not a folder")
    if arguments.config_dir is not None:
        refuse_shadowed_options(Path(arguments.config_dir))


def _check_override(word: str, config_dir: str | None) -> None:
    """Refuse words that Hydra accepts but ignores, or that end in a traceback."""
    key, equals, value = word.lstrip("+").partition("=")
    if len(key) > _LONGEST_KEY:  # Hydra would look for a file of that name
        raise ConfigError(f"unknown key '{key}'")
    if re.search("[\ud800-\udfff]", value):  # what Python makes of other bytes in a word
        raise ConfigError(f"{key} must be UTF-8 text, got '{value}'; rename the file or folder")
    if word.startswith("~"):
        raise ConfigError(f"'{word}' deletes a key, but a run needs them all; write key=value")
    if not equals and looks_like_file(word):
        raise ConfigError(
            f"'{word}' has no '='; for a file of your own write dataset=table dataset.path={word}"
        )
    if not equals:
        raise ConfigError(f"'{word}' has no '='; write key=value")
    if not key.strip():
        raise ConfigError(f"'{word}' names no key; write key=value")
    if key.split(".")[0].split("/")[0] == "hydra" and not key.startswith(_OPEN_HYDRA_KEYS):
        raise ConfigError(
            f"'{key}' cannot be set; of Hydra's own keys, only hydra/launcher, hydra/sweeper and "
            "the keys below them can; use output_dir for the runs and --config-dir for own options"
        )
    if key == SWEEPER_GROUP:
        sweepers = ["basic", *group_options(key, config_dir)]
        if value.strip("'\"") not in sweepers:
            raise ConfigError(f"'{word}' is not a sweeper of this tool: {', '.join(sweepers)}")
    check_digits(key, value)
    if re.match(r"(schema/|\w+@)", key):  # Hydra's own ways to put a group elsewhere
        raise ConfigError(
            f"'{key}' cannot be set; a group is chosen by one of {', '.join(SCHEMAS)}"
        )
    if key not in (*SCHEMAS, "experiment"):
        return
    names, option = group_options(key, config_dir), value.strip().strip("'\"")
    options = ", ".join(names)
    if option in ("", "null"):
        tail = "; leave it out to use none" if key == "experiment" else ""
        raise ConfigError(f"{key} needs one of: {options}; got '{word}'{tail}")
    if value.strip().startswith("["):
        raise ConfigError(f"{key} takes one option, got '{word}' (options: {options})")
    if word.startswith("+"):
        raise ConfigError(f"'{word}' adds a second {key}; write {key}=OPTION (options: {options})")
    if key == "dataset" and option not in names and looks_like_file(option):
        raise ConfigError(
            f"dataset takes a kind of data set, got '{option}'; for a file of your own write "
            f"dataset=table dataset.path={option}"
        )
    if not re.fullmatch(r"[\w.+/-]+", option) or option in names:
        return
    below = None if config_dir is None else Path(config_dir, key, f"{option}.yaml")
    if below is None or "/" not in option or not below.is_file():
        raise _unknown_option_word(key, option, names, config_dir)


def _unknown_option_word(
    group: str, option: str, names: Sequence[str], config_dir: str | None
) -> ConfigError:
    """The error for an option that does not exist, which may be written as the path of its file."""
    stem = re.sub(r"\.ya?ml$", "", option.rpartition("/")[2])
    if stem in names and stem != option:
        return ConfigError(
            f"{group} takes the name of an option, got '{option}'; write {group}={stem}"
        )
    other = None if config_dir is None else Path(config_dir, group, f"{stem}.yml")
    if other is not None and other.is_file():
        return ConfigError(f"option files end in .yaml; rename {other} to {other.stem}.yaml")
    return unknown_option(group, option, names)


def looks_like_file(word: str) -> bool:
    """Whether a word that should be a key or an option is rather a file of interactions."""
    if re.search(r"\.(csv|tsv|tab|txt|dat|inter|parquet|pq|jsonl?|zip|gz|xz|bz2|zst)$", word):
        return True
    try:
        return Path(word).is_file()
    except (OSError, ValueError):  # too long for a path, or with a NUL byte
        return False


def _unknown_flag(word: str) -> ConfigError:
    """The error for a flag, with the nearest one, or the key that it may stand for."""
    known = [*FLAGS, "--from", "--plugin", "--json", "--debug"]
    name = word.partition("=")[0].lstrip("-").replace("-", "_")
    keys = {key.name for key in list_keys(RunConfig, "")}
    for group, schemas in SCHEMAS.items():
        keys |= {key.name for schema in schemas.values() for key in list_keys(schema, group)}
    name = {"lr": "learning_rate", "gpu": "device", "output": "output_dir"}.get(name, name)
    same = sorted(key for key in keys if key.rpartition(".")[2] == name)
    hint = f"; settings are written key=value: {same[0]}=VALUE" if same else ""
    hint = hint or suggestion(word.partition("=")[0], known)
    return ConfigError(f"unknown flag '{word}'{hint} (flags: {', '.join(known)})")
