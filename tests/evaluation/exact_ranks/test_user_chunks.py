"""Chunks shrink if memory runs out, and the results do not change."""

from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pytest
import torch
from builders import CPU, PATIENCE_S
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import MemoryShortageError
from graphrec_cli.evaluation.exact_ranks import counts_by_user, user_chunks
from graphrec_cli.evaluation.exact_ranks.ranks import HeldOutPairs, RankingRules, rank_held_out
from graphrec_cli.evaluation.exact_ranks.user_chunks import in_chunks, users_per_chunk
from graphrec_cli.evaluation.top_k import top_k

TORCH_WORDS = (
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 8000000000 bytes. Error code 12 (Cannot allocate memory)"
)
SHORTAGES = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory."),
    RuntimeError(TORCH_WORDS),
]


class Cramped:
    """A table of scores that runs out of memory above a number of users."""

    def __init__(self, scores: Tensor, most: int, shortage: Exception) -> None:
        self.scores, self.most, self.shortage = scores, most, shortage

    def score_users(self, user_index: Tensor) -> Tensor:
        """Rows of the table, or MemoryError for too many users."""
        if len(user_index) > self.most:
            raise self.shortage
        return self.scores[user_index]


def random_parts(seed: int) -> tuple[UserItems, UserItems, Tensor]:
    """Train and test parts of 40 users and 30 items, and scores with ties."""
    rng = np.random.default_rng(seed)
    parts = rng.choice(3, size=(40, 30), p=[0.5, 0.3, 0.2])
    train, test = (
        UserItems.from_pairs(*np.nonzero(parts == number), num_users=40, num_items=30)
        for number in (1, 2)
    )
    return train, test, torch.from_numpy(rng.integers(0, 9, size=(40, 30)) / 4)


@given(st.integers(0, 50), st.integers(1, 60), st.integers(1, 60), st.sampled_from(SHORTAGES))
def test_every_user_is_processed_once_and_in_order(
    users: int, size: int, most: int, shortage: Exception
) -> None:
    released = []

    def work(chunk: NDArray[np.int64]) -> list[int]:
        if len(chunk) > most:
            raise shortage
        return list(chunk.tolist())

    chunks = in_chunks(np.arange(users), work, size, release=lambda: released.append(True))
    assert [user for chunk in chunks for user in chunk] == list(range(users))
    assert bool(released) == (min(size, users) > most)


@pytest.mark.parametrize("shortage", SHORTAGES)
@pytest.mark.parametrize("most", [1, 3, 39])
def test_ranks_and_lists_do_not_depend_on_the_memory(
    shortage: Exception, most: int, caplog: pytest.LogCaptureFixture
) -> None:
    train, test, scores = random_parts(most)
    roomy, cramped = Cramped(scores, 40, shortage), Cramped(scores, most, shortage)
    users, degree = np.arange(40), train.item_degree
    expected = rank_held_out(
        roomy, HeldOutPairs(held_out=test, train=train), RankingRules(tie_seed=1)
    )
    best = top_k(roomy, users, k=5, item_degree=degree, masked=[train])
    with caplog.at_level(logging.WARNING, logger="graphrec"):
        got = rank_held_out(
            cramped, HeldOutPairs(held_out=test, train=train), RankingRules(tie_seed=1)
        )
        again = top_k(cramped, users, k=5, item_degree=degree, masked=[train])
    assert (got.rank == expected.rank).all()
    assert (got.tied == expected.tied).all()
    assert (again.item_index == best.item_index).all()
    assert (again.score == best.score).all()
    # One warning for each of the two, no matter how often the chunk was halved.
    assert [record.message for record in caplog.records] == [
        "the scores of 40 users at a time do not fit into memory; continuing with fewer"
    ] * 2


def test_the_error_of_one_user_that_does_not_fit_says_what_to_do() -> None:
    train, test, scores = random_parts(0)
    with pytest.raises(MemoryShortageError, match=r"a single user .*; close other programs") as e:
        rank_held_out(
            Cramped(scores, 0, SHORTAGES[2]),
            HeldOutPairs(held_out=test, train=train),
            RankingRules(tie_seed=1),
        )
    assert e.value.exit_code == 1
    assert "\n" not in str(e.value)


def test_other_errors_of_a_scorer_are_not_handled_as_memory_shortage() -> None:
    train, test, scores = random_parts(0)
    with pytest.raises(RuntimeError, match="shapes"):
        rank_held_out(
            Cramped(scores, 0, RuntimeError("mat1 and mat2 shapes cannot be multiplied")),
            HeldOutPairs(held_out=test, train=train),
            RankingRules(tie_seed=1),
        )


def test_a_chunk_takes_a_small_part_of_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    for free, users in ((1 << 40, 8388), (32_000_000, 1000), (1000, 1)):
        monkeypatch.setattr(user_chunks, "free_memory", lambda _, free=free: free)
        assert users_per_chunk(1000, CPU) == users


def test_many_held_out_items_make_chunks_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def watched(values_a_user: int, device: torch.device) -> int:
        asked.append(values_a_user)
        return users_per_chunk(values_a_user, device)

    monkeypatch.setattr(counts_by_user, "users_per_chunk", watched)
    test, train = (
        UserItems.from_pairs(np.array(users), np.array(items), num_users=2, num_items=100)
        for users, items in (([1, 1, 1], [0, 1, 2]), ([0, 0, 0, 1], [0, 1, 2, 9]))
    )
    scorer = Cramped(torch.rand(2, 100), 2, MemoryError())
    rank_held_out(scorer, HeldOutPairs(held_out=test, train=train), RankingRules(tie_seed=0))
    # One score per item; for each of three pairs a float32 threshold and two int64 counts.
    assert asked == [100 + 3 * (4 + 8 + 8) // 4]


LIMITED = """
import logging, resource, sys
import numpy as np, torch
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.exact_ranks.ranks import HeldOutPairs, RankingRules, rank_held_out

torch.set_num_threads(1)
logging.basicConfig(stream=sys.stdout, format="%(message)s")
USERS, ITEMS = 3000, 50_000

class Products:
    users, items = torch.randn(USERS, 2), torch.randn(2, ITEMS)
    def score_users(self, index):
        return self.users[index] @ self.items

rng = np.random.default_rng(0)
train, test = (
    UserItems.from_pairs(
        np.arange(USERS), rng.integers(500, size=USERS) + first, num_users=USERS, num_items=ITEMS
    )
    for first in (0, 250)
)
shared = train.item_index == test.item_index
test = UserItems.from_pairs(
    np.arange(USERS)[~shared], test.item_index[~shared], num_users=USERS, num_items=ITEMS
)

def ranks(chunk):
    pairs = HeldOutPairs(held_out=test, train=train)
    rules = RankingRules(tie_seed=0, chunk_users=chunk)
    return rank_held_out(Products(), pairs, rules).rank

expected = ranks(50)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 300_000_000,) * 2)
assert (ranks(USERS) == expected).all()
print("ranked", len(expected))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit and its measure are Linux's")
def test_a_process_with_a_memory_limit_ranks_in_smaller_chunks() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    warning, ranked = done.stdout.splitlines()
    assert warning.endswith("users at a time do not fit into memory; continuing with fewer")
    assert int(ranked.removeprefix("ranked ")) > 1000
