"""Train, valid and test parts: disjoint, on the same indices."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import PART_NAMES, Interactions, UserItems
from graphrec_cli.data.splits.shared_pairs import SHARED_PAIRS, describe_shared_pairs
from graphrec_cli.errors import DataError, LeakageError

TRAIN, VALID, TEST = range(len(PART_NAMES))
_HASHED_AT_ONCE = 2**20
"""Numbers that are widened at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The pairs that a model learns from, is selected on and is tested on.

    Attributes:
        train, valid, test: parts of equal shape that share no pair; ``valid`` may be None, and
            ``test`` has no pair if the model is trained on all data.
        users, items: raw ids of the rows and columns.

    Raises:
        DataError: the shapes of parts and ids differ.
        LeakageError: two parts share a pair.
    """

    train: UserItems
    valid: UserItems | None
    test: UserItems
    users: IdMap
    items: IdMap

    def __post_init__(self) -> None:
        shape = (len(self.users), len(self.items))
        for name, part in self.parts().items():
            if (part.num_users, part.num_items) != shape:
                raise DataError(
                    f"the {name} part has {part.num_users} users and {part.num_items} items, "
                    f"the split's ids are {shape[0]} and {shape[1]}"
                )
        shared = describe_shared_pairs(self.parts())
        if shared is not None:
            raise LeakageError(f"{SHARED_PAIRS}: {shared}")

    def parts(self) -> dict[str, UserItems]:
        """The parts by name, without ``valid`` if there is none."""
        parts = {"train": self.train, "valid": self.valid, "test": self.test}
        return {name: part for name, part in parts.items() if part is not None}

    @property
    def has_test(self) -> bool:
        """Whether there is a pair to test on."""
        return self.test.num_pairs > 0

    def hash(self) -> str:
        """SHA-256 over the parts and the ids as text, 64 hexadecimal digits.

        It does not depend on how the arrays are stored: a split read back from a file with its
        ids as strings has the hash of the one that was written.
        """
        digest = hashlib.sha256()
        for name, part in self.parts().items():
            digest.update(f"{name} {part.num_users} {part.num_items} {part.num_pairs};".encode())
            for array in (part.indptr, part.item_index):
                for start in range(0, len(array), _HASHED_AT_ONCE):
                    block = array[start : start + _HASHED_AT_ONCE]
                    digest.update(np.ascontiguousarray(block, dtype="<i8").data)
        for id_map in (self.users, self.items):
            # JSON's quoting keeps ["a", "b"] and ["a,b"] apart.
            digest.update(json.dumps(list(map(str, id_map.ids.tolist()))).encode())
        return digest.hexdigest()


def assemble_split(
    interactions: Interactions,
    part: NDArray[np.int8],
    *,
    has_valid: bool,
    has_test: bool = True,
    advice: str,
    funnel: Funnel,
) -> Split:
    """Build the split from the part of every pair, and note its counts in the funnel.

    Args:
        part: the part of every pair, an index into ``PART_NAMES``, shape (pairs,).
        has_valid: whether there is a valid part; without one no pair may be in it.
        has_test: whether there must be a test pair.
        advice: what the user can do if no pair is left for a required part.
        funnel: receives the pairs of every part; the users without a held-out pair
            (``users_only_in_train``); the users and items of valid or test that have no train pair
            (``users_without_train``, ``items_without_train``); and the held-out pairs of such users
            or items (``pairs_valid_without_train``, ``pairs_test_without_train``). No row is
            dropped.

    Raises:
        DataError: no pair is in a required part, or a pair occurs twice.
    """
    for name, number, needed in (("test", TEST, has_test), ("valid", VALID, has_valid)):
        if needed and not (part == number).any():
            raise DataError(
                f"the split leaves none of the {len(interactions)} pairs for {name}; {advice}"
            )

    # If one pair has no rating, all ratings are dropped: a regression needs every rating.
    rated = not np.isnan(interactions.rating).any()

    def pairs_of(number: int) -> UserItems:
        rows = part == number
        return UserItems.from_pairs(
            interactions.user_index[rows],
            interactions.item_index[rows],
            num_users=len(interactions.users),
            num_items=len(interactions.items),
            rating=interactions.rating[rows].astype(np.float32, copy=False) if rated else None,
            timestamp=None if interactions.timestamp is None else interactions.timestamp[rows],
            weight=None if interactions.weight is None else interactions.weight[rows],
        )

    split = Split(
        train=pairs_of(TRAIN),
        valid=pairs_of(VALID) if has_valid else None,
        test=pairs_of(TEST),
        users=interactions.users,
        items=interactions.items,
    )
    _note_counts(split, funnel)
    return split


def _note_counts(split: Split, funnel: Funnel) -> None:
    train = split.train
    new_user, new_item = train.user_degree == 0, train.item_degree == 0
    user_held_out, item_held_out = np.zeros_like(new_user), np.zeros_like(new_item)
    funnel.note("pairs_train", train.num_pairs)
    for name, part in (("valid", split.valid), ("test", split.test)):
        if part is None:
            funnel.note(f"pairs_{name}", 0)
            continue
        user_held_out |= part.user_degree > 0
        item_held_out |= part.item_degree > 0
        lost = new_user[part.user_index()] | new_item[part.item_index]
        funnel.note(f"pairs_{name}", part.num_pairs)
        funnel.note(f"pairs_{name}_without_train", int(lost.sum()))
    funnel.note("users_only_in_train", int((~new_user & ~user_held_out).sum()))
    funnel.note("users_without_train", int((new_user & user_held_out).sum()))
    funnel.note("items_without_train", int((new_item & item_held_out).sum()))
