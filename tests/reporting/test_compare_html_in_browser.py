from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chromium import Browser
from markup import Markup
from report_page import CHOOSE, COMPARISON, ROWS, SORT, SORTED, TEXT
from sample_comparisons import sample_comparison

from graphrec_cli.reporting.compare_html import render_report, write_report

pytestmark = pytest.mark.slow


def value(cell: str) -> Any:
    """What a cell is sorted by: its first number, else its text; None for a dash."""
    if cell == "-":
        return None
    word = cell.removeprefix("<").replace(",", "").split()[0]
    try:
        return float(word)
    except ValueError:
        return cell


def test_the_script_shows_what_the_tables_show_without_it(page: Browser) -> None:
    static = Markup(render_report(COMPARISON)).named("tr")
    for table in ("entries", "pairs"):
        shown = [" ".join(" ".join(row).split()) for row in page.run(ROWS, table)]
        assert len(shown) >= 3
        assert set(shown) < {row.text for row in static}
    assert page.run("return document.querySelectorAll('[hidden]').length") == 0
    assert page.run("return document.querySelectorAll('figure svg').length") == 6


@pytest.mark.parametrize("table", ["entries", "pairs"])
def test_every_heading_sorts_both_ways(page: Browser, table: str) -> None:
    page.run(CHOOSE, "pairs-of", str(len(COMPARISON["entries"])))
    columns = len(page.run(ROWS, table)[0])
    assert page.run(SORTED, table) == ["ascending", *[None] * (columns - 1)]
    for column in [*range(1, columns), 0]:
        page.run(SORT, table, column)
        up = [value(row[column]) for row in page.run(ROWS, table)]
        known = [each for each in up if each is not None]
        assert known == sorted(known)
        assert up == known + [None] * (len(up) - len(known))
        page.run(SORT, table, column)
        down = [value(row[column]) for row in page.run(ROWS, table)]
        assert down == known[::-1] + [None] * (len(up) - len(known))
        expected: list[str | None] = [None] * columns
        expected[column] = "descending"
        assert page.run(SORTED, table) == expected


def test_the_keyboard_sorts_and_stays_where_it_is(page: Browser) -> None:
    page.run("document.querySelectorAll('#entries thead button')[0].focus();")
    page.press("\ue004\ue006")  # Tab, Enter
    assert page.run(SORTED, "entries")[:2] == [None, "ascending"]
    assert [row[0][0] for row in page.run(ROWS, "entries")] == ["D", "C", "B", "A"]
    page.press(" ")
    assert page.run(SORTED, "entries")[:2] == [None, "descending"]
    focused = page.run("return document.activeElement.textContent")
    assert focused == "ndcg@10"


def test_a_hidden_entry_is_gone_everywhere_and_comes_back(page: Browser) -> None:
    everything = page.run("return document.getElementById('report').innerText")
    click = "document.querySelectorAll('#legend input')[arguments[0]].click();"
    page.run(click, 1)
    assert [row[0][0] for row in page.run(ROWS, "entries")] == ["A", "C", "D"]
    assert [row[0] for row in page.run(ROWS, "pairs")] == ["A \u2212 C", "A \u2212 D"]
    for figure in ("loss", "valid", "users", "items", "histogram"):
        drawn = "return [...document.querySelectorAll(`#${arguments[0]} [data-entry]`)].map("
        drawn += "(made) => made.getAttribute('data-entry'));"
        assert set(page.run(drawn, figure)) == {"0", "2", "3"}
    assert "B" not in page.run(TEXT, "forest").replace("Filled: p by Holm", "").replace("The", "")
    assert page.run(TEXT, "status") == "3 of 4 entries are shown, by ndcg@10"
    page.run(click, 1)
    assert page.run("return document.getElementById('report').innerText") == everything
    page.run("document.querySelectorAll('#shown-buttons button')[1].click();")
    assert page.run(ROWS, "entries") == page.run(ROWS, "pairs") == []
    page.run("document.querySelectorAll('#shown-buttons button')[0].click();")
    assert page.run("return document.getElementById('report').innerText") == everything


def test_a_chosen_metric_is_shown_everywhere(page: Browser) -> None:
    page.run(CHOOSE, "metric", str(COMPARISON["metrics"].index("hit@10")))
    rows = page.run(ROWS, "entries")
    for row, entry in zip(rows, COMPARISON["entries"], strict=True):
        figure = entry["figures"]["hit@10"]
        assert row[1] == f"{figure['mean']:.4f}"
        assert row[2] == f"{figure['low']:.4f} to {figure['high']:.4f}"
    (pair,) = [
        p for p in COMPARISON["pairs"] if (p["b"], p["metric"], p["a"]) == ("C", "hit@10", "A")
    ]
    assert page.run(ROWS, "pairs")[1][1] == f"{pair['difference']:+.4f}"
    captions = page.run(
        "return [...document.querySelectorAll('figcaption')].map(({textContent}) => textContent)"
    )
    assert captions == [
        "Difference in hit@10",
        "Training loss",
        "Validation hit@10",
        "hit@10 by users",
        "hit@10 by items",
        "Share of held-out pairs by rank",
    ]


def test_a_margin_is_that_of_the_metric(browser: Browser, tmp_path: Path) -> None:
    comparison = sample_comparison(3, seeds=1, metrics=("ndcg@10", "mrr"))
    for pair in comparison["pairs"]:
        pair["equivalence"]["margin"] = {"ndcg@10": 0.00125, "mrr": 0.0025}[pair["metric"]]
    report = tmp_path / "report.html"
    write_report(comparison, report)
    assert 'by less than the margin, here <span id="margin">0.00125</span>.' in report.read_text()
    browser.open(report)
    for place, margin in ((0, "0.00125"), (1, "0.0025")):
        browser.run(CHOOSE, "metric", str(place))
        assert browser.run(TEXT, "margin") == margin
        assert f"The band is the margin of {margin} to both sides." in browser.run(TEXT, "forest")
    assert browser.alarms() == []


def test_segments_of_users_stand_below_their_pair(page: Browser) -> None:
    labels = "return [...document.querySelectorAll('#forest text')].map((made) => made.textContent)"
    before = page.run(labels)
    page.run("document.getElementById('by-segment').click();")
    after = page.run(labels)
    assert [label for label in before if "\u2212" in label] == [
        label for label in after if "\u2212" in label
    ]
    start = after.index("A \u2212 B")
    assert after[start : start + 4] == ["A \u2212 B", "head", "middle", "tail"]


def test_an_entry_with_nothing_but_figures_is_shown(browser: Browser, tmp_path: Path) -> None:
    comparison = sample_comparison(2, seeds=1, metrics=("ndcg@10",), margin=None)
    for entry in comparison["entries"]:
        entry |= {"segments": {}, "rank_histogram": None, "curves": []}
    for pair in comparison["pairs"]:
        pair |= {"segments": {}, "low": None, "high": None, "difference": float("nan")}
    report = tmp_path / "report.html"
    write_report(comparison, report)
    browser.open(report)
    assert len(browser.run(ROWS, "entries")) == 2
    assert "No shown entry has ranks." in browser.run(TEXT, "histogram")
    assert browser.alarms() == []


def test_an_entry_that_is_pointed_at_in_the_legend_stands_out(page: Browser) -> None:
    opacity = (
        "return [...document.querySelectorAll('#loss g[data-entry]')].map("
        "(made) => [made.getAttribute('data-entry'), getComputedStyle(made).opacity]);"
    )
    page.run("document.querySelectorAll('#legend input')[1].focus();")
    assert {(entry, shown == "1") for entry, shown in page.run(opacity)} == {
        *(("0", False), ("1", True), ("2", False), ("3", False)),
    }
    page.press(" ")
    assert {shown for _, shown in page.run(opacity)} == {"1"}
    page.run("document.activeElement.blur();")
    assert {shown for _, shown in page.run(opacity)} == {"1"}


def test_items_have_recall_where_the_metric_is_not_one_of_items(
    browser: Browser, tmp_path: Path
) -> None:
    """compare knows items by recall alone."""
    comparison = sample_comparison(2, metrics=("ndcg@10",))
    for entry in comparison["entries"]:
        for part in entry["segments"]["items"].values():
            part["figures"] = {"recall@10": 0.4321}
    report = tmp_path / "report.html"
    write_report(comparison, report)
    browser.open(report)
    assert "recall@10 by items" in browser.run(TEXT, "items")
    assert "0.4321" in browser.run(TEXT, "items")
