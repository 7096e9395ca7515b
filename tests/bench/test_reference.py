"""The plain reference is the same model, loss and evaluation as the product's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import reference
import torch
from builders import CPU
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec_cli.config.evaluation import MapDenominator
from graphrec_cli.config.loss import BPRConfig
from graphrec_cli.config.model import LightGCNConfig
from graphrec_cli.config.sampler import UniformConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.exact_ranks.ranks import HeldOutPairs, RankingRules, rank_held_out
from graphrec_cli.evaluation.metrics import ranking_metrics
from graphrec_cli.losses.bpr import build_bpr
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.samplers.triples import Triples
from graphrec_cli.samplers.uniform import build_uniform
from graphrec_cli.training.best_epoch import Monitor
from graphrec_cli.training.trainer import Trainer

NUM_USERS, NUM_ITEMS, DIM, NUM_LAYERS = 12, 15, 8, 3
LEARNING_RATE, L2 = 0.05, 0.1


@dataclass(frozen=True)
class Pair:
    """One model in both forms, of the same embeddings, on the same random pairs."""

    train: UserItems
    test: UserItems
    ours: LightGCN
    theirs: reference.PlainLightGCN


def build_pair(seed: int) -> Pair:
    rng = np.random.default_rng(seed)
    part = rng.choice(3, p=[0.4, 0.4, 0.2], size=(NUM_USERS, NUM_ITEMS))
    # Every user and item has a train pair, as the reference requires.
    part[np.arange(NUM_USERS), np.arange(NUM_USERS)] = 1
    part[0, NUM_USERS:] = 1
    train, test = (
        UserItems.from_pairs(*np.nonzero(part == number), num_users=NUM_USERS, num_items=NUM_ITEMS)
        for number in (1, 2)
    )
    generator = torch.Generator().manual_seed(seed)
    config = LightGCNConfig(num_layers=NUM_LAYERS, embedding_dim=DIM)
    ours = LightGCN(config, train, generator=generator, device=CPU)
    users, items = (
        torch.from_numpy(index).long() for index in (train.user_index(), train.item_index)
    )
    theirs = reference.PlainLightGCN(
        reference.coo_adjacency(users, items, NUM_USERS, NUM_ITEMS),
        NUM_USERS,
        dim=DIM,
        num_layers=NUM_LAYERS,
    )
    with torch.no_grad():
        theirs.embedding.weight.copy_(ours.layer0_embeddings)
    return Pair(train, test, ours, theirs)


def by_user(part: UserItems) -> dict[int, list[int]]:
    rows = np.split(part.item_index, part.indptr[1:-1])
    return {user: items.tolist() for user, items in enumerate(rows) if len(items)}


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_steps_on_the_same_batches_give_the_same_losses_and_embeddings(seed: int) -> None:
    pair = build_pair(seed)
    generator = torch.Generator().manual_seed(seed)
    sampler = build_uniform(UniformConfig(), pair.train, generator=generator, device=CPU)
    trainer = Trainer(
        TrainerConfig(learning_rate=LEARNING_RATE, final_learning_rate=None),
        pair.ours,
        build_bpr(BPRConfig(l2=L2)),
        sampler,
        None,
        monitor=Monitor("ndcg@10"),
    )
    optimizer = torch.optim.Adam(pair.theirs.parameters(), lr=LEARNING_RATE)
    for batch in sampler.epoch(4, 16):
        assert isinstance(batch, Triples)
        theirs = reference.train_step(pair.theirs, optimizer, *batch, l2=L2)
        assert trainer.train_step(batch).item() == pytest.approx(theirs, rel=1e-4)
    final = torch.cat(pair.theirs.propagate())
    torch.testing.assert_close(pair.ours.final_embeddings(), final, rtol=1e-3, atol=1e-4)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_the_same_embeddings_have_the_same_metrics(seed: int, k: int) -> None:
    pair = build_pair(seed)
    pair.ours.prepare_scoring()
    ranks = rank_held_out(
        pair.ours, HeldOutPairs(held_out=pair.test, train=pair.train), RankingRules(tie_seed=0)
    )
    ours = ranking_metrics(ranks.user_index, ranks.rank, ks=[k], map_denominator=MapDenominator.min)
    seen = {user: set(items) for user, items in by_user(pair.train).items()}
    theirs = reference.evaluate(pair.theirs, by_user(pair.test), seen, k=k)
    assert theirs == pytest.approx((ours[f"recall@{k}"], ours[f"ndcg@{k}"]))


def test_an_epoch_holds_every_pair_once_with_an_unseen_item() -> None:
    train = build_pair(3).train
    users, items = (
        torch.from_numpy(index).long() for index in (train.user_index(), train.item_index)
    )
    seen = {user: set(items) for user, items in by_user(train).items()}
    batches = list(reference.draw_epoch(users, items, seen, NUM_ITEMS, 7))
    drawn_users, drawn_items, negatives = map(torch.cat, zip(*batches, strict=True))
    assert sorted((drawn_users * NUM_ITEMS + drawn_items).tolist()) == train.pair_keys().tolist()
    assert not np.isin((drawn_users * NUM_ITEMS + negatives).numpy(), train.pair_keys()).any()
