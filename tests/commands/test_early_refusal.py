"""What can be refused without torch is refused without importing it, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TABLE = "dataset=table dataset.path=ratings.csv"
PROGRAM = """
import sys
from graphrec_cli.cli import main
code = main(sys.argv[1:])
heavy = [name for name in ("torch", "scipy", "matplotlib") if name in sys.modules]
print("code", code, *heavy)
"""


def heavy_modules(folder: Path, words: str) -> tuple[str, str]:
    """Run ``graphrec`` in a new process: its exit code and its heavy modules, and its stderr."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words.split()],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1], done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory with a small table, and one whose third line is faulty."""
    rows = [
        f"u{user},i{(user * item) % 11},{item % 5 + 1}" for user in range(8) for item in range(6)
    ]
    (tmp_path / "ratings.csv").write_text("\n".join(["user,item,rating", *rows]))
    (tmp_path / "faulty.csv").write_text("\n".join(["user,item,rating", rows[0], "u,i,x"]))
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("train dataset=table dataset.path=no.csv", 3, "dataset.path names no.csv"),
        ("train dataset=table dataset.path=a.csv,b.csv -m", 3, "dataset.path names a.csv"),
        ("train dataset=goodbooks dataset.download=false", 3, "ratings.csv and to_read.csv"),
        (f"train {TABLE} dataset.user=foo", 3, "has no column 'foo'"),
        (f"train {TABLE} dataset.user=user,foo -m", 3, "has no column 'foo'"),
        (f"train {TABLE} dataset.items_path=none.csv", 3, "dataset.items_path names none.csv"),
        (f"train {TABLE} dataset.time_unit=s", 3, "dataset.timestamp"),
        ("train dataset=table dataset.path=faulty.csv", 3, "faulty.csv, line 3: rating 'x'"),
        (f"train {TABLE} trainer.epochs=0", 2, "trainer.epochs"),
        (f"train {TABLE} trainer.epochs=1,0 -m", 2, "trainer.epochs"),
        ("train --from nowhere", 2, "nowhere is not a run directory"),
        ("train resume=nowhere", 2, "nowhere is not a run directory"),
        ("evaluate nowhere", 2, "nowhere is not a run directory"),
        ("evaluate latest part=best", 2, "part must be test or valid"),
        ("recommend nowhere", 2, "nowhere is not a run directory"),
        ("recommend latest users_items=@none.csv", 2, "there is no file none.csv"),
        ("explain nowhere user=1 item=2", 2, "nowhere is not a run directory"),
        ("explain latest user=1", 2, "explain needs item=ID"),
        ("reproduce nowhere", 2, "nowhere is not a run directory"),
        ("data inspect dataset=table dataset.path=no.csv", 3, "dataset.path names no.csv"),
        ("data prepare dataset=table dataset.path=no.csv", 3, "dataset.path names no.csv"),
    ],
)
def test_a_refusal_imports_no_torch_and_makes_no_folder(
    folder: Path, words: str, code: int, said: str
) -> None:
    before = sorted(folder.iterdir())
    last, err = heavy_modules(folder, words)
    assert last == f"code {code}", err
    assert said in err
    assert sorted(folder.iterdir()) == before


BROKEN = [
    ("adjacency_list", {"train.txt": "0 1 2\n1 2 x\n", "test.txt": "0 3\n"}, "line 2: id 'x' is"),
    ("adjacency_list", {"train.txt": "0 1 2\n", "test.txt": "\n"}, "test.txt is empty"),
    (
        "adjacency_list",
        {"train.txt": "2 5 6\n1 8\n3 1 2 3\n", "test.txt": "0 3\n"},
        "dataset.lines=count_items",
    ),
    (
        "goodbooks",
        {"ratings.csv": "user_id,book_id,rating\n1,2,5\n1,x,4\n", "to_read.csv": "user_id,book_id"},
        "ratings.csv, line 3: book_id 'x'",
    ),
    (
        "goodbooks",
        {"ratings.csv": "user_id,item,rating\n1,2,5\n", "to_read.csv": "user_id,book_id"},
        "has no column book_id",
    ),
    ("movielens_100k", {"u.data": "1\t2\t5\t88\n1\t2\n"}, "u.data, line 2: 2 fields"),
    ("movielens_1m", {"ratings.dat": "1::2::9::88\n"}, "ratings.dat, line 1: Rating '9'"),
    ("movielens_latest", {"ratings.csv": "userId,movieId,rating\n1,2,3\n"}, "timestamp"),
    ("book_crossing", {"BX-Book-Ratings.csv": "User-ID;Book;Book-Rating\n"}, "one column ISBN"),
]


@pytest.mark.parametrize(("dataset", "files", "said"), BROKEN)
def test_broken_first_lines_of_known_data_leave_no_run_directory(
    tmp_path: Path, dataset: str, files: dict[str, str], said: str
) -> None:
    (tmp_path / "broken").mkdir()
    for name, text in files.items():
        (tmp_path / "broken" / name).write_text(text)
    words = f"train dataset={dataset} dataset.folder=broken dataset.download=false data_dir=."
    last, err = heavy_modules(tmp_path, words)
    assert last == "code 3", err
    assert said in err
    assert [path.name for path in tmp_path.iterdir()] == ["broken"]


@pytest.mark.parametrize(
    "words", ["data inspect", f"data inspect {TABLE}", f"data prepare {TABLE}"]
)
def test_data_commands_import_no_torch(folder: Path, words: str) -> None:
    last, err = heavy_modules(folder, f"{words} cache_dir=cache")
    assert last == "code 0", err
