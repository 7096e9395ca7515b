"""Paths and other texts are taken whole; a comma separates them in a sweep alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import compose_run
from graphrec_cli.config.sweep import plan_sweep
from graphrec_cli.config.text_values import quote_text

names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1).filter(
    lambda name: name[0] not in "'\"[~" and "${" not in name and name not in ("null", "\\")
)


@pytest.mark.slow
@settings(max_examples=25)
@given(names)
@example("ratings (1).csv")
@example("rätings.csv")
@example("a=b.csv")
@example("my,ratings.csv")
@example("1e5")
@example("True")
@example("it's.csv")
@example("a\\b'c\\")
def test_any_path_is_taken_as_it_is(name: str) -> None:
    job = compose_run(sort_arguments(["dataset=table", f"dataset.path={name}"]))
    assert vars_of(job.config.dataset, "path") == name


def vars_of(config: object, name: str) -> object:
    return getattr(config, name)


def test_the_home_folder_and_null(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/ann")
    job = compose_run(sort_arguments(["data_dir=~/d", "cache_dir=null", "output_dir='a (1)'"]))
    assert (job.config.data_dir, job.config.cache_dir) == ("/ann/d", None)
    assert job.config.output_dir == "a (1)"
    assert quote_text("dataset.user=~/x", sweeps=False) == "dataset.user='~/x'"


def test_a_comma_separates_paths_in_a_sweep() -> None:
    words = ["dataset=table", "dataset.path=a (1).csv,ü.csv", "-m"]
    sweep = plan_sweep(sort_arguments(words))
    paths = [vars_of(config.dataset, "path") for config in sweep.configs]
    assert paths == ["a (1).csv", "ü.csv"]


@pytest.mark.parametrize("word", ["seed=1", "trainer.epochs=1e5", "evaluation.ks=[5]", "plots=no"])
def test_other_keys_are_left_to_hydra(word: str) -> None:
    assert quote_text(word, sweeps=False) == word


def test_a_plain_path_stays_as_it_was_typed() -> None:
    word = f"dataset.path={Path('a') / 'ratings.csv'}"
    assert quote_text(word, sweeps=False) == word
