"""Some dozens of cases of every campaign, and what the soak says of a case that fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).with_name("soak.py")
SEED = "20240"


def soak(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a process of its own, so that its modules are found by their bare names."""
    return subprocess.run(
        [sys.executable, str(SOAK), "--seed", SEED, *arguments],
        cwd=SOAK.parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize(("campaign", "cases"), [("overrides", 30), ("csv", 60)])
def test_no_case_fails(campaign: str, cases: int) -> None:
    done = soak("--only", campaign, "--cases", str(cases))
    assert done.returncode == 0, done.stderr
    (row,) = [line for line in done.stdout.splitlines() if line.startswith(f"| {campaign} |")]
    name, number, outcomes, failures, _ = row.strip("| ").split(" | ")
    assert (name, number, failures) == (campaign, str(cases), "0")
    assert "refused in one line" in outcomes
    assert "accepted and right" in outcomes


def test_a_case_that_fails_is_named_with_the_command_that_repeats_it(tmp_path: Path) -> None:
    document = tmp_path / "figures.md"
    document.write_text("before\n<!-- soak: begin -->\nold\n<!-- soak: end -->\nafter\n")
    words = ["--only", "self_test", "--cases", "3"]
    done = soak(*words, "--write", str(document))
    assert done.returncode == 1
    (failure,) = [line for line in done.stderr.splitlines() if line.startswith("FAILED")]
    assert "AssertionError" in failure
    repeat = failure.partition("to repeat: python tests/soak/soak.py ")[2].split()
    assert repeat == ["--only", "self_test", "--cases", "1", "--seed", "20241"]
    again = soak(*repeat)
    assert again.returncode == 1
    assert repeat[-1] in again.stderr
    written = document.read_text()
    assert written.startswith("before\n<!-- soak: begin -->\n")
    assert written.endswith("<!-- soak: end -->\nafter\n")
    assert "| self_test | 3 | 2 even | 1 |" in written
    assert "old" not in written
