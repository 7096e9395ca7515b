"""The checks of the leakage audit, one function each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.audit.few_candidates import FEW_CANDIDATES, enough_candidates
from graphrec_cli.audit.finding import Finding, Outcome
from graphrec_cli.config.split import (
    GlobalTimeConfig,
    HeldOutBy,
    LeaveOneOutConfig,
    PredefinedConfig,
    RatioConfig,
)
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.shared_pairs import (
    SHARED_PAIRS,
    count_shared,
    describe_shared_pairs,
)
from graphrec_cli.data.splits.split import Split
from graphrec_cli.models.base import Model
from graphrec_cli.terminal_text import counted
from graphrec_cli.training.context import RunContext

GRAPH_NOT_FROM_TRAIN = "graph-not-from-train"
SELECTION_ON_TEST = "selection-on-test"
VALID_RANKABLE = "valid-rankable-at-test"
NOT_NEWEST = "held-out-not-newest"
EQUAL_TIMES = "held-out-among-equal-times"

_TOLERANCE = 1e-6
"""Relative error of a float32 weight of the graph."""


def shared_pairs(context: RunContext, model: Model) -> Finding:
    """Check that no pair is in two parts."""
    shared = describe_shared_pairs(context.split.parts())
    if shared is None:
        return Finding(Outcome.passed, "no pair is in two parts")
    return Finding(Outcome.refused, shared)


def graph_from_train(context: RunContext, model: Model) -> Finding:
    """Check that both blocks of the graph have the train pairs only, weighted by train degrees."""
    adjacency = model.adjacency()
    if adjacency is None:
        return Finding(Outcome.does_not_apply, "the model has no graph")
    for name, block in adjacency._asdict().items():
        fault = _fault_of(block, context.split, turned=name == "item_user")
        if fault:
            return Finding(
                Outcome.refused,
                f"the graph's block {name} {fault}; use normalized_adjacency(split.train)",
            )
    num_pairs = context.split.train.num_pairs
    return Finding(Outcome.passed, f"both blocks have exactly the {num_pairs:,} train pairs")


def _fault_of(block: Tensor, split: Split, *, turned: bool) -> str:
    """Describe what is wrong with one block, which may have items as rows; "" if it is correct."""
    shape = (split.train.num_users, split.train.num_items)
    if tuple(block.shape) != (shape[::-1] if turned else shape):
        return f"has the shape {tuple(block.shape)}, which does not match train"
    row = np.repeat(np.arange(block.shape[0]), np.diff(block.crow_indices().cpu().numpy()))
    column = block.col_indices().cpu().numpy().astype(np.int64)
    user, item = (column, row) if turned else (row, column)
    stored = np.sort(user * split.train.num_items + item)
    train = split.train.pair_keys()
    if not np.array_equal(stored, train):
        both = count_shared(np.unique(stored), train)
        held_out = sum(
            count_shared(np.unique(stored), part.pair_keys())
            for part in (split.valid, split.test)
            if part is not None
        )
        return (
            f"has {len(stored) - both:,} entries that are not train pairs, {held_out:,} of them "
            f"held out, and lacks {len(train) - both:,} train pairs"
        )
    expected = 1.0 / np.sqrt(split.train.user_degree[user] * split.train.item_degree[item])
    wrong = ~np.isclose(block.values().cpu().numpy(), expected, rtol=_TOLERANCE, atol=0.0)
    if not wrong.any():
        return ""
    return f"has {np.count_nonzero(wrong):,} weights that do not match the degrees in train"


def selection_on_valid(context: RunContext, model: Model) -> Finding:
    """Check that the best epoch is selected on the valid part, and that it has no test pair."""
    validation = context.validation
    if validation is None:
        return Finding(Outcome.does_not_apply, "without a valid part, no epoch is selected")
    pairs = validation.pairs.pair_keys()
    tested = count_shared(pairs, context.split.test.pair_keys())
    if validation.part == "valid" and not tested:
        return Finding(
            Outcome.passed, f"the best epoch is chosen on the {len(pairs):,} valid pairs"
        )
    return Finding(
        Outcome.refused,
        f"the best epoch would be chosen on the part {validation.part}, {tested:,} of whose "
        f"{len(pairs):,} pairs are test pairs; choose it on valid",
    )


def valid_masked(context: RunContext, model: Model) -> Finding:
    """Check that valid items are masked at test, where they would displace test items."""
    split = context.split
    masked = context.evaluation.masked(split, "test")
    if masked is None:
        return Finding(Outcome.does_not_apply, "nothing is ranked")
    if not split.has_test:
        return Finding(Outcome.does_not_apply, "the split has no test part")
    if split.valid is None:
        return Finding(Outcome.does_not_apply, "the split has no valid part")
    tested = split.test.user_degree > 0
    wanted = split.valid.pair_keys()[tested[split.valid.user_index()]]
    rankable = len(wanted) - sum(count_shared(wanted, part.pair_keys()) for part in masked)
    if not rankable:
        return Finding(Outcome.passed, "valid items are masked in the test ranking")
    return Finding(
        Outcome.said,
        f"{rankable:,} valid pairs are ranked at test, where they can displace test items; "
        "evaluation.mask_valid=true masks them",
    )


def newest_held_out(context: RunContext, model: Model) -> Finding:
    """Check that every user's held-out pairs are not older than the user's train pairs."""
    split, options = context.split, context.config.split
    if not split.has_test and split.valid is None:
        return Finding(Outcome.does_not_apply, "no pair is held out")
    if split.train.timestamp is None:
        if isinstance(options, LeaveOneOutConfig):
            how = "at random" if options.by is HeldOutBy.random else f"by {options.by.name}"
            return Finding(
                Outcome.said,
                f"the data have no times, so that items are held out {how}: the model may learn "
                "from later interactions; report that with the figures",
            )
        return Finding(Outcome.does_not_apply, "the data have no times")
    known = _newest(split.train)
    late = _users_older_than(split.test, known)
    if split.valid is not None:
        late |= _users_older_than(split.valid, known)
        late |= _users_older_than(split.test, np.maximum(known, _newest(split.valid)))
    if not late.any():
        return Finding(Outcome.passed, "no user has held-out pairs older than the train pairs")
    by_time = isinstance(options, LeaveOneOutConfig) and options.by is not HeldOutBy.time
    users, wanted = np.count_nonzero(late), "split.by=time" if by_time else "split=global_time"
    if isinstance(options, PredefinedConfig):
        return Finding(
            Outcome.said,
            f"the model learns from later pairs than the held-out ones of {users:,} users; the "
            "data set's own files decide which pairs are held out",
            advice=f"for {counted(int(users), 'user')}, held-out items are older than items that "
            "the model learns from; the data set's own files decide this, not the split",
        )
    return Finding(
        Outcome.said,
        f"the model learns from later pairs than the held-out ones of {users:,} users; {wanted} "
        "holds out the newest",
        advice=f"for {counted(int(users), 'user')}, held-out items are older than items that the "
        f"model learns from; to hold out the newest items, set {wanted}",
    )


def drawn_among_equals(context: RunContext, model: Model) -> Finding:
    """Count the users whose held-out item is no newer than others, so that the seed chose it."""
    split, options = context.split, context.config.split
    by_time = (
        options.by.name == "time"
        if isinstance(options, LeaveOneOutConfig | RatioConfig)
        else isinstance(options, GlobalTimeConfig)
    )
    if not by_time or split.train.timestamp is None:
        return Finding(Outcome.does_not_apply, "no item is held out by its time")
    drawn = np.zeros(split.train.num_users, dtype=np.bool_)
    known = _newest(split.train)
    if split.valid is not None:
        drawn |= _users_as_old_as(split.valid, known)
        known = np.maximum(known, _newest(split.valid))
    drawn |= _users_as_old_as(split.test, known)
    if not drawn.any():
        return Finding(Outcome.passed, "every held-out item is newer than the user's other items")
    held_out = split.test if split.valid is None or split.has_test else split.valid
    users = np.count_nonzero(held_out.user_degree)
    return Finding(
        Outcome.said,
        f"for {np.count_nonzero(drawn):,} of {users:,} users the held-out item is one of several "
        "of the same time, chosen by the seed; finer times, or split=global_time, which "
        "keeps equal times together, leave less to chance",
    )


def _newest(part: UserItems) -> NDArray[np.int64]:
    """The latest time of every user; the minimum of int64 for a user without pairs."""
    assert part.timestamp is not None
    newest = np.full(part.num_users, np.iinfo(np.int64).min)
    rows = np.flatnonzero(part.user_degree)
    if len(rows):
        newest[rows] = np.maximum.reduceat(part.timestamp, part.indptr[rows])
    return newest


def _users_as_old_as(part: UserItems, known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Users with a pair in ``part`` that is exactly as old as their time in ``known``."""
    assert part.timestamp is not None
    users = part.user_index()
    equal = np.zeros(part.num_users, dtype=np.bool_)
    equal[users[part.timestamp == known[users]]] = True
    return equal


def _users_older_than(part: UserItems, known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Users with a pair in ``part`` that is older than their time in ``known``."""
    assert part.timestamp is not None
    users = part.user_index()
    late = np.zeros(part.num_users, dtype=np.bool_)
    late[users[part.timestamp < known[users]]] = True
    return late


CHECKS: dict[str, Callable[[RunContext, Model], Finding]] = {
    SHARED_PAIRS: shared_pairs,
    GRAPH_NOT_FROM_TRAIN: graph_from_train,
    SELECTION_ON_TEST: selection_on_valid,
    VALID_RANKABLE: valid_masked,
    NOT_NEWEST: newest_held_out,
    EQUAL_TIMES: drawn_among_equals,
    FEW_CANDIDATES: enough_candidates,
}
"""Every check by its code; docs/audit.md explains them."""
