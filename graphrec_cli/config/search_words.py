"""Take the settings and the space of a search from the words of the command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    RangeSweep,
)

from graphrec_cli.config.arguments import SWEEPER_GROUP, Arguments
from graphrec_cli.config.compose import compose_hydra, explained
from graphrec_cli.config.search import SearchConfig, search_from_dict
from graphrec_cli.config.search_space import Choice, Dimension, Values, numbers
from graphrec_cli.errors import ConfigError

TARGET = "hydra_plugins.graphrec.OptunaSweeper"
"""``_target_`` of the options of ``hydra/sweeper`` that search."""
_WHERE = "hydra.sweeper"


def searches(words: Sequence[str]) -> bool:
    """Whether the words choose a sweeper that searches."""
    chosen = [word.partition("=")[2] for word in words if word.startswith(f"{SWEEPER_GROUP}=")]
    return bool(chosen) and chosen[-1].strip("'\"") != "basic"


def take_search(
    arguments: Arguments, known: Sequence[Dimension] = ()
) -> tuple[SearchConfig, Arguments]:
    """Split off what is searched over; return the words of the given configuration too.

    Words such as ``model.num_layers=1,2``, ``trainer.learning_rate=tag(log,interval(0.001,0.1))``
    and ``model.num_layers=range(1,4)`` are keys of the space, before those of the option file.

    Args:
        known: the space of a search that is resumed, if the words need not have one.

    Raises:
        ConfigError: a setting or a range is wrong, or a key has two ranges.
    """
    content = compose_hydra(arguments, "sweeper")
    if content.pop("_target_", None) != TARGET:
        raise ConfigError(
            "an option of hydra/sweeper of your own must start from graphrec_optuna: "
            "defaults: [graphrec_optuna]"
        )
    search = search_from_dict(content, _WHERE)
    words, swept = split_swept(arguments.overrides)
    space = [*swept, *search.space]
    keys = [dimension.key for dimension in space]
    for key in keys:
        if keys.count(key) > 1:
            raise ConfigError(f"{key} has values in hydra.sweeper.space and in a word; keep one")
    if not space and not known:
        raise ConfigError(
            "nothing to search over; give values such as model.num_layers=1,2 or "
            "'trainer.learning_rate=tag(log,interval(0.001,0.1))', or an option of hydra/sweeper "
            "with a space"
        )
    return replace(search, space=space), replace(arguments, overrides=words)


def split_swept(words: Sequence[str]) -> tuple[list[str], list[Dimension]]:
    """The words with one value, and the others as keys of a space."""
    with explained(words):
        parsed = OverridesParser.create().parse_overrides(list(words))
    single = [
        word for word, each in zip(words, parsed, strict=True) if not each.is_sweep_override()
    ]
    return single, [_dimension(each) for each in parsed if each.is_sweep_override()]


def _dimension(override: Override) -> Dimension:
    return Dimension(override.get_key_element(), _values(override, override.value()))


def _values(override: Override, value: Any) -> Values:
    where = f"'{override.input_line}'"
    if isinstance(value, ChoiceSweep):
        choices = list(dict.fromkeys(override.sweep_string_iterator()))
        if len(choices) < 2:
            raise ConfigError(f"{where} has one value; write key=value")
        return Choice(choices)
    log = "log" in getattr(value, "tags", ())
    if isinstance(value, IntervalSweep):
        ends: list[Any] = [value.start, value.end]  # whole within int(interval(1, 9))
        whole = all(isinstance(end, int) for end in ends)
        return numbers(*ends, whole=whole, log=log, step=None, where=where)
    if isinstance(value, RangeSweep):
        points = [float(text) for text in override.sweep_string_iterator()]
        whole = isinstance(value.start, int) and isinstance(value.step, int)
        step = None if log or (whole and value.step == 1) else abs(value.step or 1)
        ends = [int(end) if whole else end for end in (min(points), max(points))]
        return numbers(*ends, whole=whole, log=log, step=step, where=where)
    raise ConfigError(f"{where} has no values to search over; write key=a,b or key=interval(a,b)")
