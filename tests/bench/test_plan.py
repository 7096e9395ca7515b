"""Plans held against runs: the script measures both and tables their quotients."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from builders import PATIENCE_S
from plan import markdown

SCRIPT = Path(__file__).with_name("plan.py")


def test_a_row_has_medians_and_extremes_of_the_quotients() -> None:
    turns = [
        {"step": (planned, 0.1), "evaluation": (2.0, 1.0), "memory": (3e8, 4e8)}
        for planned in (0.05, 0.1, 0.3)
    ]
    row = markdown({"built-in": turns}, 1).splitlines()[-1]
    assert "| **1.00** (0.50-3.00) of 100 ms (100-100) |" in row
    assert "| **2.00** (2.00-2.00) of 1,000 ms (1,000-1,000) |" in row
    assert "| **0.75** (0.75-0.75) of 400 MB (400-400) |" in row


@pytest.mark.slow
def test_a_turn_is_measured_and_written(tmp_path: Path) -> None:
    page, results = tmp_path / "page.md", tmp_path / "results.json"
    page.write_text("<!-- plan: begin --><!-- plan: end -->\n")
    small = "dataset.num_users=80 dataset.num_items=90 dataset.mean_interactions=15 plots=false"
    words = [
        "--data",
        "built-in",
        "--turns",
        "1",
        "--words",
        f"{small} evaluation.floor=null",
        "--write",
        str(page),
    ]
    words += ["--data-dir", str(tmp_path), "--results", str(results), "--data", "Gowalla"]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    assert "Gowalla: skipped" in done.stderr
    ((turn,),) = json.loads(results.read_text()).values()
    assert all(planned > 0 and measured > 0 for planned, measured in turn.values())
    assert "| built-in: `trainer.epochs=2` |" in page.read_text()
