"""config.json is read back as written, and any other content is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec_cli.config.dataset import GoodBooksConfig, RemoteFileConfig, SyntheticConfig
from graphrec_cli.config.evaluation import ColdItems, MapDenominator, RankingConfig, Ties
from graphrec_cli.config.loss import BPRConfig, SoftmaxConfig
from graphrec_cli.config.model import (
    Init,
    LightGCNConfig,
    MatrixFactorizationConfig,
    PopularityConfig,
)
from graphrec_cli.config.run import Device, RunConfig
from graphrec_cli.config.sampler import HardNegativeConfig, PositivesBy, UniformConfig
from graphrec_cli.config.serialize import (
    SavedConfig,
    config_from_dict,
    config_to_dict,
    read_config,
    to_plain,
)
from graphrec_cli.config.split import LeaveOneOutConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.errors import ConfigError

GROUPS = ("dataset", "split", "model", "sampler", "loss", "trainer", "evaluation", "experiment")
CHOICES: dict[str, str | None] = dict.fromkeys(GROUPS, "some option") | {"experiment": None}

counts = st.integers(1, 10**9)
rates = st.floats(1e-300, 1e300)
folders = st.text(
    st.characters(exclude_characters="$", exclude_categories=["Cs"]), min_size=1
).filter(lambda text: text != "???")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "dataset.k_core.min_user_interactions": counts,
    "dataset.num_users": st.integers(10, 10_000),
    "dataset.popularity_exponent": st.floats(0, 3),
    "split.valid": st.integers(0, 1),
    "split.min_interactions": st.integers(2, 100),
    "model.embedding_dim": st.integers(1, 2**16),
    "model.init": st.sampled_from([member.name for member in Init]),
    "model.init_std": rates,
    "sampler.by": st.sampled_from([by.name for by in PositivesBy if by is not PositivesBy.weight]),
    "sampler.popular_probability": st.floats(0, 1),
    "sampler.popular_pool": st.none() | counts,
    "loss.l2": st.floats(0, 1e300),
    "trainer.learning_rate": rates,
    "trainer.valid_users": st.none() | counts,
    "trainer.monitor": st.sampled_from(["mrr", "ndcg@7", "recall@1000"]),
    "evaluation.ks": st.lists(counts, min_size=1, unique=True),
    "evaluation.mask_valid": st.booleans(),
    "evaluation.ties": st.sampled_from([member.name for member in Ties]),
    "evaluation.cold_items": st.sampled_from([member.name for member in ColdItems]),
    "evaluation.map_denominator": st.sampled_from([member.name for member in MapDenominator]),
    "seed": st.integers(0, 2**63 - 1),
    "device": st.sampled_from([member.name for member in Device]),
    "num_threads": st.none() | st.integers(1, 1024),
    "data_dir": folders,
    "output_dir": folders,
    "plots": st.booleans(),
    "choices.sampler": st.none() | st.text(),
}


def plain() -> dict[str, Any]:
    """The content of a config.json with default values."""
    config = RunConfig(
        dataset=SyntheticConfig(),
        split=LeaveOneOutConfig(),
        model=LightGCNConfig(),
        sampler=HardNegativeConfig(),
        loss=BPRConfig(),
        evaluation=RankingConfig(),
    )
    content = json.loads(json.dumps(config_to_dict(SavedConfig(config, CHOICES))))
    assert isinstance(content, dict)
    return content


def changed(key: str, value: object, content: dict[str, Any] | None = None) -> dict[str, Any]:
    content = plain() if content is None else content
    *groups, name = key.split(".")
    node = content
    for group in groups:
        node = node[group]
    node[name] = value
    return content


@pytest.mark.slow
@settings(max_examples=15)
@given(st.fixed_dictionaries(VALUES))
def test_written_and_read_again_it_is_the_same(values: dict[str, Any]) -> None:
    content = plain()
    for key, value in values.items():
        changed(key, value, content)
    saved = config_from_dict(content, "config.json")
    text = json.dumps(config_to_dict(saved), allow_nan=False)
    assert json.loads(text) == content
    assert config_from_dict(json.loads(text), "config.json") == saved


@pytest.mark.parametrize(
    ("group", "component"),
    [
        ("model", PopularityConfig()),
        ("model", MatrixFactorizationConfig(embedding_dim=3)),
        ("sampler", UniformConfig(by=PositivesBy.interaction)),
        (
            "dataset",
            GoodBooksConfig(
                ratings=RemoteFileConfig(url="http://localhost/a", sha256="0" * 64, size=5),
                to_read=RemoteFileConfig(url="http://localhost/b"),
                signals=["to_read"],
            ),
        ),
    ],
)
def test_each_component_comes_back_as_its_own_class(group: str, component: object) -> None:
    saved = config_from_dict(changed(group, to_plain(component)), "config.json")
    assert getattr(saved.config, group) == component
    assert type(getattr(saved.config, group)) is type(component)


def test_a_file_from_before_a_key_was_known_has_its_default() -> None:
    content = plain()
    del content["cache_dir"]
    saved = config_from_dict(content, "config.json")
    assert saved.config.cache_dir is None
    assert config_from_dict(changed("cache_dir", "x"), "config.json").config.cache_dir == "x"


@pytest.mark.parametrize(
    ("group", "component", "key", "meant"),
    [
        ("loss", SoftmaxConfig(), "positive_in_denominator", True),
        ("loss", SoftmaxConfig(), "log_q_power", 1.0),
        ("loss", SoftmaxConfig(log_q=False), "log_q_power", None),
        ("trainer", TrainerConfig(), "min_steps_per_epoch", None),
        ("evaluation", RankingConfig(), "floor", None),
    ],
)
def test_a_missing_key_means_what_the_release_without_it_did(
    group: str, component: object, key: str, meant: object
) -> None:
    values = to_plain(component)
    assert (values.pop(key) != meant) or not values.get("log_q", True)
    saved = config_from_dict(changed(group, values), "config.json")
    assert getattr(getattr(saved.config, group), key) == meant
    assert saved.absent == {f"{group}.{key}"}


def test_it_starts_with_the_version_and_the_choices() -> None:
    content = plain()
    assert list(content)[:2] == ["schema_version", "choices"]
    assert set(GROUPS) - {"experiment"} < set(content)
    assert content["device"] == "auto"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("schema_version", 2, "schema_version is 2"),
        ("schema_version", None, "schema_version is None"),
        ("schema_version", True, "schema_version is True"),
        ("schema_version", "1", "schema_version is '1'"),
        ("choices", None, "choices"),
        ("choices.extra", "x", "choices"),
        ("choices.dataset", 5, r"choices\.dataset"),
        ("extra", 1, "unknown key 'extra'"),
        ("_target_", "os.system", "unknown key '_target_'"),
        ("trainer.extra", 1, r"unknown key 'trainer\.extra'"),
        ("trainer._target_", "os.system", r"unknown key 'trainer\._target_'"),
        ("dataset.k_core.extra", 1, r"unknown key 'dataset\.k_core\.extra'"),
        ("model.name", "lightgnc", "did you mean 'lightgcn'"),
        ("model.name", "os.system", "unknown"),
        ("model.name", ["lightgcn"], "unknown"),
        ("model.name", None, "unknown"),
        ("model", None, "group model"),
        ("model", "lightgcn", "group model"),
        ("trainer.epochs", "5", r"trainer\.epochs"),
        ("trainer.epochs", 2.0, r"trainer\.epochs"),
        ("trainer.epochs", True, r"trainer\.epochs"),
        ("trainer.epochs", None, r"trainer\.epochs"),
        ("trainer.epochs", 0, r"trainer\.epochs"),
        ("trainer.epochs", "???", r"trainer\.epochs"),
        ("trainer.learning_rate", "1e-3", r"trainer\.learning_rate"),
        ("trainer.learning_rate", float("nan"), r"trainer\.learning_rate"),
        ("trainer.learning_rate", 10**400, "too large for a number"),
        ("trainer.monitor", "${oc.env:HOME}", "interpolation"),
        ("output_dir", "${oc.env:HOME}", "interpolation"),
        ("output_dir", 5, "output_dir"),
        ("plots", 1, "plots"),
        ("plots", "yes", "plots"),
        ("seed", -1, "seed"),
        ("device", "Device.cpu", "device"),
        ("device", "tpu", "device"),
        ("evaluation.ks", 5, r"evaluation\.ks"),
        ("evaluation.ks", ["5"], r"evaluation\.ks"),
        ("evaluation.ks", ["${seed}"], "interpolation"),
        ("evaluation.ks", [True, 5], r"evaluation\.ks"),
        ("dataset.k_core", 5, "must be an object with the keys mode, min_user"),
        ("trainer.monitor", "ndcg@x", r"trainer\.monitor must be"),
        ("trainer.monitor", "ndcg@010", r"trainer\.monitor must be"),
        ("trainer.monitor", "gain@10", r"trainer\.monitor must be"),
    ],
)
def test_hostile_content_is_refused_in_one_line(key: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^config.json: .*{message}") as refused:
        config_from_dict(changed(key, value), "config.json")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [None, [], "text", 5, {}, {"schema_version": 1}])
def test_content_of_another_shape_is_refused(content: object) -> None:
    with pytest.raises(ConfigError, match=r"^config.json: "):
        config_from_dict(content, "config.json")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"seed": ' + b"9" * 5000 + b"}"],
)
def test_a_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"config\.json") as refused:
        read_config(path)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_named_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read_config(tmp_path / "config.json")
    assert str(refused.value).count("config.json") == 1
