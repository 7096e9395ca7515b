from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.evaluation.exact_ranks.tie_order import tie_hash, user_tie_keys

INDEX = st.integers(0, 2**31 - 1)


def hashes(seed: int, users: list[int], items: list[int]) -> list[int]:
    """The hash of every pair."""
    return tie_hash(user_tie_keys(seed, torch.tensor(users)), torch.tensor(items)).tolist()


class SplitMix64:
    """The generator as its authors wrote it, on Python's unbounded integers."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def jump(self, steps: int) -> int:
        """The output ``steps`` ahead, as a signed number."""
        bits = (self.state + steps * 0x9E3779B97F4A7C15) % 2**64
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB % 2**64
        bits ^= bits >> 31
        return bits - 2**64 if bits >= 2**63 else bits


def test_known_outputs_of_splitmix64() -> None:
    # The first outputs from the seed 1234567, as published with the generator.
    first = [SplitMix64(1234567).jump(step) % 2**64 for step in (1, 2, 3)]
    assert first == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    keys = torch.full((3,), 1234567)
    assert [h % 2**64 for h in tie_hash(keys, torch.arange(3)).tolist()] == first


@given(seed=st.integers(0, 2**64 - 1), user=INDEX, item=INDEX)
def test_the_hash_is_splitmix64_of_seed_then_user_then_item(
    seed: int, user: int, item: int
) -> None:
    start = SplitMix64(seed).jump(0)
    key = SplitMix64(start).jump(user + 1)
    assert hashes(seed, [user], [item]) == [SplitMix64(key).jump(item + 1)]


def test_items_of_a_user_never_share_a_hash() -> None:
    assert len(set(hashes(3, [5] * 200_000, list(range(200_000))))) == 200_000


def test_each_of_two_items_comes_first_for_about_half_the_users() -> None:
    users = list(range(10_000))
    first = torch.tensor(hashes(0, users, [0] * len(users)))
    second = torch.tensor(hashes(0, users, [1] * len(users)))
    # Four standard errors of a fair coin.
    assert abs(float((first < second).double().mean()) - 0.5) < 4 * 0.5 / 100


def test_seed_and_user_change_the_order() -> None:
    items = list(range(50))
    orders = {
        tuple(torch.tensor(hashes(seed, [user] * 50, items)).argsort().tolist())
        for seed in (0, 1, 2**63 + 1)
        for user in (0, 1, 2)
    }
    assert len(orders) == 9
