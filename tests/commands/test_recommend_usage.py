"""``graphrec recommend`` refuses wrong usage in one line, before it reads or writes anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "recommend takes one run directory"),
        (["RUN", "RUN/.."], "recommend takes one run directory"),
        (["RUN", "--jsn"], "recommend has no flag '--jsn'; did you mean '--json'?"),
        (["/nowhere"], "there is no such folder"),
        (["RUN", "user=1e5"], "cannot change 'user=1e5'; did you mean 'users'?"),
        (["RUN", "topk=5"], "cannot change 'topk=5'"),
        (["RUN", "seed=5"], "cannot change 'seed=5'"),
        (["RUN", "evaluation.ks=[5]"], "cannot change 'evaluation.ks=[5]'"),
        (["RUN", "k=5", "k=6"], "k is given twice"),
        (["RUN", "k=0"], "k must be a whole number of at least 1, got '0'"),
        (["RUN", "k=-1"], "k must be"),
        (["RUN", "k=2.0"], "k must be"),
        (["RUN", "k=٣"], "k must be"),
        (["RUN", "k="], "k must be"),
        (["RUN", f"k={'9' * 5000}"], "k must be"),
        (["RUN", "seen=excluded"], "seen must be exclude or keep, got 'excluded'; did you mean"),
        (["RUN", "cold=warm"], "cold must be error or popular"),
        (["RUN", "format=xlsx"], "format must be table, csv, json or parquet"),
        (["RUN", "users=1e5", "items=NA"], "remove users"),
        (["RUN", "cold=popular", "items=NA"], "remove cold"),
        (["RUN", "users="], "users has no ids"),
        (["RUN", "items=@empty"], "items has no ids"),
        (
            ["RUN", "users=@nowhere"],
            "cannot read users=@nowhere: No such file or directory; if an id begins with @, "
            "write it into a file, one id per line, and set users=@FILE",
        ),
        (["RUN", "users=@runs"], "cannot read users=@runs: Is a directory"),
        (["RUN", "users=@latin1"], "users=@latin1 is not UTF-8"),
        (["RUN", "users=a\udcff"], "is not UTF-8"),
        (["RUN", "format=parquet"], "name a file with out=FILE"),
        (["RUN", "format=csv", "--json"], "--json and format=csv contradict each other"),
        (["RUN", "out=a.xlsx"], "does not end in .csv, .json or .parquet"),
        (["RUN", "out=a"], "does not end in .csv, .json or .parquet"),
        (["RUN", "out="], "out must name a file"),
        (["RUN", "out=runs", "format=csv"], "out must name a file"),
        (["RUN", "out=/dev/null", "format=csv"], "out must name a file"),
        (["RUN", "out=nowhere/a.csv"], "the folder nowhere does not exist; make it first"),
        (["RUN", f"out={'a' * 300}.csv"], "File name too long"),
        (["RUN", "device=gpu"], "device"),
        (["RUN", "num_threads=0"], "num_threads must lie between"),
    ],
)
def test_wrong_usage(
    words: list[str],
    message: str,
    trained: Any,
    tmp_path: Path,
    graphrec: Callable[..., Any],
) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "empty").write_bytes(b"\n\r\n")
    (tmp_path / "latin1").write_bytes("é".encode("latin-1"))
    done = graphrec("recommend", *(word.replace("RUN", str(trained.run)) for word in words))
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert message in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "latin1", "runs"]


def test_help(graphrec: Callable[..., Any]) -> None:
    done = graphrec("recommend", "--help")
    assert done.code == 0
    assert "Examples:" in done.out


def test_a_flag_that_is_a_key_is_named(full_size: Callable[..., Any]) -> None:
    done = full_size("recommend", "latest", "--users", "17")
    assert done.code == 2
    assert done.err == "error: recommend has no flag '--users'; write users=VALUE; see --help\n"


@pytest.mark.parametrize("words", [["format=json"], ["--json"]])
def test_a_format_that_contradicts_the_ending_is_refused(
    words: list[str], full_size: Callable[..., Any]
) -> None:
    done = full_size("recommend", "latest", "out=all.csv", *words)
    assert done.code == 2
    assert f"out=all.csv and {words[0]} contradict each other" in done.err
