"""``graphrec data inspect`` on small files whose figures are counted by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

Command: TypeAlias = Callable[..., Any]

INSPECT = ("data", "inspect")
SMALL = (
    "dataset.num_users=60",
    "dataset.num_items=40",
    "dataset.mean_interactions=8",
    "seed=7",
    "num_threads=1",
)
MOVIES = (
    *INSPECT,
    "dataset=movielens_100k",
    "dataset.download=false",
    "data_dir=data",
    "split.by=time",
    "split.valid=0",
    "split.min_interactions=2",
)
# User 1 rates item 10 twice, in the first line last; of item 40 only user 3 has a pair, the newest.
RATINGS = """\
1	10	5	100
1	20	3	200
1	10	4	99
2	10	4	86400
2	30	1	50
2	20	5	60
3	20	2	70
3	30	4	80
3	40	5	90
"""
TITLES = "10|Emma (1996)||||\n40|The title of item 40, which is long enough to be cut||||\n"


@pytest.fixture
def movies(tmp_path: Path) -> Path:
    """The folder of the ratings above."""
    folder = tmp_path / "data" / "ml-100k"
    folder.mkdir(parents=True)
    (folder / "u.data").write_text(RATINGS, encoding="latin-1")
    lines = [f"{line}{'|0' * 18}" for line in TITLES.splitlines()]
    (folder / "u.item").write_text("\n".join(lines) + "\n", encoding="latin-1")
    return folder


def test_every_figure_of_a_data_set_of_nine_rows(full_size: Command, movies: Path) -> None:
    done = full_size(*MOVIES, "--json")
    log = (
        "dataset movielens_100k: 9 rows\n"
        "every rating counts as a positive; dataset.rating_threshold=4 keeps those of at least 4\n"
        "2 of 4 items have a title\n"
    )
    assert (done.code, done.err) == (0, log)
    report = json.loads(done.out)
    assert [(Path(file["path"]).name, file["size"]) for file in report["files"]] == [
        ("u.data", len(RATINGS)),
        ("u.item", (movies / "u.item").stat().st_size),
    ]
    table = report["table"]
    assert (table["rows"], table["users"], table["items"]) == (9, 3, 4)
    assert table["rows_by_signal"] == {"rating": 9}
    assert table["rows_by_part"] is None
    first = table["first_rows"]
    assert [row["row"] for row in first] == [1, 2, 3, 4, 5]
    assert first[3] == {
        "row": 4,
        "user_id": "2",
        "item_id": "10",
        "signal": "rating",
        "rating": 4.0,
        "weight": None,
        "timestamp": 86400,
        "time": "1970-01-02 00:00:00",
        "part": None,
        "title": "Emma (1996)",
    }
    assert first[1]["title"] is None
    assert [(bar["low"], bar["rows"]) for bar in table["ratings"]["histogram"]] == [
        (1, 1),
        (2, 1),
        (3, 1),
        (4, 3),
        (5, 3),
    ]
    assert (table["ratings"]["min"], table["ratings"]["max"]) == (1, 5)
    assert table["timestamps"]["first_time"] == "1970-01-01 00:00:50"
    assert table["timestamps"]["last"] == 86400
    duplicates = table["duplicates"]
    assert (duplicates["pairs"], duplicates["rows"]) == (1, 2)
    assert [[row["row"] for row in rows] for rows in duplicates["examples"]] == [[1, 3]]

    funnel = report["funnel"]
    assert (funnel["rows_read"], funnel["rows_left"]) == (9, 8)
    assert [step["rows_dropped"] for step in funnel["steps"]] == [1, 0]

    pairs = report["pairs"]
    assert (pairs["users"], pairs["items"], pairs["pairs"]) == (3, 4, 8)
    assert pairs["density"] == pytest.approx(8 / 12)
    assert list(pairs["user_degree"].values()) == [2, 2, 2, 3, 3, 3, 3, pytest.approx(8 / 3)]
    assert list(pairs["item_degree"].values()) == [1, 1, 1, 2, 2, 3, 3, 2]
    assert [(top["items"], top["share"]) for top in pairs["popular"]] == [(1, 3 / 8)] * 2

    split = report["split"]
    columns = ("pairs", "users", "items", "cold_users", "cold_items", "cold_pairs")
    assert [split["train"][name] for name in columns] == [5, 3, 3, 0, 0, 0]
    assert split["valid"] is None
    assert [split["test"][name] for name in columns] == [3, 3, 3, 0, 1, 1]
    assert split["catalog_items"] == 3
    assert len(split["hash"]) == 64
    assert report["plots"] == []


def test_the_same_figures_as_text(full_size: Command, movies: Path) -> None:
    done = full_size(*MOVIES)
    assert done.code == 0
    lines = done.out.splitlines()
    for line in (
        "movielens_100k: 9 rows of 3 users and 4 items",
        "row  user_id  item_id  signal  rating  time                 title",
        "  4        2       10  rating       4  1970-01-02 00:00:00  Emma (1996)",
        "     5     3  33.3%",
        "timestamps from 1970-01-01 00:00:50 to 1970-01-02 00:00:00 UTC",
        "pairs that occur more than once: 1, in 2 rows; the first of them",
        "duplicates  duplicate of the same signal (duplicates=latest)             1          8",
        "positive pairs: 8 of 3 users and 4 items, density 66.6667%",
        "pairs of an item    1   1    1       2    2    3    3   2.0",
        "         10%      1               37.5%",
        "split leave_one_out; no k-core before it",
        "train      5      3      3           0           0           0",
        "valid      -      -      -           -           -           -",
        "test       3      3      3           0           1           1",
    ):
        assert line in lines
    assert not (done.folder / "outputs").exists()


def test_an_adjacency_list_with_its_own_split(full_size: Command, tmp_path: Path) -> None:
    """Item 7 twice in a line, user 2 in two lines; item 9 and user 4 are only in test."""
    folder = tmp_path / "data" / "gowalla"
    folder.mkdir(parents=True)
    (folder / "train.txt").write_text("1 7 7 8\n2 7\n2 7 8\n", encoding="utf-8")
    (folder / "test.txt").write_text("2 9\n4 7 9\n", encoding="utf-8")
    words = ("dataset=adjacency_list", "split=predefined", "data_dir=data")
    done = full_size(*INSPECT, *words, "json=true")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    table = report["table"]
    assert table["rows_by_part"] == {"train": 6, "valid": 0, "test": 3}
    assert (table["ratings"], table["timestamps"]) == (None, None)
    assert (table["duplicates"]["pairs"], table["duplicates"]["rows"]) == (2, 4)
    examples = table["duplicates"]["examples"]
    assert [[row["row"] for row in rows] for rows in examples] == [[1, 2], [4, 5]]
    assert {row["part"] for rows in examples for row in rows} == {"train"}
    columns = ("pairs", "users", "items", "cold_users", "cold_items", "cold_pairs")
    assert [report["split"]["test"][name] for name in columns] == [3, 2, 2, 1, 1, 3]
    assert report["split"]["valid"] is None


@pytest.mark.slow
def test_the_split_is_the_one_that_train_makes(full_size: Command) -> None:
    words = (*SMALL, "dataset.k_core.min_item_interactions=8")
    trained = full_size("train", *words, "model=popularity", "evaluation.ks=[5]")
    assert trained.code == 0, trained.err
    done = full_size(*INSPECT, *words, "--json")
    report = json.loads(done.out)
    environment = json.loads((trained.run / "environment.json").read_text(encoding="utf-8"))
    funnel = json.loads((trained.run / "funnel.json").read_text(encoding="utf-8"))
    assert report["split"]["hash"] == environment["split_hash"]
    assert report["funnel"] == funnel
    assert funnel["notes"]["k_core_items_dropped"] > 0
    text = full_size(*INSPECT, *words).out
    items = funnel["notes"]["k_core_items_dropped"]
    assert f"users with fewer than 5 pairs and {items} items with fewer than 8" in text
    assert len(list((done.folder / "outputs").iterdir())) == 1


@pytest.mark.slow
def test_pictures_on_request(full_size: Command) -> None:
    done = full_size(*INSPECT, *SMALL, "sampler=uniform", "plot_dir=my/pictures")
    assert done.code == 0
    names = [f"my/pictures/{name}.png" for name in ("adjacency", "degrees", "samples")]
    assert done.out.splitlines()[-3:] == names
    for name in names:
        assert (done.folder / name).read_bytes().startswith(b"\x89PNG")
    again = full_size(*INSPECT, *SMALL, "sampler=hardneg", "plot_dir=my/pictures", "--json")
    assert json.loads(again.out)["plots"] == names
    assert [path.name for path in done.folder.iterdir()] == ["my"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("data", "data needs a subcommand: inspect, prepare"),
        ("data describe", "data has no subcommand 'describe' (subcommands: inspect, prepare)"),
        ("data inspct", "data has no subcommand 'inspct'; did you mean 'inspect'?"),
        ("data dataset=goodbooks", "data has no subcommand 'dataset=goodbooks'"),
        ("data inspect -m", "remove --multirun"),
        ("data inspect dataset=goodbook", "did you mean 'goodbooks'?"),
        ("data inspect trainer.epochz=3", "did you mean 'trainer.epochs'?"),
        ("data inspect trainer.epochs=0", "trainer.epochs must be"),
        ("data inspect plot_dri=x", "unknown key 'plot_dri'"),
        ("data inspect plot_dir=", "plot_dir must name one folder"),
        ("data inspect plot_dir=a plot_dir=b", "plot_dir must name one folder"),
        ("data inspect plot_dir=a_file", "cannot make plot_dir a_file"),
        ("data inspect latest", "'latest' has no '='"),
        ("data inspect --verbose", "unknown flag '--verbose'"),
    ],
)
def test_refused_in_one_line(words: str, message: str, full_size: Command, tmp_path: Path) -> None:
    (tmp_path / "a_file").touch()
    done = full_size(*words.split(" "))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert len(done.err.splitlines()) == 1
    assert message in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["a_file"]


def test_data_that_no_run_could_use(full_size: Command, movies: Path) -> None:
    done = full_size(*MOVIES, "dataset.k_core.min_user_interactions=4")
    assert (done.code, done.out) == (3, "")
    *said, error = done.err.splitlines()
    assert "dropped 1 row (duplicates): duplicate of the same signal (duplicates=latest)" in said
    assert "dropped 8 rows (k_core): user with fewer than 4 interactions" in said
    assert error.startswith("error: none of the 8")
    (movies / "u.data").unlink()
    done = full_size(*MOVIES)
    assert (done.code, done.out) == (3, "")
    assert "u.data (plain, .gz, .zip or in ml-100k.zip) not found in" in done.err


@pytest.mark.parametrize(
    "words", [["data", "--help"], ["data", "inspect", "-h"], ["data", "inspect", "a=b", "--help"]]
)
def test_help_begins_with_examples(words: list[str], full_size: Command) -> None:
    done = full_size(*words)
    assert (done.code, done.err) == (0, "")
    assert "Examples:\n  graphrec data inspect\n" in done.out
    assert "plot_dir=DIR" in done.out


def test_a_config_is_shown_without_reading_data(full_size: Command) -> None:
    done = full_size(*INSPECT, "dataset=goodbooks", "--cfg", "job", "plot_dir=pictures")
    assert (done.code, done.err) == (0, "")
    assert "folder: goodbooks-10k" in done.out
    assert list(done.folder.iterdir()) == []


def test_options_of_ones_own(full_size: Command, tmp_path: Path) -> None:
    mine = tmp_path / "mine" / "dataset"
    mine.mkdir(parents=True)
    (mine / "small.yaml").write_text(
        "defaults:\n  - /schema/dataset/synthetic@_here_\n\nnum_users: 50\nnum_items: 30\n"
        "mean_interactions: 9\n",
        encoding="utf-8",
    )
    done = full_size(*INSPECT, "--config-dir", "mine", "dataset=small", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["table"]["users"] == 50
