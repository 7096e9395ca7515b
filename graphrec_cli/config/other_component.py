"""Advice for a key that only other components of its group have: how to choose one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from graphrec_cli.config.model import LearnsFrom
from graphrec_cli.config.options import conf_dir, is_from_plugin
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.errors import ConfigError

HERE = "@_here_"
OVERRIDE = "override /"


def option_of(group: str, component: str) -> str:
    """The option with a component's own defaults, such as ``default`` for ``ranking``."""
    has_own = (conf_dir() / group / f"{component}.yaml").is_file()
    return component if has_own or is_from_plugin(group, component, None) else "default"


def advise_words(group: str, key: str, chosen: Mapping[str, type]) -> str:
    """Words of the command line that give a run the key; empty if no component has it.

    Args:
        chosen: group to the dataclass of the run's component; groups that are not known may lack.
    """
    names = _components_with(group, key)
    usable = [name for name in names if _uses(group, name, chosen)]
    if not names:
        return ""
    if not usable:
        model = _value(chosen["model"]).name
        return f"; {group}={option_of(group, names[0])} has it, but model={model} does not use it"
    words = " or ".join(f"{group}={option_of(group, name)}" for name in usable)
    return f"; {words} has it{''.join(f', with loss={loss}' for loss in _loss(group, chosen))}"


def advise_overrides(group: str, key: str, chosen: Mapping[str, type]) -> str:
    """As ``advise_words``, with lines for the defaults of an experiment file."""
    names = _components_with(group, key)
    usable = [name for name in names if _uses(group, name, chosen)]
    if not usable:
        return advise_words(group, key, chosen)
    lines = " or ".join(f"'{OVERRIDE}{group}: {option_of(group, name)}'" for name in usable)
    losses = "".join(f" and '{OVERRIDE}loss: {loss}'" for loss in _loss(group, chosen))
    return f"; to have it, write {lines}{losses} under defaults"


def advise_start(group: str, key: str) -> str:
    """As ``advise_words``, with the line of an option file that names what it starts from."""
    starts = " or ".join(f"/schema/{group}/{name}{HERE}" for name in _components_with(group, key))
    return starts and f"; to have it, start from {starts}"


def _components_with(group: str, key: str) -> list[str]:
    schemas = SCHEMAS.get(group, {})
    return [
        name
        for name, schema in schemas.items()
        if key in (field.name for field in fields(schema)) and key != "name"
    ]


def _uses(group: str, component: str, chosen: Mapping[str, type]) -> bool:
    """Whether the run's model can be trained with a sampler or a loss."""
    model = _value(chosen.get("model"))
    if model is None or group not in ("sampler", "loss"):
        return True
    loss = _value(SCHEMAS["loss"][component]) if group == "loss" else None
    return (LearnsFrom.triples if loss is None else loss.learns_from()) in model.learns_from()


def _loss(group: str, chosen: Mapping[str, type]) -> list[str]:
    """The loss that a sampler needs as well, because the run's loss takes no negatives from it."""
    loss = _value(chosen.get("loss")) if group == "sampler" else None
    return [] if loss is None or loss.learns_from() is LearnsFrom.triples else ["bpr"]


def _value(schema: type | None) -> Any:
    """A component with its defaults; None if a plugin's component cannot do without values."""
    try:
        return None if schema is None else schema()
    except (TypeError, ConfigError):
        return None
