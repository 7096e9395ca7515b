"""The picture of the recipes' learning curves is drawn from run directories."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from builders import PATIENCE_S

HERE = Path(__file__).parent


def run_directory(path: Path, *, validated: bool) -> Path:
    """The files of a run of two epochs that the picture needs."""
    path.mkdir()
    metrics = {"recall@20": 0.1071, "ndcg@20": 0.0894}
    rows = [
        {
            "epoch": epoch,
            "loss": 1 / epoch,
            "seconds": 30.0,
            "valid": metrics if validated else None,
        }
        for epoch in (1, 2)
    ]
    (path / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (path / "metrics.json").write_text(json.dumps({"test": metrics}))
    return path


def draw(fast: Path, paper: Path, plot: Path) -> subprocess.CompletedProcess[str]:
    """Run the script in its own process."""
    runs = ["--fast", str(fast), "--best", str(fast), "--paper", str(paper)]
    return subprocess.run(
        [sys.executable, str(HERE / "learning_curves.py"), *runs, "--plot", str(plot)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def test_both_recipes_are_drawn(tmp_path: Path) -> None:
    fast = run_directory(tmp_path / "fast", validated=True)
    paper = run_directory(tmp_path / "paper", validated=False)
    plot = tmp_path / "curves.png"
    done = draw(fast, paper, plot)
    assert done.returncode == 0, done.stderr
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_a_run_without_validation_has_no_curve(tmp_path: Path) -> None:
    paper = run_directory(tmp_path / "paper", validated=False)
    done = draw(paper, paper, tmp_path / "curves.png")
    assert done.returncode == 1
    assert "was never validated" in done.stderr
    assert not (tmp_path / "curves.png").exists()
