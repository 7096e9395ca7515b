"""A column of ids that are text: what makes two cells one id, and which cells are no id."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphrec_cli.data.coded_texts import CodedTexts
from graphrec_cli.data.tables.cells import distinct_texts
from graphrec_cli.data.tables.columns import EMPTY, TextColumn
from graphrec_cli.terminal_text import shorten

if TYPE_CHECKING:
    import pyarrow as pa

TOO_NARROW = "#####"
"""What a spreadsheet shows for a value that its column is too narrow for; of any length."""
MISSING_IDS = (
    *("nan", "NaN", "NULL", "null", "None", "\\N", "<NA>", "NaT", "N/A", "n/a"),
    *("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", TOO_NARROW),
)
"""How pandas, SQL and spreadsheets write a missing value; ``NA`` may well be an id."""
MISSING = "the word for a missing value"
"""The fault of a cell with one of the words."""
_QUOTED = re.compile(r"""\"[^"]*\"|'[^']*'|“[^”]*”|\u2018[^\u2019]*\u2019""")
_FORMULA = re.compile('="[^"]*"')
_HASHES = re.compile("#{3,}")
_INVISIBLE = re.compile("[\ufeff\u200b\u2060]")
_DIGIT = re.compile("[0-9]")
_FEW, _MANY = 3, 20
"""Numbers of ids of another form, and of all ids, that make the few conspicuous."""
_GROUPED = re.compile(r"[1-9][0-9]{0,2}([,.'\u2019\u00a0\u202f ])[0-9]{3}(\1[0-9]{3})*")
"""A whole number with separators of thousands."""
_NUMBER = re.compile(r"\+?0*([0-9]+?)(?:\.0+)?")
_ROUNDED = re.compile(r"[0-9](\.[0-9]+)?[eE]\+[0-9]+")


@dataclass(frozen=True, slots=True)
class TextIdColumn(TextColumn):
    """A column of ids as they are written, without the blanks around them.

    Attributes:
        missing: texts that stand for a missing id.
        may_be_quoted: whether quotes around an id may be a part of it.
    """

    missing: Collection[str] = MISSING_IDS
    may_be_quoted: bool = False

    def array(self, cells: pa.ChunkedArray) -> CodedTexts | None:
        """The ids, "" for a missing one; None if one is faulty."""
        texts, code = distinct_texts(cells)
        odd = [index for index, text in enumerate(texts) if not self._is_plain(text)]
        if any(self.fault(text) is not None for text in texts[odd]):
            return None
        if odd:
            import pandas as pd

            texts[odd] = [self._bare(text) for text in texts[odd]]
            code_of_bare, texts = pd.factorize(texts)
            code = code_of_bare.astype(np.int32)[code]
        return CodedTexts(code, texts)

    def fault(self, text: str) -> str | None:
        """The fault of a cell, None if it has none."""
        bare = self._bare(text)
        if not bare:
            fault = MISSING if text.strip() else EMPTY
            return None if self.may_be_empty else fault
        if _QUOTED.fullmatch(bare) and not self.may_be_quoted:
            return (
                "in quotes; remove the quotes and the blank before them, or set "
                "dataset.quoted=false if quotes are part of the ids"
            )
        if _FORMULA.fullmatch(bare):
            return "a formula of a spreadsheet instead of its value; remove the = and the quotes"
        invisible = _INVISIBLE.search(bare)
        if invisible:
            return f"an id with the invisible character U+{ord(invisible[0]):04X}; remove it"
        if _ROUNDED.fullmatch(bare):
            return "a number that a spreadsheet has rounded; export the column as text"
        return TextColumn.fault(self, bare)

    def _is_plain(self, text: str) -> bool:
        """Whether nothing can be wrong with a cell; far faster than ``fault``."""
        plain = text.isascii() and text.isalnum() and len(text) <= self.max_length
        return plain and text not in self.missing

    def _bare(self, text: str) -> str:
        return "" if is_missing_id(text, self.missing) else text.strip()


def is_missing_id(text: str, words: Collection[str]) -> bool:
    """Whether a cell is blank or one of the words for a missing id."""
    bare = text.strip()
    return not bare or (TOO_NARROW if _HASHES.fullmatch(bare) else bare) in words


def twin_notes(column: str, ids: Collection[str]) -> Iterator[str]:
    """Lines to log about ids that are probably one id in two forms, or no ids.

    Args:
        column: the name of their column.
        ids: distinct ids of all files.
    """
    numbers = _twins(ids, _whole_number)
    if numbers:
        one, other = numbers[0]
        yield (
            f"warning: {len(numbers):,} ids of {column} are another one as a number, such as "
            f"'{one}' and '{other}'; they count as different ids"
        )
    texts = _twins(ids, _composed)
    if texts:
        one, other = (ascii(shorten(id, 40)) for id in texts[0])
        yield (
            f"warning: {len(texts):,} ids of {column} look like another one but have other Unicode "
            f"characters, such as {one} and {other}; they count as different ids"
        )
    odd = _unlike_others(ids)
    if odd:
        shown, have = shorten(odd[0], 40), "has" if len(odd) == 1 else "have"
        yield (
            f"warning: {len(odd):,} of the {len(ids):,} ids of {column} {have} another form than "
            f"all others, such as '{shown}'; if lines of headings, units or totals are no data, "
            f"leave them out by a condition such as {column} != '{shown}' in dataset.where"
        )


def _unlike_others(ids: Collection[str]) -> list[str]:
    """A few ids that are no numbers, or have no digit, where all others are or have."""
    if len(ids) < _MANY:
        return []
    for has_form in (str.isdecimal, _DIGIT.search):
        odd = [id for id in ids if not has_form(id)]
        if len(odd) <= _FEW:
            return sorted(odd)
    return []


def _twins(ids: Collection[str], other_form: Callable[[str], str | None]) -> list[tuple[str, str]]:
    """Pairs of ids of one form, in the order of their text."""
    others = sorted((form, id) for id in ids if (form := other_form(id)) is not None)
    first: dict[str, str] = {}
    for form, id in others:
        first.setdefault(form, form if form in ids else id)
    return [(id, first[form]) for form, id in others if id != first[form]]


def _composed(id: str) -> str | None:
    """The composed form (NFC) of an id that has another; else None."""
    if id.isascii() or unicodedata.is_normalized("NFC", id):
        return None
    return unicodedata.normalize("NFC", id)


def _whole_number(id: str) -> str | None:
    """The plain whole number that an id such as ``007``, ``7.0`` or ``1,005`` is; else None."""
    grouped = _GROUPED.fullmatch(id) is not None
    if not (grouped or id[:1] in ("0", "+") or id[-2:] in (".0", "00")):
        return None
    number = _NUMBER.fullmatch(re.sub("[^0-9]", "", id) if grouped else id)
    return number[1] if number is not None and number[1] != id else None
