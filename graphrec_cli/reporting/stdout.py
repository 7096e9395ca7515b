"""Write results to stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from graphrec_cli.errors import OutputError


def write_stdout(texts: Iterable[str]) -> None:
    """Write one text after the other.

    Raises:
        OutputError: stdout cannot encode a character.
    """
    try:
        for text in texts:
            sys.stdout.write(text)
    except UnicodeEncodeError as error:
        raise OutputError(
            f"stdout uses {error.encoding}, which cannot encode {error.object[error.start]!r}; "
            "set PYTHONIOENCODING=utf-8, or write to a file with out=FILE"
        ) from error
