"""Texts of many rows: every distinct text once, and a code a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class CodedTexts:
    """The texts ``text[code]``, in four bytes a row.

    Attributes:
        code: int32 index into ``text``, shape (rows,).
        text: distinct strings as objects, shape (texts,); some may have no row.
    """

    code: NDArray[np.int32]
    text: NDArray[np.object_]

    @classmethod
    def of(cls, texts: Sequence[str]) -> CodedTexts:
        """Code the text of every row."""
        import pandas as pd

        code, text = pd.factorize(np.array(texts, dtype=object))
        return cls(code.astype(np.int32), text)

    @classmethod
    def concatenate(cls, parts: Sequence[CodedTexts]) -> CodedTexts:
        """The rows of all parts, one after the other."""
        if len(parts) == 1:
            return parts[0]
        import pandas as pd

        place, text = pd.factorize(np.concatenate([part.text for part in parts]))
        ends = np.cumsum([len(part.text) for part in parts])[:-1]
        codes = [
            places.astype(np.int32)[part.code]
            for part, places in zip(parts, np.split(place, ends), strict=True)
        ]
        return cls(np.concatenate(codes), np.asarray(text, dtype=object))

    def __len__(self) -> int:
        return len(self.code)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tolist())

    def __getitem__(self, rows: NDArray[np.integer] | NDArray[np.bool_] | slice) -> CodedTexts:
        return CodedTexts(self.code[rows], self.text)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        texts = self.text[self.code]
        return texts if dtype is None else texts.astype(dtype)

    def tolist(self) -> list[str]:
        """The text of every row."""
        return [str(text) for text in self.text[self.code]]

    def equal_to(self, text: str) -> NDArray[np.bool_]:
        """Whether the text of a row is ``text``, shape (rows,)."""
        return np.asarray((self.text == text)[self.code], dtype=np.bool_)

    def present(self) -> NDArray[np.object_]:
        """The texts that have a row, each once."""
        return self.text[np.bincount(self.code, minlength=len(self.text)) > 0]
