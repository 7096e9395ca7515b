"""A comparison as one HTML file that works without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphrec_cli.reporting.tables import clip
from graphrec_cli.storage.atomic import atomic_write

_MOST_TEXT = 200
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<title>{{ title }}</title>
</head>
<body>
<h1>{{ title }}</h1>
<table>
<tr><th></th><th>entry</th>{% for metric in metrics %}<th>{{ metric }}</th>{% endfor %}</tr>
{% for entry in entries -%}
<tr><td>{{ entry.name }}</td><td>{{ entry.label | shown }}</td>
{%- for metric in metrics %}
{%- set figure = entry.figures[metric] %}
<td>{{ "%.4f (%.4f to %.4f)" | format(figure.mean, figure.low, figure.high) }}</td>
{%- endfor %}</tr>
{% endfor -%}
</table>
<script type="application/json" id="comparison">{{ embedded | safe }}</script>
</body>
</html>
"""
_ESCAPED = {character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def write_report(comparison: Mapping[str, Any], path: Path) -> None:
    """Write a comparison as HTML that shows its texts and obeys none of them.

    Args:
        comparison: the structure of docs/compare.md.
        path: the file to create or replace.

    Raises:
        OutputError: the file cannot be written.
    """
    from jinja2 import Environment, StrictUndefined

    embedded = json.dumps(comparison, allow_nan=False)
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters["shown"] = lambda text: clip(text, _MOST_TEXT)
    page = environment.from_string(_PAGE).render(
        title=f"{comparison['part']} {comparison['metric']} over {comparison['users']:,} users",
        metrics=comparison["metrics"],
        entries=comparison["entries"],
        embedded="".join(_ESCAPED.get(character, character) for character in embedded),
    )
    with atomic_write(path) as file:
        file.write(page.encode(errors="replace"))
