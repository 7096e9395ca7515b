"""Recognise from a file's first lines that it is written in another way than its layout says."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from pathlib import Path

from graphrec_cli.config.table import Separator, TextFormat
from graphrec_cli.data.tables.layout import Layout, open_lines
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import shorten

LOOKED_AT = 20
"""Lines at the beginning of a file."""
_RULE = re.compile(r"""[^\w,;.\t"']*(?:--|──|══)[^\w,;.\t"']*""")
"""The line between the names of the columns and the rows."""
SHOWN = {Separator.double_colon: "a '::'", Separator.blanks: "runs of blanks"}


def refuse_other_layout(
    path: Path, layout: Layout, separator: Separator, format: TextFormat
) -> None:
    """Refuse comments, another separator and blocks of lines below an id.

    Args:
        path: the file.
        layout: how it is going to be read.
        separator: that of the layout.
        format: what the configuration says.

    Raises:
        DataError: the first lines are written in another way; the error says how to read them.
    """
    # Without a rewriting of its separator, the text is as it is written.
    with open_lines(path, replace(layout, separator=",")) as lines:
        head = [text for line in islice(lines, LOOKED_AT) if (text := line.strip("\r\n")).strip()]
    if not head:
        return
    rules = (line.strip() for line in head[:2] if _RULE.fullmatch(line))
    rule = next((line for line in rules if not line.startswith(("#", "%"))), None)
    if rule is not None:
        raise DataError(
            f"{path} has the line '{shorten(rule, 40)}', so it looks like output of psql or mysql, "
            "or Markdown; export the table as csv, in psql with \\copy (SELECT ..) TO "
            "'ratings.csv' CSV HEADER"
        )
    counts = [_count_fields(line, separator) for line in head]
    wanted = counts[0] if format.columns is None else len(format.columns)
    first = head[0]
    if first.startswith(("%", "#")) and format.comment is None:
        next_fields = counts[1] if len(counts) > 1 else counts[0]
        if format.columns is not None or counts[0] == 1 or counts[0] != next_fields:
            raise DataError(
                f"the first line of {path} begins with {first[0]} and looks like a comment; set "
                f"dataset.comment='{first[0]}' to skip such lines, or dataset.comment='' to read it"
            )
    if re.fullmatch(r"[0-9]+:", first.strip()):
        raise DataError(
            f"{path} looks like blocks, '{first.strip()}' above the lines that belong to it; write "
            "the id of the block into each of its lines, one interaction per line"
        )
    if counts[0] == 1 if format.columns is None else counts[0] != wanted:
        other = _better_separator(head, wanted if format.columns is not None else None, separator)
        if other is not None:
            line = "header" if format.columns is None else "first"
            raise DataError(
                f"the {line} line of {path} has {_found(counts[0], wanted, separator)}, but "
                f"{SHOWN.get(other, f'a {other.name}')}; set {format.prefix}separator={other.name}"
            )
    below = [count for count in counts[1:] if count > counts[0]]
    alone = counts[0] == 1 or first.startswith("sep=")
    opens_quote = layout.quoted and first.count('"') % 2 == 1  # a name with a line break
    if format.columns is None and alone and below and not opens_quote:
        raise DataError(
            f"the first line of {path} is '{shorten(first, 40)}', which looks like no header line: "
            f"lines below it have {below[-1]} fields; remove the lines above the header line"
        )


def _found(count: int, wanted: int, separator: Separator) -> str:
    if count == 1:
        return f"no {separator.name}"
    return f"{count} fields by {separator.name} where dataset.columns has {wanted}"


def _count_fields(line: str, separator: Separator) -> int:
    if separator is Separator.blanks:
        return len(line.split())
    return line.count(separator.value) + 1


def _better_separator(
    head: list[str], wanted: int | None, separator: Separator
) -> Separator | None:
    """The separator that gives most lines the number of fields, or more than one field."""
    found: dict[Separator, int] = {}
    order = sorted(Separator, key=lambda other: (len(other.value), other.name), reverse=True)
    for other in order:
        count = _count_fields(head[0], other)
        fits = count > 1 if wanted is None else count == wanted
        runs = other is not Separator.blanks or re.search(r"[ \t]{2}", head[0].strip())
        alike = sum(_count_fields(line, other) == count for line in head)
        if fits and runs and 2 * alike > len(head) and other is not separator:
            found[other] = alike
    return max(found, key=lambda other: found[other], default=None)
