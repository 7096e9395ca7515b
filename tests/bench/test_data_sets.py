"""The table of data sets and models has every figure that was measured, and no other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from builders import PATIENCE_S

SCRIPT = Path(__file__).with_name("data_sets.py")


def measure(data_dir: Path, results: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the script in its own process."""
    paths = ["--data-dir", str(data_dir), "--results", str(results)]
    return subprocess.run(
        [sys.executable, str(SCRIPT), "--threads", "1", *paths, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


@pytest.mark.slow
def test_results_of_two_commands_stand_in_one_table(tmp_path: Path) -> None:
    (tmp_path / "ml-100k").mkdir()
    rows = [
        f"{user}\t{1 + (user * 7 + nth * 11) % 60}\t4\t{100 * user + nth}"
        for user in range(1, 61)
        for nth in range(6)
    ]
    (tmp_path / "ml-100k" / "u.data").write_text("\n".join(rows) + "\n")
    document, results = tmp_path / "page.md", tmp_path / "results.json"
    document.write_text("<!-- data sets: begin --><!-- data sets: end -->\n")
    for model in ("popularity", "`itemknn`"):
        words = ["--data", "MovieLens-100K", "--data", "Gowalla", "--model", model]
        done = measure(tmp_path, results, *words, "--write", str(document))
        assert done.returncode == 0, done.stderr
    assert "Gowalla: skipped" in done.stderr
    figures = json.loads(results.read_text())["MovieLens-100K"]
    assert list(figures) == ["popularity", "`itemknn`"]
    assert all(of["seconds"] > 0 and of["bytes"] > 1e8 for of in figures.values())
    lines = [line.strip("| ").split(" | ") for line in document.read_text().splitlines()]
    row = next(line for line in lines if line[0] == "MovieLens-100K")
    assert row[1:5] == [
        f"{figures['popularity']['ndcg@10']:.4f}",
        "-",
        "-",
        f"{figures['`itemknn`']['ndcg@10']:.4f}",
    ]


def test_a_run_that_fails_ends_the_measurement(tmp_path: Path) -> None:
    (tmp_path / "ml-100k").mkdir()
    (tmp_path / "ml-100k" / "u.data").write_text("1\t1\t4\t1\n")
    done = measure(tmp_path, tmp_path / "results.json", "--data", "MovieLens-100K")
    assert done.returncode == 1
    assert "RuntimeError" in done.stderr
    assert not (tmp_path / "results.json").exists()
