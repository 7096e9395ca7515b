"""Composition of a command line, and the check of a sweep before it starts."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import Job, compose_run
from graphrec_cli.config.evaluation import RankingConfig
from graphrec_cli.config.hydra_app import print_config, run_sweep
from graphrec_cli.config.sampler import HardNegativeConfig, UniformConfig
from graphrec_cli.config.serialize import SavedConfig, config_from_dict, config_to_dict
from graphrec_cli.config.sweep import plan_sweep
from graphrec_cli.errors import ConfigError, DataError


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def jobs(*words: str) -> list[Job]:
    arguments = sort_arguments(words)
    if arguments.trains:
        return [compose_run(arguments)]
    print_config(arguments)
    return []


def test_the_default_run() -> None:
    (job,) = jobs()
    assert job.config.seed == 42
    assert job.config.data_dir == "data"
    assert job.config.model.name == "lightgcn"
    assert job.choices["dataset"] == "synthetic"
    assert job.choices["experiment"] is None
    assert config_from_dict(config_to_dict(SavedConfig(job.config, job.choices)), "x") == (
        SavedConfig(job.config, job.choices)
    )


def test_help_that_python_3_14_refuses_does_not_reach_argparse(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add_argument = argparse.ArgumentParser.add_argument

    def strict(self: argparse.ArgumentParser, *flags: str, **options: Any) -> argparse.Action:
        assert "%" not in (options.get("help") or "")  # a TypeError if it is not text
        return add_argument(self, *flags, **options)

    monkeypatch.setattr(argparse.ArgumentParser, "add_argument", strict)
    assert jobs("--cfg", "job") == []
    assert "trainer:" in capsys.readouterr().out
    assert argparse.ArgumentParser.add_argument is strict


def test_the_environment_names_the_data_and_the_command_line_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GRAPHREC_DATA", "/from/environment")
    assert jobs()[0].config.data_dir == "/from/environment"
    assert jobs("data_dir=/from/words")[0].config.data_dir == "/from/words"


@pytest.mark.parametrize("order", [1, -1])
def test_an_experiment_selects_and_words_beat_it(order: int) -> None:
    words = ["experiment=goodbooks_hardneg", "sampler=uniform"][::order]
    (job,) = jobs(*words)
    assert job.choices["experiment"] == "goodbooks_hardneg"
    assert isinstance(job.config.sampler, UniformConfig)
    assert job.config.dataset.name == "goodbooks"
    assert job.config.trainer.steps_per_epoch == 300
    assert isinstance(job.config.evaluation, RankingConfig)
    assert not job.config.evaluation.mask_valid


def test_an_experiment_beats_the_defaults() -> None:
    (job,) = jobs("experiment=goodbooks_hardneg", "trainer.epochs=3")
    assert isinstance(job.config.sampler, HardNegativeConfig)
    assert job.config.trainer.epochs == 3
    assert job.config.trainer.batch_size == 4096


def test_own_options_are_found_in_single_runs_and_sweeps(tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "trainer").mkdir(parents=True)
    (own / "trainer" / "short.yaml").write_text(
        "defaults:\n  - /schema/trainer/trainer@_here_\n\nepochs: 7\n", encoding="utf-8"
    )
    (job,) = jobs("trainer=short", "--config-dir", str(own))
    assert (job.config.trainer.epochs, job.choices["trainer"]) == (7, "short")
    sweep = sort_arguments(["trainer=short,default", "-m", "--config-dir", str(own)])
    assert [config.trainer for config in plan_sweep(sweep).configs] == [
        job.config.trainer,
        jobs()[0].config.trainer,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "epochs: [1\n",
        "defaults:\n  - /schema/trainer/trainer@_here_\n\nepochz: 7\n",
        "defaults:\n  - /schema/trainer/nothing@_here_\n",
        "epochs: many\n",
        "- 1\n",
        "_target_: os.system\n",
    ],
)
def test_a_broken_option_file_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "own" / "trainer").mkdir(parents=True)
    (tmp_path / "own" / "trainer" / "broken.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        jobs("trainer=broken", "--config-dir", str(tmp_path / "own"))
    assert "\n" not in str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plots=7"], r"^plots must be true or false, got 7$"),
        (["++evaluation.mask_valid=-1"], r"^evaluation\.mask_valid must be true or false, got -1$"),
        (["dataset=goodbooks", "dataset.folder="], r"^dataset\.folder must name a folder"),
        (["dataset=movielens_1m", "dataset.folder=''"], r"^dataset\.folder must name a folder"),
        (["dataset=book_crossing", "dataset.folder="], r"^dataset\.folder must name a folder"),
        (["dataset=adjacency_list", "dataset.folder="], r"^dataset\.folder must name a folder"),
    ],
)
def test_a_value_that_would_mean_something_else_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        jobs(*words)
    with pytest.raises(ConfigError, match=message):
        plan_sweep(sort_arguments([*words, "seed=1,2", "-m"]))


def test_the_words_of_a_job_are_kept_as_they_were_written() -> None:
    (job,) = jobs("output_dir=runs_${seed}", "seed=7")
    assert job.config.output_dir == "runs_7"
    assert job.overrides == ["output_dir=runs_${seed}", "seed=7"]


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("seed=1,2", "-m")])
@pytest.mark.parametrize("before", [(), ("--cfg", "job"), ("--info", "config")])
def test_values_of_hydras_own_are_refused(before: tuple[str, ...], more: tuple[str, ...]) -> None:
    if before:
        assert jobs(*before) == []
    arguments = sort_arguments(["output_dir=${hydra:runtime.cwd}", *more])
    with pytest.raises(ConfigError, match=r"^output_dir has an interpolation"):
        plan_sweep(arguments) if more else compose_run(arguments)


def test_one_and_zero_are_switches_too() -> None:
    (job,) = jobs("plots=0", "evaluation.mask_valid=1", "seed=7")
    assert job.config.plots is False
    assert isinstance(job.config.evaluation, RankingConfig)
    assert job.config.evaluation.mask_valid is True
    assert job.config.seed == 7


@pytest.mark.slow
def test_a_job_meets_the_words_of_the_program_and_its_error_comes_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words, seen = list(sys.argv), []

    def fail(job: Job) -> None:
        seen.append(list(sys.argv))
        raise DataError("a line")

    jobs = [["seed=1"], ["seed=2"]]
    with pytest.raises(DataError, match=r"^a line$"):
        run_sweep(sort_arguments(["seed=1,2", "-m"]), fail, tmp_path / "sweep", jobs)
    assert seen == [words]
    assert sys.argv == words
    assert "HYDRA_FULL_ERROR" not in os.environ
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [[], ["hydra/launcher=basic"]])
def test_a_sweep_runs_every_combination_in_order(tmp_path: Path, launcher: list[str]) -> None:
    words = ["seed=1,2", "sampler=uniform,hardneg", "-m", "output_dir=out", *launcher]
    found: list[Job] = []
    sweep = plan_sweep(sort_arguments(words))
    run_sweep(sort_arguments(words), found.append, tmp_path / "it's a (sweep)", sweep.jobs)
    assert [(job.number, job.config.seed, job.config.sampler.name) for job in found] == [
        (0, 1, "uniform"),
        (1, 1, "hardneg"),
        (2, 2, "uniform"),
        (3, 2, "hardneg"),
    ]
    assert found[1].overrides == ["seed=1", "sampler=hardneg", "output_dir=out"]
    assert sweep.configs == [job.config for job in found]
    # Hydra writes its own files only into the sweep's folder.
    assert [path.name for path in tmp_path.iterdir()] == ["it's a (sweep)"][: len(launcher)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["seed=1,x"], "^seed must be an integer"),
        (["seed=1,2", "sampler=uniform,hardnegg"], "did you mean 'hardneg'"),
        (["seed=1,2", "trainer.epochs=3,0"], r"^trainer\.epochs must be"),
        (["output_dir=a,b"], "^output_dir cannot be swept"),
        (["seed=choice()"], "^cannot read 'seed=choice"),
        (["seed=interval(0,1)"], r"'seed=interval\(0,1\)' has no values to sweep over"),
        (["sampler=glob(*)"], r"'sampler=glob\(\*\)' has no values to sweep over"),
        (
            ["split.min_interactions=3,1", "split.valid=0,1", "seed=1,2"],
            r"^split\.min_interactions",
        ),
    ],
)
def test_a_sweep_with_a_bad_job_never_starts(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as refused:
        plan_sweep(sort_arguments([*words, "-m"]))
    assert "\n" not in str(refused.value)


printable = st.characters(exclude_categories=["C", "Z"])


@pytest.mark.slow
@settings(max_examples=20)
@given(
    st.one_of(
        st.text(printable, max_size=12),
        st.builds(
            "{}{}={}".format,
            st.sampled_from(["", "+", "++"]),
            st.sampled_from(["seed", "trainer", "trainer.epochs", "output_dir", "device", "a@b"]),
            st.one_of(
                st.text(printable, max_size=8),
                st.integers().map(str),
                st.text("[]{}:,'\"${}()\\ 1a.", max_size=8),
                st.just("9" * 5000),
                st.just("9" * 400),
            ),
        ),
    ).filter(lambda word: not word.startswith("-"))
)
def test_any_word_is_composed_or_refused_in_one_line(word: str) -> None:
    found: list[Job] = []
    refused: list[str] = []
    try:
        found.append(compose_run(sort_arguments([word])))
    except ConfigError as error:
        refused.append(str(error))
    assert len(found) + len(refused) == 1
    assert all(len(message.splitlines()) == 1 for message in refused)
