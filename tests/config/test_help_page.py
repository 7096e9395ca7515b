"""``graphrec train --help``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from graphrec_cli.config.help_page import train_help
from graphrec_cli.config.options import group_options
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.errors import ConfigError

GROUPS = (*SCHEMAS, "experiment")
OPTIONS = [(group, name) for group in GROUPS for name in group_options(group, None)]


def test_it_leads_with_examples_and_names_every_option_and_no_schema() -> None:
    page = train_help([])
    assert page.splitlines()[2] == "Examples:"
    assert not [name for _, name in OPTIONS if name not in page]
    assert "schema/" not in page


@pytest.mark.parametrize("words", [[], *([f"{group}={name}"] for group, name in OPTIONS)])
def test_it_fits_80_columns(words: list[str]) -> None:
    long = [line for line in train_help(words).splitlines() if len(line) > 80]
    assert all("://" in line for line in long)  # an address is not broken


def test_the_page_of_an_option_has_its_keys_with_defaults_and_ranges() -> None:
    page = train_help(["model=gfcf", "seed=1"])
    assert page.startswith("model=gfcf ")
    assert "model.singular_vectors=256" in page
    assert "(at least 1)" in page
    assert "trainer." not in page


def test_the_page_of_an_experiment_has_what_it_selects_unless_another_word_does() -> None:
    page = train_help(["sampler=uniform", "experiment=goodbooks_hardneg"])
    assert "trainer.steps_per_epoch=300" in page
    assert "sampler.exclude_seen=true" in page
    assert "sampler.popular_pool" not in page


@pytest.mark.parametrize("form", [["--config-dir", "{}"], ["--config-dir={}"], ["-cd", "{}"]])
def test_own_options_are_on_the_page(form: list[str], tmp_path: Path) -> None:
    (tmp_path / "sampler").mkdir()
    (tmp_path / "sampler" / "mine.yaml").write_text(
        "# My own pool.\ndefaults:\n  - /schema/sampler/hardneg@_here_\n\npopular_pool: 7\n"
    )
    words = [word.format(tmp_path) for word in form]
    assert "  mine                    My own pool.\n" in train_help(words)
    assert "sampler.popular_pool=7" in train_help([*words, "sampler=mine"])


@pytest.mark.parametrize(
    ("text", "message"),
    [("epochs: [1\n", r"^cannot read .*broken\.yaml"), (None, r"^trainer has no option 'broken'")],
)
def test_an_option_that_cannot_be_read_is_refused_in_one_line(
    text: str | None, message: str, tmp_path: Path
) -> None:
    (tmp_path / "trainer").mkdir()
    if text is not None:
        (tmp_path / "trainer" / "broken.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message) as refused:
        train_help(["trainer=broken", "--config-dir", str(tmp_path)])
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sampler=hardnge"], "sampler has no option 'hardnge'; did you mean 'hardneg'"),
        (["modle=mf"], r"unknown key 'modle'; did you mean 'model'\? \(keys: dataset"),
        (["trainer.epoch=3"], r"unknown key 'trainer.epoch'; did you mean 'trainer.epochs'"),
        (["dataset.path=x"], "unknown key 'dataset.path'; dataset=table has it"),
        (["seed.x=3"], "unknown key 'seed.x'; write seed=VALUE"),
        (["mf"], "'mf' has no '='"),
        (["--halp"], r"unknown flag '--halp'; did you mean '--help'"),
    ],
)
def test_an_unknown_word_is_refused_as_without_help(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        train_help(["--help", *words])


@pytest.mark.parametrize(
    "words",
    [
        ["--from", "runs/1", "dataset.path=x"],
        ["--from=runs/1", "dataset.path=x"],
        ["resume=latest", "trainer.epochs=50"],
        ["dataset=table", "dataset.path=x", "seed=1,2", "-m"],
        ["sampler=hardneg_goodbooks,hardneg", "sampler.popular_pool=500", "-m"],
        ["experiment=goodbooks_hardneg,gowalla_fast", "sampler.popular_pool=500", "-m"],
        ["hydra/launcher=basic", "hydra.sweeper.max_batch_size=2"],
        ["experiment=goodbooks_hardneg", "sampler.popular_pool=500", "evaluation.ks.0=5"],
        ["trainer={epochs: 3}"],
        ["--cfg", "job"],
    ],
)
def test_the_words_of_a_run_are_accepted(words: list[str]) -> None:
    assert train_help([*words, "--help"])


def test_it_needs_neither_hydra_nor_torch() -> None:
    program = (
        "import sys; from graphrec_cli.cli import main; assert main(['train', '--help']) == 0; "
        "sys.exit(bool({'hydra', 'torch', 'pandas'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
