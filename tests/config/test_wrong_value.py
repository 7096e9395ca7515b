"""Values of a wrong type: the key, what it accepts, and what was given, in our own words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import compose_run
from graphrec_cli.config.keys import list_keys
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.errors import ConfigError

FOREIGN = ("Config", "OmegaConf", "Hydra", "hydra", "Node", "override", "Optional", "of type")
KEYS = [key.name for key in list_keys(RunConfig, "")] + [
    key.name
    for group, schemas in SCHEMAS.items()
    for key in list_keys(next(iter(schemas.values())), group)
]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("evaluation.ks=5", r"a list of integers, .*got '5'; write evaluation\.ks=\[5\]$"),
        ("evaluation.ks=null", r"a list of integers, .*got 'null'$"),
        ("evaluation.ks=[a]", r"^evaluation\.ks must be a list of integers"),
        ("evaluation.ks={a:1}", r"^evaluation\.ks must be a list of integers"),
        ("dataset.k_core=5", r"is a group of keys and takes no value, got '5'; set dataset\.k_co"),
        ("trainer.epochs=abc", r"^trainer\.epochs must be an integer, at least 1, got 'abc'$"),
        ("trainer.patience=x", r"^trainer\.patience must be an integer, at least 1 or null"),
        ("device=gpu", r"^device must be one of auto, cpu, cuda, got 'gpu'$"),
        ("device=cuda:1", r"got 'cuda:1'; for that card set .* CUDA_VISIBLE_DEVICES=1 and write "),
        ("device=mps", r"got 'mps'; torch has no sparse products on mps, so write device=cpu$"),
        ("model.num_layers=null", r"^model\.num_layers must be an integer, .*got 'null'$"),
        ("seed=", r"^seed must be an integer"),
        ("seed=1,2", r"^'seed=1,2' has several values; sweep over them with -m"),
        ("output_dir=${foo}", r"^output_dir has an interpolation '\$\{\.\.\.\}' that cannot"),
        ("dataset=ratings.csv", r"write dataset=table dataset\.path=ratings\.csv$"),
        ("ratings.csv", r"write dataset=table dataset\.path=ratings\.csv$"),
    ],
)
def test_the_key_and_what_it_accepts(word: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compose_run(sort_arguments([word]))


@pytest.mark.parametrize(
    ("flag", "hint"),
    [("--lr", "trainer.learning_rate=VALUE"), ("--seed", "seed=VALUE"), ("--form", "'--from'")],
)
def test_a_flag_that_is_a_key(flag: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=f"^unknown flag '{flag}'.*{hint}.*--from"):
        sort_arguments([flag])


@pytest.mark.slow
@settings(max_examples=60)
@given(
    st.sampled_from(sorted({key for key in KEYS if key})),
    st.sampled_from(["5", "x", "null", "[1,a]", "{a:1}", "1.5", "true", "'", "range(", "a:b", ""]),
)
def test_no_text_of_a_library_reaches_the_user(key: str, value: str) -> None:
    try:
        compose_run(sort_arguments([f"{key}={value}"]))
    except ConfigError as error:
        message = str(error).partition("quote a value with special")[0]
        assert not [word for word in FOREIGN if word in message], message
