"""A comparison as JSON, CSV, LaTeX and Markdown, whatever its texts are."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from comparisons import comparison
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec_cli.reporting.compare_files import write_comparison

FOUND = comparison([2, 1, 3], metrics=["ndcg@10", "mrr"], margin=0.01)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def with_label(label: str) -> dict[str, Any]:
    """The comparison with another label of its best entry."""
    first, *others = FOUND["entries"]
    return {**FOUND, "entries": [{**first, "label": label}, *others]}


def test_json_is_the_structure(tmp_path: Path) -> None:
    write_comparison(FOUND, tmp_path / "of.JSON")
    assert json.loads((tmp_path / "of.JSON").read_text("utf-8")) == FOUND


def test_csv_has_a_row_for_each_pair_and_metric(tmp_path: Path) -> None:
    write_comparison(FOUND, tmp_path / "of.csv")
    with (tmp_path / "of.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(FOUND["pairs"]) == 6
    means = {entry["name"]: entry["figures"] for entry in FOUND["entries"]}
    for row, pair in zip(rows, FOUND["pairs"], strict=True):
        assert (row["a"], row["b"], row["metric"]) == (pair["a"], pair["b"], pair["metric"])
        assert float(row["b_mean"]) == means[pair["b"]][pair["metric"]]["mean"]
        for name in ("difference", "low", "high", "p", "p_holm"):
            assert float(row[name]) == pair[name]
        assert int(row["needed_users"]) == pair["needed_users"]
        assert row["needed_seeds"] == str(pair["needed_seeds"] or "")
        assert row["equivalence_no_worse"] == str(pair["equivalence"]["no_worse"])


@settings(max_examples=30)
@given(TEXT)
def test_no_text_leaves_its_cell_of_latex(tmp_path: Path, label: str) -> None:
    write_comparison(with_label(label), tmp_path / "of.tex")
    text = (tmp_path / "of.tex").read_text("utf-8")
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 2
    header, row = re.findall(r"^(?!%)(?:entry|A: ?).*\\\\$", text, re.M)
    separator = re.compile(r"(?<!\\)&")
    assert len(separator.findall(row)) == len(separator.findall(header))
    own = separator.split(row)[0]
    known = r"\\text(backslash|asciitilde|asciicircum|less|greater|bar|quotedbl)\{\}|\\[&%$#_{}]"
    assert not re.search(r"[\\{}&%$#_^~<>|]", re.sub(known, "", own))


@settings(max_examples=30)
@given(TEXT)
def test_no_text_leaves_its_cell_of_markdown(tmp_path: Path, label: str) -> None:
    write_comparison(with_label(label), tmp_path / "of.md")
    text = (tmp_path / "of.md").read_text("utf-8")
    rows = re.findall(r"^\|.*\|$", text, re.M)
    bars = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    assert set(bars[:5]) == {9}
    assert set(bars[5:]) == {7}
    own = rows[2].replace("&lt;", "").replace("&gt;", "").replace("&amp;", "")
    assert not re.search(r"[<>&]|(?<!\\)[`*_\[\]~$#!]", own.replace(r"\\", ""))


@pytest.mark.parametrize("ending", [".json", ".csv", ".tex", ".md"])
def test_the_file_is_whole_or_absent(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"of{ending}"
    write_comparison(FOUND, path)
    write_comparison(FOUND, path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
