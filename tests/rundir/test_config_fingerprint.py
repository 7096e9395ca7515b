from __future__ import annotations

import json
from typing import Any

import pytest

from graphrec_cli.config.compose import compose_saved
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig, config_from_dict, config_to_dict
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.rundir.config_fingerprint import IGNORED_KEYS, MACHINE, RESUMABLE, config_sha256


@pytest.fixture(scope="module")
def saved() -> SavedConfig:
    components = {
        "dataset": "synthetic",
        "split": "leave_one_out",
        "model": "lightgcn",
        "sampler": "uniform",
        "loss": "bpr",
        "trainer": "trainer",
        "evaluation": "ranking",
    }
    config = RunConfig(**{group: SCHEMAS[group][name]() for group, name in components.items()})
    return SavedConfig(config, dict.fromkeys((*SCHEMAS, "experiment"), "some"))


def digest(saved: SavedConfig, *overrides: str, but: tuple[str, ...] = ()) -> str:
    return config_sha256(config_to_dict(compose_saved(saved, list(overrides))), but=but)


def test_the_order_of_keys_does_not_count(saved: SavedConfig) -> None:
    content = config_to_dict(saved)
    turned = {
        key: dict(reversed(value.items())) if isinstance(value, dict) else value
        for key, value in reversed(content.items())
    }
    assert list(turned) != list(content)
    assert config_sha256(turned, but=()) == config_sha256(content, but=())


@pytest.mark.slow
@pytest.mark.parametrize(
    "override",
    [
        "data_dir=elsewhere",
        "output_dir=elsewhere",
        "plots=false",
        "trainer.checkpoint_every=7",
        "trainer.checkpoint_minutes=7",
        "trainer.checkpoints_kept=7",
        "trainer.autoresume=true",
    ],
)
def test_what_no_figure_depends_on_does_not_count(override: str, saved: SavedConfig) -> None:
    assert override.partition("=")[0] in IGNORED_KEYS
    assert digest(saved, override) == digest(saved)


@pytest.mark.parametrize(
    "override",
    [
        "seed=3",
        "model.num_layers=1",
        "trainer.batch_size=7",
        "trainer.batch_size=null",
        "loss.l2=1",
    ],
)
def test_what_figures_depend_on_counts(override: str, saved: SavedConfig) -> None:
    assert digest(saved, override, but=RESUMABLE) != digest(saved, but=RESUMABLE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("override", "but"),
    [("device=cpu", MACHINE), ("num_threads=3", MACHINE), ("trainer.epochs=3", RESUMABLE)],
)
def test_further_keys_can_be_left_out(
    override: str, but: tuple[str, ...], saved: SavedConfig
) -> None:
    assert digest(saved, override, but=but) == digest(saved, but=but)
    assert digest(saved, override) != digest(saved)


def test_the_options_chosen_do_not_count_but_a_file_gives_the_digest_of_what_was_written(
    saved: SavedConfig,
) -> None:
    content: dict[str, Any] = config_to_dict(saved)
    again = json.loads(json.dumps(content))
    assert config_sha256(again, but=()) == config_sha256(content, but=())
    assert config_sha256(again | {"choices": {}}, but=()) == config_sha256(content, but=())
    read = config_from_dict(again, "here")
    assert config_sha256(config_to_dict(read), but=()) == config_sha256(content, but=())


@pytest.mark.parametrize(("group", "key"), [("trainer", "batch_size"), ("model", "init_std")])
def test_a_file_of_an_earlier_release_keeps_its_digest_and_its_keys(
    group: str, key: str, saved: SavedConfig
) -> None:
    content: dict[str, Any] = config_to_dict(saved)
    content[group] = {name: value for name, value in content[group].items() if name != key}
    read = config_from_dict(content, "here")
    assert config_to_dict(read) == content
    changed = compose_saved(read, ["seed=3"])
    assert key in config_to_dict(changed)[group]
