"""GoodBooks through the command: a tiny valid folder, and every kind of bad data."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from builders import TINY_SETTINGS
from builders import read_json as read

from graphrec_cli.cli import main

pytestmark = pytest.mark.slow

USERS, ITEMS = range(1, 41), range(30)
TRAIN = (
    "train",
    "dataset=goodbooks",
    "dataset.download=false",
    "data_dir=data",
    "model.embedding_dim=8",
    *TINY_SETTINGS,
    "trainer.epochs=2",
    "trainer.batch_size=64",
)
TITLES = {
    101: 'The "One", and only',
    102: "NA",
    103: "Two\nlines",
    104: "null",
    999: "Of no rated book",
}


def item_id(item: int) -> int:
    """Raw ids differ from indices, so that a mix-up of the two fails."""
    return 101 + item % len(ITEMS)


def ratings() -> list[str]:
    """8 positives and 2 low ratings per user, 5 repeated rows, and rows that the k-core drops."""
    rows = [
        f"{10 * user},{item_id(user + 3 * step)},{5 if step < 8 else 2}"
        for user in USERS
        for step in range(10)
    ]
    return ["user_id,book_id,rating", *rows, *rows[:5], "990,101,5", "990,102,4", "10,500,5"]


def to_read() -> list[str]:
    """One rated pair and one new pair of every user."""
    pairs = [f"{item_id(user + step)},{10 * user}" for user in USERS for step in (0, 1)]
    return ["book_id,user_id", *pairs]


def write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The valid files, in their own working directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data" / "goodbooks-10k"
    path.mkdir(parents=True)
    write(path / "ratings.csv", ratings())
    write(path / "to_read.csv", to_read())
    quoted = [f'{id},"{title.replace(chr(34), chr(34) * 2)}"' for id, title in TITLES.items()]
    write(path / "books.csv", ["id,title", *reversed(quoted)])
    return path


def test_a_sound_folder_trains_and_evaluates(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*TRAIN]) == 0
    run = folder.parents[1] / capsys.readouterr().out.splitlines()[-1]

    funnel = read(run / "funnel.json")
    dropped = [step["rows_dropped"] for step in funnel["steps"]]
    assert (funnel["rows_read"], dropped, funnel["rows_left"]) == (488, [80, 5, 40, 2, 1], 360)
    lines_in_files = sum(
        len((folder / name).read_text(encoding="utf-8").splitlines()) - 1
        for name in ("ratings.csv", "to_read.csv")
    )
    assert lines_in_files == funnel["rows_read"] == sum(dropped) + funnel["rows_left"]

    with np.load(run / "data.npz", allow_pickle=False) as data:
        sizes = [len(data[f"{part}_item_index"]) for part in ("train", "valid", "test")]
        items, titles = data["item_id"].tolist(), data["title"].tolist()
        assert data["user_id"].tolist() == sorted((str(10 * user) for user in USERS), key=int)
    assert sizes == [280, 40, 40]
    assert items == [str(item_id(item)) for item in ITEMS]
    assert titles == [TITLES.get(int(item), "") for item in items]

    files = read(run / "environment.json")["data_files"]
    assert {Path(file["path"]).name for file in files} == {
        "ratings.csv",
        "to_read.csv",
        "books.csv",
    }

    assert main(["evaluate", str(run), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["test"] == read(run / "metrics.json")["test"]


def rename_column(folder: Path) -> None:
    write(folder / "to_read.csv", ["book_id,reader", *to_read()[1:]])


def empty_ratings(folder: Path) -> None:
    (folder / "ratings.csv").write_bytes(b"")


def header_alone(folder: Path) -> None:
    write(folder / "to_read.csv", to_read()[:1])


def truncate_gz(folder: Path) -> None:
    packed = gzip.compress((folder / "ratings.csv").read_bytes())
    (folder / "ratings.csv").unlink()
    (folder / "ratings.csv.gz").write_bytes(packed[: len(packed) // 2])


def add_rating(row: str) -> Callable[[Path], None]:
    """``row`` becomes line 3 of ratings.csv."""

    def add(folder: Path) -> None:
        header, first, *rest = ratings()
        write(folder / "ratings.csv", [header, first, row, *rest])

    return add


def low_ratings(folder: Path) -> None:
    rows = [f"{row[:-1]}3" for row in ratings()[1:]]
    write(folder / "ratings.csv", [ratings()[0], *rows])


def faulty_title(folder: Path) -> None:
    write(folder / "books.csv", ["id,title", "101,Emma", "one,Persuasion"])


def leave_as_it_is(folder: Path) -> None:
    """The folder is valid, but the configuration leaves nothing of it."""


FOUND_FIRST = [
    pytest.param(rename_column, "to_read.csv has no column user_id", id="no column"),
    pytest.param(empty_ratings, "ratings.csv is empty", id="empty"),
    pytest.param(truncate_gz, "ratings.csv.gz is truncated", id="truncated gz"),
    pytest.param(add_rating("1,1,good"), "ratings.csv, line 3: rating 'good' is", id="no number"),
    pytest.param(add_rating("1,1,NaN"), "ratings.csv, line 3: rating 'NaN' is not a", id="NaN"),
    pytest.param(add_rating("1,1,"), "ratings.csv, line 3: rating '' is empty", id="no rating"),
    pytest.param(add_rating("1,1,6"), "ratings.csv, line 3: rating '6' is outside", id="6 stars"),
    pytest.param(add_rating("-1,1,5"), "ratings.csv, line 3: user_id '-1' is", id="negative id"),
    pytest.param(
        add_rating(f"1,{'9' * 5000},5"), "ratings.csv, line 3: book_id '9999", id="5,000 digits"
    ),
    pytest.param(add_rating("1,1,5,5"), "ratings.csv, line 3: 4 fields", id="too long"),
]
FOUND_LATER = [
    pytest.param(header_alone, "to_read.csv has a header line and no rows", id="header alone"),
    pytest.param(faulty_title, "books.csv, line 3: id 'one' is not a whole", id="title's id"),
]
UNFIT = [
    pytest.param(
        low_ratings, ["dataset.signals=[rating_pos]"], "dataset.rating_threshold", id="threshold"
    ),
    pytest.param(
        leave_as_it_is,
        ["dataset.k_core.min_user_interactions=50"],
        "dataset.k_core.min_user_interactions",
        id="k-core",
    ),
    pytest.param(
        leave_as_it_is, ["split.min_interactions=50"], "split.min_interactions", id="split"
    ),
    pytest.param(leave_as_it_is, ["evaluation.ks=[5,31]"], "evaluation.ks", id="k too large"),
]


def refused(capsys: pytest.CaptureFixture[str], named: str) -> None:
    """Run a command that must end before it makes a run directory."""
    assert main(list(TRAIN)) == 3
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("error:")
    assert named in line
    assert len(line) < 400
    assert not Path("outputs").exists()


def failed_run(words: tuple[str, ...], capsys: pytest.CaptureFixture[str], named: str) -> Path:
    """Run a command that must fail because of its data; return its run directory."""
    assert main([*TRAIN, *words]) == 3
    out, err = capsys.readouterr()
    errors = [line for line in err.splitlines() if line.startswith("error:")]
    assert errors == [err.splitlines()[-1]]
    assert named in errors[0]
    assert len(errors[0]) < 400
    assert "Traceback" not in out + err
    run = Path(out.splitlines()[-1])
    assert list(Path("outputs").iterdir()) == [run]
    status = read(run / "status.json")
    assert (status["status"], f"error: {status['error']}") == ("failed", errors[0])
    assert errors[0] in (run / "train.log").read_text(encoding="utf-8")
    return run


@pytest.mark.parametrize(("spoil", "named"), FOUND_FIRST)
def test_an_unreadable_file_is_named(
    spoil: Callable[[Path], None], named: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    refused(capsys, named)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(("spoil", "named"), FOUND_LATER)
def test_what_is_found_after_the_first_rows_leaves_a_failed_run(
    spoil: Callable[[Path], None], named: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(folder)
    run = failed_run((), capsys, named)
    assert not (run / "funnel.json").exists()


@pytest.mark.parametrize(("spoil", "words", "key"), UNFIT)
def test_data_that_cannot_carry_the_configuration_name_the_key_and_keep_the_account(
    spoil: Callable[[Path], None],
    words: list[str],
    key: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(folder)
    run = failed_run(tuple(words), capsys, key)
    funnel = read(run / "funnel.json")
    assert funnel["rows_read"] >= 408
    dropped = sum(step["rows_dropped"] for step in funnel["steps"])
    assert dropped + funnel["rows_left"] == funnel["rows_read"]
    assert not (run / "history.jsonl").exists()
