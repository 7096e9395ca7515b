"""The words of trackers: ``logger=...`` and the keys below it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from builders import call
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.completion import complete_train
from graphrec_cli.config.keys import list_keys
from graphrec_cli.config.trackers import (
    NEEDS,
    NO_TRACKERS,
    Artifacts,
    LoggerConfig,
    Trackers,
    WandbMode,
    take_tracker_words,
)
from graphrec_cli.errors import ConfigError

PAGE = (Path(__file__).resolve().parents[2] / "docs/trackers.md").read_text("utf-8")


def trackers(*words: str) -> Trackers:
    """The trackers of words that have nothing else."""
    found, rest = take_tracker_words(words)
    assert rest == []
    return found


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("logger=tensorboard", ("tensorboard",)),
        ("logger=[tensorboard,mlflow]", ("tensorboard", "mlflow")),
        ("logger=mlflow,wandb", ("mlflow", "wandb")),
        ("logger='[wandb, mlflow]'", ("wandb", "mlflow")),
        ("+logger=wandb", ("wandb",)),
        ("logger=null", ()),
        ("logger=none", ()),
    ],
)
def test_one_or_several_are_named(word: str, names: tuple[str, ...]) -> None:
    assert trackers(word).names == names


def test_other_words_pass_in_their_order() -> None:
    words = ["seed=1", "logger=mlflow", "--config-dir", "logger", "logger.timeout=5", "a.logger=2"]
    found, rest = take_tracker_words(words)
    assert rest == ["seed=1", "--config-dir", "logger", "a.logger=2"]
    assert found.words == ("logger=mlflow", "logger.timeout=5")
    assert take_tracker_words(["seed=1"]) == (NO_TRACKERS, ["seed=1"])


def test_values_are_read_and_the_words_give_them_again() -> None:
    found = trackers(
        "logger=mlflow,wandb",
        "logger.artifacts=all",
        "logger.timeout=2.5",
        "logger.mlflow.uri=http://127.0.0.1:5000/x?y=1",
        "logger.mlflow.experiment=my books",
        "logger.wandb.mode=online",
        "logger.wandb.project=p",
        "logger.wandb.entity=e",
    )
    settings = found.settings
    assert (settings.artifacts, settings.timeout) == (Artifacts.all, 2.5)
    assert settings.mlflow.uri == "http://127.0.0.1:5000/x?y=1"
    assert settings.mlflow.experiment == "my books"
    wandb = settings.wandb
    assert (wandb.mode, wandb.project, wandb.entity) == (WandbMode.online, "p", "e")
    assert trackers(*found.words) == found


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("logger=tensorbord",), "logger has no option 'tensorbord'; did you mean 'tensorboard'?"),
        (("logger=",), "logger has no option ''"),
        (("logger=mlflow,mlflow",), "names a tracker twice"),
        (("logger=mlflow", "logger=wandb"), "logger is given twice"),
        (("logger=mlflow", "logger.mlflow.url=x"), "did you mean 'logger.mlflow.uri'?"),
        (("logger.mlflow.uri=sqlite:///x",), "has no effect without logger=mlflow"),
        (("logger=tensorboard", "logger.artifacts=all"), "without logger=mlflow or logger=wandb"),
        (("logger.timeout=3",), "has no effect without logger=tensorboard or"),
        (("logger=wandb", "logger.artifacts=al"), "must be one of none, small, all, got 'al'"),
        (("logger=wandb", "logger.wandb.mode=on"), "must be one of offline, online"),
        (("logger=wandb", "logger.wandb.project="), "logger.wandb.project must not be empty"),
        (("logger=wandb", "logger.timeout=nan"), "logger.timeout must lie between 0 and 86400"),
        (("logger=wandb", "logger.timeout=-1"), "logger.timeout must lie between 0"),
        (
            ("logger=wandb", "logger.timeout=x"),
            "a number of seconds, got 'x'",
        ),
        (("logger=mlflow", "logger.mlflow.uri=mlruns"), "must be an address such as http://HOST"),
    ],
)
def test_wrong_words_are_refused(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        take_tracker_words(words)
    assert message in str(refused.value)


SECRETS = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=4)
SCHEMES = st.sampled_from(["http", "https", "postgresql", "mysql+pymysql", "mssql"])


@given(SCHEMES, SECRETS, st.sampled_from(["{0}:{1}@host/db", ":{1}@host:5000", "{1}:{1}@h"]))
def test_an_address_with_a_password_is_refused_without_repeating_it(
    scheme: str, secret: str, form: str
) -> None:
    address = f"{scheme}://{form.format('user', f'<{secret}>')}"
    with pytest.raises(ConfigError) as refused:
        take_tracker_words(["logger=mlflow", f"logger.mlflow.uri={address}"])
    assert f"<{secret}>" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "https://dapi123secret@host",
        "https://host/?access_token=secret",
        "https://host/?apiKey=secret",
        "postgresql://host/db?password=secret",
    ],
)
def test_a_token_counts_as_a_password(address: str) -> None:
    with pytest.raises(ConfigError, match="env://NAME") as refused:
        take_tracker_words(["logger=mlflow", f"logger.mlflow.uri={address}"])
    assert "MLFLOW_TRACKING_PASSWORD" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_an_address_in_a_variable_needs_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, *NEEDS)
    found = trackers("logger=mlflow", "logger.mlflow.uri=env://MY_TRACKER")
    monkeypatch.delenv("MY_TRACKER", raising=False)
    with pytest.raises(ConfigError, match="env://MY_TRACKER: the variable is not set"):
        found.refuse_unusable()
    monkeypatch.setenv("MY_TRACKER", "http://user:secret@host")
    found.refuse_unusable()


def test_an_online_run_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, *NEEDS)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    trackers("logger=wandb").refuse_unusable()
    with pytest.raises(ConfigError, match="needs an API key in the variable WANDB_API_KEY"):
        trackers("logger=wandb", "logger.wandb.mode=online").refuse_unusable()


def installed(monkeypatch: pytest.MonkeyPatch, *extras: str) -> None:
    """Pretend that only these extras are installed."""
    real = importlib.util.find_spec
    modules = {module: extra for extra, modules in NEEDS.items() for module in modules}

    def find_spec(name: str, package: str | None = None) -> Any:
        if name not in modules:
            return real(name, package)
        return (
            importlib.util.spec_from_loader(name, None, origin="x")
            if (modules[name] in extras)
            else None
        )

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)


@pytest.mark.parametrize("name", NEEDS)
@pytest.mark.parametrize(
    "words",
    [
        ("train", "dataset=table", "dataset.path=missing.csv"),
        ("train", "-m", "seed=1,2", "dataset=table", "dataset.path=missing.csv"),
        ("train", "resume=missing"),
        ("reproduce", "missing"),
        ("ablate", "missing"),
    ],
)
def test_a_missing_extra_ends_the_command_before_any_data_is_read(
    name: str, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, *(other for other in NEEDS if other != name))
    done = call(tmp_path, *words, "logger=tensorboard,mlflow,wandb")
    assert done.code == 2
    assert f"pip install 'graphrec-cli[{name}]'" in done.err
    assert not list(tmp_path.iterdir())


def test_a_folder_of_that_name_is_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NEEDS, "wandb", ("some_folder_of_runs",))
    (tmp_path / "some_folder_of_runs").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert importlib.util.find_spec("some_folder_of_runs") is not None
    with pytest.raises(ConfigError, match=r"pip install 'graphrec-cli\[wandb\]'"):
        trackers("logger=wandb").refuse_unusable()


def test_words_of_a_train_command_are_accepted_where_nothing_is_followed(tmp_path: Path) -> None:
    word = "logger=mlflow"
    for command in (("plan",), ("data", "inspect"), ("train",)):
        done = call(tmp_path, *command, word, "--cfg", "job")
        assert done.code == 0, done.err
        assert "mlflow" not in done.out
        assert call(tmp_path, *command, "logger=mlfow", "--cfg", "job").code == 2
    assert call(tmp_path, "train", word, "model=mf", "--help").code == 0


def test_a_misspelt_logger_is_suggested(tmp_path: Path) -> None:
    done = call(tmp_path, "train", "loger=mlflow", "--cfg", "job")
    assert done.code == 2
    assert "did you mean 'logger'?" in done.err


def test_the_page_has_every_key_with_its_default() -> None:
    for key in list_keys(LoggerConfig, "logger"):
        assert f"| `{key.name}` | `{key.default}` |" in PAGE
    for name in NEEDS:
        assert f"`logger={name}`" in PAGE


def test_completion_offers_trackers_keys_and_values() -> None:
    assert complete_train("logger=", []) == [f"logger={name}" for name in sorted(NEEDS)]
    keys = sorted(f"{key.name}=" for key in list_keys(LoggerConfig, "logger"))
    assert complete_train("logger", []) == [*keys, "logger="]
    assert complete_train("logger.wandb.mode=", []) == [
        "logger.wandb.mode=offline",
        "logger.wandb.mode=online",
    ]
