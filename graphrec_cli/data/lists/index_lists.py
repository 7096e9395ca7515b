"""Look up the raw ids of lists among those of a split."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphrec_cli.data.coded_texts import CodedTexts
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.terminal_text import shorten

_NUMBER = re.compile(r"\+?0*([0-9]+?)(?:\.0+)?")


@dataclass(frozen=True, slots=True)
class IndexedIds:
    """The indices of a column of raw ids.

    Attributes:
        index: of every row, int64, shape (rows,); -1 for an id that is not in the split.
        unknown: the ids that are not in it, each once.
        hint: what an unknown id probably stands for, None without a guess.
    """

    index: NDArray[np.int64]
    unknown: list[str]
    hint: str | None


def index_ids(texts: CodedTexts, ids: IdMap) -> IndexedIds:
    """Look up every distinct id once."""
    # Python strings, because numpy's lose trailing NULs and pad all to the longest.
    known = pd.Index(ids.text(), dtype=np.object_)
    place = known.get_indexer(pd.Index(texts.text, dtype=np.object_)).astype(np.int64)
    unknown = [str(text) for text in texts.text[place < 0]]
    return IndexedIds(place[texts.code], unknown, _hint(unknown, ids))


def with_unknown(texts: CodedTexts, index: NDArray[np.int64], num_ids: int) -> NDArray[np.int64]:
    """The indices, with a number from ``num_ids`` on for each unknown id."""
    return np.where(index < 0, num_ids + texts.code, index)


def _hint(unknown: list[str], ids: IdMap) -> str | None:
    """The first unknown id that is a known one in another form of a number."""
    forms = {text: number[1] for text in unknown if (number := _NUMBER.fullmatch(text))}
    if not forms:
        return None
    known: dict[str, str] = {}
    for text in ids.text().tolist():
        number = _NUMBER.fullmatch(text)
        if number is not None:
            known.setdefault(number[1], text)
    twins = ((text, known[form]) for text, form in forms.items() if form in known)
    one, other = next(twins, (None, None))
    if one is None or other is None:
        return None
    return f"'{shorten(one, 40)}' is '{shorten(other, 40)}' in the run; ids are compared as text"
