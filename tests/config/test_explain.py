"""The error for a refused key: the key, the choices and where the key exists."""

from __future__ import annotations

import pytest
from omegaconf import DictConfig, OmegaConf

from graphrec_cli.config.explain import explain, refuse_unknown_keys
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.unknown import suggestion, unknown_key
from graphrec_cli.errors import ConfigError


def test_suggestion_is_the_nearest_or_nothing() -> None:
    assert suggestion("hardnegs", ["uniform", "hardneg"]) == "; did you mean 'hardneg'?"
    assert suggestion("zzz", ["uniform", "hardneg"]) == ""


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("trainer.epoch", "did you mean 'trainer.epochs'?"),
        ("sead", "did you mean 'seed'?"),
        ("epochs", "did you mean 'trainer.epochs'?"),
        ("trainer.seed", "did you mean 'seed'?"),
        ("sampler.popular_pool", "sampler=hardneg has it"),
        ("model.epochs", "did you mean 'trainer.epochs'?"),
    ],
)
def test_an_unknown_key_is_told_where_to_go(key: str, hint: str) -> None:
    line = str(unknown_key(key, ["hydra", "seed", "epochs", "name"]))
    assert line == f"unknown key '{key}'; {hint} " + (
        f"(keys of {key.rpartition('.')[0]}: seed, epochs)"
        if "." in key
        else "(keys: seed, epochs)"
    )


def test_a_key_near_nothing_gets_the_choices_alone() -> None:
    assert str(unknown_key("qqqq", ["seed"])) == "unknown key 'qqqq' (keys: seed)"


def test_appended_keys_are_found_at_every_depth() -> None:
    node = OmegaConf.structured(RunConfig)
    assert isinstance(node, DictConfig)
    refuse_unknown_keys(node)
    OmegaConf.set_struct(node, False)
    for key in ("extra", "trainer.extra", "dataset.k_core.extra"):
        changed = node.copy()
        OmegaConf.update(changed, key, 1, force_add=True)
        with pytest.raises(ConfigError, match=f"^unknown key '{key}'"):
            refuse_unknown_keys(changed)


def test_an_error_that_is_one_of_ours_stays_itself() -> None:
    error = ConfigError("a line")
    assert explain(error) is error


@pytest.mark.parametrize("text", ["first\nsecond", "HydraConfig was not set", ""])
def test_the_text_of_any_other_error_is_not_shown(text: str) -> None:
    message = str(explain(ValueError(text), ["seed=1", "x=2"]))
    assert message.startswith("the configuration cannot be composed from 'seed=1 x=2'; check")
