"""What the routes need of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from graphrec_cli.serving.question import Question


class Answers(Protocol):
    """A run that answers questions; ``answer`` is called from one thread only."""

    @property
    def health(self) -> Mapping[str, object]:
        """What ``/health`` says of the run, as JSON."""
        ...

    def answer(self, question: Question) -> str:
        """The lists that a question asks for, as ``graphrec recommend --json`` prints them.

        Raises:
            Refused: an id is unknown, or k is larger than the catalog.
        """
        ...
