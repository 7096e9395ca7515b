"""A fault in an option file of one's own is answered with the file, the line and what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import Job, compose_run
from graphrec_cli.config.sampler import HardNegativeConfig
from graphrec_cli.errors import ConfigError

TRAINER = "defaults:\n  - /schema/trainer/trainer@_here_\n\n"
TABLE = "# My shop.\ndefaults:\n  - /schema/dataset/table@_here_\n\npath: shop.csv\n"
EXPERIMENT = "# @package _global_\n"


def compose(folder: Path, group: str, text: str, *words: str) -> Job:
    """The run with ``group=mine``, whose file has this text."""
    (folder / group).mkdir(exist_ok=True)
    (folder / group / "mine.yaml").write_text(text, encoding="utf-8")
    return compose_run(sort_arguments([f"{group}=mine", "--config-dir", str(folder), *words]))


@pytest.mark.parametrize(
    ("group", "text", "line", "said"),
    [
        ("trainer", f"{TRAINER}lerning_rate: 1\n", 4, "did you mean 'trainer.learning_rate'?"),
        ("trainer", f"{TRAINER}epochs: two\n", 4, "trainer.epochs must be an integer, at least 1"),
        (
            "trainer",
            f"{TRAINER}seed: 1\nepochs: 0\n",
            4,
            "unknown key 'trainer.seed'; did you mean",
        ),
        ("trainer", f"{TRAINER}patience: 3\nepochs: 0\n", 5, "trainer.epochs must be"),
        (
            "trainer",
            f"{TRAINER}precision: fp61\n",
            4,
            "trainer.precision must be one of fp32, bf16",
        ),
        ("trainer", f"{TRAINER}epochs: [1\n", 5, "this is not valid YAML; check"),
        ("trainer", f"{TRAINER}epochs: 1\nepochs: 2\n", 5, "duplicate key epochs"),
        ("trainer", "- epochs\n", 1, "'key: value', not a list"),
        (
            "trainer",
            "defaults:\n  - /schema/trainer/trainr@_here_\n",
            2,
            "/schema/trainer/trainer@",
        ),
        ("trainer", "defaults:\n  - defualt@_here_\n", 2, "did you mean 'default@_here_'?"),
        ("dataset", "path: shop.csv\n", 1, "one of /schema/dataset/synthetic@_here_"),
        ("dataset", f"{TABLE}k_core:\n  min_users: 3\n", 7, "'dataset.k_core.min_users'; did you"),
        ("dataset", f"{TABLE}k_core: 5\n", 6, "dataset.k_core is a group of keys"),
        ("dataset", f"{TABLE}columns: user\n", 6, "write dataset.columns=[user]"),
        ("dataset", f"{TABLE}columns: [a, a]\n", 6, "dataset.columns must"),
        ("experiment", "seed: 1\n", 1, "must be '# @package _global_'"),
        ("experiment", f"{EXPERIMENT}seeed: 1\n", 2, "unknown key 'seeed'; did you mean 'seed'?"),
        ("experiment", f"{EXPERIMENT}\nseed: x\n", 3, "seed must be an integer"),
        ("experiment", f"{EXPERIMENT}defaults:\n  - trainer: default\n", 3, "override /GROUP"),
        (
            "experiment",
            f"{EXPERIMENT}defaults:\n  - override /trainer: defualt\n",
            3,
            "trainer has no option 'defualt'; did you mean 'default'?",
        ),
        (
            "experiment",
            f"{EXPERIMENT}defaults:\n  - override /trainr: default\n",
            3,
            "did you mean 'trainer'?",
        ),
        ("trainer", f"{TRAINER}\nepochs: ${{nowhere}}\n", 5, "trainer.epochs has an interpolation"),
        (
            "trainer",
            f"{TRAINER}epochs: ${{output_dir}}\n",
            4,
            "trainer.epochs has an interpolation",
        ),
        ("trainer", f"{TRAINER}monitor: ${{data_dir}}\n", 4, "trainer.monitor must be one of"),
        ("trainer", f"{TRAINER}epochs: ${{seed\n", 4, "epochs has an interpolation"),
        (
            "experiment",
            f"{EXPERIMENT}evaluation:\n  ks: [1, '${{nowhere}}']\n",
            3,
            "evaluation.ks[1] has an interpolation",
        ),
        ("experiment", f"{EXPERIMENT}sampler:\n  pool: 3\n", 3, "unknown key 'sampler.pool'"),
        ("experiment", f"{EXPERIMENT}sampler: hardneg\n", 2, "write 'override /sampler: hardneg'"),
        ("experiment", f"{EXPERIMENT}sampler:\n  name: x\n", 3, "sampler.name cannot be set"),
        ("experiment", f"{EXPERIMENT}plots: 7\n", 2, "plots must be true or false, got '7'"),
        (
            "experiment",
            f"{EXPERIMENT}defaults:\n  - override /loss: bpr\n  - override /loss: softmax\n",
            4,
            "a second loss is chosen; remove this line or the first",
        ),
        (
            "experiment",
            f"{EXPERIMENT}defaults:\n  - override /loss: null\n",
            3,
            "loss has no option 'null'",
        ),
        ("trainer", f"# @package _global_\n{TRAINER}", 1, "only an experiment has a line"),
        ("trainer", f"{TRAINER}name: x\n", 4, "name is set by what the option starts from"),
        ("trainer", "defaults:\n  - mine@_here_\n", 2, "trainer=mine starts from itself"),
        (
            "trainer",
            "defaults:\n  - default@_here_\n  - goodbooks@_here_\n",
            3,
            "an option has one start; remove this line or the first",
        ),
    ],
)
def test_a_fault_is_named_with_its_place(
    tmp_path: Path, group: str, text: str, line: int, said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        compose(tmp_path, group, text)
    assert str(refused.value).startswith(f"{tmp_path / group / 'mine.yaml'}, line {line}: ")
    assert said in str(refused.value)


def test_a_fault_in_an_option_that_an_experiment_chooses_is_found(tmp_path: Path) -> None:
    (tmp_path / "trainer").mkdir()
    (tmp_path / "trainer" / "long.yaml").write_text(f"{TRAINER}epoch: 5\n")
    with pytest.raises(ConfigError, match=r"long\.yaml, line 4: unknown key 'trainer\.epoch'"):
        compose(tmp_path, "experiment", f"{EXPERIMENT}defaults:\n  - override /trainer: long\n")


def test_an_interpolation_may_take_another_value_of_the_run(tmp_path: Path) -> None:
    job = compose(tmp_path, "trainer", f"{TRAINER}epochs: ${{seed}}\n", "seed=7")
    assert job.config.trainer.epochs == 7


def test_a_value_of_the_command_line_is_no_fault_of_the_file(tmp_path: Path) -> None:
    text = f"{TRAINER}epochs: ${{nowhere}}\n"
    with pytest.raises(ConfigError, match=r"^trainer\.epochs must be an integer"):
        compose(tmp_path, "trainer", text, "trainer.epochs=x")


def test_sound_files_are_composed(tmp_path: Path) -> None:
    trainer = "defaults:\n  - goodbooks@_here_\n\nepochs: 7\nlearning_rate: 1e-3\n"
    job = compose(tmp_path, "trainer", trainer)
    assert (job.config.trainer.epochs, job.config.trainer.learning_rate) == (7, 0.001)
    assert job.config.trainer.steps_per_epoch == 300
    experiment = (
        f"{EXPERIMENT}defaults:\n  - override /sampler: hardneg\n  - override /trainer: mine\n"
        "  - _self_\n\nseed: 3\nsampler:\n  popular_pool: 9\n"
    )
    job = compose(tmp_path, "experiment", experiment)
    assert job.config.sampler == HardNegativeConfig(popular_pool=9)
    assert (job.config.seed, job.config.trainer.epochs) == (3, 7)
