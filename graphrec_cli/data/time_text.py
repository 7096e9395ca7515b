"""Times as text for messages and reports."""

from __future__ import annotations

import numpy as np


def utc_text(nanoseconds: int) -> str:
    """A time in nanoseconds since 1970, to the second or with all its decimals."""
    whole, rest = divmod(nanoseconds, 10**9)
    text = str(np.datetime64(whole, "s")).replace("T", " ")
    return f"{text}.{rest:09}".rstrip("0") if rest else text
