"""Quote a field of a CSV file."""

from __future__ import annotations

import re

_QUOTED_IN_CSV = re.compile('[",\r\n]')


def csv_field(text: str) -> str:
    """The text, in quotes only where it needs them; ``csv.writer`` leaves a lone ``\\r`` bare."""
    if _QUOTED_IN_CSV.search(text) is None:
        return text
    return '"' + text.replace('"', '""') + '"'
