"""Values of an experiment that other components do not use are left out with a line."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import TINY, Finished, call, read_json

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import Job, compose_run
from graphrec_cli.config.sampler import UniformConfig
from graphrec_cli.config.unused import describe_unused
from graphrec_cli.errors import ConfigError

EXPERIMENT = """\
# @package _global_
defaults:
  - override /sampler: hardneg

sampler:
  popular_pool: 20
model:
  num_layers: 1
  embedding_dim: 8
"""


@pytest.fixture
def mine(tmp_path: Path) -> list[str]:
    """Words that choose an experiment with values of a sampler and a model."""
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "small.yaml").write_text(EXPERIMENT)
    return ["experiment=small", "--config-dir", str(tmp_path)]


def compose(*words: str) -> Job:
    return compose_run(sort_arguments(words))


def test_values_that_the_chosen_components_lack_are_left_out(mine: list[str]) -> None:
    job = compose(*mine, "sampler=uniform", "model=mf", "seed=3")
    assert sorted(job.notes) == [
        "model=mf does not use model.num_layers=1 of experiment=small",
        "sampler=uniform chose loss=bpr, and loss=bpr chose trainer=large_batch",
        "sampler=uniform does not use sampler.popular_pool=20 of experiment=small",
    ]
    assert job.config.sampler == UniformConfig()
    assert (job.config.model.name, getattr(job.config.model, "embedding_dim", None)) == ("mf", 8)
    assert (job.choices["experiment"], job.choices["sampler"]) == ("small", "uniform")
    assert job.overrides == ["experiment=small", "sampler=uniform", "model=mf", "seed=3"]
    assert compose(*mine, "sampler=hardneg").notes == [
        "sampler=hardneg chose loss=bpr, and loss=bpr chose trainer=large_batch"
    ]


def test_a_value_on_the_command_line_is_refused_all_the_same(mine: list[str]) -> None:
    with pytest.raises(ConfigError, match="sampler=hardneg has it"):
        compose(*mine, "sampler=uniform", "sampler.popular_pool=3")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["loss=softmax"], "loss=softmax draws its negatives for the whole batch"),
        (
            ["loss=mse", "model=lightgcn_rating", "evaluation=rating", "dataset=movielens_100k"],
            "loss=mse takes rated pairs and no negatives",
        ),
    ],
)
def test_a_sampler_that_the_loss_does_not_use_is_named(
    mine: list[str], words: list[str], reason: str
) -> None:
    lines = describe_unused(compose(*mine, *words).config)
    unused = "sampler.popular_pool=20, sampler=hardneg"
    assert lines == [f"{reason}, so it only uses sampler.by=user; not used: {unused}"]
    with pytest.raises(ConfigError, match=f"^sampler=hardneg has no effect: {reason}"):
        compose(*mine, *words, "sampler=hardneg")
    lines = describe_unused(compose(*mine, *words, "sampler.by=interaction").config)
    assert lines == [f"{reason}, so it only uses sampler.by=interaction; not used: {unused}"]


def test_the_log_has_the_lines_and_the_directory_the_sampler_in_use(
    mine: list[str], tmp_path: Path
) -> None:
    del mine
    done = _train(tmp_path, "sampler=uniform")
    assert "sampler=uniform does not use sampler.popular_pool=20" in done.err
    assert "does not use sampler.popular_pool" in (done.run / "train.log").read_text()
    assert read_json(done.run / "config.json")["choices"]["experiment"] == "small"
    assert "_uniform" in _train(tmp_path, "loss=softmax").run.name


def _train(folder: Path, *words: str) -> Finished:
    done = call(folder, "train", "experiment=small", "--config-dir", str(folder), *TINY, *words)
    assert done.code == 0, done.err
    return done


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [[], ["hydra/launcher=basic"]])
def test_a_sweep_leaves_them_out_too(mine: list[str], tmp_path: Path, launcher: list[str]) -> None:
    del mine
    done = _train(tmp_path, "sampler=uniform,hardneg", "-m", *launcher)
    assert done.err.count("sampler=uniform does not use sampler.popular_pool=20") == 1
    assert len(list(done.run.glob("results/*.json"))) == 2


@pytest.mark.slow
def test_a_launcher_of_hydra_runs_the_same_jobs(tmp_path: Path) -> None:
    tiny = [word for word in TINY if word != "trainer.epochs=2"]
    words = ["train", *tiny, "model=ease,mf", "trainer.learning_rate=0.01,0.1", "-m"]
    results: list[object] = []
    for launcher in ([], ["hydra/launcher=basic"]):
        folder = tmp_path / str(len(results))
        folder.mkdir()
        done = call(folder, *words, *launcher)
        assert done.code == 0, done.err
        found = [read_json(path) for path in sorted(done.run.glob("results/*.json"))]
        assert len(found) == 3
        results.append([(job["number"], job["overrides"], job["metrics"]["test"]) for job in found])
    assert results[0] == results[1]
