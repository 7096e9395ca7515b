"""Make Hydra 1.3 work on Python 3.14, whose argparse checks every help text when it is added."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def text_as_help() -> Iterator[None]:
    """Convert help to text before argparse checks it; Hydra passes an object for one flag."""
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
