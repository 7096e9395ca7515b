"""Advice about a key of another component, and about a start of an option file, leads to a run."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import Job, compose_run
from graphrec_cli.config.options import group_options, read_option
from graphrec_cli.config.other_component import option_of
from graphrec_cli.config.own_options import check_own_options
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.errors import ConfigError

EXPERIMENT = "# @package _global_\n"


def compose(*words: str, saved: SavedConfig | None = None) -> Job:
    return compose_run(sort_arguments(words), saved)


def refusal(*words: str, saved: SavedConfig | None = None) -> str:
    with pytest.raises(ConfigError) as refused:
        compose(*words, saved=saved)
    return str(refused.value)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of options with an experiment that chooses the loss."""
    for group in (*SCHEMAS, "experiment"):
        (tmp_path / group).mkdir()
    text = f"{EXPERIMENT}defaults:\n  - override /loss: softmax\n"
    (tmp_path / "experiment" / "fixed.yaml").write_text(text)
    return tmp_path


def advised(message: str) -> list[str]:
    """The words that the message advises."""
    (hint,) = re.findall(r"; (.*) has it(.*?) \(keys of", message)
    return re.findall(r"\w+=\w+", " ".join(hint))


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("loss=softmax",),
        ("loss=bpr",),
        ("sampler=uniform",),
        ("sampler=default", "loss=softmax"),
        ("experiment=fixed",),
        ("experiment=movielens_100k",),
        ("experiment=gowalla_fast",),
    ],
)
def test_words_that_give_a_run_the_key_of_another_sampler(
    own: Path, words: tuple[str, ...]
) -> None:
    config_dir, key = ("--config-dir", str(own)), "sampler.popular_pool=9"
    advice = advised(refusal(*config_dir, *words, key))
    others = [word for word in words if word.partition("=")[0] not in ("sampler", "loss")]
    job = compose(*config_dir, *others, *advice, key)
    assert (job.config.sampler.name, job.config.loss.name) == ("hardneg", "bpr")


def test_words_that_give_a_saved_run_the_key_of_another_sampler() -> None:
    trained = compose("loss=softmax")
    saved = SavedConfig(trained.config, trained.choices)
    advice = advised(refusal("sampler.popular_pool=9", saved=saved))
    assert advice == ["sampler=hardneg", "loss=bpr"]
    assert compose(*advice, "sampler.popular_pool=9", saved=saved).config.loss.name == "bpr"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("model=ease", "sampler.popular_pool=9"), "but model=ease does not use it"),
        (("model=ease", "loss.l2=1"), "but model=ease does not use it"),
        (
            ("model=lightgcn_rating", "loss=mse", "sampler.popular_pool=9"),
            "but model=lightgcn_rating does not use it",
        ),
        (("dataset.rating_threshold=3",), "; dataset=goodbooks or dataset=movielens_100k or "),
    ],
)
def test_no_component_is_advised_that_the_model_cannot_use(
    words: tuple[str, ...], hint: str
) -> None:
    assert hint in refusal(*words)


@pytest.mark.parametrize("group", SCHEMAS)
def test_every_component_has_an_option_to_advise(group: str) -> None:
    for component in SCHEMAS[group]:
        option = option_of(group, component)
        assert option in group_options(group, None)
        assert read_option(group, option, None).component == component


def test_lines_that_give_an_experiment_file_the_key_of_another_sampler(own: Path) -> None:
    path = own / "experiment" / "mine.yaml"
    body = "sampler:\n  popular_pool: 9\n"
    path.write_text(f"{EXPERIMENT}defaults:\n  - override /loss: softmax\n{body}")
    message = refusal("--config-dir", str(own), "experiment=mine")
    lines = re.findall(r"'(override /\w+: \w+)'", message)
    assert lines == ["override /sampler: hardneg", "override /loss: bpr"]
    defaults = "".join(f"  - {line}\n" for line in lines)
    path.write_text(f"{EXPERIMENT}defaults:\n{defaults}{body}")
    config = compose("--config-dir", str(own), "experiment=mine").config
    assert (config.sampler.name, config.loss.name) == ("hardneg", "bpr")
    path.write_text(f"{EXPERIMENT}defaults:\n  - override /model: ease\n{body}")
    message = refusal("--config-dir", str(own), "experiment=mine")
    assert "sampler=hardneg has it, but model=ease does not use it" in message


@pytest.mark.parametrize("group", [group for group in SCHEMAS if len(SCHEMAS[group]) > 1])
def test_a_start_that_gives_an_option_file_the_key(own: Path, group: str) -> None:
    path = own / group / "mine.yaml"
    names = list(SCHEMAS[group])
    known = {name: {field.name for field in fields(SCHEMAS[group][name])} for name in names}
    for start, other in zip(names, [*names[1:], names[0]], strict=True):
        for key in sorted(known[other] - known[start] - {"archive"})[:1]:
            text = "defaults:\n  - {}\n\n" + key + ": ${{seed}}\n"
            path.write_text(text.format(f"/schema/{group}/{start}@_here_"))
            message = refusal("--config-dir", str(own), f"{group}=mine")
            assert f"mine.yaml, line 4: unknown key '{group}.{key}'; to have it, start" in message
            for advice in re.findall(r"/schema/\w+/\w+@_here_", message):
                path.write_text(text.format(advice))
                assert check_own_options([f"{group}=mine"], str(own)).keys() == {f"{group}.{key}"}


@pytest.mark.parametrize("group", SCHEMAS)
@pytest.mark.parametrize(
    "form", ["/schema/{group}/{option}@_here_", "{option}", "/{group}/{option}"]
)
def test_an_option_as_a_start_is_told_how_it_is_written(own: Path, group: str, form: str) -> None:
    for option in set(group_options(group, None)) - SCHEMAS[group].keys():
        text = "defaults:\n  - {}\n"
        path = own / group / "mine.yaml"
        path.write_text(text.format(form.format(group=group, option=option)))
        message = refusal("--config-dir", str(own), f"{group}=mine")
        assert f"; did you mean '{option}@_here_'?" in message
        path.write_text(text.format(f"{option}@_here_"))
        wanted = read_option(group, option, None)
        assert read_option(group, "mine", str(own)) == wanted
