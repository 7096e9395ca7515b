"""Some cases of every campaign, and the report of a case that fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders import PATIENCE_S

SOAK = Path(__file__).with_name("soak.py")
SEED = "20240"
ONE_CAMPAIGN = """
import sys
import soak

def draws(folder):
    def case(rng):
        number = rng.randrange(3)
        assert number, "never a zero\\nwas promised"
        return "no zero"
    return case

soak.CAMPAIGNS = {"draws": draws}
sys.exit(soak.main(sys.argv[1:]))
"""
"""Fails for a third of the seeds."""


def soak(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script in its own process, so that its modules are found by their bare names."""
    return subprocess.run(
        [sys.executable, str(SOAK), "--seed", SEED, *arguments],
        cwd=SOAK.parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        (
            10,
            {
                "overrides": ["refused in one line", "accepted and right"],
                "csv": ["refused in one line", "accepted and right"],
                "conditions": ["refused in one line", "accepted and right"],
                "published": ["refused in one line", "accepted and right"],
            },
        ),
        (
            1,
            {
                "kills": ["1 the same run after 5 kills"],
                "sweep_kills": ["1 the same"],
                "launched_kills": ["1 the same sweep after"],
                "full_disks": ["the same run after full disks"],
                "caches": ["1 the same data in 2 rounds of two processes"],
            },
        ),
        (8, {"damages": ["refused in one line", "right all the same"]}),
    ],
)
def test_no_case_fails(cases: int, expected: dict[str, list[str]]) -> None:
    only = [word for campaign in expected for word in ("--only", campaign)]
    done = soak(*only, "--cases", str(cases))
    assert done.returncode == 0, done.stderr
    table = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if "|" in line]
    rows = {row[0]: row[1:] for row in table[2:]}
    assert rows.keys() == expected.keys()
    for campaign, outcomes in expected.items():
        number, said, failures, _ = rows[campaign]
        assert (number, failures) == (str(cases), "0")
        assert [outcome for outcome in outcomes if outcome not in said] == []


def test_a_case_that_fails_is_named_with_the_command_that_repeats_it(tmp_path: Path) -> None:
    def draws(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", ONE_CAMPAIGN, *words],
            env=os.environ | {"PYTHONPATH": f"{SOAK.parent}:{SOAK.parents[2]}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )

    document = tmp_path / "figures.md"
    document.write_text("before\n<!-- soak: begin -->\nold\n<!-- soak: end -->\nafter\n")
    done = draws("--seed", "1", "--cases", "10", "--write", str(document))
    assert done.returncode == 1
    failures = [line for line in done.stderr.splitlines() if line.startswith("FAILED")]
    assert 0 < len(failures) < 10
    for failure in failures:
        said, _, repeat = failure.partition("; to repeat: python tests/soak/soak.py ")
        assert said.endswith(": never a zero was promised")
    again = draws(*repeat.split())
    assert (again.returncode, again.stderr.splitlines()[-1]) == (1, failures[-1])
    written = document.read_text()
    assert written.startswith("before\n<!-- soak: begin -->\n")
    assert written.endswith("<!-- soak: end -->\nafter\n")
    assert f"| draws | 10 | {10 - len(failures)} no zero | {len(failures)} | 0 |" in written
    assert "old" not in written
