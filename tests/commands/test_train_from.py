"""``graphrec train --from RUN``: a new experiment from a saved configuration."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphrec_cli.config.saved_options import SAVED


@pytest.fixture
def train(full_size: Callable[..., Any]) -> Callable[..., Any]:
    """``train(words...)`` with only those words."""

    def command(*words: str) -> Any:
        return full_size("train", *words)

    return command


def config_of(run: Path) -> dict[str, Any]:
    content = json.loads((run / "config.json").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def changed(before: dict[str, Any], after: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The leaves of ``after`` that differ from ``before`` or are new."""
    found: dict[str, Any] = {}
    for key in before | after:
        old, new = before.get(key), after.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found |= changed(old, new, f"{prefix}{key}.")
        elif old != new:
            found[f"{prefix}{key}"] = new
    return found


def test_nothing_but_the_overrides_changes(trained: Any, train: Callable[..., Any]) -> None:
    done = train("--from", str(trained.run), "trainer.epochs=1", "plots=false")
    assert done.code == 0, done.err
    assert changed(config_of(trained.run), config_of(done.run)) == {
        "trainer.epochs": 1,
        "plots": False,
    }


@pytest.mark.slow
def test_the_same_again_gives_the_same_figures(trained: Any, train: Callable[..., Any]) -> None:
    done = train(f"--from={trained.run / 'config.json'}", "plots=false")
    ours, theirs = done.run / "metrics.json", trained.run / "metrics.json"
    assert ours.read_bytes() == theirs.read_bytes()


@pytest.mark.slow
def test_a_group_is_replaced_by_its_options_values_and_the_others_keep_theirs(
    trained: Any, train: Callable[..., Any]
) -> None:
    first = train(
        "--from", str(trained.run), "sampler=hardneg", "loss=bpr", "sampler.popular_pool=7"
    )
    assert first.code == 0, first.err
    saved = config_of(first.run)
    assert saved["choices"] == config_of(trained.run)["choices"] | {
        "sampler": "hardneg",
        "loss": "bpr",
    }
    assert saved["sampler"]["popular_pool"] == 7
    second = train("--from", str(first.run), "sampler=default", "loss=softmax")
    assert changed(config_of(trained.run), config_of(second.run)) == {}


@pytest.mark.slow
def test_a_sweep_over_values_and_groups(trained: Any, train: Callable[..., Any]) -> None:
    words = ("loss=bpr", "sampler=uniform,hardneg", "seed=1,2", "plots=false")
    done = train("-m", "--from", str(trained.run), *words)
    assert done.code == 0, done.err
    assert SAVED not in done.out
    configs = [config_of(path.parent) for path in done.folder.glob("outputs/*/*/config.json")]
    assert sorted((config["sampler"]["name"], config["seed"]) for config in configs) == [
        ("hardneg", 1),
        ("hardneg", 2),
        ("uniform", 1),
        ("uniform", 2),
    ]
    assert {config["trainer"]["epochs"] for config in configs} == {2}


def test_a_configuration_alone_suffices(
    trained: Any, train: Callable[..., Any], tmp_path: Path
) -> None:
    shutil.copy(trained.run / "config.json", tmp_path / "é paper.json")
    done = train("--from", "é paper.json", "model=popularity")
    assert (done.code, config_of(done.run)["choices"]["model"]) == (0, "popularity")


def test_latest_is_looked_for_in_output_dir_and_new_runs_go_there(
    trained: Any, train: Callable[..., Any], tmp_path: Path
) -> None:
    shutil.copytree(trained.run, tmp_path / "elsewhere" / "old")
    done = train("--from", "latest", "output_dir=elsewhere", "model=popularity")
    assert (done.code, done.run.parent) == (0, tmp_path / "elsewhere")


def test_where_a_saved_configuration_wrote_is_not_where_ours_goes(
    trained: Any, train: Callable[..., Any], tmp_path: Path
) -> None:
    content = config_of(trained.run) | {"output_dir": str(tmp_path / "trap")}
    (tmp_path / "saved.json").write_text(json.dumps(content))
    done = train("--from", "saved.json", "model=popularity")
    assert (done.code, done.run.parent) == (0, tmp_path / "outputs")
    assert not (tmp_path / "trap").exists()


def test_what_would_run_is_printed(trained: Any, train: Callable[..., Any]) -> None:
    done = train("--from", str(trained.run), "--cfg", "job")
    assert done.code == 0
    assert "num_users: 60" in done.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from"], "--from takes one run directory"),
        (["--from", "-m"], "--from takes one run directory"),
        (["--from", "RUN", "--from", "RUN"], "--from takes one run directory"),
        (["--from", "nothing"], "nothing is not a run directory"),
        (["--from", "RUN", "experiment=goodbooks_hardneg"], "would replace every value of"),
        (["--from", "RUN", "trainer.epoch=3"], "did you mean 'trainer.epochs'?"),
        (["--from", "RUN", "trainer.epochs=0"], "trainer.epochs must be"),
        (["--from", "RUN", "sampler=unifrom"], "did you mean 'uniform'? (options: default, h"),
        (["--from", "RUN", "sampler.popular_pool=3"], "unknown key 'sampler.popular_pool'"),
        (["--from", "RUN", "+mode=3"], "unknown key 'mode'"),
        (["--from", "RUN", "seed=1,2"], "sweep over them with -m"),
        (["--from", "RUN", "seed=1,-1", "-m"], "seed must lie between"),
        (["experiment=_saved_"], "experiment has no option '_saved_'"),
    ],
)
def test_wrong_usage(
    words: list[str], message: str, trained: Any, train: Callable[..., Any]
) -> None:
    done = train(*(str(trained.run) if word == "RUN" else word for word in words))
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert message in done.err
    assert SAVED not in done.err.replace("'_saved_'", "")
    assert list(done.folder.iterdir()) == []
