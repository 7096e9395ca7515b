"""Hydra 1.3 on Python 3.14, whose argparse looks into every help text as it is added."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def text_as_help() -> Iterator[None]:
    """Give argparse the text of what Hydra passes as help; for one flag it passes an object."""
    parser, name = argparse.ArgumentParser, "add_argument"
    add_argument = parser.add_argument

    def with_text(self: argparse.ArgumentParser, *flags: str, **options: Any) -> argparse.Action:
        if options.get("help") is not None:
            options["help"] = str(options["help"])
        return add_argument(self, *flags, **options)

    setattr(parser, name, with_text)
    try:
        yield
    finally:
        setattr(parser, name, add_argument)
