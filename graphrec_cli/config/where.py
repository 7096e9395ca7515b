"""The grammar of ``dataset.where``: comparisons of columns with values, and, or, not, parentheses.

::

    condition  = all ("or" all)*
    all        = one ("and" one)*
    one        = "not" one | "(" condition ")" | comparison
    comparison = column ("=" | "!=" | "<" | "<=" | ">" | ">=") value
               | column ["not"] "in" "(" value ("," value)* ")"
               | column "is" ["not"] "null"
    column     = a bare name | a name in double quotes, "" for one
    value      = a number | text in single quotes, '' for one

The text is only parsed here, into the classes of ``condition``. No part of it is ever executed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal

from graphrec_cli.config.condition import (
    COMPARISONS,
    All,
    Comparison,
    Condition,
    IsNull,
    Not,
    Some,
    Value,
)
from graphrec_cli.errors import ConfigError
from graphrec_cli.terminal_text import shorten

MAX_LENGTH = 10_000
"""Characters of a condition."""
MAX_DEPTH = 50
"""Parentheses and ``not`` within each other."""

_TOKEN = re.compile(
    r"""
    (?P<text>'(?:[^']|'')*+')
    | (?P<quoted>"(?:[^"]|"")++")
    | (?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![\w.])
    | (?P<word>[^\W\d]\w*(?:\.\w+)*)
    | (?P<sign><=|>=|!=|=|<|>|\(|\)|,)
    """,
    re.VERBOSE,
)
_OTHER_SIGNS = {"==": "=", "<>": "!=", "&&": "and", "||": "or", "!": "not"}
"""Operators of other languages, and what to write."""
_KEYWORDS = ("and", "or", "not", "in")


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on columns."""

    def check(self, key: str, value: str) -> None:
        """Refuse what the grammar does not have."""
        parse_where(value, key)

    def __str__(self) -> str:
        return "a condition on columns"


def parse_where(text: str, key: str = "dataset.where") -> Condition:
    """Parse a condition.

    Args:
        text: at most ``MAX_LENGTH`` characters.
        key: the configuration key, for messages.

    Raises:
        ConfigError: naming the position, what was expected and what is there.
    """
    if len(text) > MAX_LENGTH:
        raise ConfigError(
            f"{key} has {len(text):,} characters, more than the {MAX_LENGTH:,} allowed"
        )
    parser = _Parser(key, text)
    condition = parser.condition(0)
    if parser.token.kind != "end":
        raise parser.expected("'and', 'or' or the end")
    return condition


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int


class _Parser:
    """Recursive descent over the tokens, with one token of lookahead."""

    def __init__(self, key: str, text: str) -> None:
        self._key = key
        self._text = text
        self.token = self._next(0)

    def condition(self, depth: int) -> Condition:
        """Parts separated by ``or``."""
        parts = [self._all(depth)]
        while self._take_word("or"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _all(self, depth: int) -> Condition:
        parts = [self._one(depth)]
        while self._take_word("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            raise self._fault(f"more than {MAX_DEPTH} parentheses or 'not' within each other")
        if self._take_word("not"):
            return Not(self._one(depth + 1))
        if not self._take_sign("("):
            return self._comparison()
        inner = self.condition(depth + 1)
        if not self._take_sign(")"):
            raise self.expected("'and', 'or' or ')'")
        return inner

    def _comparison(self) -> Condition:
        column = self._column()
        negated = self._take_word("not")
        if self._take_word("in"):
            listed = Comparison(column, "=", self._list())
            return Not(listed) if negated else listed
        if negated:
            raise self.expected("'in'")
        if self._take_word("is"):
            return self._null(column)
        sign = self.token.text
        if self.token.kind != "sign" or sign not in COMPARISONS:
            raise self.expected("=, !=, <, <=, >, >=, in or is")
        self._advance()
        return Comparison(column, sign, (self._value(equal=sign == "="),))

    def _null(self, column: str) -> Condition:
        negated = self._take_word("not")
        if not self._take_word("null"):
            raise self.expected("null" if negated else "null or not null")
        return Not(IsNull(column)) if negated else IsNull(column)

    def _column(self) -> str:
        kind, text = self.token.kind, self.token.text
        if kind == "quoted":
            name = text[1:-1].replace('""', '"')
        elif kind == "word" and text.lower() not in _KEYWORDS:
            name = text
        else:
            raise self.expected("a column, 'not' or '('")
        self._advance()
        return name

    def _list(self) -> tuple[Value, ...]:
        if not self._take_sign("("):
            raise self.expected("'(' and a list of values")
        kind = self.token.kind
        values = [self._value(equal=True)]
        while self._take_sign(","):
            if self.token.kind != kind:
                raise self.expected(f"a {kind}, like the values before it")
            values.append(self._value(equal=True))
        if not self._take_sign(")"):
            raise self.expected("',' or ')'")
        return tuple(values)

    def _value(self, *, equal: bool) -> Value:
        token = self.token
        if token.kind == "text":
            text = token.text[1:-1].replace("''", "'")
            if equal and not text.strip():
                raise self._fault(f"no cell is equal to {token.text}; write COLUMN is null")
            self._advance()
            return text
        if token.kind != "number":
            raise self.expected("a number or a text in single quotes")
        number = float(token.text)
        if not math.isfinite(number):
            raise self._fault("a number that is too large")
        self._advance()
        if re.fullmatch("[+-]?[0-9]+", token.text):
            return int(token.text)
        # A number that rounds to 0 may have an exponent that is too small for a Decimal.
        return Decimal(token.text) if number else Decimal(0)

    def _take_word(self, word: str) -> bool:
        found = self.token.kind == "word" and self.token.text.lower() == word
        if found:
            self._advance()
        return found

    def _take_sign(self, sign: str) -> bool:
        found = self.token.kind == "sign" and self.token.text == sign
        if found:
            self._advance()
        return found

    def _advance(self) -> None:
        self.token = self._next(self.token.start + len(self.token.text))

    def _next(self, position: int) -> _Token:
        while position < len(self._text) and self._text[position].isspace():
            position += 1
        if position == len(self._text):
            return _Token("end", "", position)
        found = _TOKEN.match(self._text, position)
        if found is not None and self._text[position : position + 2] not in _OTHER_SIGNS:
            return _Token(str(found.lastgroup), found[0], position)
        return _Token("unknown", self._text[position:], position)

    def expected(self, what: str) -> ConfigError:
        """The error for a token that cannot stand here."""
        token = self.token
        if token.kind == "unknown":
            for sign, ours in _OTHER_SIGNS.items():
                if token.text.startswith(sign):
                    return self._fault(f"'{sign}' is unknown; write {ours}")
            if token.text[0] in "'\"":
                return self._fault(f"the quote {token.text[0]} is not closed")
        found = "the end" if token.kind == "end" else shorten(token.text, 40)
        hint = ""
        if what.startswith("a number") and token.text.lower() == "null":
            hint = "; write COLUMN is null, or is not null"
        elif what.startswith("a number") and token.kind in ("word", "quoted"):
            hint = f"; write '{token.text.strip(chr(34))}' if it is a text"
        return self._fault(f"expected {what}, got {found}{hint}")

    def _fault(self, what: str) -> ConfigError:
        return ConfigError(f"{self._key}, character {self.token.start + 1}: {what}")
