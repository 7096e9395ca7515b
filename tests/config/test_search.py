"""Settings and space of a search: what is read, what is refused, and what trials may have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.search import SearchConfig, search_from_dict
from graphrec_cli.config.search_space import Choice, Dimension, Numbers, Values, read_space
from graphrec_cli.config.search_words import take_search
from graphrec_cli.config.trial_words import TrialWords
from graphrec_cli.errors import ConfigError

OPTUNA = "hydra/sweeper=graphrec_optuna"
RATE = "trainer.learning_rate=tag(log,interval(0.001,0.1))"


def search(*words: str) -> SearchConfig:
    return take_search(sort_arguments(["-m", OPTUNA, *words]))[0]


@pytest.mark.parametrize(
    ("word", "values"),
    [
        (RATE, Numbers(0.001, 0.1, whole=False, log=True)),
        ("loss.temperature=interval(0.1,1)", Numbers(0.1, 1.0, whole=False)),
        ("model.embedding_dim=int(interval(8,64))", Numbers(8, 64, whole=True)),
        ("model.embedding_dim=range(8,65,8)", Numbers(8, 64, whole=True, step=8)),
        ("model.num_layers=range(1,4)", Numbers(1, 3, whole=True)),
        ("model.num_layers=1,3", Choice(["1", "3"])),
        ("sampler=uniform,hardneg", Choice(["uniform", "hardneg"])),
        ("trainer.patience=null,5", Choice(["null", "5"])),
    ],
)
def test_swept_words_are_keys_of_the_space(word: str, values: Values) -> None:
    (dimension,) = search(word).space
    assert dimension == Dimension(word.partition("=")[0], values)


def test_an_option_file_has_a_space_with_conditions(tmp_path: Path) -> None:
    (tmp_path / "hydra" / "sweeper").mkdir(parents=True)
    (tmp_path / "hydra" / "sweeper" / "mine.yaml").write_text(
        "defaults:\n  - graphrec_optuna\n\ntrials: 7\npruner: hyperband\nspace:\n"
        "  loss:\n    choice: [bpr, softmax]\n"
        "  loss.temperature:\n    float: [0.05, 0.5]\n    log: true\n    when:\n"
        "      loss: softmax\n",
        encoding="utf-8",
    )
    words = ["-m", "--config-dir", str(tmp_path), "hydra/sweeper=mine", "model.num_layers=1,2"]
    found, base = take_search(sort_arguments([*words, "seed=3"]))
    assert (found.trials, found.pruner.name) == (7, "hyperband")
    assert [dimension.key for dimension in found.space] == [
        "model.num_layers",
        "loss",
        "loss.temperature",
    ]
    last = found.space[-1]
    assert last.applies({"loss": "softmax"})
    assert not last.applies({"loss": "bpr"})
    assert base.overrides == ["hydra/sweeper=mine", "seed=3"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "nothing to search over"),
        (("hydra.sweeper.trials=0", RATE), "hydra.sweeper.trials must be a whole number from 1"),
        (("hydra.sweeper.trails=3", RATE), "did you mean 'hydra.sweeper.trials'?"),
        (("hydra.sweeper.pruner=medain", RATE), "must be one of none, median, hyperband"),
        (("hydra.sweeper.storage=mydb", RATE), "must be an address such as postgresql://"),
        (
            ("hydra.sweeper.storage=postgresql://host/db", RATE),
            "needs a name for the study: hydra.sweeper.study=NAME",
        ),
        (("model.num_layers=glob(*)",), "has no values to search over"),
        (("trainer.learning_rate=interval(0.1,0.01)",), "must go from a number to a larger one"),
        (("trainer.learning_rate=tag(log,interval(0,1))",), "log needs numbers above 0"),
    ],
)
def test_wrong_settings_are_refused(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        search(*words)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://user:secret@host/db",
        "postgresql+psycopg://user:secret@host:5432/db",
        "mysql://:secret@host/db",
        "postgresql://host/db?password=secret",
        "postgresql://user:se/secret@host/db",
        "postgresql://host/db?sslPassword=secret",
        "mssql://host/db?odbc_connect=PWD%3Dsecret",
    ],
)
def test_an_address_with_a_password_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(ConfigError) as refused:
        search_from_dict({"storage": address, "study": "s"}, "hydra.sweeper")
    assert "PGPASSWORD" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ([0.1, 1], "space.key must be such as {float: [0.001, 0.1], log: true}"),
        ({"flaot": [0, 1]}, "unknown key 'flaot'; did you mean 'float'?"),
        ({"float": [0, 1], "int": [0, 1]}, "needs one of int, float and choice"),
        ({"float": [0]}, "space.key.float must be [LOWEST, HIGHEST]"),
        ({"int": [0, 1.5]}, "must be of whole numbers"),
        ({"float": [0, float("nan")]}, "must go from a number to a larger one"),
        ({"int": [1, 5], "step": 9}, "step must be above 0 and fit the range, got 9"),
        ({"choice": [1]}, "must be a list of at least two values"),
        ({"choice": [1, 2], "log": True}, "log and step are for int and float"),
        ({"int": [1, 2], "when": {"other": 1}}, "'other' is not a choice above it in the space"),
    ],
)
def test_wrong_ranges_are_refused(entry: Any, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_space({"key": entry}, "space")
    assert message in str(refused.value)


def test_a_condition_on_a_value_that_is_never_drawn_is_refused() -> None:
    space = {"loss": {"choice": ["bpr", "softmax"]}}
    with pytest.raises(ConfigError, match="must be one of bpr, softmax, got 'mse'"):
        read_space(space | {"x": {"int": [1, 2], "when": {"loss": "mse"}}}, "space")


RANGES = st.one_of(
    st.tuples(st.integers(-50, 50), st.integers(1, 90)).map(
        lambda pair: {"int": [pair[0], sum(pair)], "log": False}
    ),
    st.tuples(st.floats(-5, 5), st.floats(0.5, 9)).map(
        lambda pair: {"float": [pair[0], sum(pair)], "log": False}
    ),
    st.lists(st.sampled_from(["a", "1", "null", "true"]), min_size=2, unique=True).map(
        lambda values: {"choice": values}
    ),
)


@given(st.dictionaries(st.sampled_from(["a", "b.c", "d"]), RANGES))
def test_sweep_json_holds_the_space_exactly(space: dict[str, Any]) -> None:
    found = search_from_dict({"space": space}, "hydra.sweeper")
    assert search_from_dict(found.to_dict(), "sweep.json") == found


@given(st.integers(1, 9), st.integers(1, 5), st.integers(0, 60))
def test_a_given_number_is_in_the_space_exactly_if_it_can_be_drawn(
    low: int, step: int, value: int
) -> None:
    high = low + 4 * step
    values = Numbers(low, high, whole=True, step=step)
    drawn = range(low, high + 1, step)
    expected = str(value) if value in drawn else None
    assert Dimension("key", values).spell_given(value) == expected


def trial_words(*words: str) -> TrialWords:
    found, base = take_search(sort_arguments(["-m", OPTUNA, *words]))
    return TrialWords(base, None, found.space)


def test_the_given_values_are_those_of_the_configuration() -> None:
    words = ("model.num_layers=1,2,3", RATE, "loss=bpr,softmax", "trainer.batch_size=64,128")
    given_values = trial_words(*words).given_values()
    assert given_values["model.num_layers"] == "2"
    assert given_values["trainer.learning_rate"] == "0.002"
    assert given_values["loss"] == "softmax"
    assert "trainer.batch_size" not in given_values  # its default lies outside


def test_a_trial_leaves_out_words_of_components_that_it_does_not_have() -> None:
    trials = trial_words("loss=bpr,softmax", "loss.temperature=0.2")
    assert "loss.temperature=0.2" in trials.fit({"loss": "softmax"}).kept
    assert trials.fit({"loss": "bpr"}).kept == ["loss=bpr"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("model.embedding_dim=0,8",), "model.embedding_dim must lie between 1"),
        (("model.num_layrs=1,2",), "did you mean 'model.num_layers'?"),
        (("loss.temperature=interval(0.1,0.5)", "loss=bpr"), "loss.temperature"),
        (("seed=1,2",), "a search compares runs on the same data, split, seed and metric"),
        (("split.min_interactions=3,9",), "sweep over it instead, without hydra/sweeper"),
        (("trainer.monitor=mrr,ndcg@10",), "sweep over it instead"),
        (("cache_dir=/tmp/a,/tmp/b",), "sweep over it instead"),
        (("num_threads=1,2",), "sweep over it instead"),
        (("dataset.num_users=50,60",), "sweep over it instead"),
    ],
)
def test_a_space_that_no_trial_can_use_is_refused(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        trial_words(*words).check_space()
    assert message in str(refused.value)
