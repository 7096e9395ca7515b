from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from builders import CPU

from graphrec_cli.config.loss import BPRConfig
from graphrec_cli.config.model import MatrixFactorizationConfig
from graphrec_cli.config.sampler import PositivesBy, UniformConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.losses.bpr import build_bpr
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.samplers.uniform import build_uniform
from graphrec_cli.training.best_epoch import Monitor
from graphrec_cli.training.checkpoints.validate import check_content
from graphrec_cli.training.trainer import Trainer


class Stopped(Exception):
    """Ends the training between two steps."""


def new_trainer(after_step: Callable[[Trainer], None] = lambda trainer: None) -> Trainer:
    users, items = np.nonzero(np.random.default_rng(0).random((12, 9)) < 0.4)
    train = UserItems.from_pairs(users, items, num_users=12, num_items=9)
    return Trainer(
        TrainerConfig(epochs=9, batch_size=8),
        LightGCN(
            MatrixFactorizationConfig(embedding_dim=4),
            train,
            generator=torch.Generator().manual_seed(0),
            device=CPU,
        ),
        build_bpr(BPRConfig()),
        build_uniform(
            UniformConfig(by=PositivesBy.interaction),
            train,
            generator=torch.Generator().manual_seed(1),
            device=CPU,
        ),
        lambda: {"ndcg@10": 0.1},
        monitor=Monitor(),
        after_step=after_step,
    )


def state_at(step: int) -> dict[str, Any]:
    history: list[dict[str, Any]] = []

    def stop(trainer: Trainer) -> None:
        if trainer.step == step:
            raise Stopped

    trainer = new_trainer(stop)
    with pytest.raises(Stopped):
        history.extend(epoch.record for epoch in trainer.fit())
    return {**trainer.state_dict(), "history": history}


def refused(content: dict[str, Any]) -> bool:
    try:
        check_content(content, new_trainer(), reseed_sampler=False)
    except (ValueError, LookupError, TypeError, AttributeError):
        return True
    return False


@pytest.mark.parametrize("step", [1, 5, 6, 7, 12, 20])
def test_a_checkpoint_of_a_trainer_is_accepted(step: int) -> None:
    assert not refused(state_at(step))


SPOILT: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a moment of one number": lambda of: of["optimizer"]["state"][0].update(exp_avg=torch.zeros(1)),
    "a moment of halves": lambda of: of["optimizer"]["state"][0].update(
        exp_avg_sq=of["optimizer"]["state"][0]["exp_avg_sq"].bfloat16()
    ),
    "a moment too few": lambda of: of["optimizer"]["state"][0].pop("exp_avg"),
    "no moments": lambda of: of["optimizer"].update(state={0: {}}),
    "steps of another shape": lambda of: of["optimizer"]["state"][0].update(step=torch.zeros(3)),
    "moments of an unknown parameter": lambda of: of["optimizer"]["state"].update({7: {}}),
    "no group": lambda of: of["optimizer"].update(param_groups=[]),
    "a rate of text": lambda of: of["optimizer"]["param_groups"][0].update(lr="fast"),
    "a place before the first": lambda of: of["sampler"]["positives"].update(position=-(10**9)),
    "a place beyond the last": lambda of: of["sampler"]["positives"].update(position=10**9),
    "no place": lambda of: of["sampler"].update(positives={}),
    "a generator of two bytes": lambda of: of["sampler"].update(
        generator=torch.zeros(2, dtype=torch.uint8)
    ),
    "an epoch below 0": lambda of: of.update(epoch=-5),
    "an epoch that is true": lambda of: of.update(epoch=True),
    "a step of text": lambda of: of.update(step="x"),
    "patience of text": lambda of: of.update(stale_validations="a"),
    "examples of text": lambda of: of["progress"].update(examples="a"),
    "too many steps": lambda of: of["progress"].update(steps=10**6),
    "a loss that is NaN": lambda of: of["progress"].update(total_loss=float("nan")),
    "a best epoch to come": lambda of: of.update(best_epoch=99),
    "no best state": lambda of: of.update(best_state=None),
    "a best state of another shape": lambda of: of.update(
        best_state={"layer0_embeddings": torch.zeros(1, 4)}
    ),
    "no metrics": lambda of: of.update(best_valid={}),
    "a history of tensors": lambda of: of.update(history=[torch.zeros(1)]),
    "an empty history": lambda of: of.update(history=[]),
    "a row without keys": lambda of: of["history"].__setitem__(0, {}),
    "a row of text": lambda of: of["history"][0].update(loss="low"),
    "weights of another shape": lambda of: of.update(
        model={"layer0_embeddings": torch.zeros(21, 5)}
    ),
    "weights that are numbers": lambda of: of.update(model={"layer0_embeddings": 1.0}),
    "no model": lambda of: of.pop("model"),
    "a list for the model": lambda of: of.update(model=[]),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT.keys())
def test_a_checkpoint_that_no_trainer_writes_is_refused(
    spoil: Callable[[dict[str, Any]], Any],
) -> None:
    content = copy.deepcopy(state_at(9))
    assert content["progress"] is not None
    spoil(content)
    assert refused(content)


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        ({"epoch": -5}, "'epoch' must be a whole number of at least 0"),
        ({"best_epoch": 99}, "'best_epoch' must not be greater than 'epoch'"),
        ({"best_valid": {"hit@10": 0.1}}, "'best_valid' lacks the metric 'ndcg@10'"),
        ({"model": {"layer0_embeddings": torch.zeros(3)}}, "'model.layer0_embeddings' must be a"),
        ({"history": []}, "'history' must have 1 rows, one per epoch"),
    ],
)
def test_the_error_names_the_key(spoilt: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        check_content({**state_at(9), **spoilt}, new_trainer(), reseed_sampler=False)


def test_the_error_names_a_key_of_the_progress() -> None:
    content = copy.deepcopy(state_at(9))
    content["progress"]["seconds"] = -1.0
    with pytest.raises(ValueError, match="'seconds' must be at least 0"):
        check_content(content, new_trainer(), reseed_sampler=False)
