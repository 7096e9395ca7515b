"""``~`` is the home folder in every path, on the command line and in option files."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import call

from graphrec_cli.commands.home_paths import expand_home
from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import compose_run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "word",
    [
        "dataset.path=~/x.csv",
        "+dataset.items_path=~/x.csv",
        "data_dir=~/d",
        "output_dir=~",
        "plot_dir=~/p",
        "out=~/all.csv",
        "users=@~/wanted.txt",
        "resume=~/outputs/a run",
        "--config-dir=~/mine",
        "--from=~/outputs/x",
        "~/outputs/x",
    ],
)
def test_a_path_begins_in_the_home_folder(word: str, home: Path) -> None:
    assert expand_home([word]) == [word.replace("~", str(home))]


@pytest.mark.parametrize("word", ["users=~/x", "~trainer", "seed=~", "data_dir=a~/b", "items=~"])
def test_other_words_stay(word: str, home: Path) -> None:
    assert expand_home([word]) == [word]


def test_an_option_file_and_a_quoted_word(home: Path) -> None:
    (home / "dataset").mkdir()
    (home / "dataset" / "shop.yaml").write_text(
        "defaults:\n  - /schema/dataset/table@_here_\n\npath: ~/x.csv\nitems_path: ~/y.csv\n"
    )
    words = ["dataset=shop", "--config-dir", str(home), "cache_dir='~/cache'"]
    config = compose_run(sort_arguments(words)).config
    paths = [getattr(config.dataset, "path", None), getattr(config.dataset, "items_path", None)]
    assert paths == [str(home / "x.csv"), str(home / "y.csv")]
    assert config.cache_dir == str(home / "cache")


def test_commands_find_what_is_in_the_home_folder(home: Path) -> None:
    rows = [f"u{user},i{(user * item) % 7}" for user in range(6) for item in range(6)]
    (home / "x.csv").write_text("\n".join(["user,item", *rows]))
    (home / "elsewhere").mkdir()
    done = call(home / "elsewhere", "data", "inspect", "dataset=table", "dataset.path=~/x.csv")
    assert done.code == 0, done.err
    assert list((home / "elsewhere").iterdir()) == []
