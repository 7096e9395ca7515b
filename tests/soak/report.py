"""The table of the campaigns' outcomes, on the screen and in a document."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from campaign import Tally

HEADINGS = ("campaign", "cases", "outcomes", "failures", "seconds")
BEGIN, END = "<!-- soak: begin -->", "<!-- soak: end -->"


def table(tallies: Sequence[Tally]) -> str:
    """A Markdown table with one row per campaign."""
    lines = [_line(HEADINGS), _line(["---"] * len(HEADINGS))]
    for tally in tallies:
        outcomes = ", ".join(f"{number:,} {name}" for name, number in tally.outcomes.most_common())
        cells = [tally.name, f"{tally.cases:,}", outcomes or "-", f"{len(tally.failures):,}"]
        lines.append(_line([*cells, f"{tally.seconds:.0f}"]))
    return "\n".join(lines)


def replace_table(document: Path, content: str) -> None:
    """Put ``content`` between the document's two markers.

    Raises:
        ValueError: it does not have exactly one of each.
    """
    text = document.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"{document} must hold {BEGIN} and, below it, {END}, once each")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    document.write_text(f"{before}{BEGIN}\n{content}\n{END}{after}", encoding="utf-8")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
