"""The folder that every contender of the comparison reads: files, first embeddings, batches."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from contender import BATCH_SIZE, DIM
from full_size import GOODBOOKS, Size, long_tailed_pairs
from numpy.typing import NDArray

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.sources.adjacency_list import read_adjacency_list
from graphrec_cli.graph.adjacency import normalized_adjacency

SEED = 7
GIVEN_BATCHES = 64
SMOOTHING_ROUNDS = 4
SYNTHETIC = {
    "gowalla-size": Size(29_858, 40_981, 1_027_370),
    "goodbooks-size": GOODBOOKS,
    "quick": Size(300, 200, 6_000),
}
"""Pairs made by code, of which some are test."""
DATA = ("gowalla", *SYNTHETIC)


@dataclass(frozen=True, slots=True)
class SharedData:
    """The files in ``folder``.

    ``data/train.txt`` and ``data/test.txt`` are adjacency lists, ``recbole/atomic`` the same pairs
    in RecBole's atomic files, ``layer0.npy`` embeddings to start from, of shape (users + items,
    dim), ``batches.npy`` triples for the timed steps, of shape (batches, 3, batch), and
    ``test_users.npy`` the users with test pairs.

    Attributes:
        train, test: the pairs.
    """

    folder: Path
    name: str
    train: UserItems
    test: UserItems

    def describe(self) -> str:
        """The sizes, in words."""
        return (
            f"{self.name}: {self.train.num_users:,} users, {self.train.num_items:,} items, "
            f"{self.train.num_pairs:,} train pairs, {self.test.num_pairs:,} test pairs of "
            f"{np.count_nonzero(self.test.user_degree):,} users"
        )


def prepare_shared_data(name: str, folder: Path, data_dir: Path) -> SharedData | None:
    """Fill the empty ``folder``; None if the files of ``name`` are not in ``data_dir``."""
    lists = folder / "data"
    lists.mkdir()
    if name in SYNTHETIC:
        write_synthetic(SYNTHETIC[name], lists)
    else:
        source = data_dir / name
        if not all((source / part).is_file() for part in ("train.txt", "test.txt")):
            return None
        for part in ("train.txt", "test.txt"):
            shutil.copyfile(source / part, lists / part)
    (train_users, train_items, _), (test_users, test_items, _) = (
        read_adjacency_list(lists / part) for part in ("train.txt", "test.txt")
    )
    num_users, num_items = 1 + int(train_users.max()), 1 + int(train_items.max())
    train, test = (
        UserItems.from_pairs(users, items, num_users=num_users, num_items=num_items)
        for users, items in ((train_users, train_items), (test_users, test_items))
    )
    write_atomic(folder / "recbole" / "atomic", train, test)
    rng = np.random.default_rng(SEED)
    np.save(folder / "layer0.npy", first_embeddings(train))
    np.save(folder / "batches.npy", given_batches(train, rng))
    np.save(folder / "test_users.npy", np.flatnonzero(test.user_degree))
    return SharedData(folder, name, train, test)


def write_synthetic(size: Size, folder: Path) -> None:
    """Long-tailed pairs, a fifth of them test: all users and items have train pairs."""
    rng = np.random.default_rng(SEED)
    drawn_users, drawn_items = long_tailed_pairs(size, rng)
    order = rng.permutation(len(drawn_users))
    # A user or item that was never drawn has no line, and the indices must have no gap.
    user_ids, first_of_user, users = np.unique(
        drawn_users[order], return_index=True, return_inverse=True
    )
    item_ids, first_of_item, items = np.unique(
        drawn_items[order], return_index=True, return_inverse=True
    )
    held_out = rng.random(len(order)) < 0.2
    # The first pair of every user and of every item stays, so that each of them can be trained.
    held_out[first_of_user] = held_out[first_of_item] = False
    for name, rows in (("train.txt", ~held_out), ("test.txt", held_out)):
        part = UserItems.from_pairs(
            users[rows], items[rows], num_users=len(user_ids), num_items=len(item_ids)
        )
        write_lists(folder / name, part)


def write_lists(path: Path, part: UserItems) -> None:
    """A line ``user item item ...`` for every user with items."""
    rows = np.split(part.item_index, part.indptr[1:-1])
    with path.open("w", encoding="utf-8") as file:
        for user, items in enumerate(rows):
            if len(items):
                print(user, *items.tolist(), file=file)


def write_atomic(folder: Path, train: UserItems, test: UserItems) -> None:
    """RecBole's files; its validation file cannot be left out and holds the first test user."""
    folder.mkdir(parents=True)
    first = int(np.flatnonzero(test.user_degree)[0])
    valid = slice(test.indptr[first], test.indptr[first + 1])
    parts = {"train": (train, slice(None)), "valid": (test, valid), "test": (test, slice(None))}
    for name, (part, rows) in parts.items():
        pairs = np.stack([part.user_index()[rows], part.item_index[rows]], axis=1)
        header = "user_id:token\titem_id:token"
        path = folder / f"{folder.name}.{name}.inter"
        np.savetxt(path, pairs, fmt="%d", delimiter="\t", header=header, comments="")


def first_embeddings(train: UserItems) -> NDArray[np.float32]:
    """Random rows carried along the graph, of xavier's spread, shape (users + items, dim).

    Purely random ones would rank so badly that wrong metrics could pass for right ones.
    """
    generator = torch.Generator().manual_seed(SEED)
    users = torch.empty(train.num_users, DIM)
    items = torch.randn(train.num_items, DIM, generator=generator)
    adjacency = normalized_adjacency(train, torch.device("cpu"))
    for _ in range(SMOOTHING_ROUNDS):
        users = adjacency.user_item @ items
        items = adjacency.item_user @ users
    table = torch.cat([users, items])
    table *= (2 / (len(table) + DIM)) ** 0.5 / table.std()
    values: NDArray[np.float32] = table.numpy()
    return values


def given_batches(train: UserItems, rng: np.random.Generator) -> NDArray[np.int64]:
    """Random train pairs with unseen items, shape (batches, 3, batch)."""
    pairs = rng.integers(train.num_pairs, size=(GIVEN_BATCHES, BATCH_SIZE))
    users, pos_items = train.user_index()[pairs], train.item_index[pairs]
    seen = train.pair_keys()
    neg_items = rng.integers(train.num_items, size=pairs.shape)
    while (known := np.isin(users * np.int64(train.num_items) + neg_items, seen)).any():
        neg_items[known] = rng.integers(train.num_items, size=np.count_nonzero(known))
    return np.stack([users, pos_items, neg_items], axis=1).astype(np.int64)
