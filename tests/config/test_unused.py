"""Words that the chosen components do not use are refused; saved values are named."""

from __future__ import annotations

import pytest

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import Job, compose_run
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.sweep import plan_sweep
from graphrec_cli.config.unused import describe_unused
from graphrec_cli.errors import ConfigError


def job(*words: str) -> Job:
    return compose_run(sort_arguments(words))


OWN_FILES = ("dataset.path=a.csv", "dataset.test_path=b.csv")


@pytest.mark.parametrize("model", ["popularity", "itemknn", "ease", "gfcf", "chebycf"])
@pytest.mark.parametrize(
    "word", ["sampler=hardneg", "sampler.by=user", "loss.temperature=1", "trainer=default"]
)
def test_a_model_that_is_not_trained_refuses_words_of_training(model: str, word: str) -> None:
    with pytest.raises(ConfigError, match=f"^{word} has no effect: model={model} is computed"):
        job(f"model={model}", word)


def test_all_words_of_one_reason_are_named() -> None:
    words = ("sampler=hardneg", "trainer.learning_rate=0.5", "loss.l2=1")
    with pytest.raises(ConfigError, match=rf"^{' '.join(words)} have no effect: .*; remove them$"):
        job("model=ease", *words)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("model.init_std=0.5",), "^model.init_std=0.5 has no effect: model.init=xavier"),
        (("split.valid=0", "trainer.patience=3"), "has no valid part"),
        (("split.test=0", "split.valid=0", "split.by=time"), "holds nothing out; remove it$"),
        (
            ("split=ratio", "split.test_ratio=0", "split.valid_ratio=0", "split.scope=all"),
            "^split.scope=all has no effect: split.test_ratio=0 split.valid_ratio=0 holds nothing",
        ),
        (
            ("split=global_time", "split.test_from=2020-01-01", "split.test_ratio=0.1"),
            "^split.test_ratio=0.1 has no effect: split.test_from=2020-01-01 sets the test part",
        ),
        (
            ("split=global_time", "split.valid_from=2020-01-01", "split.valid_ratio=0"),
            "^split.valid_ratio=0 has no effect: split.valid_from=2020-01-01 sets the valid part",
        ),
        (("split.by=rating", "split.seed=3"), "^split.seed=3 has no effect: split.by=rating draws"),
        (("split.by=rating", "split.seed=3", "model=ease"), "^split.seed=3 has no effect"),
        (("split=ratio", "split.valid_ratio=0", "trainer.valid_users=9"), "has no valid part"),
        (
            ("dataset=table", "dataset.path=a.csv", "dataset.weight=plays"),
            "^dataset.weight=plays has no effect: sampler.by=interaction does not use weights",
        ),
        (
            ("dataset=table", "dataset.path=a.csv", "dataset.weight=plays", "model=ease"),
            "^dataset.weight=plays has no effect: model=ease is computed",
        ),
        (
            ("dataset=table", *OWN_FILES, "split=predefined", "trainer.patience=3"),
            "split=predefined has no valid part",
        ),
        (
            ("sampler=hardneg", "sampler.popular_probability=0", "sampler.popular_pool=9"),
            "^sampler.popular_pool=9 has no effect",
        ),
    ],
)
def test_a_key_that_other_values_switch_off(words: tuple[str, ...], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        job(*words)


def test_words_that_count_without_training_are_accepted() -> None:
    config = job("model=ease", "trainer.monitor=ndcg@20", "trainer.valid_users=7").config
    assert config.trainer.valid_users == 7
    assert job("model=ease", "trainer=goodbooks").config.trainer.valid_users == 5000
    assert job("model.init=normal", "model.init_std=0.5").config.trainer.patience is None
    assert job("split.valid=0", "trainer.patience=null").config.trainer.patience is None


def test_values_of_an_experiment_or_a_saved_run_are_named_and_accepted() -> None:
    trained = job("experiment=goodbooks_hardneg", "trainer.epochs=7")
    for solved in (
        job("experiment=goodbooks_hardneg", "model=ease"),
        compose_run(sort_arguments(["model=ease"]), SavedConfig(trained.config, trained.choices)),
    ):
        (line,) = describe_unused(solved.config)
        assert line.startswith("model=ease is computed in one step")
        assert "sampler=hardneg" in line
        assert "trainer.steps_per_epoch=300" in line
    assert describe_unused(job("model=ease").config) == []
    assert describe_unused(job().config) == []


@pytest.mark.slow
def test_a_sweep_over_models_leaves_out_what_does_not_apply() -> None:
    swept = ["model=ease,lightgcn", "trainer.learning_rate=0.01,0.02", "model.num_layers=1,2"]
    sweep = plan_sweep(sort_arguments([*swept, "trainer.epochs=2", "-m"]))
    rates = [["trainer.learning_rate=0.01"], ["trainer.learning_rate=0.02"]]
    trained = [
        ["model=lightgcn", *rate, f"model.num_layers={layers}", "trainer.epochs=2"]
        for rate in rates
        for layers in (1, 2)
    ]
    assert sweep.jobs == [["model=ease"], *trained]
    assert sweep.floors == [None, 1, 1, 1, 1]
    assert sweep.values[1] == {"model": "lightgcn", "learning_rate": "0.01", "num_layers": "1"}
    assert (
        sweep.skipped[0]
        == "model=ease does not use trainer.learning_rate, model.num_layers, trainer.epochs"
    )


def test_a_word_that_no_job_of_a_sweep_uses_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^trainer\.epochs=3 has no effect"):
        plan_sweep(sort_arguments(["model=ease,popularity", "trainer.epochs=3", "-m"]))
    with pytest.raises(ConfigError, match=r"^unknown key 'model\.num_layers'"):
        plan_sweep(sort_arguments(["model=ease,popularity", "model.num_layers=3", "-m"]))
