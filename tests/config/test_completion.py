"""Completion of ``train``: what is offered, and that all of it is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphrec_cli.config.arguments import FLAGS, sort_arguments
from graphrec_cli.config.completion import complete_train
from graphrec_cli.config.compose import Job, compose_run


@pytest.mark.parametrize(
    ("word", "words", "expected"),
    [
        ("--c", [], ["--cfg", "--config-dir"]),
        ("-", [], sorted([*FLAGS, "--plugin", "--json", "--debug"])),
        ("", ["--cfg"], ["all", "hydra", "job"]),
        ("def", ["--info"], ["defaults", "defaults-tree"]),
        ("", ["--config-dir"], []),
        ("sweep.r", ["-m"], ["sweep.resume=", "sweep.retry_failed="]),
        ("sweep.r", [], []),
        ("hydra", [], []),
        ("hydra", ["-m"], ["hydra/launcher=", "hydra/sweeper="]),
        (
            "hydra/launcher=",
            ["-m"],
            [
                f"hydra/launcher={name}"
                for name in ("graphrec_ray", "joblib", "submitit_local", "submitit_slurm")
            ],
        ),
        ("hydra/sweeper=", ["-m"], ["hydra/sweeper=graphrec_optuna"]),
        (
            "hydra.sweeper.s",
            ["-m", "hydra/sweeper=graphrec_optuna"],
            [f"hydra.sweeper.{key}=" for key in ("sampler", "space", "startup_trials", "storage")]
            + ["hydra.sweeper.study="],
        ),
        (
            "samp",
            [],
            [
                "sampler.by=",
                "sampler.exclude_seen=",
                "sampler.popular_pool=",
                "sampler.popular_probability=",
                "sampler=",
            ],
        ),
        ("sampler.", ["sampler=uniform"], ["sampler.by=", "sampler.exclude_seen="]),
        (
            "sampler.",
            ["sampler=hardneg", "sampler=uniform"],
            ["sampler.by=", "sampler.exclude_seen="],
        ),
        ("dataset.ratings.", [], [f"dataset.ratings.{key}=" for key in ("sha256", "size", "url")]),
        ("dataset.ratings.", ["dataset=synthetic"], []),
        ("model=m", [], ["model=mf"]),
        ("model=p", ["seed=1"], ["model=popularity"]),
        ("experiment=goodbooks_h", [], ["experiment=goodbooks_hardneg"]),
        ("device=c", [], ["device=cpu", "device=cuda"]),
        (
            "evaluation.ties=",
            [],
            [f"evaluation.ties={law}" for law in ("optimistic", "pessimistic", "random")],
        ),
        ("plots=", [], ["plots=false", "plots=true"]),
        ("num_threads=", [], ["num_threads=null"]),
        ("trainer.epochs=", [], []),
        ("dataset.k_core.min_item_interactions=", [], []),
        (
            "dataset.k_core.mode=",
            ["dataset=goodbooks"],
            ["dataset.k_core.mode=fixpoint", "dataset.k_core.mode=one_pass"],
        ),
        (
            "dataset.prefilter.",
            ["dataset=goodbooks"],
            [
                "dataset.prefilter.k_core.min_item_interactions=",
                "dataset.prefilter.k_core.min_user_interactions=",
                "dataset.prefilter.k_core.mode=",
                "dataset.prefilter.rating_threshold=",
            ],
        ),
        ("dataset.prefilter.rating_threshold=n", [], ["dataset.prefilter.rating_threshold=null"]),
        ("seed.nothing=", [], []),
        ("nothing.like.it=", [], []),
        ("zzz", [], []),
    ],
)
def test_offered(word: str, words: list[str], expected: list[str]) -> None:
    assert complete_train(word, words) == sorted(expected)


def test_every_group_and_key_is_offered_once_and_none_is_a_components_name() -> None:
    offered = complete_train("", [])
    assert len(offered) == len(set(offered))
    assert {"dataset=", "experiment=", "seed=", "trainer.monitor=", "loss.l2="} < set(offered)
    assert not [key for key in offered if key.endswith(".name=")]


def test_own_options_are_offered(tmp_path: Path) -> None:
    (tmp_path / "sampler").mkdir()
    (tmp_path / "sampler" / "mine.yaml").touch()
    before = ["--config-dir", str(tmp_path)]
    assert complete_train("sampler=m", before) == ["sampler=mine"]
    assert complete_train("sampler=m", []) == []


@pytest.mark.parametrize("place", [0, -1])
def test_what_is_offered_is_accepted(place: int) -> None:
    keys = ("device=", "sampler.by=", "evaluation.ties=", "plots=", "num_threads=")
    needs_a_table = "sampler.by=weight"
    words = [
        [word for word in complete_train(key, ["sampler=hardneg"]) if word != needs_a_table][place]
        for key in keys
    ]
    found: list[Job] = []
    found.append(compose_run(sort_arguments(["sampler=hardneg", *words])))
    assert len(found) == 1
