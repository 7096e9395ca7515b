"""A user's own csv through the command: ids are kept as written, faults are one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow

TABLE = ("dataset=table", "dataset.path=mine.csv")
USERS = ["0425115801", "NA", "nil", "1e5", "9" * 19, "Bob 7", "é;", *map(str, range(20))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """27 users with 5 of 12 items each, dated."""
    rows = [
        f"{user},{number % 12:03d},{1 + number % 5},2024-01-{1 + step:02d}"
        for place, user in enumerate(USERS)
        for step, number in enumerate(range(place, place + 5))
    ]
    (tmp_path / "mine.csv").write_text("\n".join(["user,ISBN,stars,date", *rows]), "utf-8")
    (tmp_path / "books.csv").write_text("isbn,title\n000,First\n0,Other\n", encoding="utf-8")
    return tmp_path


def test_ids_and_titles_reach_the_run_directory(
    full_size: Callable[..., Any], small: tuple[str, ...], folder: Path
) -> None:
    words = ("dataset.items_path=books.csv", "split=leave_one_out", "split.by=time")
    done = full_size("train", *TABLE, *small, *words)
    assert done.code == 0, done.err
    with np.load(done.run / "data.npz", allow_pickle=False) as data:
        assert data["user_id"].tolist() == sorted(USERS)
        assert data["item_id"].tolist() == [f"{number:03d}" for number in range(12)]
        assert data["title"].tolist() == ["First", *[""] * 11]
    assert full_size("evaluate", "latest").code == 0


def test_a_column_that_cannot_be_read_can_be_turned_off(
    full_size: Callable[..., Any], small: tuple[str, ...], folder: Path
) -> None:
    words = ["dataset.timestamp=", "dataset.rating=null", "dataset.k_core.mode=one_pass"]
    done = full_size("train", *TABLE, *small, *words)
    assert done.code == 0, done.err
    assert full_size("train", *TABLE, *small, *words, "split.by=time").code == 3


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["dataset.path="], 2, "dataset.path must name the table's file"),
        (["dataset.items_title=x"], 2, "dataset.items_title needs a file of titles"),
        (["dataset.path=no.csv"], 3, "dataset.path names no.csv"),
        (["dataset.item=sku"], 3, "has no column 'sku', which dataset.item names"),
        (["dataset.separator=tab"], 3, "has no tab, but a comma; set dataset.separator=comma"),
        (["dataset.separator=dot"], 2, "must be one of comma, tab, semicolon, pipe, space, "),
        (
            ["dataset.time_unit=ms"],
            3,
            "line 2: date '2024-01-01' is not a number; dataset.timestamp='' reads no timestamps",
        ),
        (["dataset.usr=x"], 2, "unknown key 'dataset.usr'; did you mean 'dataset.user'?"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    full_size: Callable[..., Any],
    small: tuple[str, ...],
    folder: Path,
    words: list[str],
    code: int,
    message: str,
) -> None:
    done = full_size("train", *TABLE, *small, *words)
    assert done.code == code
    assert message in done.err.splitlines()[-1]
    assert "Traceback" not in done.err


def test_a_recognised_rating_that_cannot_be_read_says_how_to_do_without(
    full_size: Callable[..., Any], small: tuple[str, ...], folder: Path
) -> None:
    text = (folder / "mine.csv").read_text("utf-8")
    (folder / "mine.csv").write_text(text.replace(",3,", ",,", 1), encoding="utf-8")
    done = full_size("train", *TABLE, *small)
    assert done.code == 3
    assert done.err.splitlines()[-1].endswith("; dataset.rating='' reads no ratings")
    assert full_size("train", *TABLE, *small, "dataset.rating=").code == 0


@pytest.mark.parametrize("word", ["columns=[a,b]", "separator=pipe", "comment=x"])
def test_options_of_text_are_refused_for_parquet(
    full_size: Callable[..., Any], small: tuple[str, ...], tmp_path: Path, word: str
) -> None:
    pd.DataFrame({"user": ["a", "b"], "item": ["x", "y"]}).to_parquet(tmp_path / "mine.parquet")
    words = ("dataset=table", "dataset.path=mine.parquet", f"dataset.{word}")
    done = full_size("train", *words, *small)
    assert done.code == 2
    assert f"dataset.{word.split('=')[0]} applies only to text" in done.err


def test_times_in_the_future_are_counted(
    full_size: Callable[..., Any], small: tuple[str, ...], folder: Path
) -> None:
    lines = (folder / "mine.csv").read_text("utf-8").splitlines()
    assert "in the future" not in full_size("train", *TABLE, *small).err
    lines[1:3] = [f"{line.rpartition(',')[0]},2199-12-31" for line in lines[1:3]]
    lines[3:] = [f"{line.rpartition(',')[0]},2019-12-31" for line in lines[3:]]
    (folder / "mine.csv").write_text("\n".join(lines), "utf-8")
    done = full_size("train", *TABLE, *small)
    assert f"warning: 2 of {len(lines) - 1} times are in the future" in done.err


@pytest.mark.parametrize("cell", ["{}", "{}.5", "1970-01-{:02d}"])
def test_times_that_are_all_in_1970_are_warned_of(
    full_size: Callable[..., Any], small: tuple[str, ...], folder: Path, cell: str
) -> None:
    lines = (folder / "mine.csv").read_text("utf-8").splitlines()
    for place, line in enumerate(lines[1:], start=1):
        lines[place] = f"{line.rpartition(',')[0]},{cell.format(1 + place % 28)}"
    (folder / "mine.csv").write_text("\n".join(lines), "utf-8")
    for _ in ("read", "from the cache"):
        done = full_size("train", *TABLE, *small)
        assert done.code == 0, done.err
        assert done.err.count("all times are in 1970") == 1
    lines[1] = (
        f"{lines[1].rpartition(',')[0]},{365 * 24 * 3600 if '-' not in cell else '1971-01-01'}"
    )
    (folder / "mine.csv").write_text("\n".join(lines), "utf-8")
    assert "all times are in 1970" not in full_size("train", *TABLE, *small).err


def test_times_of_0_among_others_are_counted(
    full_size: Callable[..., Any], small: tuple[str, ...], folder: Path
) -> None:
    lines = (folder / "mine.csv").read_text("utf-8").splitlines()
    stamped = [f"{line.rpartition(',')[0]},{1_500_000_000 + n}" for n, line in enumerate(lines)]
    for place, time in ((1, 0), (5, -1), (9, 86_400)):
        stamped[place] = f"{lines[place].rpartition(',')[0]},{time}"
    (folder / "mine.csv").write_text("\n".join([lines[0], *stamped[1:]]), "utf-8")
    done = full_size("train", *TABLE, *small)
    assert done.code == 0, done.err
    assert f"2 of {len(lines) - 1} times are within a day of 1970-01-01" in done.err


def test_how_the_table_was_understood_is_logged_from_the_cache_too(
    full_size: Callable[..., Any], small: tuple[str, ...], folder: Path
) -> None:
    table = (folder / "mine.csv").read_text("utf-8").replace("2024-01-", "202401")
    (folder / "mine.csv").write_text(table, "utf-8")
    lines = (
        "columns: user=user item=ISBN rating=stars time=date",
        "date: numbers such as 20240101 are read as dates; dataset.time_unit=s makes them seconds",
        "every rating counts as a positive; dataset.rating_threshold=3 keeps those of at least 3",
    )
    for command in (["train"], ["train"], ["data", "inspect"]):
        done = full_size(*command, *TABLE, *small)
        assert done.code == 0, done.err
        assert [done.err.count(line) for line in lines] == [1, 1, 1]
    words = ["dataset.timestamp=", "dataset.rating_threshold=1"]
    err = full_size("data", "inspect", *TABLE, *small, *words).err
    assert "columns: user=user item=ISBN rating=stars; not read: date\n" in err
    assert not any(line in err for line in lines)


def test_titles_that_match_no_item_are_refused(full_size: Callable[..., Any]) -> None:
    folder = full_size("completion", "bash").folder
    rows = [f"u{user},i{(user + item) % 9}" for user in range(12) for item in range(5)]
    (folder / "t.csv").write_text("\n".join(["user_id,item_id", *rows, ""]))
    (folder / "none.csv").write_text("item_id,title\nx1,A\nx2,B\n")
    (folder / "two.csv").write_text("item_id,title\ni1,A\nx2,B\ni3,C\n")
    words = ("dataset=table", "dataset.path=t.csv", "cache_dir=cache", "evaluation.ks=[5]")
    prepare = ("data", "prepare", *words, "trainer.monitor=ndcg@5")
    refused = full_size(*prepare, "dataset.items_path=none.csv")
    assert refused.code == 3
    assert "none of the 9 items has a title in the file of titles" in refused.err
    assert "ids such as 'x1', 'x2', and the items have ids such as 'i0', 'i1', 'i2'" in refused.err
    done = full_size(*prepare, "dataset.items_path=two.csv")
    assert (done.code, "2 of 9 items have a title" in done.err) == (0, True)
    (folder / "two.csv").write_text("item_id,title,shelf\ni1,A,\nx2,B,a\ni3,C,b|c\n")
    done = full_size(*prepare, "dataset.items_path=two.csv", "dataset.items_attributes=shelf")
    assert "1 of 9 items have attributes" in done.err
