from __future__ import annotations

from pathlib import Path

import pytest
from chromium import Browser
from report_page import CHOOSE, COMPARISON, ELEMENTS, ROWS, SORT, SORTED, TEXT
from sample_comparisons import HOSTILE, with_texts

from graphrec_cli.reporting.compare_html import write_report

pytestmark = pytest.mark.slow


def test_hostile_texts_are_inert(browser: Browser, tmp_path: Path) -> None:
    shapes = []
    for comparison in (COMPARISON, with_texts(COMPARISON, HOSTILE)):
        report = tmp_path / "report.html"
        write_report(comparison, report)
        browser.open(report)
        shapes.append(browser.run(ELEMENTS))
        for metric in range(len(comparison["metrics"])):
            browser.run(CHOOSE, "metric", str(metric))
        for column in range(len(browser.run(SORTED, "entries"))):
            browser.run(SORT, "entries", column)
        assert browser.alarms() == []
        assert browser.requests() == {report.as_uri(): None}
        for width in (360, 1280):
            browser.resize(width, 800)
            assert browser.run("return document.documentElement.scrollWidth") <= width
    # Charts have other ticks where a text is longer; nothing else may differ.
    plain, hostile = ([e for e in shape if "svg" not in e[:2]] for shape in shapes)
    assert hostile == plain
    assert HOSTILE[0] in browser.run(TEXT, "entries")


def test_what_the_policy_forbids_does_not_happen_and_is_noticed(
    browser: Browser, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    write_report(COMPARISON, report)
    injected = (
        b"<script>alert(1)</script><img src='x' onerror='alert(2)'><b style='color:red'>b</b>"
        b"<img src='https://example.com/a.png'><script src='https://example.com/a.js'></script>"
        b"<link rel='stylesheet' href='https://example.com/a.css'>"
        b"<iframe src='https://example.com/'></iframe></main>"
    )
    report.write_bytes(report.read_bytes().replace(b"</main>", injected))
    browser.open(report)
    blocked = browser.run("return window.alarms")
    assert {alarm.split()[1] for alarm in blocked} >= {
        *("script-src-elem", "script-src-attr", "style-src-attr", "img-src"),
        *("style-src-elem", "frame-src"),
    }
    assert not [alarm for alarm in blocked if alarm.startswith("called")]
    asked = {address: why for address, why in browser.requests().items() if "example" in address}
    assert len(asked) >= 3
    assert set(asked.values()) == {"csp"}
    # The report itself still works.
    assert len(browser.run(ROWS, "entries")) == 4
