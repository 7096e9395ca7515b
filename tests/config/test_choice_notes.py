"""The log says who chose loss and trainer, and what a saved run or an experiment kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import Job, compose_run
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.sweep import plan_sweep

TRAINER_KEPT = "trainer={} of {} is kept; a new run with loss={} has trainer={}: add trainer={} to "


def compose(*words: str, saved: Job | None = None) -> Job:
    before = None if saved is None else SavedConfig(saved.config, saved.choices)
    return compose_run(sort_arguments(words), before)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("sampler=hardneg",),
            "sampler=hardneg chose loss=bpr, and loss=bpr chose trainer=large_batch",
        ),
        (("sampler=hardneg", "trainer=default"), "sampler=hardneg chose loss=bpr"),
        (("sampler=hardneg", "loss=bpr"), "loss=bpr chose trainer=large_batch"),
        (("loss=bpr",), "loss=bpr chose trainer=large_batch"),
        (("loss=bpr", "trainer=large_batch"), None),
        (("sampler=default",), None),
        (("loss=softmax", "sampler=uniform"), None),
        (("experiment=goodbooks_uniform",), None),
        (("experiment=goodbooks_uniform", "sampler=hardneg"), None),
        (("model=ease",), None),
        ((), None),
    ],
)
def test_who_chose_loss_and_trainer(words: tuple[str, ...], line: str | None) -> None:
    assert compose(*words).notes == ([] if line is None else [line])


@pytest.mark.parametrize(
    ("start", "chose"),
    [("/schema/sampler/uniform@_here_", True), ("hardneg@_here_", True), ("default@_here_", False)],
)
def test_a_sampler_of_an_own_file_is_named(tmp_path: Path, start: str, chose: bool) -> None:
    (tmp_path / "sampler").mkdir()
    (tmp_path / "sampler" / "mine.yaml").write_text(f"defaults:\n  - {start}\n")
    job = compose("--config-dir", str(tmp_path), "sampler=mine")
    assert job.notes == (
        ["sampler=mine chose loss=bpr, and loss=bpr chose trainer=large_batch"] if chose else []
    )
    assert job.config.loss.name == ("bpr" if chose else "softmax")


def test_a_trainer_that_a_saved_run_keeps_is_named_with_the_word_for_the_other() -> None:
    softmax, bpr = compose(), compose("loss=bpr")
    for saved, loss, kept, other in (
        (softmax, "bpr", "default", "large_batch"),
        (bpr, "softmax", "large_batch", "default"),
    ):
        job = compose(f"loss={loss}", saved=saved)
        (line,) = job.notes
        expected = TRAINER_KEPT.format(kept, "the saved run", loss, other, other)
        assert line.startswith(expected)
        assert job.config.trainer == saved.config.trainer
        new = compose(f"loss={loss}", f"trainer={other}", saved=saved)
        assert new.notes == []
        assert new.config.trainer == compose(f"loss={loss}").config.trainer
    assert compose("loss=bpr_gowalla", saved=bpr).notes == []
    assert compose("trainer.epochs=3", saved=softmax).notes == []


def test_a_loss_that_the_sampler_of_a_saved_run_chose_is_named() -> None:
    (line,) = compose("sampler=default", saved=compose("sampler=hardneg")).notes
    assert line == (
        "loss=bpr of the saved run is kept; a new run with sampler=default has loss=softmax: add "
        "loss=softmax to use it"
    )
    assert compose("sampler=uniform", saved=compose("sampler=hardneg")).notes == []
    assert compose("sampler=default", saved=compose()).notes == []


def test_what_an_experiment_keeps_is_named_too(tmp_path: Path) -> None:
    (line,) = compose("experiment=goodbooks_uniform", "loss=softmax").notes
    where = "experiment=goodbooks_uniform"
    assert line.startswith(TRAINER_KEPT.format("goodbooks", where, "softmax", "default", "default"))
    (tmp_path / "experiment").mkdir()
    text = "# @package _global_\ndefaults:\n  - override /loss: softmax\n"
    (tmp_path / "experiment" / "mine.yaml").write_text(text)
    job = compose("--config-dir", str(tmp_path), "experiment=mine", "sampler=uniform")
    assert job.notes == [
        "loss=softmax of experiment=mine is kept; a new run with sampler=uniform has loss=bpr: add "
        "loss=bpr to use it"
    ]
    assert job.config.loss.name == "softmax"


def test_a_sweep_says_which_of_several_values_of_a_key_it_uses() -> None:
    sweep = plan_sweep(sort_arguments(["seed=1,2", "seed=3", "model=ease", "-m"]))
    assert sweep.skipped == ["seed is given 2 times: the last, 3, is used"]
