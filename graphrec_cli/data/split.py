"""Train, valid and test parts of the interactions, disjoint and on the same indices."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.split import LeaveOneOutConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import Interactions, UserItems
from graphrec_cli.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Which pairs a model learns from, is selected on and is judged by.

    Attributes:
        train, valid, test: parts of equal shape that share no pair; ``valid`` may be None.
        users, items: raw ids of the rows and columns.

    Raises:
        DataError: two parts share a pair, or the shapes of parts and ids differ.
    """

    train: UserItems
    valid: UserItems | None
    test: UserItems
    users: IdMap
    items: IdMap

    def __post_init__(self) -> None:
        shape = (len(self.users), len(self.items))
        for name, part in self._parts().items():
            if (part.num_users, part.num_items) != shape:
                raise DataError(
                    f"the {name} part has {part.num_users} users and {part.num_items} items, "
                    f"the split's ids are {shape[0]} and {shape[1]}"
                )
        keys = np.sort(np.concatenate([_pair_keys(part) for part in self._parts().values()]))
        shared = int((keys[1:] == keys[:-1]).sum())
        if shared:
            raise DataError(
                f"{shared} user-item pairs lie in two parts of the split; keep each once"
            )

    def _parts(self) -> dict[str, UserItems]:
        parts = {"train": self.train, "valid": self.valid, "test": self.test}
        return {name: part for name, part in parts.items() if part is not None}

    def hash(self) -> str:
        """SHA-256 over the parts and the ids as text, 64 hexadecimal digits.

        It does not depend on how the arrays are stored: a split read back from a file with its
        ids as strings has the hash of the one that was written.
        """
        digest = hashlib.sha256()
        for name, part in self._parts().items():
            digest.update(f"{name} {part.num_users} {part.num_items} {part.num_pairs};".encode())
            digest.update(np.ascontiguousarray(part.indptr, dtype="<i8").tobytes())
            digest.update(np.ascontiguousarray(part.item_index, dtype="<i8").tobytes())
        for id_map in (self.users, self.items):
            # JSON's quoting keeps ["a", "b"] and ["a,b"] apart.
            digest.update(json.dumps(list(map(str, id_map.ids.tolist()))).encode())
        return digest.hexdigest()


def leave_one_out(
    interactions: Interactions,
    config: LeaveOneOutConfig,
    *,
    rng: np.random.Generator,
    funnel: Funnel,
) -> Split:
    """One random test item and ``config.valid`` random valid items of every user.

    Every item of a user is equally likely to be held out, independently of other users. Users
    with fewer than ``config.min_interactions`` items stay wholly in train. The draw depends on
    ``rng`` and on the set of pairs, not on the order of the source's rows. ``funnel`` is given
    the counts of users and pairs; no row is dropped.

    Raises:
        DataError: a pair occurs twice, or no user has enough interactions to be tested.
    """
    num_users, num_items = len(interactions.users), len(interactions.items)
    everything = UserItems.from_pairs(
        interactions.user_index, interactions.item_index, num_users=num_users, num_items=num_items
    )
    users, items, degree = everything.user_index(), everything.item_index, everything.user_degree
    place = _random_place_within_user(everything, rng)
    held_out = np.where(degree >= config.min_interactions, 1 + config.valid, 0)
    if not held_out.any():
        raise DataError(
            f"no user has the {config.min_interactions} interactions that a test item takes (the "
            f"most is {int(degree.max(initial=0))}); lower split.min_interactions"
        )

    def part(chosen: NDArray[np.bool_]) -> UserItems:
        return UserItems.from_pairs(
            users[chosen], items[chosen], num_users=num_users, num_items=num_items
        )

    in_test = (place == 0) & (held_out[users] > 0)
    in_valid = (place == 1) & (held_out[users] > 1)
    split = Split(
        train=part(~(in_test | in_valid)),
        valid=part(in_valid) if config.valid else None,
        test=part(in_test),
        users=interactions.users,
        items=interactions.items,
    )
    funnel.note("users_only_in_train", int(((degree > 0) & (held_out == 0)).sum()))
    funnel.note("users_without_train", int(((degree > 0) & (held_out == degree)).sum()))
    funnel.note("pairs_train", split.train.num_pairs)
    funnel.note("pairs_valid", split.valid.num_pairs if split.valid is not None else 0)
    funnel.note("pairs_test", split.test.num_pairs)
    return split


def _random_place_within_user(pairs: UserItems, rng: np.random.Generator) -> NDArray[np.int64]:
    """The place of every stored pair in a uniformly random order of its user's pairs."""
    shuffled = rng.permutation(pairs.num_pairs)
    user = pairs.user_index()
    order = shuffled[np.argsort(user[shuffled], kind="stable")]
    place = np.empty(pairs.num_pairs, dtype=np.int64)
    place[order] = np.arange(pairs.num_pairs) - pairs.indptr[user]
    return place


def _pair_keys(part: UserItems) -> NDArray[np.int64]:
    """One distinct number for every pair."""
    return part.user_index().astype(np.int64) * part.num_items + part.item_index
