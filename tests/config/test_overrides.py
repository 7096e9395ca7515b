"""Values on top of a saved configuration: replaced and validated."""

from __future__ import annotations

import pytest

from graphrec_cli.config.compose import compose_saved
from graphrec_cli.config.dataset import SyntheticConfig
from graphrec_cli.config.evaluation import RankingConfig, Ties
from graphrec_cli.config.loss import BPRConfig
from graphrec_cli.config.model import LightGCNConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.sampler import UniformConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.split import LeaveOneOutConfig
from graphrec_cli.errors import ConfigError

GROUPS = ("dataset", "split", "model", "sampler", "loss", "trainer", "evaluation", "experiment")


def saved() -> SavedConfig:
    config = RunConfig(
        dataset=SyntheticConfig(),
        split=LeaveOneOutConfig(),
        model=LightGCNConfig(),
        sampler=UniformConfig(),
        loss=BPRConfig(),
        evaluation=RankingConfig(),
    )
    return SavedConfig(config, dict.fromkeys(GROUPS, "default"))


def test_a_value_of_a_list_is_set_by_its_position() -> None:
    config = compose_saved(saved(), ["evaluation.ks.0=5"]).config
    assert config.evaluation.ks == [5, 20, 50]


def test_values_are_replaced_and_the_rest_stays() -> None:
    before = saved()
    after = compose_saved(
        before, ["evaluation.ks=[5,100]", "evaluation.ties=pessimistic", "num_threads=3"]
    )
    assert isinstance(after.config.evaluation, RankingConfig)
    assert after.config.evaluation.ks == [5, 100]
    assert after.config.evaluation.ties is Ties.pessimistic
    assert after.config.num_threads == 3
    assert after.config.trainer == before.config.trainer
    assert after.choices == before.choices
    assert before == saved()
    assert compose_saved(before, []) == before


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("evaluation.kss=[5]", r"unknown key 'evaluation\.kss'"),
        ("evaluaton.ks=[5]", r"unknown key 'evaluaton'.*did you mean 'evaluation'"),
        ("evaluation.ks=[0]", r"evaluation\.ks must be"),
        ("evaluation.ks=5", r"evaluation\.ks"),
        ("evaluation.chunk_users=nan", r"evaluation\.chunk_users"),
        ("evaluation.ties=first", r"evaluation\.ties.*random, pessimistic, optimistic"),
        ("device=gpu", r"device.*auto, cpu, cuda"),
        ("seed=1,2", "has several values; sweep over them with -m"),
        ("~seed", "deletes a key"),
        ("seed", "has no '='"),
        (f"seed={'9' * 400}", "hundreds of digits"),
        ("plots=7", "plots must be true or false"),
        ("output_dir=${nope}", "output_dir"),
        ("model.name=mf", r"model"),
        (
            "evaluation.ks.x=5",
            r"^unknown key 'evaluation\.ks\.x'; write evaluation\.ks=\[A,B\] \(list of integers",
        ),
        ("+evaluation.ks.x=5", r"^unknown key 'evaluation\.ks\.x'; write"),
        ("evaluation.ks.0.x=5", r"^unknown key 'evaluation\.ks\.0\.x'; write"),
        ("expected.bands.x=1", r"^unknown key 'expected\.bands\.x'; write expected\.bands=\["),
        ("seed.x=1", r"^unknown key 'seed\.x'; write seed=VALUE \(integer, 0 to 2"),
        ("plots.x=1", r"^unknown key 'plots\.x'; write plots=VALUE \(true or false\)$"),
        ("data_dir.x=1", r"^unknown key 'data_dir\.x'; write data_dir=VALUE"),
        ("trainer.precision.x=1", r"write trainer\.precision=VALUE \(choice, fp32, bf16\)$"),
        ("trainer.epochs.x.y=1", r"^unknown key 'trainer\.epochs\.x\.y'; write trainer\.epochs="),
        ("dataset.prefilter.x=1", r"^unknown key 'dataset\.prefilter\.x' \(keys of"),
        ("dataset.path.x=1", r"^unknown key 'dataset\.path'; dataset=table has it"),
        ("model.x.y=1", r"^unknown key 'model\.x' \(keys of model"),
        ("resume.x=1", r"^unknown key 'resume' \(keys"),
    ],
)
def test_refused_in_one_line(word: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as refused:
        compose_saved(saved(), [word])
    assert "\n" not in str(refused.value)
