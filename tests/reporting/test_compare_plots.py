"""The picture of a comparison."""

from __future__ import annotations

from pathlib import Path

import pytest
from comparisons import comparison

from graphrec_cli.reporting.compare_plots import draw_comparison

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("runs", "segments"), [([2, 1], True), ([1] * 12, True), ([1, 1], False)])
def test_any_number_of_entries_is_drawn(tmp_path: Path, runs: list[int], segments: bool) -> None:
    found = comparison(runs, segments=segments)
    found["entries"][0]["label"] = "$x_{$ \x1b[31m \N{HIRAGANA LETTER A}" + "y" * 300
    draw_comparison(found, tmp_path / "of.png")
    data = (tmp_path / "of.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    assert len(data) > 5000
