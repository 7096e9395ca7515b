"""The sizes of a run that its memory and its time follow from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split

FLOAT = 4
"""Bytes of a float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSizes:
    """Numbers of a prepared run.

    Attributes:
        users, items: with a pair in any part.
        catalog: items with a train pair, among which is ranked.
        train_pairs, valid_pairs, test_pairs: 0 for a part that is not there.
        valid_users, test_users: that are ranked, at most ``trainer.valid_users`` of the former.
        batch: examples of a step, at most the train pairs; 0 for a model that is not trained.
        steps_per_epoch: optimizer steps; 0 for a model that is not trained.
        epochs: at most, as training may stop early; 0 for a model that is not trained.
        validations: at most; 0 without a valid part.
    """

    users: int
    items: int
    catalog: int
    train_pairs: int
    valid_pairs: int
    test_pairs: int
    valid_users: int
    test_users: int
    batch: int
    steps_per_epoch: int
    epochs: int
    validations: int

    @property
    def nodes(self) -> int:
        """Rows of the embeddings: users and items."""
        return self.users + self.items


def run_sizes(config: RunConfig, split: Split) -> RunSizes:
    """Count what a run of ``config`` has on this split."""
    trainer, train, valid = config.trainer, split.train, split.valid
    trained = bool(config.model.learns_from())
    batch = trainer.batch_size_for(train.num_pairs)
    steps = trainer.steps_per_epoch or -(-train.num_pairs // batch)
    if trainer.steps_per_epoch is None:
        batch = min(batch, train.num_pairs)
    valid_users = 0 if valid is None else _users(valid)
    if trainer.valid_users is not None:
        valid_users = min(valid_users, trainer.valid_users)
    epochs = trainer.epochs if trained else 0
    return RunSizes(
        users=len(split.users),
        items=len(split.items),
        catalog=int(np.count_nonzero(train.item_degree)),
        train_pairs=train.num_pairs,
        valid_pairs=0 if valid is None else valid.num_pairs,
        test_pairs=split.test.num_pairs,
        valid_users=valid_users,
        test_users=_users(split.test),
        batch=batch if trained else 0,
        steps_per_epoch=steps if trained else 0,
        epochs=epochs,
        # The last epoch is always validated.
        validations=0 if valid is None else -(-epochs // trainer.validate_every),
    )


def _users(part: UserItems) -> int:
    return int(np.count_nonzero(part.user_degree))
