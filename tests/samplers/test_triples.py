from __future__ import annotations

import copy
import io
from itertools import islice

import numpy as np
import pytest
import torch
from builders import CPU, items_of_users
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.sampler import HardNegativeConfig, PositivesBy, UniformConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.samplers import train_pairs
from graphrec_cli.samplers.hardneg import build_hardneg
from graphrec_cli.samplers.triples import Triples, TripleSampler, build_triples
from graphrec_cli.samplers.uniform import build_uniform

NEGATIVES = ["uniform", "hardneg"]


def small_train() -> UserItems:
    """11 pairs; user 1 has the whole catalog {0, 1, 2, 4}, user 3 has no item."""
    items: list[list[int]] = [[0, 1], [0, 1, 2, 4], [2, 4], [], [0, 2, 4]]
    return items_of_users(items, 6)


def sampler_of(
    negatives: str, by: PositivesBy, train: UserItems, seed: int = 0, device: torch.device = CPU
) -> TripleSampler:
    generator = torch.Generator(device).manual_seed(seed)
    if negatives == "uniform":
        return build_uniform(UniformConfig(by=by), train, generator=generator, device=device)
    return build_hardneg(HardNegativeConfig(by=by), train, generator=generator, device=device)


def joined(batches: list[Triples]) -> list[list[int]]:
    return [torch.cat(columns).tolist() for columns in zip(*batches, strict=True)]


@pytest.mark.parametrize("negatives", NEGATIVES)
@pytest.mark.parametrize("by", [PositivesBy.user, PositivesBy.interaction])
class TestEveryLaw:
    def test_the_full_history_user_is_counted_and_never_drawn(
        self, negatives: str, by: PositivesBy
    ) -> None:
        sampler = sampler_of(negatives, by, small_train())
        assert sampler.skipped_users == 1
        assert sampler.num_pairs == 7
        users, _, _ = joined(list(sampler.epoch(200, 50)))
        assert set(users) == {0, 2, 4}

    def test_the_same_seed_gives_the_same_draws(
        self, negatives: str, by: PositivesBy, long_tailed_train: UserItems
    ) -> None:
        first, again, other = (
            joined(list(sampler_of(negatives, by, long_tailed_train, seed).epoch(5, 64)))
            for seed in (1, 1, 2)
        )
        assert first == again
        assert all(a != b for a, b in zip(first, other, strict=True))

    def test_a_loaded_sampler_goes_on_with_the_same_draws(
        self, negatives: str, by: PositivesBy, long_tailed_train: UserItems
    ) -> None:
        sampler = sampler_of(negatives, by, long_tailed_train)
        list(sampler.epoch(7, 1000))
        epoch = sampler.epoch(20, 1000)
        list(islice(epoch, 3))
        file = io.BytesIO()
        torch.save(sampler.state_dict(), file)
        file.seek(0)
        expected = joined(list(epoch)) + joined(list(sampler.epoch(None, 999)))

        loaded = sampler_of(negatives, by, long_tailed_train, seed=99)
        list(loaded.epoch(4, 100))
        loaded.load_state_dict(torch.load(file, weights_only=True))
        goes_on = joined(list(loaded.epoch(17, 1000))) + joined(list(loaded.epoch(None, 999)))
        assert goes_on == expected

    def test_the_state_of_an_unused_sampler_gives_its_first_draws(
        self, negatives: str, by: PositivesBy, long_tailed_train: UserItems
    ) -> None:
        fresh = sampler_of(negatives, by, long_tailed_train, seed=4)
        loaded = sampler_of(negatives, by, long_tailed_train, seed=99)
        list(loaded.epoch(4, 100))
        loaded.load_state_dict(fresh.state_dict())
        assert joined(list(loaded.epoch(5, 64))) == joined(list(fresh.epoch(5, 64)))

    @given(steps=st.none() | st.integers(1, 5), batch_size=st.integers(1, 20))
    def test_batches_have_the_sizes_that_were_asked_for(
        self, negatives: str, by: PositivesBy, steps: int | None, batch_size: int
    ) -> None:
        sampler = sampler_of(negatives, by, small_train())
        batches = list(sampler.epoch(steps, batch_size))
        full, rest = divmod(7, batch_size)
        expected = [batch_size] * full + [rest] * (rest > 0)
        if steps is not None:
            expected = [batch_size] * steps
        for batch, size in zip(batches, expected, strict=True):
            for column in batch:
                assert column.dtype == torch.int64
                assert column.shape == (size,)
                assert column.device == CPU

    def test_two_epochs_differ(
        self, negatives: str, by: PositivesBy, long_tailed_train: UserItems
    ) -> None:
        sampler = sampler_of(negatives, by, long_tailed_train)
        first, second = (joined(list(sampler.epoch(None, 512))) for _ in range(2))
        assert all(a != b for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("negatives", NEGATIVES)
def test_an_epoch_without_steps_takes_every_pair_once(
    negatives: str, long_tailed_train: UserItems
) -> None:
    sampler = sampler_of(negatives, PositivesBy.interaction, long_tailed_train)
    user_index = long_tailed_train.user_index()
    is_drawn = user_index != 7
    pairs = sorted(
        zip(
            user_index[is_drawn].tolist(),
            long_tailed_train.item_index[is_drawn].tolist(),
            strict=True,
        )
    )
    list(sampler.epoch(3, 100))
    for _ in range(2):
        users, pos_items, _ = joined(list(sampler.epoch(None, 512)))
        assert sorted(zip(users, pos_items, strict=True)) == pairs


def test_the_place_in_the_pass_carries_over_between_epochs(long_tailed_train: UserItems) -> None:
    sampler = sampler_of("uniform", PositivesBy.interaction, long_tailed_train)
    steps, rest = divmod(sampler.num_pairs, 100)
    batches = [*sampler.epoch(steps - 3, 100), *sampler.epoch(3, 100), *sampler.epoch(1, rest)]
    users, pos_items, _ = joined(batches)
    assert len(set(zip(users, pos_items, strict=True))) == sampler.num_pairs


@pytest.mark.parametrize("negatives", NEGATIVES)
def test_distinct_users_continue_from_their_state(
    negatives: str, long_tailed_train: UserItems
) -> None:
    sampler = sampler_of(negatives, PositivesBy.distinct_user, long_tailed_train)
    list(sampler.epoch(3, 100))
    loaded = sampler_of(negatives, PositivesBy.distinct_user, long_tailed_train, seed=99)
    loaded.load_state_dict(sampler.state_dict())
    batches = list(sampler.epoch(20, 250))
    assert joined(list(loaded.epoch(20, 250))) == joined(batches)
    for batch in batches:
        assert len(batch.users.unique()) == 250


@pytest.mark.parametrize("negatives", NEGATIVES)
@pytest.mark.parametrize(
    "by", [PositivesBy.user, PositivesBy.interaction, PositivesBy.distinct_user]
)
@pytest.mark.parametrize("steps", [None, 8])
def test_batches_that_are_drawn_at_once_continue_from_every_state(
    negatives: str,
    by: PositivesBy,
    steps: int | None,
    long_tailed_train: UserItems,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(train_pairs._EXAMPLES_AT_ONCE, "cpu", 750)
    sampler = sampler_of(negatives, by, long_tailed_train)
    batches, states = [], []
    for batch in sampler.epoch(steps, 200):
        batches.append(batch)
        states.append(copy.deepcopy(sampler.state_dict()))
    next_epoch = joined(list(sampler.epoch(steps, 200)))
    assert len(batches) > 7
    for done, state in enumerate(states[:7] + states[-3:], 1):
        done = done if done <= 7 else len(states) + done - 10
        loaded = sampler_of(negatives, by, long_tailed_train, seed=99)
        loaded.load_state_dict(state)
        rest = list(loaded.epoch(steps, 200, done))
        assert [batch.users.tolist() for batch in rest] == [
            batch.users.tolist() for batch in batches[done:]
        ]
        assert [batch.neg_items.tolist() for batch in rest] == [
            batch.neg_items.tolist() for batch in batches[done:]
        ]
        assert joined(list(loaded.epoch(steps, 200))) == next_epoch


def test_a_state_of_single_batches_continues_with_several_at_once(
    long_tailed_train: UserItems, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampler = sampler_of("uniform", PositivesBy.interaction, long_tailed_train)
    first = list(islice(sampler.epoch(None, 200), 5))
    monkeypatch.setitem(train_pairs._EXAMPLES_AT_ONCE, "cpu", 750)
    loaded = sampler_of("uniform", PositivesBy.interaction, long_tailed_train, seed=99)
    loaded.load_state_dict(sampler.state_dict())
    users, pos_items, _ = joined([*first, *loaded.epoch(None, 200, 5)])
    assert len(users) == len(set(zip(users, pos_items, strict=True))) == sampler.num_pairs


class FirstItem:
    """Always item 1; says how many it was asked for."""

    def __init__(self, num_users: int) -> None:
        self.eligible = torch.ones(num_users, dtype=torch.bool)
        self.asked: list[int] = []

    def sample(self, users: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Return item 1 for every user."""
        self.asked.append(len(users))
        return torch.ones_like(users)


def test_other_negatives_are_asked_for_one_batch_at_a_time(
    long_tailed_train: UserItems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(train_pairs._EXAMPLES_AT_ONCE, "cpu", 750)
    negatives = FirstItem(long_tailed_train.num_users)
    sampler = build_triples(
        PositivesBy.user,
        long_tailed_train,
        negatives,
        generator=torch.Generator().manual_seed(0),
        device=CPU,
    )
    list(sampler.epoch(4, 100))
    assert negatives.asked == [100] * 4


@pytest.mark.gpu
@pytest.mark.parametrize("negatives", NEGATIVES)
@pytest.mark.parametrize("by", [PositivesBy.user, PositivesBy.interaction])
def test_a_sampler_on_a_gpu_draws_there_and_goes_on_from_its_state(
    negatives: str, by: PositivesBy, long_tailed_train: UserItems
) -> None:
    device = torch.device("cuda")
    has = np.zeros((300, 200), dtype=bool)
    has[long_tailed_train.user_index(), long_tailed_train.item_index] = True
    sampler = sampler_of(negatives, by, long_tailed_train, device=device)
    list(sampler.epoch(3, 1000))
    state = sampler.state_dict()
    batches = list(sampler.epoch(50, 1000))
    for batch in batches:
        assert all(column.device.type == "cuda" for column in batch)
        users, pos_items, neg_items = (column.cpu().numpy() for column in batch)
        assert has[users, pos_items].all()
        assert not has[users, neg_items].any()
    loaded = sampler_of(negatives, by, long_tailed_train, seed=99, device=device)
    loaded.load_state_dict(state)
    assert joined(list(loaded.epoch(50, 1000))) == joined(batches)
