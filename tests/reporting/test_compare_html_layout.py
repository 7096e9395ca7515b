from __future__ import annotations

from pathlib import Path

import pytest
from chromium import Browser
from report_page import ROWS
from sample_comparisons import sample_comparison

from graphrec_cli.reporting.compare_html import write_report

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_told_from_the_paper(page: Browser, scheme: str) -> None:
    page.prefer(scheme)
    colours = page.run(
        "const style = getComputedStyle(document.documentElement);"
        "const value = (name) => [name, style.getPropertyValue(name)];"
        "return Object.fromEntries(arguments[0].map(value));",
        ["--paper", "--ink", "--soft", *(f"--s{index}" for index in range(5))],
    )
    paper = luminance(colours.pop("--paper"))
    assert (paper > 0.5) == (scheme == "light")
    body = page.run("return getComputedStyle(document.body).backgroundColor")
    assert body == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(21, 23, 27)")
    for name, colour in colours.items():
        low, high = sorted([paper, luminance(colour)])
        assert (high + 0.05) / (low + 0.05) >= 4.5, name


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``, by WCAG 2.2."""
    channels = [int(colour.strip()[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_the_page_is_no_wider_than_a_phone(page: Browser) -> None:
    for width in (360, 390, 1280):
        page.resize(width, 800)
        page.run("window.dispatchEvent(new Event('resize'));")
        assert page.run("return document.documentElement.scrollWidth") <= width
        over = "return [...document.querySelectorAll('figure svg text')].filter((made) => {"
        over += "const {left, right} = made.getBoundingClientRect();"
        over += "return left < 0 || right > arguments[0]}).map((made) => made.textContent);"
        assert page.run(over, width) == []


def test_sixty_entries_begin_with_the_best_ten(browser: Browser, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    write_report(sample_comparison(60, epochs=400, seeds=1, metrics=("ndcg@10", "mrr")), report)
    browser.open(report)
    assert len(browser.run(ROWS, "entries")) == 10
    browser.run("document.querySelectorAll('#shown-buttons button')[0].click();")
    assert len(browser.run(ROWS, "entries")) == 60
    assert len(browser.run(ROWS, "pairs")) == 59
    browser.run("document.querySelectorAll('#shown-buttons button')[2].click();")
    assert len(browser.run(ROWS, "entries")) == 10
    assert browser.alarms() == []
