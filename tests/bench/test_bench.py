"""The benchmarks run and report every case; speed is not tested."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from builders import PATIENCE_S

RUN = Path(__file__).with_name("run.py")


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in its own process, so that its thread count has no effect here."""
    return subprocess.run(
        [sys.executable, str(RUN), "--repeats", "1", *arguments],
        cwd=RUN.parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def test_quick_measures_every_case_and_writes_the_table(tmp_path: Path) -> None:
    output = tmp_path / "table.md"
    done = bench("--quick", "--output", str(output))
    assert done.returncode == 0, done.stderr
    written = output.read_text(encoding="utf-8")
    table = [line.strip("| ").split(" | ") for line in written.splitlines() if line[:1] == "|"]
    assert table[0] == ["case", "ours", "reference", "ratio", "target", "reached"]
    cases = [row[0] for row in table[2:]]
    for case, rows in {
        "propagation forward+backward": 1,
        "training step": 1,
        "sampler uniform by": 2,
        "sampler hardneg by": 2,
        "ranks of all 400 test users": 1,
        "the same against a loop": 1,
        "gowalla, ranks of all test pairs": 1,
        "goodbooks-10k, files to split and graph": 1,
        "goodbooks-10k, peak memory": 1,
    }.items():
        assert sum(name.startswith(case) for name in cases) == rows, case
    assert {row[-1] for row in table[2:]} == {"-"}
    for asked_for in ("1,000 users", "20,000 rows"):
        assert not any(case.startswith(asked_for) for case in cases), "only on request"
    for row in table[2:]:
        assert all(cell in done.stdout for cell in row)


def test_the_hundred_million_rows_are_prepared_from_both_formats(tmp_path: Path) -> None:
    output = tmp_path / "table.md"
    done = bench("--quick", "--case", "hundred_million", "--output", str(output))
    assert done.returncode == 0, done.stderr
    written = output.read_text(encoding="utf-8")
    cases = [line.strip("| ").split(" | ")[0] for line in written.splitlines() if line[:1] == "|"]
    for ending in ("parquet", "csv"):
        stages = [case.split("): ")[1] for case in cases if f" rows of {ending} (" in case]
        assert stages == [
            "hashing the files",
            "reading dataset table",
            "filtering the rows",
            "splitting the pairs",
            "writing the cache",
            "the whole command",
        ]


def test_cases_without_their_data_are_said_to_be_skipped(tmp_path: Path) -> None:
    done = bench("--case", "preparation", "--case", "memory", "--data-dir", str(tmp_path))
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("goodbooks-10k")]
    assert len(rows) == 2
    for row in rows:
        assert row.endswith("skipped")
        assert str(tmp_path / "goodbooks-10k") in row
