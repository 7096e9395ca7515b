"""Sort the command line: flags first, from any order; refuse words that no run can use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import compose_run
from graphrec_cli.errors import ConfigError

OVERRIDES = ["seed=1,2", "sampler=hardneg", "trainer.epochs=3", "++seed=4"]


@given(st.permutations([*OVERRIDES, "-m"]))
def test_the_flag_may_stand_anywhere(words: list[str]) -> None:
    arguments = sort_arguments(words)
    assert arguments.multirun
    assert arguments.trains
    assert arguments.flags == ["--multirun"]
    assert arguments.overrides == [word for word in words if word != "-m"]


@pytest.mark.parametrize(
    "words",
    [["--cfg", "job"], ["-c", "job"], ["--cfg=job"], ["seed=1", "--cfg", "job", "sampler=hardneg"]],
)
def test_a_flag_keeps_its_value(words: list[str]) -> None:
    arguments = sort_arguments(words)
    assert arguments.flags == ["--cfg", "job"]
    assert not arguments.trains


def test_info_alone_means_all() -> None:
    assert sort_arguments(["--info", "seed=1"]).flags == ["--info", "all"]
    assert sort_arguments(["-i", "defaults"]).flags == ["--info", "defaults"]


def test_help_goes_with_every_other_flag() -> None:
    assert sort_arguments(["-m", "--cfg", "job", "-h", "seed=1"]).overrides == ["seed=1"]


def test_the_folder_of_own_options(tmp_path: Path) -> None:
    assert sort_arguments(["--config-dir", str(tmp_path)]).config_dir == str(tmp_path)
    assert sort_arguments(["seed=1"]).config_dir is None


def test_own_options_are_among_the_choices_of_a_group(tmp_path: Path) -> None:
    (tmp_path / "sampler").mkdir()
    (tmp_path / "sampler" / "mine.yaml").write_text("", encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"one of: default, hardneg, .*mine, uniform.*; got 'sampler='"
    ):
        sort_arguments(["sampler=", "--config-dir", str(tmp_path)])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trainer=[default]"], "trainer takes one option, got 'trainer=\\[default\\]'"),
        (["model=[mf,lightgcn]"], "model takes one option"),
        (["--confg-dir", "x"], "did you mean '--config-dir'"),
        (["-x"], "unknown flag '-x'"),
        (["--cfg"], "--cfg needs a value"),
        (["--cfg", "seed=1"], "--cfg needs a value"),
        (["--cfg", "foo"], "--cfg takes one of job, hydra, all, got 'foo'"),
        (["--info", "foo"], "--info takes one of .*, got 'foo'"),
        (["--multirun=1"], "--multirun takes no value"),
        (["-m", "--cfg", "job"], "--multirun and --cfg exclude each other"),
        (["-m", "-m"], "--multirun is given twice"),
        (["--resolve"], "--resolve can only be used with --cfg"),
        (["--package", "trainer"], "--package can only be used with --cfg"),
        (["--config-dir", "/nowhere"], "'/nowhere' is not a folder"),
        (["trainer.epochs"], "'trainer.epochs' has no '='"),
        (["=5"], "'=5' names no key"),
        (["~trainer.epochs"], "'~trainer.epochs' deletes"),
        (["~sampler"], "'~sampler' deletes"),
        (["~seed=42"], "'~seed=42' deletes"),
        (["hydra.run.dir=/tmp"], "'hydra.run.dir' cannot be set"),
        (["+hydra.foo=1"], "'hydra.foo' cannot be set"),
        (["hydra/job_logging=default"], "'hydra/job_logging' cannot be set"),
        (["sampler=null"], "sampler needs one of: default, hardneg, hardneg_goodbooks, uniform"),
        (["sampler="], "sampler needs one of: default, hardneg, hardneg_goodbooks, uniform"),
        (["sampler=''"], "sampler needs one of: default, hardneg, hardneg_goodbooks, uniform"),
        (["experiment=null"], "experiment needs one of: .*leave it out"),
        (["sampler=hardneg_goodbook"], "did you mean 'hardneg_goodbooks'"),
        (["evaluation=5"], r"evaluation has no option '5' \(options: default"),
        (["loss=true"], "loss has no option 'true'"),
        (["+sampler=hardneg"], "write sampler=OPTION"),
        (["++sampler=hardneg"], "write sampler=OPTION"),
        (["sampler=conf/sampler/hardneg.yaml"], "write sampler=hardneg$"),
        (["sampler=no/where"], "sampler has no option 'no/where' "),
        (["schema/sampler=hardneg"], "'schema/sampler' cannot be set"),
        (["sampler@loss=hardneg"], "'sampler@loss' cannot be set"),
    ],
)
def test_refused(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as refused:
        sort_arguments(words)
    assert "\n" not in str(refused.value)


def test_another_sweeper_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"is not a sweeper of this tool: basic, graphrec_optuna"):
        sort_arguments(["hydra/sweeper=optuna", "-m"])


def test_launchers_and_the_basic_sweeper_stay_open() -> None:
    words = ["hydra/launcher=basic", "hydra.sweeper.max_batch_size=2"]
    assert sort_arguments(words).overrides == words


def test_a_run_notes_which_value_of_a_repeated_key_it_uses() -> None:
    words = ["seed=1", "loss=softmax", "trainer.epochs=3", "loss=softmax", "seed=2"]
    assert compose_run(sort_arguments(words)).notes == [
        "seed is given 2 times: the last, 2, is used"
    ]


def test_an_option_file_of_another_ending_is_named(tmp_path: Path) -> None:
    (tmp_path / "sampler").mkdir()
    (tmp_path / "sampler" / "mine.yml").touch()
    with pytest.raises(ConfigError, match=r"^option files end in \.yaml; rename .*mine\.yml to "):
        sort_arguments(["sampler=mine", "--config-dir", str(tmp_path)])
    (tmp_path / "sampler" / "mine.yml").rename(tmp_path / "sampler" / "mine.yaml")
    words = ["sampler=mine", "--config-dir", str(tmp_path)]
    assert sort_arguments(words).overrides == ["sampler=mine"]


def test_a_key_that_exists_is_not_added() -> None:
    with pytest.raises(ConfigError, match=r"^'\+seed=3' adds a key that exists; write seed=3$"):
        compose_run(sort_arguments(["plots=false", "+seed=3"]))


def test_several_options_are_no_list() -> None:
    with pytest.raises(ConfigError, match=r"sweep over them with -m, or give one$"):
        compose_run(sort_arguments(["sampler=uniform,hardneg"]))
