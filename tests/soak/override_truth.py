"""The values that each key accepts and refuses: from its type and its rules, or written by hand."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from override_kinds import Cutoffs, Kind, One, Real, Switch, Text, Whole

from graphrec_cli.config.checks import AtLeast, Below, Between, Folder, PathBelow, Positive, rules
from graphrec_cli.config.dataset import RemoteFileConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS

BY_HAND: dict[str, Kind] = {
    "trainer.monitor": One(("ndcg@9", "mrr", "recall@7", "hit@1", "map@3", "precision@2"), True),
    "dataset.fold": One(("u1", "u2", "u3", "u4", "u5", "ua", "ub"), null=True),
    # Checked together with other keys, whose values are the defaults.
    "dataset.num_users": Whole(10, 156_250),  # at most 250 million pairs with 1,600 items
    "dataset.num_items": Whole(120, 113_636),
    "dataset.mean_interactions": Real(5, 800),
    "dataset.num_groups": Whole(1, 1600),
    "split.min_interactions": Whole(2),
    "split.test_ratio": Real(0, 0.9, open_high=True),
    "split.valid_ratio": Real(0, 0.9, open_high=True),
    "split.fold": Whole(0, 4),
    "sampler.by": One(("user", "distinct_user", "interaction")),
}
"""Keys whose values depend on other keys, or are words that no type lists."""


def kinds(schema: type, group: str) -> Iterator[tuple[str, Kind]]:
    """The keys of a configuration class, except addresses and digests."""
    hints = typing.get_type_hints(schema)
    for field in fields(schema):
        key, hint = f"{group}.{field.name}".lstrip("."), hints[field.name]
        if key in BY_HAND:
            yield key, BY_HAND[key]
        elif isinstance(hint, type) and is_dataclass(hint):
            nested = hint is not RemoteFileConfig and bool(group)
            yield from kinds(hint, key) if nested else ()
        else:
            kind = kind_of(hint, rules(schema)[field.name])
            if kind is not None and field.name != "name":
                yield key, kind


def kind_of(hint: Any, bounds: tuple[Any, ...]) -> Kind | None:
    """What a field of this type and with these rules accepts; None if neither says it all."""
    accepted = set(typing.get_args(hint)) if isinstance(hint, types.UnionType) else {hint}
    null = types.NoneType in accepted
    (kind,) = accepted - {types.NoneType}
    if kind is bool:
        return Switch()
    if kind is str:
        named = all(isinstance(rule, Folder | PathBelow) for rule in bounds)
        return Text() if bounds and named and not null else None
    if kind == list[int]:
        return Cutoffs()
    if isinstance(kind, type) and issubclass(kind, Enum):
        return One(tuple(member.name for member in kind), null)
    if kind not in (int, float):
        return None
    lows = [rule.low for rule in bounds if isinstance(rule, AtLeast | Between)]
    highs = [rule.high for rule in bounds if isinstance(rule, Below | Between)]
    above_0 = any(isinstance(rule, Positive) for rule in bounds)
    if kind is int:
        return Whole(int(max([*lows, int(above_0)])), int(min([*highs, 2**63 - 1])), null)
    low = max([*lows, *([0] if above_0 else [])], default=-1e300)
    below = any(isinstance(rule, Below) for rule in bounds)
    return Real(low, min(highs, default=1e300), above_0, below, null)


def keys_of(option: str) -> dict[str, Kind]:
    """The keys of one option, such as ``model=mf``."""
    group, _, name = option.partition("=")
    return dict(kinds(SCHEMAS[group][name], group))


EVERYWHERE: dict[str, Kind] = {
    **dict(kinds(RunConfig, "")),
    **keys_of("trainer=trainer"),
    **keys_of("evaluation=ranking"),
}
"""Keys that the runs below all have."""
PRECISION = EVERYWHERE.pop("trainer.precision")  # bf16 is for models that propagate

IN_OPTION: dict[str, dict[str, Kind]] = {
    option: keys_of(option)
    for option in (
        "dataset=synthetic",
        "dataset=goodbooks",
        "dataset=movielens_100k",
        "dataset=movielens_1m",
        "dataset=movielens_latest",
        "dataset=book_crossing",
        "split=leave_one_out",
        "split=ratio",
        "split=global_time",
        "split=k_fold",
        "model=lightgcn",
        "model=mf",
        "model=popularity",
        "model=itemknn",
        "model=ease",
        "model=gfcf",
        "model=chebycf",
        "sampler=uniform",
        "sampler=hardneg",
        "loss=bpr",
        "loss=softmax",
    )
}
"""Keys of an option in an otherwise default run."""
IN_OPTION["model=lightgcn"]["trainer.precision"] = PRECISION

NOT_TRAINED = ("model=popularity", "model=itemknn", "model=ease", "model=gfcf", "model=chebycf")
"""Models that refuse the keys of training."""
USED_UNTRAINED = ("trainer.monitor", "trainer.valid_users", "trainer.autoresume")

DEFAULTS = (
    "dataset=synthetic",
    "split=leave_one_out",
    "model=lightgcn",
    "sampler=uniform",
    "loss=bpr",
)


def keys_with(option: str) -> dict[str, Kind]:
    """All keys above that a run with this option has."""
    group = option.partition("=")[0]
    options = [option, *(other for other in DEFAULTS if not other.startswith(f"{group}="))]
    keys = EVERYWHERE | {key: kind for chosen in options for key, kind in IN_OPTION[chosen].items()}
    if option == "loss=softmax":
        return {key: keys[key] for key in keys if key == "sampler.by" or "sampler." not in key}
    if option not in NOT_TRAINED:
        return keys
    unused = ("sampler.", "loss.", "trainer.")
    return {key: keys[key] for key in keys if not key.startswith(unused) or key in USED_UNTRAINED}
