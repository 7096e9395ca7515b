"""``sampler.by=weight`` on the command line."""

from __future__ import annotations

import json
import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import CPU, Command

from graphrec_cli.training.checkpoints.file import load_checkpoint
from graphrec_cli.training.trainer import Trainer

pytestmark = pytest.mark.slow

ROWS = [
    (f"u{u}", f"i{(u * 7 + i * i) % 40}", (u * i) % 9 + 1) for u in range(40) for i in range(12)
]


def write_table(path: Path, rows: list[tuple[str, str, int]]) -> None:
    lines = [f"{user},{item},{plays}\n" for user, item, plays in rows]
    path.write_text("user,item,plays\n" + "".join(lines))


@pytest.fixture
def words(tmp_path: Path, small: tuple[str, ...]) -> tuple[str, ...]:
    write_table(tmp_path / "plays.csv", ROWS)
    # Heavier rows of a pair stand for it, so the order of rows does not matter.
    table = ("dataset=table", "dataset.path=plays.csv", "dataset.weight=plays")
    return (
        "train",
        *table,
        "sampler.by=weight",
        *small,
        "trainer.batch_size=64",
        "cache_dir=cache",
    )


def figures(run: Path) -> dict[str, object]:
    metrics = json.loads((run / "metrics.json").read_text("utf-8"))
    return {key: metrics[key] for key in ("test", "valid")}


def weights_of(run: Path) -> torch.Tensor:
    table = load_checkpoint(run / "checkpoints/best.pt", CPU)["model"]["layer0_embeddings"]
    assert isinstance(table, torch.Tensor)
    return table


def test_weights_change_the_training_and_the_order_of_rows_does_not(
    full_size: Command, words: tuple[str, ...], tmp_path: Path
) -> None:
    first = full_size(*words)
    assert first.code == 0, first.err
    cached = full_size(*words)
    assert "loaded the prepared data from the cache" in cached.err
    write_table(tmp_path / "plays.csv", random.Random(1).sample(ROWS, len(ROWS)))
    shuffled = full_size(*words)
    for other in (cached, shuffled):
        assert figures(other.run) == figures(first.run)
        assert torch.equal(weights_of(other.run), weights_of(first.run))
    write_table(tmp_path / "plays.csv", [(user, item, 1) for user, item, _ in ROWS])
    equal = full_size(*words)
    assert not torch.equal(weights_of(equal.run), weights_of(first.run))


def test_a_run_by_weight_is_reproduced_resumed_and_repeated(
    full_size: Command, words: tuple[str, ...]
) -> None:
    whole = full_size(*words, "trainer.epochs=3")
    assert whole.code == 0, whole.err
    run = str(whole.run)
    reproduced = full_size("reproduce", run)
    assert reproduced.code == 0, reproduced.out
    again = full_size("train", "--from", run)
    assert figures(again.run) == figures(whole.run)
    real_step = Trainer.train_step

    def train_step(self: Trainer, batch: Any) -> torch.Tensor:
        loss = real_step(self, batch)
        if self.step == 7:  # in the second epoch
            os.kill(os.getpid(), signal.SIGTERM)
        return loss

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "train_step", train_step)
        stopped = full_size(*words, "trainer.epochs=3")
    assert stopped.code == 143
    resumed = full_size("train", f"resume={stopped.run}")
    assert resumed.code == 0, resumed.err
    assert figures(resumed.run) == figures(whole.run)
    assert torch.equal(weights_of(resumed.run), weights_of(whole.run))


def test_inspect_shows_the_weights_of_the_first_rows(
    full_size: Command, words: tuple[str, ...]
) -> None:
    shown = full_size("data", "inspect", *words[1:], "--json")
    rows = json.loads(shown.out)["table"]["first_rows"]
    assert [row["weight"] for row in rows] == [plays for _, _, plays in ROWS[:5]]


def test_faulty_weights_end_with_code_3(
    full_size: Command, words: tuple[str, ...], tmp_path: Path
) -> None:
    write_table(tmp_path / "plays.csv", [*ROWS, ("u1", "i1", 0)])
    refused = full_size(*words)
    assert refused.code == 3
    assert "plays.csv, line 482: plays '0' is not above 0" in refused.err
