"""Settings of a search: ``hydra/sweeper=graphrec_optuna``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import Enum
from typing import Any

from graphrec_cli.config.addresses import refuse_password
from graphrec_cli.config.search_space import Dimension, dimension_to_dict, read_space
from graphrec_cli.config.unknown import suggestion
from graphrec_cli.errors import ConfigError

MAY_CHANGE = ("trials", "parallel", "storage")
"""Settings that a resumed search takes from the command, not from sweep.json."""


class Sampler(Enum):
    """How values of a trial are drawn."""

    tpe = "tpe"
    random = "random"


class Pruner(Enum):
    """Which trials end early."""

    none = "none"
    median = "median"
    hyperband = "hyperband"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfig:
    """The settings of ``hydra.sweeper`` of a search.

    Attributes:
        trials: number of trials in all, the given configuration included.
        sampler: how values are drawn.
        startup_trials: trials that are drawn at random, and never pruned, before the others.
        pruner: which trials end early.
        warmup_epochs: epochs in which no trial is pruned.
        parallel: trials that are drawn and started together; None is the number of jobs that the
            launcher runs at the same time.
        storage: address of a database; None for a file in the sweep's folder.
        study: name of the study in that database.
        space: keys with their values, in the order in which they are drawn.
    """

    trials: int = 20
    sampler: Sampler = Sampler.tpe
    startup_trials: int = 5
    pruner: Pruner = Pruner.median
    warmup_epochs: int = 2
    parallel: int | None = None
    storage: str | None = None
    study: str | None = None
    space: list[Dimension] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values, as ``search_from_dict`` reads them; no address."""
        content = asdict(self)
        content |= {"sampler": self.sampler.name, "pruner": self.pruner.name}
        # An address may hold a secret, and a file must not choose where a command connects to.
        content["storage"] = None if self.storage is None else "named by the command"
        content["space"] = {dimension.key: dimension_to_dict(dimension) for dimension in self.space}
        return content

    def identity(self) -> dict[str, Any]:
        """The settings that a resumed search must share."""
        return {key: value for key, value in self.to_dict().items() if key not in MAY_CHANGE}


def search_from_dict(content: Mapping[str, Any], where: str) -> SearchConfig:
    """Read and check settings, those of ``hydra.sweeper`` or of a sweep.json.

    Args:
        where: what an error says before the key.

    Raises:
        ConfigError: an unknown key, or a value of a wrong type or out of range.
    """
    names = [each.name for each in fields(SearchConfig)]
    for name in content:
        if name not in names:
            hint = suggestion(name, names)
            raise ConfigError(f"{where}: unknown key '{name}'{hint} (keys: {', '.join(names)})")
    own = dict(content)
    for name, least in (
        ("trials", 1),
        ("startup_trials", 0),
        ("warmup_epochs", 0),
        ("parallel", 1),
    ):
        value = own.get(name, least)
        if name == "parallel" and value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ConfigError(f"{where}.{name} must be a whole number from {least}, got {value}")
    for name, kind in (("sampler", Sampler), ("pruner", Pruner)):
        if name in own:
            own[name] = _option(kind, own[name], f"{where}.{name}")
    for name in ("storage", "study"):
        if not isinstance(own.get(name), str | None):
            raise ConfigError(f"{where}.{name} must be text, got {own[name]}")
    if own.get("storage") is not None:
        refuse_password(
            own["storage"],
            f"{where}.storage",
            example="postgresql://HOST/NAME",
            instead="the variable PGPASSWORD (or a ~/.pgpass file)",
        )
    if own.get("storage") is not None and not own.get("study"):
        raise ConfigError(f"{where}.storage needs a name for the study: {where}.study=NAME")
    space = own.get("space") or {}
    if not isinstance(space, Mapping):
        raise ConfigError(f"{where}.space must map keys to their values")
    own["space"] = read_space(space, f"{where}.space")
    return SearchConfig(**own)


def _option(kind: type[Any], value: object, where: str) -> Any:
    names = [each.name for each in kind]
    name = "none" if value is None else str(value)
    if name not in names:
        raise ConfigError(f"{where} must be one of {', '.join(names)}, got '{name}'")
    return kind[name]
