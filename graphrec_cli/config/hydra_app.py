"""Hydra with our command line: arguments in any order, jobs as validated dataclasses."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from graphrec_cli.config.explain import explain, refuse_unknown_keys, suggestion
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS, register_schemas
from graphrec_cli.errors import ConfigError

SWEEP_VARIABLE = "GRAPHREC_SWEEP"
"""Environment variable that names the folder of the sweep under way, below output_dir."""

_SWITCHES = {"-m": "--multirun", "-h": "--help"}
_VALUED = {"-c": "--cfg", "-p": "--package", "-cd": "--config-dir", "-i": "--info"}
FLAGS = ["--multirun", "--help", "--resolve", "--hydra-help", *_VALUED.values()]
"""The flags of ``train`` that Hydra reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One composed and validated run.

    Attributes:
        config: the values.
        choices: the option chosen in each group, None where none is.
        overrides: the ``key=value`` words that led here.
        sweep_dir: folder of the sweep that the run belongs to, None for a single run.
        number: place in the sweep, from 0.
    """

    config: RunConfig
    choices: dict[str, str | None]
    overrides: list[str]
    sweep_dir: Path | None
    number: int


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
        """Whether jobs run at all, rather than a config or help being printed."""
        return not {"--help", "--hydra-help", "--cfg", "--info"} & set(self.flags)


def conf_dir() -> Path:
    """The folder of the options: the installed package's own, else the checkout's.

    Raises:
        ConfigError: neither holds a config.yaml.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "conf", package.parent / "conf"):
        if (folder / "config.yaml").is_file():
            return folder
    raise ConfigError(f"no conf/config.yaml beside {package}; reinstall graphrec-cli")


def sort_arguments(words: Sequence[str]) -> Arguments:
    """Put Hydra's flags before the overrides: its parser refuses the other order.

    Raises:
        ConfigError: an unknown flag, or a flag without its value.
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
            hint = suggestion(flag, FLAGS)
            raise ConfigError(f"unknown flag '{word}'{hint} (flags: {', '.join(FLAGS)})")
        flags.append(flag)
        if flag not in _VALUED.values():
            continue
        if has_value:
            flags.append(value)
        elif rest and not rest[0].startswith("-") and "=" not in rest[0]:
            flags.append(rest.pop(0))
        elif flag == "--info":
            flags.append("all")
        else:
            raise ConfigError(f"{flag} needs a value")
    return Arguments(flags, overrides)


def run_jobs(arguments: Arguments, run: Callable[[Job], None]) -> None:
    """Compose every job that the arguments ask for and hand each to ``run``.

    Raises:
        ConfigError: the composition or a value was refused.
    """

    def task(node: DictConfig) -> None:
        run(_to_job(node))

    register_schemas()
    refuse_empty_groups(arguments.overrides)
    entry = hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")(task)
    with _hydra_environment([*arguments.flags, *arguments.overrides]), _explained():
        entry()


def compose_sweep(arguments: Arguments) -> RunConfig:
    """Check each value of a sweep once, before its first job; returns the first combination.

    Raises:
        ConfigError: a value was refused, or a key that all jobs share is swept.
    """
    register_schemas()
    refuse_empty_groups(arguments.overrides)
    with _explained():
        parsed = OverridesParser.create().parse_overrides(arguments.overrides)
        for override in parsed:
            if override.is_sweep_override() and override.key_or_group == "output_dir":
                raise ConfigError("output_dir cannot be swept: a sweep has one folder")
        first = [_values(override)[0] for override in parsed]
        base = _compose(first, arguments.config_dir)
        for place, override in enumerate(parsed):
            for word in _values(override)[1:]:
                _compose([*first[:place], word, *first[place + 1 :]], arguments.config_dir)
    return base


def refuse_empty_groups(overrides: Sequence[str]) -> None:
    """Refuse ``group=`` and ``group=null``, which Hydra answers with a traceback.

    Raises:
        ConfigError: naming the group.
    """
    for word in overrides:
        group, _, value = word.lstrip("+").partition("=")
        empty = value.strip() in ("", "null") if group in SCHEMAS else value.strip() == ""
        if group in (*SCHEMAS, "experiment") and empty and "=" in word:
            options = sorted(path.stem for path in (conf_dir() / group).glob("*.yaml"))
            raise ConfigError(f"{group} needs one of: {', '.join(options)}; got '{word}'")


def to_run_config(node: DictConfig) -> RunConfig:
    """Validate a composed node.

    Raises:
        ConfigError: a key is unknown, or a value out of range.
    """
    with _explained():
        refuse_unknown_keys(node)
        config = OmegaConf.to_object(node)
    assert isinstance(config, RunConfig)
    return config


def _to_job(node: DictConfig) -> Job:
    config = to_run_config(node)
    runtime = HydraConfig.get()
    choices = runtime.runtime.choices
    swept = runtime.mode is RunMode.MULTIRUN
    return Job(
        config=config,
        choices={group: choices.get(group) for group in (*SCHEMAS, "experiment")},
        overrides=list(runtime.overrides.task),
        sweep_dir=Path(runtime.sweep.dir) if swept else None,
        number=int(runtime.job.num) if swept else 0,
    )


def _values(override: Override) -> list[str]:
    """The words of a sweep with one value each; the override itself if it sweeps nothing."""
    if not override.is_sweep_override():
        assert override.input_line is not None
        return [override.input_line]
    key = override.get_key_element()
    values = list(override.sweep_string_iterator())
    if not values:
        raise ConfigError(f"'{override.input_line}' sweeps over no value")
    return [f"{key}={value}" for value in values]


def _compose(overrides: list[str], config_dir: str | None) -> RunConfig:
    search = (
        [] if config_dir is None else [f"hydra.searchpath=[file://{Path(config_dir).resolve()}]"]
    )
    with hydra.initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return to_run_config(hydra.compose("config", overrides=[*overrides, *search]))


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise explain(error) from error


@contextmanager
def _hydra_environment(words: list[str]) -> Iterator[None]:
    """Give Hydra its arguments, and have it raise errors instead of printing tracebacks."""
    old_words, old_value = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = ["graphrec", *words]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv = old_words
        if old_value is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = old_value
