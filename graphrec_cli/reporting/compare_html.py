"""Write a comparison as one html file that loads nothing else: tables, pictures, their script."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec_cli.errors import OutputError
from graphrec_cli.reporting.compare_html_content import report_content
from graphrec_cli.reporting.compare_html_detail import DETAILS, fewest_bytes
from graphrec_cli.reporting.compare_html_numbers import FILTERS
from graphrec_cli.storage.atomic import atomic_write

if TYPE_CHECKING:
    from jinja2 import Template

MAX_BYTES = 500_000
"""Largest report that is written."""
_PARTS = Path(__file__).parent / "report"
_SCRIPTS = ("svg.js", "charts.js", "tables.js", "report.js")
_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
"""Characters that could end a script element, or that JavaScript reads as the end of a line."""


def write_report(comparison: Mapping[str, Any], path: Path) -> None:
    """Write the html report of a comparison.

    The file works without a network and asks for nothing: its content security policy allows its
    own style and script by their hashes, and nothing else. Texts of the comparison are clipped and
    never become markup. A large comparison is thinned until the file has at most ``MAX_BYTES``;
    the report then says what was left out.

    Args:
        comparison: the structure that ``graphrec compare --json`` prints.
        path: file in an existing folder.

    Raises:
        OutputError: the file cannot be written.
    """
    report = render_report(comparison)
    with atomic_write(path) as file:
        file.write(report)


def render_report(comparison: Mapping[str, Any]) -> bytes:
    """The bytes of the html report, at most ``MAX_BYTES``.

    Raises:
        OutputError: the thinnest report is larger than that.
    """
    for detail in DETAILS:
        if fewest_bytes(comparison, detail) > MAX_BYTES:
            continue
        report = _page(report_content(comparison, detail))
        if len(report) <= MAX_BYTES:
            return report
    raise OutputError(f"the html report is larger than {MAX_BYTES:,} bytes; compare fewer runs")


def _page(content: Mapping[str, Any]) -> bytes:
    style, script = _source("report.css"), "".join(map(_source, _SCRIPTS))
    page = _template().render(
        content=content,
        against_best=_against_best(content),
        policy=_policy(style, script),
        style=style,
        script=script,
        data=_embedded(content),
    )
    return page.encode()


@cache
def _template() -> Template:
    # Imported here so that commands without a report start fast.
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= FILTERS
    return environment.from_string(_source("report.html.jinja"))


def _source(name: str) -> str:
    return (_PARTS / name).read_text("utf-8")


def _against_best(content: Mapping[str, Any]) -> dict[int, tuple[Any, Any]]:
    """For each entry but the best, the users that it wins and loses against the best."""
    users: dict[int, tuple[Any, Any]] = {}
    for pair in content["pairs"][content["ranking"]]:
        a, b = pair[:2]
        wins, losses = pair[7:9]
        if a == 0:
            users[b] = losses, wins
        elif b == 0:
            users[a] = wins, losses
    return users


def _embedded(content: Mapping[str, Any]) -> str:
    """JSON that stays text inside a script element, whatever its strings hold."""
    dumped = json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return dumped.translate(_ESCAPES)


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"
