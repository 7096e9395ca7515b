"""A browser, and the report of a comparison in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Browser, chromium
from report_page import COMPARISON


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Browser]:
    """The report of ``COMPARISON``; whatever the test does, nothing may be blocked or fail."""
    # Importing it at the top would be too early: the shape checks hook into the first import.
    from graphrec_cli.reporting.compare_html import write_report

    write_report(COMPARISON, tmp_path / "report.html")
    browser.resize(1280, 900)
    browser.prefer("light")
    browser.open(tmp_path / "report.html")
    yield browser
    assert browser.alarms() == []
    assert browser.requests() == {(tmp_path / "report.html").as_uri(): None}
