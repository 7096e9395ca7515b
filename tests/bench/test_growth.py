"""The growth benchmark fits its curves, and the scale cases run at tiny sizes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from builders import PATIENCE_S

HERE = Path(__file__).parent


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script of this folder in its own process."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def test_growth_writes_a_table_and_a_picture(tmp_path: Path) -> None:
    plot, output = tmp_path / "growth.png", tmp_path / "growth.md"
    arguments = ["--quick", "--repeats", "1", "--plot", str(plot), "--output", str(output)]
    done = run(str(HERE / "growth.py"), *arguments)
    assert done.returncode == 0, done.stderr
    assert plot.read_bytes().startswith(b"\x89PNG")
    table = [line.strip("| ").split(" | ") for line in output.read_text("utf-8").splitlines()]
    assert [head.split()[0] for head in table[0][1:4]] == ["4,000", "16,000", "64,000"]
    assert [row[0].split()[0] for row in table[2:]] == [
        *("preparation", "sampling", "sampling", "training", "training", "evaluation")
    ]
    assert all(len(row) == 5 and float(row[1]) > 0 for row in table[2:])


def test_the_exponent_is_that_of_the_law() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
        "from growth import exponent\n"
        "for power in (0, 0.5, 1, 2):\n"
        "    fitted = exponent([1000, 4000, 16000], [3e-4 * n**power for n in (10, 40, 160)])\n"
        "    assert abs(fitted - power) < 1e-9, (fitted, power)\n"
    )
    done = run("-c", code)
    assert done.returncode == 0, done.stderr


def test_the_cases_of_scale_run_where_they_are_asked_for() -> None:
    cases = ["--case", "million", "--case", "ranking_gowalla"]
    done = run(str(HERE / "run.py"), "--quick", "--repeats", "1", *cases)
    assert done.returncode == 0, done.stderr
    rows = [line.split("  ")[0] for line in done.stdout.splitlines()]
    assert sum(row.startswith("1,000 users: ") for row in rows) == 6
    assert any(row.startswith("gowalla, ranks of all test pairs (400 users") for row in rows)
