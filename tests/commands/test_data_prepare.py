"""``graphrec data prepare`` and the cache of runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from builders import PATIENCE_S, file_size_limit

Command: TypeAlias = Callable[..., Any]
PREPARE = ("data", "prepare")
RATINGS = "BX-Book-Ratings.csv"
BOOKS = ("dataset=book_crossing", "dataset.max_bad_lines=0.5", "dataset.download=false")
FOLD = ("dataset=movielens_100k", "dataset.fold=ua", "dataset.download=false")
K_CORE = ("dataset.k_core.min_user_interactions=3", "dataset.k_core.min_item_interactions=3")


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Book-Crossing with bad lines and wide titles, and a fold of MovieLens-100K."""
    monkeypatch.setenv("GRAPHREC_DATA", str(tmp_path / "data"))
    books = tmp_path / "data" / "book-crossing"
    books.mkdir(parents=True)
    rows = [f'"{user}";"B{(user * 3 + step) % 20}";"7"' for user in range(30) for step in range(6)]
    rows += ['"31";"broken', '"32";"B1";"eleven"', '"33";"B2";"7"']
    (books / RATINGS).write_text("\n".join(['"User-ID";"ISBN";"Book-Rating"', *rows, ""]))
    titles = [f'"B{item}";"{"A long title " * 60}{item}"' for item in range(19)]
    (books / "BX-Books.csv").write_text("\n".join(['"ISBN";"Book-Title"', *titles, ""]))
    movies = tmp_path / "data" / "ml-100k"
    movies.mkdir()
    lines = [f"{user}\t{(user + step) % 15}\t4\t{step}" for user in range(20) for step in range(6)]
    (movies / "ua.base").write_text("\n".join([*lines[::2], ""]))
    (movies / "ua.test").write_text("\n".join([*lines[1::2], ""]))
    return tmp_path / "data"


def left_by(done: Any) -> dict[str, Any]:
    """The files of a run, without times and the line about the cache."""
    run = done.run
    log = [line.split(" ", 2)[2] for line in (run / "train.log").read_text().splitlines()]
    environment = json.loads((run / "environment.json").read_text())
    return {
        "data": (run / "data.npz").read_bytes(),
        "ranks": (run / "ranks.npz").read_bytes(),
        "funnel": (run / "funnel.json").read_text(),
        "metrics": (run / "metrics.json").read_text(),
        "audit": (run / "audit.json").read_text(),
        "quarantine": [path.read_text() for path in run.glob("quarantine.csv")],
        "identity": (environment["split_hash"], environment["data_files"]),
        "log": [
            re.sub(r"[\d.,]+ s .*/s|solved in \S+ s|outputs/\S+", "", line)
            for line in log
            if "prepared data" not in line and "checkpoints took" not in line
        ],
    }


@pytest.mark.slow
@pytest.mark.parametrize("words", [(*BOOKS, *K_CORE), (*FOLD, *K_CORE)])
def test_a_run_from_the_cache_leaves_what_one_from_the_files_leaves(
    words: tuple[str, ...], full_size: Command, small: tuple[str, ...]
) -> None:
    command = ("train", *words, *small, "cache_dir=cache")
    first, second = full_size(*command), full_size(*command)
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert "stored the prepared data in the cache (" in first.err
    assert "prepared data from the cache (" not in first.err
    assert "prepared data from the cache (" in second.err
    one, two = left_by(first), left_by(second)
    assert one == two
    if words[0] == BOOKS[0]:
        assert len(one["quarantine"][0].splitlines()) == 3
        assert any("bad lines to" in line for line in one["log"])
    else:
        assert any("own split is not used" in line for line in one["log"])
    assert len(list(Path(first.folder / "cache" / "prepared").iterdir())) == 1


@pytest.mark.slow
def test_it_says_what_it_did(full_size: Command) -> None:
    command = (*PREPARE, *BOOKS, *K_CORE, "cache_dir=cache")
    built, there = full_size(*command), full_size(*command)
    assert (built.code, there.code) == (0, 0), built.err
    entry = there.out.splitlines()[-1]
    for done, line in ((built, "read from the files and stored in the cache: 0.1 MB"),):
        assert done.out.splitlines()[0] == (
            "book_crossing: 30 users, 20 items; 120 train, 30 valid, 30 test pairs"
        )
        assert done.out.splitlines()[1].startswith(line)
        assert done.out.splitlines()[2] == entry
    assert there.out.splitlines()[1].startswith("already in the cache: 0.1 MB")
    assert there.err == ""
    assert Path(entry).parent == built.folder / "cache" / "prepared"

    (Path(entry) / "title.npy").write_bytes(b"")
    rebuilt = full_size(*command, "--json")
    report = json.loads(rebuilt.out)
    assert (report["state"], report["entry"]) == ("rebuilt", entry)
    assert "title.npy has changed" in report["damage"]
    assert rebuilt.err.startswith(f"warning: the cache entry {entry} is damaged (title.npy")
    assert (report["users"], report["items"]) == (30, 20)
    assert report["pairs"] == {"train": 120, "valid": 30, "test": 30}
    assert report["bytes"] == sum(path.stat().st_size for path in Path(entry).iterdir())
    trained = full_size(
        *("train", *BOOKS, *K_CORE, "cache_dir=cache", "model=popularity", "evaluation.ks=[5]"),
        *("trainer.monitor=ndcg@5", "plots=false"),
    )
    assert "prepared data from the cache (" in trained.err
    environment = json.loads((trained.run / "environment.json").read_text())
    assert environment["split_hash"] == report["split_hash"]


@pytest.mark.slow
def test_a_changed_row_or_value_is_prepared_anew(full_size: Command, data: Path) -> None:
    def prepared(*words: str) -> Any:
        done = full_size(*PREPARE, *BOOKS, *K_CORE, "cache_dir=cache", "--json", *words)
        assert done.code == 0, done.err
        return json.loads(done.out)

    reports = [prepared(), prepared("seed=1"), prepared("split.valid=0")]
    path = data / "book-crossing" / RATINGS
    path.write_text(path.read_text().replace('"29";"B7"', '"29";"B19"', 1))
    reports.append(prepared())
    assert [report["state"] for report in reports] == ["built"] * 4
    assert len({report["entry"] for report in reports}) == 4
    assert len({report["split_hash"] for report in reports}) == 4
    assert prepared("trainer.epochs=3", "num_threads=1")["state"] == "there"


@pytest.mark.slow
def test_data_made_in_memory_are_not_kept(full_size: Command) -> None:
    done = full_size(*PREPARE, "cache_dir=cache")
    assert done.code == 0
    assert done.out.splitlines() == [
        "synthetic: 2,200 users, 1,600 items; 130,781 train, 2,200 valid, 2,200 test pairs",
        "generated in memory from the config: nothing to store",
    ]
    report = json.loads(full_size(*PREPARE, "cache_dir=cache", "--json").out)
    assert (report["state"], report["entry"], report["bytes"]) == ("in_memory", None, None)
    assert not (done.folder / "cache").exists()


@pytest.mark.slow
def test_a_damaged_entry_costs_a_run_a_warning(full_size: Command, small: tuple[str, ...]) -> None:
    command = ("train", *BOOKS, *K_CORE, *small, "cache_dir=cache", "evaluation.floor=null")
    first = full_size(*command)
    (entry,) = (first.folder / "cache" / "prepared").iterdir()
    content = bytearray((entry / "entry.json").read_bytes())
    content[content.index(b'"rows_read": ') + 14] ^= 1  # another figure, and sound JSON
    (entry / "entry.json").write_bytes(content)
    second = full_size(*command)
    warnings = [line for line in second.err.splitlines() if line.startswith("warning: ")]
    assert warnings == [
        f"warning: the cache entry {entry} is damaged (entry.json has changed) and will be rebuilt"
    ]
    one, two = left_by(first), left_by(second)
    one["log"], two["log"] = (
        [line for line in of if "damaged" not in line] for of in (one["log"], two["log"])
    )
    assert one == two
    assert "prepared data from the cache" in full_size(*command).err


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["a_file", "a_file/cache"])
def test_a_chosen_folder_that_cannot_be_written_is_refused(
    folder: str, full_size: Command, tmp_path: Path
) -> None:
    (tmp_path / "a_file").touch()
    for words in (PREPARE, ("train",)):
        done = full_size(*words, *BOOKS, *K_CORE, f"cache_dir={folder}")
        assert done.code == 2
        assert "Traceback" not in done.err
        error = done.err.splitlines()[-1]
        assert error.startswith(f"error: cannot write {tmp_path / folder}/prepared: ")
        assert "choose another cache_dir" in error
        assert "rows" not in done.err  # before the work


@pytest.mark.slow
def test_the_users_folder_that_cannot_be_written_costs_a_run_a_warning(
    full_size: Command, small: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a_file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a_file"))
    done = full_size("train", *BOOKS, *K_CORE, *small, "evaluation.floor=null")
    assert done.code == 0, done.err
    warnings = [line for line in done.err.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 1
    assert f"cannot be stored in {tmp_path / 'a_file'}/graphrec/prepared (Not a dir" in warnings[0]
    done = full_size(*PREPARE, *BOOKS, *K_CORE)
    assert (done.code, done.out) == (2, "")
    assert "choose another cache_dir" in done.err.splitlines()[-1]


@pytest.mark.slow
def test_a_disk_that_fills_costs_a_run_a_warning(
    full_size: Command, small: tuple[str, ...], tmp_path: Path
) -> None:
    """The file size limit fits the packed files of a run, but not the titles."""
    with file_size_limit(40_000):
        words = (*BOOKS, *K_CORE, *small, "cache_dir=cache", "evaluation.floor=null")
        run = full_size("train", *words)
        prepare = full_size(*PREPARE, *BOOKS, *K_CORE, "cache_dir=cache")
    assert run.code == 0, run.err
    warnings = [line for line in run.err.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 1
    assert "cannot be stored in" in warnings[0]
    assert "File too large" in warnings[0]
    assert prepare.code == 1
    assert prepare.err.splitlines()[-1].startswith(
        f"error: cannot write {tmp_path}/cache/prepared/"
    )
    assert list((tmp_path / "cache" / "prepared").iterdir()) == []


def test_data_that_no_run_could_use_are_not_kept(full_size: Command, data: Path) -> None:
    words = (*PREPARE, *BOOKS, "cache_dir=cache")
    done = full_size(*words, "dataset.k_core.min_user_interactions=99")
    assert (done.code, done.out) == (3, "")
    assert "rows (k_core): user with fewer than 99" in done.err
    (data / "book-crossing" / RATINGS).unlink()
    done = full_size(*words)
    assert (done.code, done.out) == (3, "")
    assert f"{RATINGS} (plain, .gz, .zip or in BX-CSV-Dump.zip) not found" in done.err
    assert list((done.folder / "cache").rglob("*.npy")) == []


@pytest.mark.slow
def test_no_table_reader_is_imported_by_a_run_from_the_cache(
    full_size: Command, small: tuple[str, ...], tmp_path: Path
) -> None:
    """Importing one takes longer than reading the cache."""
    words = [*BOOKS, *K_CORE, "cache_dir=cache"]
    assert full_size(*PREPARE, *words).code == 0
    program = (
        "import sys; from graphrec_cli.cli import main\n"
        f"assert main({['train', *words, *small]!r}) == 0\n"
        "assert not {'pandas', 'pyarrow', 'torch._dynamo'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, timeout=PATIENCE_S)


@pytest.mark.slow
def test_from_a_run_the_cache_of_another_machine_is_not_taken(
    full_size: Command, small: tuple[str, ...]
) -> None:
    first = full_size("train", *BOOKS, *K_CORE, *small, "cache_dir=there")
    saved = json.loads((first.run / "config.json").read_text())
    assert saved["cache_dir"] == "there"
    again = full_size("train", "--from", str(first.run), "cache_dir=here")
    assert json.loads((again.run / "config.json").read_text())["cache_dir"] == "here"
    shown = full_size("train", "--from", str(first.run), "--cfg", "job")
    assert "cache_dir: null" in shown.out
    done = full_size("reproduce", str(first.run), "cache_dir=here", "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert (report["verdict"], report["intended"]) == ("reproduced", {})
    assert "prepared data from the cache" in done.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("data prepare -m", "data prepare takes one configuration; remove --multirun"),
        ("data prepare plot_dir=x", "unknown key 'plot_dir'"),
        ("data prepare dataset=goodbook", "did you mean 'goodbooks'?"),
        ("data prepare cache_dri=x", "did you mean 'cache_dir'?"),
        ("data prepare cache_dir=", "cache_dir must name a folder"),
        ("data prepare cache_dir=outputs", "cache_dir must not be inside output_dir"),
        ("data prepare cache_dir=outputs/../outputs/x", "cache_dir must not be inside output_dir"),
        ("data prepar", "did you mean 'prepare'?"),
        ("data prepare latest", "'latest' has no '='"),
    ],
)
def test_refused_in_one_line(words: str, message: str, full_size: Command) -> None:
    done = full_size(*words.split(" "))
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
    assert message in done.err


def test_help_shows_both_subcommands(full_size: Command) -> None:
    done = full_size(*PREPARE, "--help")
    assert (done.code, done.err) == (0, "")
    assert "  graphrec data prepare dataset=goodbooks data_dir=DIR\n" in done.out
